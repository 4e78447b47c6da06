//! Who sends a VIP's connections to this node, as two sets in the kernel: clients, whose connections
//! it balances, and balancers, whose connections it serves. The rules fill them; hooks only see to it
//! that they are there, and never touch what they hold: it has to outlive the VIP's coming and going.

use std::collections::HashSet;

use nftables::schema::{Set, SetFlag, SetType, SetTypeValue};

use super::{TABLE, family};
use crate::node::nft::packet::SetFlags;
use crate::node::nft::{self, Ruleset};
use crate::vip::{Family, Vip};

/// For how many seconds a sender is remembered.
///
/// It has to outlast the time until the new MASTER's gratuitous ARP reached everybody; keepalived
/// sends that at once and again after 5 seconds (garp_master_delay).
pub const MEMORY: u32 = 10;

/// How many senders of one kind are remembered; one more is treated as if it had never been seen.
pub const LIMIT: u32 = 65_535;

/// nft's number of the type ether_addr (enum datatypes).
const ETHER_ADDR: u32 = 9;

/// What a sender on the link is to a VIP, going by where the VIP was when it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Sent connections while this node held the VIP: a client, or the router before it.
    Client,
    /// Sent connections while this node did not hold the VIP: a balancer.
    Balancer,
}

/// The set of a VIP's senders of one kind, by MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacSet {
    /// What they send to.
    pub vip: Vip,
    /// What they are to it.
    pub part: Part,
}

/// What a listing says of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// It is there, as it should be.
    Right,
    /// It is there, and something else; the text says what.
    Altered(String),
    /// There is none of that name.
    Missing,
}

impl MacSet {
    /// Both sets of a VIP.
    pub fn of(vip: Vip) -> [MacSet; 2] {
        [Part::Client, Part::Balancer].map(|part| MacSet { vip, part })
    }

    /// The set's name: `clients-192.168.3.100`, `balancers-fd00--100`.
    pub fn name(self) -> String {
        let part = match self.part {
            Part::Client => "clients",
            Part::Balancer => "balancers",
        };
        format!("{part}-{}", self.vip).replace(':', "-")
    }

    /// The set of that name; `None` if [`MacSet::name`] gives it to none.
    pub fn named(name: &str) -> Option<MacSet> {
        let (_, address) = name.split_once('-')?;
        let vip = address.replace('-', ":").parse().ok()?;
        MacSet::of(vip).into_iter().find(|mac_set| mac_set.name() == name)
    }

    /// What our table has of the set.
    pub fn listed(self, ruleset: &Ruleset) -> Listed {
        let should = self.expected();
        let Some(is) = ruleset.sets.iter().find(|set| set.name == should.name) else {
            return Listed::Missing;
        };
        let number = |number: Option<u64>| number.map_or("none".to_owned(), |it| it.to_string());
        let size = |set: &nft::Set| number(set.size.map(u64::from));
        let seconds = |millis: Option<u64>| match millis {
            Some(millis) if millis % 1000 != 0 => format!("{millis} ms"),
            millis => number(millis.map(|millis| millis / 1000)),
        };
        let differs = [
            ("key type", is.key_type.to_string(), should.key_type.to_string()),
            ("size", size(is), size(&should)),
            ("timeout", seconds(is.timeout), seconds(should.timeout)),
        ];
        let name = &should.name;
        let differs = differs.into_iter().find(|(_, is, should)| is != should);
        differs.map_or(Listed::Right, |(what, is, should)| {
            Listed::Altered(format!("the {what} of set {name} is {is}, not {should}"))
        })
    }

    /// The set as the kernel has it.
    pub(super) fn expected(self) -> nft::Set {
        nft::Set {
            family: match self.vip.family() {
                Family::V4 => nft::Family::IPv4,
                Family::V6 => nft::Family::IPv6,
            },
            table: TABLE.to_owned(),
            name: self.name(),
            // Dynamic, because rules update the set.
            flags: SetFlags::Timeout | SetFlags::Eval,
            key_type: ETHER_ADDR,
            key_length: 6,
            timeout: Some(u64::from(MEMORY) * 1000),
            size: Some(LIMIT),
        }
    }

    // `set ip lvskit clients-A { type ether_addr; size 65535; flags timeout; timeout 10s; }`
    pub(super) fn set(self) -> Set<'static> {
        Set {
            family: family(self.vip),
            table: TABLE.into(),
            name: self.name().into(),
            handle: None,
            set_type: SetTypeValue::Single(SetType::EtherAddr),
            policy: None,
            // And dynamic, which nft adds by itself because rules update the set.
            flags: Some(HashSet::from([SetFlag::Timeout])),
            elem: None,
            timeout: Some(MEMORY),
            gc_interval: None,
            size: Some(LIMIT),
            comment: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_set() {
        for vip in ["192.168.3.100", "fd00::100", "::2"] {
            for mac_set in MacSet::of(vip.parse().unwrap()) {
                assert_eq!(MacSet::named(&mac_set.name()), Some(mac_set));
            }
        }
        for name in ["clients", "clients-", "clients-x", "vip-192.168.3.100", "clients-10.0.0.1/8"]
        {
            assert_eq!(MacSet::named(name), None, "{name}");
        }
    }
}
