//! The matches and targets of iptables inside nf_tables rules, as iptables-nft writes them: structures of
//! linux/netfilter/xt_*.h in the machine's byte order. Those that say nothing of a destination are
//! unknown (matches) or without consequence (targets).

use std::net::IpAddr;

use super::step::{Effect, Match, Step, Verdict};
use crate::node::attributes::address;

/// Reads a match.
pub(super) fn read_match(name: &str, revision: u32, data: &[u8]) -> Match {
    let known = match (name, revision) {
        ("comment", _) => Some(Match::Always),
        // struct xt_tcp: source ports, destination ports, option, mask and value of flags, inversions
        ("tcp", _) => ports(data, 11),
        // struct xt_udp: source ports, destination ports, inversions
        ("udp", _) => ports(data, 8),
        ("multiport", 1) => multiport(data),
        ("addrtype", 0 | 1) => address_type(revision, data),
        ("conntrack", 2 | 3) => states(data),
        _ => None,
    };
    known.unwrap_or(Match::Unknown)
}

fn short(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*data.get(at..)?.first_chunk()?))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*data.get(at..)?.first_chunk()?))
}

fn ports(data: &[u8], inversions: usize) -> Option<Match> {
    let any = (short(data, 0)?, short(data, 2)?) == (0, u16::MAX);
    // XT_TCP_INV_DSTPT and XT_UDP_INV_DSTPT are 2; anything but destination ports is not known.
    let (inverted, others) = (data.get(inversions)? & 2 != 0, data.get(inversions)? & !2);
    // Flags: the first packet of a connection has SYN (2) alone.
    let flags = inversions == 8 || data.get(9).zip(data.get(10)).is_some_and(|(m, v)| 2 & m == *v);
    let option = inversions == 8 || *data.get(8)? == 0;
    let ranges = vec![(short(data, 4)?, short(data, 6)?)];
    (any && others == 0 && flags && option).then_some(Match::Ports { ranges, inverted })
}

/// struct xt_multiport_v1: which (1 is destination), count, 15 ports, 15 times whether the port begins a
/// range, inversion.
fn multiport(data: &[u8]) -> Option<Match> {
    let (count, inverted) = (usize::from(*data.get(1)?), *data.get(47)? != 0);
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < count.min(15) {
        let first = short(data, 2 + 2 * at)?;
        let last = match data.get(32 + at)? {
            0 => first,
            _ => {
                at += 1;
                short(data, 2 + 2 * at)?
            }
        };
        ranges.push((first, last));
        at += 1;
    }
    (*data.first()? == 1).then_some(Match::Ports { ranges, inverted })
}

/// struct xt_addrtype_info(_v1): types of source and destination, then flags or inversions.
fn address_type(revision: u32, data: &[u8]) -> Option<Match> {
    let (source, mask) = (short(data, 0)?, short(data, 2)?);
    let (inverted, by_interface) = match revision {
        0 => (long(data, 8)? != 0, false),
        // XT_ADDRTYPE_INVERT_DEST, XT_ADDRTYPE_LIMIT_IFACE_IN
        _ => (long(data, 4)? & 2 != 0, long(data, 4)? & 4 != 0),
    };
    (source == 0 && mask != 0).then_some(Match::AddressType { mask, inverted, by_interface })
}

/// struct xt_conntrack_mtinfo2 and 3: addresses, masks, times, ports, what is asked, inversions, states.
/// Only a question for states alone is known, and none for translated packets.
fn states(data: &[u8]) -> Option<Match> {
    // XT_CONNTRACK_STATE
    let (asked, inverted) = (short(data, 146)?, short(data, 148)? & 1 != 0);
    let mask = short(data, 150)?;
    (asked == 1 && mask & TRANSLATED == 0).then_some(Match::States { mask, inverted })
}

/// XT_CONNTRACK_STATE_SNAT and XT_CONNTRACK_STATE_DNAT.
const TRANSLATED: u16 = 1 << 6 | 1 << 7;

/// Reads a target; `None` if it is without consequence.
pub(super) fn target(name: &str, revision: u32, data: &[u8]) -> Option<Step> {
    Some(Step::Do(match name {
        "DNAT" | "REDIRECT" | "NETMAP" => Effect::NatTo(destination(revision, data)),
        "NOTRACK" => Effect::Untrack,
        // XT_CT_NOTRACK
        "CT" if short(data, 0)? & 1 != 0 => Effect::Untrack,
        "TPROXY" => Effect::Tproxy,
        "REJECT" => return Some(Step::Verdict(Verdict::Drop)),
        "NFQUEUE" => return Some(Step::Verdict(Verdict::Accept)),
        _ => return None,
    }))
}

/// struct nf_nat_ipv4_multi_range_compat (revision 0 in IPv4: a count first), or nf_nat_range and
/// nf_nat_range2, which are longer: flags, then the first address.
fn destination(revision: u32, data: &[u8]) -> Option<IpAddr> {
    let narrow = revision == 0 && data.len() < 36;
    let (flags_at, address_at) = if narrow { (4, 8) } else { (0, 4) };
    let wide = data.get(address_at..)?;
    // NF_NAT_RANGE_MAP_IPS
    if long(data, flags_at)? & 1 == 0 {
        return None;
    }
    match narrow || wide.get(4..16)?.iter().all(|byte| *byte == 0) {
        true => address(wide.get(..4)?),
        false => address(wide.get(..16)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_unknown() {
        for name in ["tcp", "udp", "multiport", "addrtype", "recent"] {
            assert_eq!(read_match(name, 1, &[]), Match::Unknown, "{name}");
        }
        assert_eq!(read_match("comment", 0, &[]), Match::Always);
        assert_eq!(target("DNAT", 2, &[]), Some(Step::Do(Effect::NatTo(None))));
        assert_eq!(target("CT", 2, &[]), None);
        assert_eq!(target("CT", 2, &1u16.to_ne_bytes()), Some(Step::Do(Effect::Untrack)));
        assert_eq!(target("CT", 2, &2u16.to_ne_bytes()), None, "another helper");
    }

    #[test]
    fn a_match_of_flags_or_source_ports_says_nothing_of_the_destination() {
        let tcp = |sources: (u16, u16), mask, value, inversions| {
            let ports = [sources.0, sources.1, 25, 26].map(u16::to_ne_bytes).concat();
            read_match("tcp", 0, &[&ports[..], &[0, mask, value, inversions]].concat())
        };
        let ports = |inverted| Match::Ports { ranges: vec![(25, 26)], inverted };
        assert_eq!(tcp((0, 65535), 0, 0, 0), ports(false));
        assert_eq!(tcp((0, 65535), 0x17, 2, 0), ports(false), "--syn");
        assert_eq!(tcp((0, 65535), 0, 0, 2), ports(true));
        for other in [tcp((1, 1023), 0, 0, 0), tcp((0, 65535), 4, 4, 0), tcp((0, 65535), 0, 0, 1)] {
            assert_eq!(other, Match::Unknown);
        }
    }
}
