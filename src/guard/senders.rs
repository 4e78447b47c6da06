//! Who sends a VIP's connections to this node, as two sets in the kernel: clients, whose connections
//! it balances, and balancers, whose connections it serves. The rules fill them; hooks only see to it
//! that they are there, and never touch what they hold: it has to outlive the VIP's coming and going.

use std::collections::HashSet;

use nftables::schema::{Set, SetFlag, SetType, SetTypeValue};
use serde_json::Value;

use super::{TABLE, ruleset};
use crate::vip::Vip;

/// For how many seconds a sender is remembered.
///
/// It has to outlast the time until the new MASTER's gratuitous ARP reached everybody; keepalived
/// sends that at once and again after 5 seconds (garp_master_delay).
pub const MEMORY: u32 = 10;

/// How many senders of one kind are remembered; one more is treated as if it had never been seen.
pub const LIMIT: u32 = 4096;

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
pub struct Senders {
    /// What they send to.
    pub vip: Vip,
    /// What they are to it.
    pub part: Part,
}

impl Senders {
    /// Both sets of a VIP.
    pub fn of(vip: Vip) -> [Senders; 2] {
        [Part::Client, Part::Balancer].map(|part| Senders { vip, part })
    }

    /// The set's name: `clients-192.168.3.100`, `balancers-fd00--100`.
    pub fn name(self) -> String {
        let part = match self.part {
            Part::Client => "clients",
            Part::Balancer => "balancers",
        };
        format!("{part}-{}", self.vip).replace(':', "-")
    }

    /// Whether the set stands in nft's listing of our table.
    pub fn stand_in(self, listing: &Value) -> bool {
        let name = self.name();
        let mut objects = listing["nftables"].as_array().into_iter().flatten();
        objects.any(|object| object["set"]["name"] == name)
    }

    // `set ip lvskit clients-A { type ether_addr; size 4096; flags timeout; timeout 10s; }`
    pub(super) fn set(self) -> Set<'static> {
        Set {
            family: ruleset::family(self.vip),
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
    fn a_set_is_found_by_its_name() {
        let [clients, balancers] = Senders::of("fd00::1".parse().unwrap());
        let listing = serde_json::json!({ "nftables": [
            { "table": { "name": "lvskit" } },
            { "set": { "name": "clients-fd00--1" } },
            { "chain": { "name": "balancers-fd00--1" } },
        ]});
        assert!(clients.stand_in(&listing));
        assert!(!balancers.stand_in(&listing));
        assert!(!clients.stand_in(&Value::Null));
    }
}
