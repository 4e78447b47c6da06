//! A cluster that was checked: the one model between the inventory and everything that is made
//! of it. Whoever holds a [`Cluster`] need not check anything again.

mod global;
mod seconds;
mod service;
mod vrrp;

use std::net::IpAddr;

pub use crate::vip::Family;
pub use global::{GlobalDefs, RouterId, SmtpServer};
pub use seconds::Seconds;
pub use service::{Check, CheckKind, HashFlags, Protocol, Scheduler, VirtualServer};
pub use vrrp::{Election, Preempt, State, Version, VirtualAddress, VrrpInstance};

use crate::conf::word::Word;

/// Nodes that are balancers and servers at once, and what they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// keepalived's own mails, and more.
    pub global_defs: GlobalDefs,
    /// Whether open connections shall live on when an address moves.
    pub keep_sessions: bool,
    /// An absolute path: a file that makes a node give its addresses up while it holds a number
    /// other than 0.
    pub drain_file: Word,
    /// In order of preference: the first is MASTER while it works. At least one.
    pub nodes: Vec<Node>,
    /// At least one.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// May be empty.
    pub virtual_servers: Vec<VirtualServer>,
}

/// A server of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host name.
    pub name: Word,
    /// Its own address, where the service listens and is checked.
    pub address: IpAddr,
    /// Its address of the other family, if it has one.
    pub second_address: Option<IpAddr>,
}

impl Node {
    /// Its address of a family.
    pub fn address_of(&self, family: Family) -> Option<IpAddr> {
        let mut own = std::iter::once(self.address).chain(self.second_address);
        own.find(|&address| Family::of(address) == family)
    }
}

/// IPVS's sync daemon, which tells the other nodes of the connections that the MASTER balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncDaemon<'a> {
    /// The interface that carries its datagrams.
    pub interface: &'a Word,
    /// Of its multicast group: IPv6 only where the nodes have no IPv4 addresses.
    pub family: Family,
}

impl Cluster {
    /// The file that drains a node, where the inventory names no other.
    pub const DRAIN_FILE: &str = "/run/lvskit/drain";

    /// The highest priority that is given out; 255 is for an address's owner (RFC 5798).
    const FIRST_PRIORITY: usize = 100;

    /// The largest step between two nodes' priorities. The step makes nodes of lower priority
    /// wait longer for an advert (skew time), 39 ms a node in VRRP version 2, so that only one of
    /// them takes over.
    const PRIORITY_STEP: usize = 10;

    /// The most nodes that get distinct priorities.
    pub const MOST_NODES: usize = Self::FIRST_PRIORITY;

    /// The priority of node number `node` in an instance: 100 for the first of its order, then
    /// 90, 80, ...; in smaller steps where there are more than ten.
    pub fn priority(&self, instance: &VrrpInstance, node: usize) -> u8 {
        if let Some(priority) = instance.election.priority {
            return priority;
        }
        let followers = self.nodes.len().saturating_sub(1).max(1);
        let step = ((Self::FIRST_PRIORITY - 1) / followers).clamp(1, Self::PRIORITY_STEP);
        let order = &instance.election.order;
        let rank = order.iter().position(|&other| other == node).unwrap_or(order.len());
        Self::FIRST_PRIORITY.saturating_sub(rank * step).max(1) as u8
    }

    /// The state in which node number `node` starts an instance.
    pub fn state(&self, instance: &VrrpInstance, node: usize) -> State {
        let first = instance.election.order.first() == Some(&node);
        match first && instance.election.first_is_master {
            true => State::Master,
            false => State::Backup,
        }
    }

    /// The sync daemon, where sessions are kept or it was asked for.
    pub fn sync_daemon(&self) -> Option<SyncDaemon<'_>> {
        let asked = self.global_defs.lvs_sync_daemon.as_ref();
        if asked.is_none() && !self.keep_sessions {
            return None;
        }
        let first = self.vrrp_instances.first()?;
        let ipv4 = self.nodes.iter().all(|node| node.address_of(Family::V4).is_some());
        Some(SyncDaemon {
            interface: asked.unwrap_or(&first.interface),
            family: if ipv4 { Family::V4 } else { Family::V6 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_distinct_and_in_range_up_to_the_most_nodes() {
        for count in 1..=Cluster::MOST_NODES {
            let cluster = of(count);
            let priorities = priorities(&cluster);
            assert_eq!(priorities[0], 100);
            assert!(priorities.windows(2).all(|pair| pair[0] > pair[1]), "{priorities:?}");
        }
        assert_eq!(priorities(&of(4)), [100, 90, 80, 70]);
    }

    #[test]
    fn an_order_of_its_own_decides_priority_and_state() {
        let mut cluster = of(3);
        cluster.vrrp_instances[0].election.order = vec![2, 0, 1];
        assert_eq!(priorities(&cluster), [90, 80, 100]);
        let states = [0, 1, 2].map(|node| cluster.state(&cluster.vrrp_instances[0], node));
        assert_eq!(states, [State::Backup, State::Backup, State::Master]);
    }

    #[test]
    fn the_sync_daemon_runs_where_sessions_are_kept_or_it_was_asked_for() {
        let mut cluster = of(2);
        assert_eq!(cluster.sync_daemon().unwrap().interface.as_str(), "eth0");
        cluster.keep_sessions = false;
        assert_eq!(cluster.sync_daemon(), None);
        cluster.global_defs.lvs_sync_daemon = Some("eth1".parse().unwrap());
        assert_eq!(cluster.sync_daemon().unwrap().interface.as_str(), "eth1");
        cluster.nodes[1].address = "fd00::1".parse().unwrap();
        assert_eq!(cluster.sync_daemon().unwrap().family, Family::V6);
    }

    fn priorities(cluster: &Cluster) -> Vec<u8> {
        let instance = &cluster.vrrp_instances[0];
        (0..cluster.nodes.len()).map(|node| cluster.priority(instance, node)).collect()
    }

    fn of(count: usize) -> Cluster {
        let node = Node {
            name: "n".parse().unwrap(),
            address: [10, 0, 0, 1].into(),
            second_address: None,
        };
        let instance = VrrpInstance {
            name: "i".parse().unwrap(),
            interface: "eth0".parse().unwrap(),
            virtual_router_id: 1,
            election: Election {
                order: (0..count).collect(),
                priority: None,
                first_is_master: true,
            },
            advert_int: Seconds::ONE,
            auth_pass: None,
            virtual_ipaddress: Vec::new(),
            preempt: Preempt::AtOnce,
        };
        Cluster {
            global_defs: GlobalDefs::default(),
            keep_sessions: true,
            drain_file: Cluster::DRAIN_FILE.parse().unwrap(),
            nodes: vec![node; count],
            vrrp_instances: vec![instance],
            virtual_servers: Vec::new(),
        }
    }
}
