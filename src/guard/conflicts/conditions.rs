//! The conditions of rules, about values of which not every byte is known: true, false, or perhaps.

use super::packet::{Byte, NEW, Packet, Tracking};
use super::step::Comparison;
use super::step::Match;

/// How certain something is; of several conditions the least certain counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    /// Certainly not.
    No,
    /// Nobody here can tell.
    Maybe,
    /// Certainly.
    Yes,
}

/// The opposite.
pub(super) fn not(truth: Truth) -> Truth {
    match truth {
        Truth::No => Truth::Yes,
        Truth::Maybe => Truth::Maybe,
        Truth::Yes => Truth::No,
    }
}

fn truth(yes: bool) -> Truth {
    if yes { Truth::Yes } else { Truth::No }
}

/// Compares register bytes with a constant.
pub(super) fn compare(bytes: &[Byte], how: Comparison, value: &[u8]) -> Truth {
    let known: Option<Vec<u8>> = bytes.iter().copied().collect();
    match how {
        Comparison::Equal => {
            let differ = |(byte, value): (&Byte, &u8)| byte.is_some_and(|byte| byte != *value);
            match bytes.iter().zip(value).any(differ) {
                true => Truth::No,
                false if known.is_some() => Truth::Yes,
                false => Truth::Maybe,
            }
        }
        Comparison::Differs => not(compare(bytes, Comparison::Equal, value)),
        Comparison::Ordered(operator) => known.map_or(Truth::Maybe, |known| match operator {
            2 => truth(known.as_slice() < value),
            3 => truth(known.as_slice() <= value),
            4 => truth(known.as_slice() > value),
            5 => truth(known.as_slice() >= value),
            _ => Truth::Maybe,
        }),
    }
}

/// Whether register bytes lie between two values, or are one of them.
pub(super) fn between(bytes: &[Byte], low: &[u8], high: &[u8]) -> Truth {
    let known: Option<Vec<u8>> = bytes.iter().copied().collect();
    known.map_or(Truth::Maybe, |known| truth(low <= known.as_slice() && known.as_slice() <= high))
}

/// What a match of iptables says of the packet.
pub(super) fn matches(question: &Match, packet: &Packet) -> Truth {
    let (yes, inverted) = match question {
        Match::Always => (true, false),
        Match::Unknown => return Truth::Maybe,
        Match::Ports { ranges, inverted } => {
            let Some(port) = packet.port else { return Truth::Maybe };
            let inside = |(first, last): &(u16, u16)| (*first..=*last).contains(&port);
            (ranges.iter().any(inside), *inverted)
        }
        Match::AddressType { mask, inverted, by_interface } => {
            let Some(kind) = packet.address_type(*by_interface) else { return Truth::Maybe };
            (u32::from(*mask) & (1 << kind) != 0, *inverted)
        }
        Match::States { .. } if packet.tracking == Tracking::Unknown => return Truth::Maybe,
        Match::States { mask, inverted } => (u32::from(*mask) & NEW != 0, *inverted),
    };
    truth(yes != inverted)
}
