//! `failure_detection` as keepalived.conf has it: beside the application's check in each real_server that
//! is another node stands one that asks the node alone, every few milliseconds.
//!
//! A node that is dead is found by that within tenths of a second, and by the application's check in
//! seconds, in which every connection that falls to it is lost. `inhibit_on_failure` makes a false alarm,
//! and a keepalived that restarts (BFD), cost nothing but new connections for a moment: the server gets
//! weight 0, and its sessions go on.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use anyhow::{Context, Result};

use super::statement::Statement;
use super::word::Word;
use crate::cluster::{
    Cluster, FailureDetection, Family, Method, Seconds, Service, Timing, VirtualServer,
};

/// The statement by which a server that fails gets weight 0 instead of leaving the table: its sessions go on.
pub const INHIBIT: &str = "inhibit_on_failure";

/// The longest name of a bfd_instance (bfd/bfd.h: 32 bytes with the NUL at the end).
pub const LONGEST_NAME: usize = 31;

/// What BFD wants of packets that no router forwarded (RFC 5881, 5), and keepalived sends by itself in
/// IPv4 only.
const HOP_LIMIT: &str = "hoplimit 255";

/// The failure detection of a cluster, and the places of its nodes.
pub struct Detector<'a> {
    cluster: &'a Cluster,
    /// By address.
    nodes: HashMap<IpAddr, usize>,
}

impl<'a> Detector<'a> {
    /// That of this cluster, which may have none.
    pub fn new(cluster: &'a Cluster) -> Detector<'a> {
        let nodes = cluster.nodes.iter().enumerate();
        let addresses =
            nodes.flat_map(|(place, node)| node.addresses().map(move |own| (own, place)));
        Detector { cluster, nodes: addresses.collect() }
    }

    /// Whether the file of a virtual server is another one on each node.
    pub(super) fn differs(&self, server: &VirtualServer) -> bool {
        self.of(server).is_some_and(|detection| !detection.uniform)
    }

    /// What holds for a virtual server.
    fn of(&self, server: &VirtualServer) -> Option<&'a FailureDetection> {
        self.cluster.failure_detection.as_ref().filter(|_| server.failure_detection)
    }

    /// The check by which the node `viewer` asks the server with an address; `None` where it is no other
    /// node.
    ///
    /// # Errors
    /// When a node's name makes no name of a session.
    pub(super) fn checker(
        &self,
        server: &VirtualServer,
        viewer: usize,
        address: IpAddr,
    ) -> Result<Option<Statement>> {
        let Some(detection) = self.of(server) else { return Ok(None) };
        let Some(&place) = self.nodes.get(&address) else { return Ok(None) };
        if place == viewer && !detection.uniform {
            return Ok(None);
        }
        let nodes = &self.cluster.nodes;
        Ok(Some(match detection.method {
            Method::Ping => ping(detection.between(&nodes[viewer], &nodes[place]))?,
            Method::Bfd => {
                let name = session_word(nodes[place].name.as_str(), address)?;
                let line = Statement::line(format!("name {name}"));
                Statement::block("BFD_CHECK", vec![line])
            }
        }))
    }

    /// Whether a node sends so many pings a second, or more: for each real_server of each of its virtual servers that
    /// is another node.
    pub fn sends(&self, viewer: usize, pings: u32) -> bool {
        let detection = self.cluster.failure_detection.as_ref();
        let Some(detection) = detection.filter(|it| it.method == Method::Ping) else {
            return false;
        };
        let nodes = &self.cluster.nodes;
        let servers = self.cluster.virtual_servers_of(viewer);
        let servers = servers.map(|place| &self.cluster.virtual_servers[place]);
        let mut sent = 0.0;
        for server in servers.filter(|server| server.failure_detection) {
            let instance = server.vrrp_instance.map(|at| &self.cluster.vrrp_instances[at]);
            let blocks: Vec<Family> = match (&server.service, instance) {
                (Service::Port(_), Some(instance)) => {
                    instance.all_vips().map(|vip| Family::of(vip.address())).collect()
                }
                _ => self.cluster.families(server),
            };
            for one in &server.real_servers {
                let place = one.addresses.iter().find_map(|own| self.nodes.get(own));
                let Some(&place) = place.filter(|&&place| place != viewer || detection.uniform)
                else {
                    continue;
                };
                let has =
                    |family: &&Family| one.addresses.iter().any(|own| Family::of(*own) == **family);
                let interval = detection.between(&nodes[viewer], &nodes[place]).interval;
                sent +=
                    blocks.iter().filter(has).count() as f64 / interval.duration().as_secs_f64();
                // Not to the end: there may be thousands.
                if sent >= f64::from(pings) {
                    return true;
                }
            }
        }
        false
    }

    /// The BFD sessions of a node: with each that it checks, and each that checks it.
    ///
    /// # Errors
    /// When a node's name makes no name of a session.
    pub(super) fn sessions(&self, node: usize) -> Result<Vec<Statement>> {
        let detection = self.cluster.failure_detection.as_ref();
        let Some(detection) = detection.filter(|it| it.method == Method::Bfd) else {
            return Ok(Vec::new());
        };
        let nodes = &self.cluster.nodes;
        let session = |(other, family): (usize, Family)| {
            let timing = detection.between(&nodes[node], &nodes[other]);
            let address =
                |place: usize| nodes[place].address_of(family).context("a node's address");
            let interval = timing.interval.duration().as_millis();
            let neighbor = address(other)?;
            let mut lines = vec![
                format!("neighbor_ip {neighbor}"),
                format!("source_ip {}", address(node)?),
                format!("min_rx {interval}"),
                format!("min_tx {interval}"),
                format!("multiplier {}", timing.attempts),
            ];
            if family == Family::V6 {
                lines.push(HOP_LIMIT.to_owned());
            }
            if timing.max_hops > 0 {
                lines.push(format!("max_hops {}", timing.max_hops));
            }
            if timing.multihop {
                lines.push("multihop".to_owned());
            }
            lines.push("checker".to_owned());
            let name = session_word(nodes[other].name.as_str(), neighbor)?;
            let head = format!("bfd_instance {name}");
            Ok(Statement::block(head, lines.into_iter().map(Statement::line).collect()))
        };
        self.neighbours(node).into_iter().map(session).collect()
    }

    /// The nodes that a node asks or is asked by, each with the families of the services.
    pub fn neighbours(&self, node: usize) -> BTreeSet<(usize, Family)> {
        let nodes = &self.cluster.nodes;
        let mut all = BTreeSet::new();
        for server in self.cluster.virtual_servers.iter().filter(|one| self.of(one).is_some()) {
            let balances = |place: usize| {
                let runs = |at: usize| self.cluster.vrrp_instances[at].member(place).is_some();
                server.vrrp_instance.is_none_or(runs)
            };
            for family in self.cluster.families(server) {
                let serves = |place: usize| {
                    let own = nodes[place].address_of(family);
                    own.is_some_and(|own| {
                        server.real_servers.iter().any(|one| one.addresses.contains(&own))
                    })
                };
                let (asks, is_asked) = (balances(node), serves(node));
                let others = (0..nodes.len()).filter(|&other| other != node);
                all.extend(
                    others
                        .filter(|&other| asks && serves(other) || is_asked && balances(other))
                        .filter(|&other| nodes[other].address_of(family).is_some())
                        .map(|other| (other, family)),
                );
            }
        }
        all
    }
}

/// The name of the session with a node at its address: the node's, with an ending in IPv6; or where
/// that is too long, the address, in IPv6 31 of its 32 digits.
pub fn session_name(node: &str, address: IpAddr) -> String {
    let (end, short) = match address {
        IpAddr::V4(address) => ("", address.to_string()),
        IpAddr::V6(address) => ("-v6", format!("{:032x}", u128::from(address))[1..].to_owned()),
    };
    let name = format!("{node}{end}");
    if name.len() <= LONGEST_NAME { name } else { short }
}

fn session_word(node: &str, address: IpAddr) -> Result<Word> {
    session_name(node, address).parse().context("the name of a bfd_instance")
}

/// The measured timers: each question waits for as long as there is between two of them, and one without
/// an answer is repeated after half of that.
fn ping(timing: &Timing) -> Result<Statement> {
    let pause = Seconds::new(timing.pause()).context("half of the interval")?;
    let lines = [
        format!("connect_timeout {}", timing.interval),
        format!("retry {}", timing.attempts - 1),
        format!("delay_before_retry {pause}"),
        format!("delay_loop {}", timing.interval),
    ];
    Ok(Statement::block("PING_CHECK", lines.map(Statement::line).to_vec()))
}
