//! Whether the firewall of this node lets in what the cluster needs: sends a packet of each kind through all
//! chains that see it before its socket or IPVS does. What is certainly dropped is told; a rule that can't be
//! judged makes no finding.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::conditions::Truth;
use super::evaluate::{Action, run};
use super::packet::{Packet, Tracking};
use super::rules::{Base, Foreign};
use crate::guard::chain::Hook;

/// Something that other hosts send to this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// How messages name it, such as `VRRP for 224.0.0.18`.
    pub name: String,
    /// Who sends it; `None` where nobody here knows, or anybody may.
    pub from: Option<IpAddr>,
    /// Where it goes.
    pub to: IpAddr,
    /// The number of its protocol (IANA).
    pub protocol: u8,
    /// The port that it goes to.
    pub port: Option<u16>,
    /// Its TTL or hop limit, where that is known.
    pub ttl: Option<u8>,
    /// Number and name of the interface that it comes in by.
    pub interface: (u32, String),
    /// Who takes it.
    pub way: Way,
}

/// Who takes a packet that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A socket of this node.
    Socket,
    /// IPVS, as this node is MASTER. What drops it before it is routed is `earlier-chain`.
    Ipvs,
    /// A socket of this node: the guard gave it the node's own address.
    Redirected,
}

/// What one rule drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The names of all that it drops.
    pub flows: Vec<String>,
    /// The rule, its chain and its table.
    pub by: String,
}

/// Where IPVS takes packets that end at the node: chains from here on do not see them
/// (NF_IP_PRI_NAT_SRC - 2, net/netfilter/ipvs/ip_vs_core.c).
const IPVS: i32 = 98;

/// A rule: the table's number, the chain, the rule's number or the chain's policy.
type Culprit = (usize, String, Option<usize>);

/// What of `flows` is certainly dropped; the flows that one rule drops together.
pub(super) fn find(flows: &[&Flow], tables: &[Foreign<'_>]) -> Vec<Closed> {
    let mut found: BTreeMap<Culprit, Vec<String>> = BTreeMap::new();
    for flow in flows {
        if let Some(culprit) = dropped(flow, tables) {
            found.entry(culprit).or_default().push(flow.name.clone());
        }
    }
    let tell = |((at, chain, rule), flows): (Culprit, Vec<String>)| {
        let Foreign { name, list, table, .. } = &tables[at];
        let what = rule.map_or("the policy".to_owned(), |rule| table.name(&chain, rule));
        let by = format!("{what} of chain {chain} of {name} (`{list} {chain}`)");
        Closed { flows, by }
    };
    found.into_iter().map(tell).collect()
}

/// The rule that certainly drops a flow; `None` if there is none, or an earlier one may lead it elsewhere.
fn dropped(flow: &Flow, tables: &[Foreign<'_>]) -> Option<Culprit> {
    let redirected = flow.way == Way::Redirected;
    let mut packet = Packet {
        from: flow.from,
        to: flow.to,
        protocol: flow.protocol,
        port: flow.port,
        ttl: flow.ttl,
        tracking: if redirected { Tracking::Redirected } else { Tracking::New },
        hook: Hook::Prerouting,
        interface: Some(flow.interface.clone()),
        held: true,
        local: true,
    };
    for hook in [Hook::Prerouting, Hook::Input] {
        packet.hook = hook;
        // It had another destination then.
        if redirected && hook == Hook::Prerouting {
            continue;
        }
        let sees = |base: &&Base| {
            base.hook == hook
                && !(flow.way == Way::Ipvs && hook == Hook::Input && base.priority >= IPVS)
        };
        let mut bases: Vec<(usize, &Base)> = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            bases.extend(table.bases.iter().filter(sees).map(|base| (at, base)));
        }
        bases.sort_by_key(|(_, base)| base.priority);
        for (at, base) in bases {
            for hit in run(tables[at].table, &base.name, base.drops, &packet) {
                match hit.action {
                    Action::Dropped if hit.truth < Truth::Yes => {}
                    Action::Dropped if flow.way == Way::Ipvs && hook == Hook::Prerouting => {
                        return None;
                    }
                    Action::Dropped => return Some((at, hit.chain, hit.rule)),
                    Action::Untracked => packet.tracking = Tracking::Unknown,
                    Action::Sent(_) | Action::Redirected | Action::Socket => return None,
                }
            }
        }
    }
    None
}
