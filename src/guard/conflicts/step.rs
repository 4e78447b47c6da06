//! What a rule can do, in steps that are the same for rules of nft, of iptables-nft and of the old iptables.

use std::net::IpAddr;

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

/// What a match of iptables asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// Always true, such as a comment.
    Always,
    /// The destination port is in one of these ranges, or (`inverted`) in none.
    Ports { ranges: Vec<(u16, u16)>, inverted: bool },
    /// The destination is of one of the types in the mask (bits are the kernel's RTN_ numbers), also
    /// going by the interface that the packet came in by.
    AddressType { mask: u16, inverted: bool, by_interface: bool },
    /// The connection is in one of these states (bits are NF_CT_STATE_BIT).
    States { mask: u16, inverted: bool },
    /// Nobody here can know.
    Unknown,
}
