//! `virtual_server_group`: what its lines stand for (keepalived.conf(5), "Virtual server group(s)").

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::word::Word;
use crate::cluster::Cluster;
use crate::vip::Family;

/// The ports of a virtual server that has none of its own.
pub(super) const EVERY_PORT: (u16, u16) = (1, u16::MAX);

/// The lines of a cluster's group.
pub(super) fn entries<'a>(
    cluster: &'a Cluster,
    name: &Word,
) -> impl Iterator<Item = Entry> + use<'a> {
    let head = format!("virtual_server_group {name}");
    let of = cluster.groups.iter().filter(move |block| block.line == head);
    of.flat_map(|block| block.block.iter().flatten()).filter_map(|line| Entry::of(&line.line))
}

/// A line of a `virtual_server_group`.
pub enum Entry {
    /// Packets that a firewall marked.
    Mark,
    /// These addresses, and from which port to which.
    Addresses(Range, (u16, u16)),
}

/// From an address to another.
pub struct Range {
    pub(super) first: IpAddr,
    last: u128,
}

impl Entry {
    /// The family of its addresses, if it has any.
    pub fn family(&self) -> Option<Family> {
        match self {
            Entry::Mark => None,
            Entry::Addresses(range, _) => Some(Family::of(range.first)),
        }
    }

    /// What a line says, without what closes it; `None` where it is not one.
    pub fn of(line: &str) -> Option<Entry> {
        let mut words = line.split_whitespace();
        let first = words.next()?;
        if first == "fwmark" {
            return Some(Entry::Mark);
        }
        let port = words.next().and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        let ports = port.map_or(EVERY_PORT, |port| (port, port));
        Some(Entry::Addresses(Range::of(first)?, ports))
    }
}

impl Range {
    /// `ADDRESS`, `ADDRESS/LENGTH`, or `ADDRESS-LAST`, where LAST is an address or its last part.
    fn of(text: &str) -> Option<Range> {
        if text.contains('/') {
            let network: IpNetwork = text.parse().ok()?;
            return Some(Range { first: network.network(), last: number(network.broadcast()) });
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let first: IpAddr = first.parse().ok()?;
        let last = match (last.parse::<IpAddr>(), first) {
            (Ok(last), _) => number(last),
            (Err(_), IpAddr::V4(_)) => number(first) & !0xff | u128::from(last.parse::<u8>().ok()?),
            (Err(_), IpAddr::V6(_)) => {
                number(first) & !0xffff | u128::from(u16::from_str_radix(last, 16).ok()?)
            }
        };
        Some(Range { first, last })
    }

    pub(super) fn has(&self, address: IpAddr) -> bool {
        Family::of(address) == Family::of(self.first)
            && (number(self.first)..=self.last).contains(&number(address))
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}
