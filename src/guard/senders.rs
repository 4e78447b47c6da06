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

    /// The set of that name; `None` if [`Senders::name`] gives it to none.
    pub fn named(name: &str) -> Option<Senders> {
        let (_, address) = name.split_once('-')?;
        let vip = address.replace('-', ":").parse().ok()?;
        Senders::of(vip).into_iter().find(|senders| senders.name() == name)
    }

    /// What nft's listing of our table says of the set.
    pub fn listed(self, listing: &Value) -> Listed {
        let name = self.name();
        let mut sets = listing["nftables"].as_array().into_iter().flatten();
        let Some(set) = sets.find(|object| object["set"]["name"] == name) else {
            return Listed::Missing;
        };
        let expected = serde_json::to_value(self.set()).unwrap_or_default();
        // The flags are not compared: nft 1.0.6 does not list all that there are.
        let differs = ["type", "size", "timeout"].into_iter().find_map(|key| {
            let (is, should) = (&set["set"][key], &expected[key]);
            (is != should).then(|| format!("the {key} of set {name} is {is}, not {should}"))
        });
        differs.map_or(Listed::Right, Listed::Altered)
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
    fn a_name_leads_back_to_its_set() {
        for vip in ["192.168.3.100", "fd00::100", "::2"] {
            for senders in Senders::of(vip.parse().unwrap()) {
                assert_eq!(Senders::named(&senders.name()), Some(senders));
            }
        }
        for name in ["clients", "clients-", "clients-x", "vip-192.168.3.100", "clients-10.0.0.1/8"]
        {
            assert_eq!(Senders::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_set_is_found_by_its_name_and_compared() {
        let [clients, balancers] = Senders::of("fd00::1".parse().unwrap());
        let listing = |set| {
            serde_json::json!({ "nftables": [
                { "table": { "name": "lvskit" } },
                { "set": set },
                { "chain": { "name": "balancers-fd00--1" } },
            ]})
        };
        let right = serde_json::json!({
            "name": "clients-fd00--1", "type": "ether_addr", "size": 4096, "timeout": 10,
        });
        assert_eq!(clients.listed(&listing(right.clone())), Listed::Right);
        assert_eq!(balancers.listed(&listing(right.clone())), Listed::Missing);
        assert_eq!(clients.listed(&Value::Null), Listed::Missing);
        for (key, value) in
            [("type", "ipv4_addr".into()), ("size", 10.into()), ("timeout", Value::Null)]
        {
            let mut set = right.clone();
            set[key] = value;
            let told = clients.listed(&listing(set));
            let words = format!("the {key} of set clients-fd00--1 is ");
            assert!(matches!(&told, Listed::Altered(how) if how.starts_with(&words)), "{told:?}");
        }
    }
}
