//! What a rule does, step by step, read from the bytes of its expressions (linux/netfilter/nf_tables.h).
//! Only what decides over the first packet of a connection is told apart; the rest is either without
//! consequence or unknown.

use super::step::{Comparison, Effect, Source, Step, Verdict};
use super::xt;
use crate::node::attributes::Attributes;

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
