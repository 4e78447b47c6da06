//! The rules in nft's language, without a chain of their own: whether a packet is let in is
//! decided in the administrator's input chain, and there they are included. An accept in another
//! table would not overrule that chain's drop.

use std::fmt::{self, Display, Formatter};

use super::{Needs, Peers, Question, Questions, SYNC_PORT, VRRP};
use crate::cluster::{Family, Keyword, Protocol};

/// The name of the file.
pub const FILE: &str = "lvskit-firewall.nft";

/// Prints as the whole file.
#[derive(Debug)]
pub struct Rules<'a>(pub Needs<'a>);

impl Display for Rules<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Rules(needs) = self;
        writeln!(
            f,
            "# Rendered by `lvskit gen-conf --firewall nftables` for {node}: change the inventory,\n\
             # not this file. Include it as the first line of your input chain, whatever its policy:\n\
             #     include \"/etc/nftables/{FILE}\"\n\
             # It must stand before any `ct state invalid drop`, and its rules ask for no state: IPVS\n\
             # hides what it balances from conntrack, so on the MASTER every packet of a connection looks\n\
             # new, and a client's FIN invalid.",
            node = needs.node,
        )?;
        if !needs.adverts.is_empty() {
            writeln!(f, "\n# VRRP, from the other nodes")?;
        }
        for adverts in &needs.adverts {
            writeln!(f, "{} meta l4proto {VRRP} accept", From(adverts))?;
        }
        if needs.adverts.iter().any(|adverts| adverts.family == Family::V6) {
            writeln!(
                f,
                "\n# Neighbour discovery: without it nobody finds an IPv6 address. And a switch's question who\n\
                 # listens to a multicast group: it forwards nothing more to a port without an answer."
            )?;
            let types = "nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query";
            writeln!(f, "icmpv6 type {{ {types} }} accept")?;
        }
        if needs.adverts.iter().any(|one| one.family == Family::V4 && one.is_snooped()) {
            writeln!(
                f,
                "\n# A switch's question who listens to the group, which it forwards to nobody else"
            )?;
            writeln!(f, "ip protocol igmp accept")?;
        }
        if let Some(sync) = &needs.sync {
            writeln!(f, "\n# IPVS's sync daemon, from the other nodes")?;
            writeln!(f, "{} udp dport {SYNC_PORT} accept", From(sync))?;
        }
        if !needs.questions.is_empty() {
            writeln!(f, "\n# Whether this node lives, from the other nodes (failure_detection)")?;
        }
        for Questions { family, from, to, what } in &needs.questions {
            let ip = family.nft();
            write!(f, "{ip} saddr {{ {} }} {ip} daddr {to} ", from.join(", "))?;
            match (what, family) {
                (Question::Echo, Family::V4) => writeln!(f, "icmp type echo-request accept")?,
                (Question::Echo, Family::V6) => writeln!(f, "icmpv6 type echo-request accept")?,
                (Question::Bfd { port, ttl }, family) => {
                    let hops = if *family == Family::V4 { "ttl" } else { "hoplimit" };
                    writeln!(f, "{ip} {hops} >= {ttl} udp dport {port} accept")?;
                }
            }
        }
        if !needs.services.is_empty() {
            writeln!(
                f,
                "\n# Clients, and the other nodes' checks. Any address: the MASTER gets a client's packets\n\
                 # with the VIP, another node with its own address, which the guard has put there."
            )?;
        }
        for &protocol in Protocol::ALL {
            let ports = needs.ports(protocol);
            if !ports.is_empty() {
                writeln!(f, "{} dport {{ {} }} accept", protocol.lower(), ports.join(", "))?;
            }
        }
        for service in &needs.unknown {
            writeln!(f, "# Add what belongs to {service}: the inventory does not know its ports.")?;
        }
        Ok(())
    }
}

/// The part of a rule that says whence and where to.
struct From<'a>(&'a Peers<'a>);

impl Display for From<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let From(Peers { interface, family, from, to }) = self;
        let ip = family.nft();
        write!(f, "iifname \"{}\"", interface.as_str())?;
        if !from.is_empty() {
            write!(f, " {ip} saddr {{ {} }}", from.join(", "))?;
        }
        write!(f, " {ip} daddr {to}")
    }
}
