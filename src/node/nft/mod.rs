//! The ruleset of nf_tables as the kernel has it, typed: of every program that made rules, whether by
//! nft, by firewalld or by iptables-nft. Not that of the old iptables (xtables), which the kernel
//! keeps elsewhere.

mod batch;
mod elements;
mod objects;
mod read;

pub use batch::Batch;
pub use elements::Element;
pub use netlink_packet_netfilter::NetfilterProtoFamily as Family;
pub use netlink_packet_netfilter::nftables as packet;
pub use objects::{BaseChain, Chain, Expression, Policy, Rule, Set, Table};
pub use read::{Nft, Ruleset};

/// nft's word for a family.
pub fn word(family: Family) -> &'static str {
    match family {
        Family::Inet => "inet",
        Family::IPv4 => "ip",
        Family::ARP => "arp",
        Family::NetDev => "netdev",
        Family::Bridge => "bridge",
        Family::IPv6 => "ip6",
        _ => "unknown",
    }
}
