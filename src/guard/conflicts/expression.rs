//! What a rule does, step by step, read from the bytes of its expressions (linux/netfilter/nf_tables.h).
//! Only what decides over the first packet of a connection is told apart; the rest is either without
//! consequence or unknown.

use std::net::IpAddr;

use super::xt::{self, Match};
use crate::node::attributes::Attributes;

/// One step of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Something of the packet goes to the registers at `to`.
    Load { to: usize, source: Source },
    /// Constant bytes go there.
    Constant { to: usize, value: Vec<u8> },
    /// Register bytes are masked: `(value & mask) ^ xor`.
    Mask { from: usize, to: usize, mask: Vec<u8>, xor: Vec<u8> },
    /// The rule goes on only if the registers compare so.
    Compare { from: usize, how: Comparison, value: Vec<u8> },
    /// Only if the registers lie between two values, or (`inverted`) do not.
    Range { from: usize, low: Vec<u8>, high: Vec<u8>, inverted: bool },
    /// Only if a set has the registers as an element; of a map its value goes to `to`.
    Lookup { set: String, from: usize, to: Option<usize>, inverted: bool },
    /// Only if a match of iptables says so.
    Match(Match),
    /// Only if something is true that nobody here can know.
    Condition,
    /// Registers hold something unknown from here on.
    Forget,
    /// The rule ends so.
    Verdict(Verdict),
    /// Something is done to the packet.
    Do(Effect),
}

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A header: link 0, network 1, transport 2.
    Payload { base: u32, offset: usize, length: usize },
    /// What the kernel notes of a packet.
    Meta(u32),
    /// What connection tracking notes.
    Ct(u32),
    /// The routing table's answer.
    Fib { result: u32, flags: u32 },
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// They are the same.
    Equal,
    /// They differ.
    Differs,
    /// The register is the smaller one (2), or equal (3), the greater one (4), or equal (5).
    Ordered(u32),
}

/// How a rule ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The packet leaves all chains of this base chain, and goes on.
    Accept,
    /// It is gone.
    Drop,
    /// The next rule.
    Continue,
    /// A chain, and then the next rule.
    Jump(String),
    /// A chain instead of the rest of this one.
    Goto(String),
    /// Back to the rule after the jump.
    Return,
}

/// What a rule does to a packet, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Another destination for packets of a family (NFPROTO_ number; `None` for all): the address is in
    /// that register; without one it is `redirect`, or another port.
    Nat { family: Option<u8>, address: Option<usize> },
    /// That of an iptables target.
    NatTo(Option<IpAddr>),
    /// Connection tracking, and so every nat chain, does not see it.
    Untrack,
    /// A socket takes it, whatever its address.
    Tproxy,
}

/// Packets of IPv4 and IPv6 alike (linux/netfilter.h).
const NFPROTO_INET: u8 = 1;

/// The step of one expression, `None` if it is without consequence.
pub(super) fn step(name: &str, data: Attributes<'_>) -> Option<Step> {
    let register = |attribute| data.number(attribute).map(register);
    let value = |attribute| data.nested(attribute).get(1).map(<[u8]>::to_vec);
    Some(match name {
        "payload" => match register(1) {
            Some(to) => {
                let number = |attribute| data.number(attribute).unwrap_or_default();
                let (offset, length) = (number(3) as usize, number(4) as usize);
                Step::Load { to, source: Source::Payload { base: number(2), offset, length } }
            }
            // It writes into the packet.
            None => return None,
        },
        "meta" => match register(1) {
            Some(to) => Step::Load { to, source: Source::Meta(data.number(2)?) },
            None => return None,
        },
        "ct" => match register(1) {
            Some(to) => Step::Load { to, source: Source::Ct(data.number(2)?) },
            None => return None,
        },
        "fib" => {
            let flags = data.number(3).unwrap_or_default();
            Step::Load { to: register(1)?, source: Source::Fib { result: data.number(2)?, flags } }
        }
        "immediate" => match (register(1), data.nested(2)) {
            (Some(_), verdict) if verdict.get(2).is_some() => {
                Step::Verdict(self::verdict(verdict.nested(2))?)
            }
            (Some(to), constant) => Step::Constant { to, value: constant.get(1)?.to_vec() },
            _ => return None,
        },
        "bitwise" if data.number(6).unwrap_or_default() == 0 => {
            match (register(1), register(2), value(4), value(5)) {
                (Some(from), Some(to), Some(mask), Some(xor)) => Step::Mask { from, to, mask, xor },
                _ => Step::Forget,
            }
        }
        "cmp" => {
            let how = match data.number(2) {
                Some(0) => Comparison::Equal,
                Some(1) => Comparison::Differs,
                Some(other) => Comparison::Ordered(other),
                None => return Some(Step::Condition),
            };
            Step::Compare { from: register(1)?, how, value: value(3)? }
        }
        "range" => Step::Range {
            from: register(1)?,
            low: value(3)?,
            high: value(4)?,
            inverted: data.number(2) == Some(1),
        },
        "lookup" => Step::Lookup {
            set: data.text(1)?,
            from: register(2)?,
            to: register(3),
            inverted: data.number(5).unwrap_or_default() & 1 != 0,
        },
        // Only destinations matter: type 1.
        "nat" if data.number(1) == Some(1) => {
            let family = data.number(2).and_then(|family| u8::try_from(family).ok());
            let family = family.filter(|family| *family != NFPROTO_INET);
            Step::Do(Effect::Nat { family, address: register(3) })
        }
        "redir" => Step::Do(Effect::Nat { family: None, address: None }),
        "notrack" => Step::Do(Effect::Untrack),
        "tproxy" => Step::Do(Effect::Tproxy),
        "reject" => Step::Verdict(Verdict::Drop),
        // To a program, which gives it back or not.
        "queue" => Step::Verdict(Verdict::Accept),
        "match" => Step::Match(xt::read_match(
            &data.text(1)?,
            data.number(2).unwrap_or_default(),
            data.get(3).unwrap_or_default(),
        )),
        "target" => {
            let revision = data.number(2).unwrap_or_default();
            return xt::target(&data.text(1)?, revision, data.get(3).unwrap_or_default());
        }
        "counter" | "log" | "objref" | "last" | "dup" | "nat" | "masq" | "flow_offload"
        | "notify" => return None,
        "bitwise" | "byteorder" | "hash" | "numgen" | "rt" | "socket" | "exthdr" | "osf"
        | "xfrm" | "tunnel" | "inner" => Step::Forget,
        // Limits, quotas, sets that rules fill, and what is not known here.
        _ => Step::Condition,
    })
}

/// Where a register begins in the 64 bytes that they share: 1 to 4 are of 16 bytes, from 8 on of 4.
fn register(number: u32) -> usize {
    match number {
        1..=4 => (number as usize - 1) * 16,
        8..=23 => (number as usize - 8) * 4,
        // Beyond the end: whoever reads there reads something unknown.
        _ => usize::MAX / 2,
    }
}

/// A verdict; `None` for one that says nothing.
pub(super) fn verdict(data: Attributes<'_>) -> Option<Verdict> {
    let chain = || data.text(2).unwrap_or_default();
    Some(match data.number(1)?.cast_signed() {
        0 => Verdict::Drop,
        -1 => Verdict::Continue,
        -3 => Verdict::Jump(chain()),
        -4 => Verdict::Goto(chain()),
        -5 => Verdict::Return,
        _ => Verdict::Accept,
    })
}
