//! The chains that a VIP can have in our table: their names, by which a listing leads back to the
//! VIP, and where the kernel calls them.

use std::fmt;

use crate::vip::Vip;

/// What a chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sorts out the first packets of connections to the VIP that come in.
    Incoming,
    /// Decides who serves such a connection; [`Kind::Incoming`] leads here.
    Decision,
    /// Leads programs on this node that connect to the VIP to the node's own service.
    Local,
    /// Sorts out the datagrams to UDP services that come in.
    Datagrams,
    /// Keeps conntrack away from those that are balanced here; [`Kind::Datagrams`] leads here.
    Untracked,
    /// Keeps conntrack away from the UDP services' answers from the VIP.
    Answers,
    /// Keeps the segments that only IPVS knows from being dropped as invalid.
    Segments,
}

/// Where the kernel calls a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// What the kernel does with its verdicts.
    pub kind: ChainType,
    /// Which packets it gets.
    pub hook: Hook,
    /// The lower, the sooner (linux/netfilter_ipv4.h).
    pub priority: i32,
}

/// The type of a base chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainType {
    /// Called for the first packet of each connection, to translate it.
    Nat,
    /// Called for every packet.
    Filter,
}

/// A place on the way of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Packets that came in, before they are routed.
    Prerouting,
    /// Packets that came in and end at this node.
    Input,
    /// Packets of programs on this node.
    Output,
}

impl ChainType {
    /// nft's word for it, and the kernel's.
    pub fn name(self) -> &'static str {
        match self {
            ChainType::Nat => "nat",
            ChainType::Filter => "filter",
        }
    }
}

impl Hook {
    /// nft's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Hook::Prerouting => "prerouting",
            Hook::Input => "input",
            Hook::Output => "output",
        }
    }

    /// The kernel's number of it (linux/netfilter.h).
    pub fn number(self) -> u32 {
        match self {
            Hook::Prerouting => 0,
            Hook::Input => 1,
            Hook::Output => 3,
        }
    }
}

/// `priority dstnat`: where destination NAT belongs, before routing and before IPVS. A number,
/// because nft gives it another name or none at `output`.
pub const DSTNAT: i32 = -100;

/// `priority raw`: before conntrack, which is called at -200.
const RAW: i32 = -300;

/// `priority mangle`: after conntrack, before any firewall looks at what it says.
const MANGLE: i32 = -150;

impl Kind {
    /// All, in the order in which their rules are counted.
    pub const ALL: [Kind; 7] = [
        Kind::Incoming,
        Kind::Decision,
        Kind::Local,
        Kind::Datagrams,
        Kind::Untracked,
        Kind::Answers,
        Kind::Segments,
    ];

    fn prefix(self) -> &'static str {
        match self {
            Kind::Incoming => "vip-",
            Kind::Decision => "serve-",
            Kind::Local => "out-",
            Kind::Datagrams => "raw-",
            Kind::Untracked => "notrack-",
            Kind::Answers => "reply-",
            Kind::Segments => "inv-",
        }
    }

    /// The name of a VIP's chain: `vip-192.168.3.100`, `vip-fd00--100`.
    ///
    /// nft's own language allows no colon in a name, so that of an IPv6 address becomes a dash; an
    /// address contains no dash itself, so two VIPs never share a chain.
    pub fn name(self, vip: Vip) -> String {
        format!("{}{vip}", self.prefix()).replace(':', "-")
    }

    /// Which chain of which VIP has this name; `None` if [`Kind::name`] gives it to none.
    pub fn named(name: &str) -> Option<(Kind, Vip)> {
        let kind = Kind::ALL.into_iter().find(|kind| name.starts_with(kind.prefix()))?;
        let vip = name.strip_prefix(kind.prefix())?.replace('-', ":").parse().ok()?;
        (kind.name(vip) == name).then_some((kind, vip))
    }

    /// Where the kernel calls it, with `policy accept`; `None` for a chain that others lead to.
    pub fn base(self) -> Option<Base> {
        let base = |kind, hook, priority| Some(Base { kind, hook, priority });
        match self {
            // type nat hook prerouting priority -100
            Kind::Incoming => base(ChainType::Nat, Hook::Prerouting, DSTNAT),
            // type nat hook output priority -100
            Kind::Local => base(ChainType::Nat, Hook::Output, DSTNAT),
            // type filter hook prerouting priority -300
            Kind::Datagrams => base(ChainType::Filter, Hook::Prerouting, RAW),
            // type filter hook output priority -300
            Kind::Answers => base(ChainType::Filter, Hook::Output, RAW),
            // type filter hook prerouting priority -150
            Kind::Segments => base(ChainType::Filter, Hook::Prerouting, MANGLE),
            Kind::Decision | Kind::Untracked => None,
        }
    }
}

/// In nft's own language, between the braces of a chain.
impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Base { kind, hook, priority } = self;
        let [kind, hook] = [kind.name(), hook.name()];
        write!(f, "type {kind} hook {hook} priority {priority}; policy accept;")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chains_name_leads_back_to_its_vip() {
        for text in ["192.168.3.100", "fd00::100", "2001:db8:1:2:3:4:5:6", "::2"] {
            let vip: Vip = text.parse().unwrap();
            for kind in Kind::ALL {
                assert_eq!(Kind::named(&kind.name(vip)), Some((kind, vip)));
            }
        }
        for name in ["vip-", "vip-x", "input", "vip-192.168.3.0100", "vip-10.0.0.1/8", "serve-"] {
            assert_eq!(Kind::named(name), None, "{name}");
        }
    }
}
