//! A cluster that was checked: the one model between the inventory and everything that is made
//! of it. Whoever holds a [`Cluster`] need not check anything again.

mod detection;
mod global;
mod keyword;
mod release;
mod seconds;
mod service;
mod vrrp;

use std::net::IpAddr;

pub use crate::vip::Family;
pub use detection::{FailureDetection, Method, Timing};
pub use global::{GlobalDefs, RouterId, SmtpServer};
pub use keyword::{Choice, Keyword, NoKeyword};
pub use release::Release;
pub use seconds::{Pause, Seconds};
pub use service::{
    AddressFamily, Check, Forwarding, Probe, Protocol, RealServer, Scheduler, Service,
    VirtualServer,
};
pub use vrrp::{
    Election, Member, Preempt, Ranking, State, Tracked, Unicast, Version, VirtualAddress,
    VrrpInstance,
};

use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// Nodes that are directors and real servers at once, and what they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// keepalived's own mails, and more.
    pub global_defs: GlobalDefs,
    /// Whether open connections live on when an address moves.
    pub keep_sessions: bool,
    /// Whether our hook runs at every transition.
    pub bypass: bool,
    /// An absolute path: a file that makes a node give its addresses up while it holds a number
    /// other than 0; `None` if nothing does.
    pub drain_file: Option<Word>,
    /// How soon the nodes notice that another one is dead, besides their checks.
    pub failure_detection: Option<FailureDetection>,
    /// In order of preference: the first is MASTER while it works. At least one.
    pub nodes: Vec<Node>,
    /// `track_file` and `vrrp_script` blocks.
    pub tracked: Vec<Statement>,
    /// `bfd_instance` blocks of all nodes, but of those that have one of the same name.
    pub sessions: Vec<Statement>,
    /// Instances that change their state together.
    pub sync_groups: Vec<SyncGroup>,
    /// None where another program moves the addresses.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// `virtual_server_group` blocks.
    pub groups: Vec<Statement>,
    /// May be empty.
    pub virtual_servers: Vec<VirtualServer>,
    /// Lines of every file, before its instances.
    pub raw: Vec<Statement>,
}

/// A server of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host name.
    pub name: Word,
    /// Its own address, where the service listens and is checked.
    pub address: IpAddr,
    /// Its addresses of the other family and in other networks.
    pub more_addresses: Vec<IpAddr>,
    /// The data centre it stands in.
    pub site: Option<Word>,
    /// The interface of its sync daemon, where it differs from the cluster's.
    pub lvs_sync_daemon: Option<Word>,
    /// What differs from the cluster's `global_defs`.
    pub global_defs: Settings,
    /// `bfd_instance` blocks of its own.
    pub sessions: Vec<Statement>,
    /// `track_file` and `vrrp_script` blocks of its own.
    pub tracked: Vec<Statement>,
    /// Lines for the end of its `global_defs`.
    pub global_raw: Vec<Statement>,
    /// Lines of its file, before its instances.
    pub raw: Vec<Statement>,
}

/// `vrrp_sync_group`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncGroup {
    /// The places of its instances in [`Cluster::vrrp_instances`].
    pub instances: Vec<usize>,
    /// The block.
    pub block: Statement,
}

impl Node {
    /// All its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        std::iter::once(self.address).chain(self.more_addresses.iter().copied())
    }

    /// Its addresses of a family.
    pub fn addresses_of(&self, family: Family) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses().filter(move |&address| Family::of(address) == family)
    }

    /// Its first address of a family.
    pub fn address_of(&self, family: Family) -> Option<IpAddr> {
        self.addresses_of(family).next()
    }
}

/// IPVS's sync daemon, which tells the other nodes of the connections that the MASTER balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncDaemon<'a> {
    /// The interface that carries its datagrams.
    pub interface: &'a Word,
    /// What tells clusters on one network apart, 1–255: the smallest VRID of the cluster's
    /// instances, since no two clusters there share one. Without instances there is none.
    pub id: Option<u8>,
    /// Of its multicast group: IPv6 only where the nodes have no IPv4 addresses.
    pub family: Family,
}

impl Cluster {
    /// The file that drains a node, where the inventory names no other.
    pub const DRAIN_FILE: &str = "/run/keepalived-lvskit/drain";

    /// The sync daemon of node number `node`, where sessions are kept or it was asked for.
    pub fn sync_daemon(&self, node: usize) -> Option<SyncDaemon<'_>> {
        let asked = self.nodes[node].lvs_sync_daemon.as_ref();
        let asked = asked.or(self.global_defs.lvs_sync_daemon.as_ref());
        if asked.is_none() && !self.keep_sessions {
            return None;
        }
        let own = self.vrrp_instances.iter().find_map(|instance| instance.member(node));
        let ipv4 = self.nodes.iter().all(|node| node.address_of(Family::V4).is_some());
        Some(SyncDaemon {
            interface: asked.or(own.map(|member| &member.interface))?,
            id: self.vrrp_instances.iter().map(|instance| instance.virtual_router_id).min(),
            family: if ipv4 { Family::V4 } else { Family::V6 },
        })
    }

    /// The places of the virtual servers that node number `node` balances: those of instances that
    /// it runs, and those of no instance.
    pub fn virtual_servers_of(&self, node: usize) -> impl Iterator<Item = usize> {
        let runs = move |at: usize| self.vrrp_instances[at].member(node).is_some();
        (self.virtual_servers.iter().enumerate())
            .filter(move |(_, server)| server.vrrp_instance.is_none_or(runs))
            .map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sync_daemon_runs_where_sessions_are_kept_or_it_was_asked_for() {
        let mut cluster = two();
        assert_eq!(cluster.sync_daemon(0).unwrap().interface.as_str(), "eth0");
        cluster.keep_sessions = false;
        assert_eq!(cluster.sync_daemon(0), None);
        cluster.global_defs.lvs_sync_daemon = Some("eth1".parse().unwrap());
        assert_eq!(cluster.sync_daemon(0).unwrap().interface.as_str(), "eth1");
        cluster.nodes[1].lvs_sync_daemon = Some("eth2".parse().unwrap());
        let daemon = cluster.sync_daemon(1).unwrap();
        assert_eq!((daemon.interface.as_str(), daemon.id), ("eth2", Some(1)));
        assert_eq!(cluster.sync_daemon(0).unwrap().interface.as_str(), "eth1");
        cluster.nodes[1].address = "fd00::1".parse().unwrap();
        assert_eq!(cluster.sync_daemon(1).unwrap().family, Family::V6);
    }

    fn two() -> Cluster {
        let text = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]\n\
                    vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, \
                    virtual_ipaddress: 10.0.0.9}}\n";
        crate::inventory::parse(text, &crate::inventory::no_secrets).unwrap().cluster
    }
}
