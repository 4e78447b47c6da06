//! What this node's firewall drops, before anybody misses it.

use crate::doctor::facts::Facts;
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::guard::conflicts::Closed;

pub(super) const LINTS: &[Lint] = &[Lint {
    id: "firewall-closed",
    severity: Severity::Error,
    title: "this node's firewall drops what other nodes or clients send",
    why: "Without VRRP this node becomes a second MASTER; without its service clients' connections hang or are refused; without the sync \
          daemon's messages sessions end at a failover; without pings or BFD the other nodes take this one for dead, and give it no \
          connections.",
    help: "`lvskit gen-conf -i inventory.yml --firewall nftables` or `firewalld` renders what it must let in; nftables: include \
           lvskit-firewall.nft as the first line of the chain that drops; iptables: accept it before the rule that drops",
    needs: Needs::Firewall,
    check: closed,
}];

/// So many packets of one rule are named.
const FEW: usize = 6;

fn closed(facts: &Facts) -> Vec<String> {
    let of = |Closed { flows, by }: &Closed| {
        let few = flows[..flows.len().min(FEW)].join(", ");
        let more = match flows.len().saturating_sub(FEW) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{few}{more}: dropped by {by}")
    };
    facts.firewall.iter().flatten().map(of).collect()
}
