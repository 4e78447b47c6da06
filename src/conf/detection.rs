//! `failure_detection` as keepalived.conf has it: beside the application's check in each real_server that
//! is another node stands one that asks the node alone, every few milliseconds.
//!
//! A node that is dead is found by that within tenths of a second, and by the application's check in
//! seconds, in which every connection that falls to it is lost. `inhibit_on_failure` makes a false alarm,
//! and a keepalived that restarts (BFD), cost nothing but new connections for a moment: the server gets
//! weight 0, and its sessions go on.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use anyhow::{Context, Result};

use super::grammar;
use super::served::{self, Block};
use super::statement::Statement;
use super::word::Word;
use crate::cluster::{Cluster, FailureDetection, Family, Method, Seconds, Timing, VirtualServer};

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
    questions: OnceCell<BTreeSet<Question>>,
    /// By node.
    sessions: Vec<OnceCell<Vec<(Session, String)>>>,
}

/// One node asks another whether it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    by: usize,
    of: usize,
    /// The address of the node that is asked.
    at: IpAddr,
    /// That of the one that asks, if it has one of the family.
    from: Option<IpAddr>,
}

impl Question {
    /// It and its answer, as one of the two nodes sees them.
    fn seen_by(&self, node: usize) -> Option<Session> {
        let Question { by, of, at, from } = *self;
        let from = from?;
        match (by == node, of == node) {
            (true, _) => Some(Session { other: of, neighbor: at, source: from }),
            (_, true) => Some(Session { other: by, neighbor: from, source: at }),
            _ => None,
        }
    }
}

/// A BFD session of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The place of the other node.
    pub other: usize,
    /// Its address.
    pub neighbor: IpAddr,
    /// The node's own.
    pub source: IpAddr,
}

impl<'a> Detector<'a> {
    /// That of this cluster, which may have none.
    pub fn new(cluster: &'a Cluster) -> Detector<'a> {
        let nodes = cluster.nodes.iter().enumerate();
        let addresses =
            nodes.flat_map(|(place, node)| node.addresses().map(move |own| (own, place)));
        let sessions = vec![OnceCell::new(); cluster.nodes.len()];
        Detector { cluster, nodes: addresses.collect(), questions: OnceCell::new(), sessions }
    }

    /// Whether the file of a virtual server is another one on each node.
    pub(super) fn differs(&self, server: &VirtualServer) -> bool {
        self.of(server).is_some_and(|detection| !detection.uniform)
    }

    /// What holds for a virtual server.
    fn of(&self, server: &VirtualServer) -> Option<&'a FailureDetection> {
        self.cluster.failure_detection.as_ref().filter(|_| server.failure_detection)
    }

    /// What the nodes ask each other by: nothing where none asks another.
    pub fn detection(&self) -> Option<&'a FailureDetection> {
        self.cluster.failure_detection.as_ref().filter(|_| !self.questions().is_empty())
    }

    /// Whether a node asks one of another site.
    pub fn asks_far(&self) -> bool {
        let site = |place: usize| &self.cluster.nodes[place].site;
        self.questions().iter().any(|one| site(one.by) != site(one.of))
    }

    /// The first node, by its place, that has no address of the family of one that it asks, and that one.
    pub fn lacking(&self) -> Option<(usize, IpAddr)> {
        self.questions().iter().find(|one| one.from.is_none()).map(|one| (one.by, one.at))
    }

    /// How nodes of other sites are asked, where any is, and otherwise than those of the same site.
    pub fn between_sites(&self) -> Option<&'a Timing> {
        let detection = self.detection()?;
        Some(&detection.far).filter(|far| self.asks_far() && **far != detection.near)
    }

    /// The check by which the node `viewer` asks the server with an address; `None` where it is no other
    /// node. Of several BFD sessions with that address, from others of its own, it is the first.
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
        Ok(Some(match detection.method {
            Method::Ping => ping(self.timing(viewer, place, detection))?,
            Method::Bfd => {
                let of = |(one, _): &&(Session, String)| one.neighbor == address;
                let named = self.sessions(viewer).iter().find(of);
                let (_, name) = named.with_context(|| format!("no session with {address}"))?;
                let name: Word = name.parse().context(NAME)?;
                let line = Statement::line(format!("name {name}"));
                Statement::block("BFD_CHECK", vec![line])
            }
        }))
    }

    fn timing(&self, one: usize, other: usize, detection: &'a FailureDetection) -> &'a Timing {
        detection.between(&self.cluster.nodes[one], &self.cluster.nodes[other])
    }

    /// The nodes among the servers of a block, each with the address by which it stands there.
    fn nodes_in(
        &self,
        block: &Block<'_>,
        server: &VirtualServer,
    ) -> impl Iterator<Item = (usize, IpAddr)> {
        let addresses =
            server.real_servers.iter().filter_map(|one| block.address(self.cluster, one));
        addresses.filter_map(|at| Some((*self.nodes.get(&at)?, at)))
    }

    /// Who asks whom, and at which address.
    fn questions(&self) -> &BTreeSet<Question> {
        self.questions.get_or_init(|| {
            let cluster = self.cluster;
            // Beside who is asked where: who serves beside it, where. A thousand services have few of these.
            let mut asked = BTreeSet::new();
            for server in cluster.virtual_servers.iter().filter(|one| self.of(one).is_some()) {
                for block in served::blocks(cluster, server) {
                    let nodes: BTreeSet<_> = self.nodes_in(&block, server).collect();
                    asked.insert((server.vrrp_instance, nodes));
                }
            }
            let mut all = BTreeSet::new();
            for (instance, servers) in asked {
                let runs = |place: &usize| {
                    instance.is_none_or(|at| cluster.vrrp_instances[at].member(*place).is_some())
                };
                for by in (0..cluster.nodes.len()).filter(runs) {
                    let own = servers.iter().find(|(place, _)| *place == by).map(|(_, own)| *own);
                    for &(of, at) in servers.iter().filter(|(of, _)| *of != by) {
                        let own = own.filter(|own| own.is_ipv4() == at.is_ipv4());
                        let from = own.or_else(|| served::facing(cluster, by, of, at));
                        all.insert(Question { by, of, at, from });
                    }
                }
            }
            all
        })
    }

    /// Whether a node sends so many pings a second, or more: for each real_server of each of its virtual servers that
    /// is another node.
    pub fn sends(&self, viewer: usize, pings: u32) -> bool {
        let detection = self.cluster.failure_detection.as_ref();
        let Some(detection) = detection.filter(|it| it.method == Method::Ping) else {
            return false;
        };
        let servers = self.cluster.virtual_servers_of(viewer);
        let servers = servers.map(|place| &self.cluster.virtual_servers[place]);
        let mut sent = 0.0;
        for server in servers.filter(|server| server.failure_detection) {
            for block in served::blocks(self.cluster, server) {
                let asked = self.nodes_in(&block, server).map(|(place, _)| place);
                for place in asked.filter(|&place| place != viewer || detection.uniform) {
                    let interval = self.timing(viewer, place, detection).interval;
                    sent += 1.0 / interval.duration().as_secs_f64();
                }
                // Not to the end: there may be thousands.
                if sent >= f64::from(pings) {
                    return true;
                }
            }
        }
        false
    }

    /// The BFD sessions of a node, with each that it asks and each that asks it, and their names: the other
    /// node's for the first with it in a family, and for others their address.
    pub fn sessions(&self, node: usize) -> &[(Session, String)] {
        self.sessions[node].get_or_init(|| {
            let detection = self.cluster.failure_detection.as_ref();
            if detection.is_none_or(|it| it.method != Method::Bfd) {
                return Vec::new();
            }
            let seen = self.questions().iter().filter_map(|one| one.seen_by(node));
            let all: BTreeSet<Session> = seen.collect();
            let mut named: Vec<(Session, String)> = Vec::new();
            for session in all {
                let first = !named.iter().any(|(one, _)| {
                    one.other == session.other
                        && one.neighbor.is_ipv4() == session.neighbor.is_ipv4()
                });
                let other = &self.cluster.nodes[session.other];
                let again =
                    named.iter().filter(|(one, _)| one.neighbor == session.neighbor).count();
                let name = session_name(other.name.as_str(), session.neighbor, first);
                named.push((session, numbered(name, again)));
            }
            named
        })
    }

    /// The blocks of a node's BFD sessions.
    ///
    /// # Errors
    /// When a node's name makes no name of a session.
    pub(super) fn session_blocks(&self, node: usize) -> Result<Vec<Statement>> {
        let Some(detection) = &self.cluster.failure_detection else { return Ok(Vec::new()) };
        let block = |(session, name): &(Session, String)| {
            let Session { other, neighbor, source } = *session;
            let timing = self.timing(node, other, detection);
            let interval = timing.interval.duration().as_millis();
            let mut lines = vec![
                format!("neighbor_ip {neighbor}"),
                format!("source_ip {source}"),
                format!("min_rx {interval}"),
                format!("min_tx {interval}"),
                format!("multiplier {}", timing.attempts),
            ];
            if neighbor.is_ipv6() {
                lines.push(HOP_LIMIT.to_owned());
            }
            if timing.max_hops > 0 {
                lines.push(format!("max_hops {}", timing.max_hops));
            }
            if timing.multihop {
                lines.push("multihop".to_owned());
            }
            lines.push("checker".to_owned());
            let name: Word = name.parse().context(NAME)?;
            let head = format!("bfd_instance {name}");
            Ok(Statement::block(head, lines.into_iter().map(Statement::line).collect()))
        };
        self.sessions(node).iter().map(block).collect()
    }

    /// The nodes that a node asks or is asked by, each with the families of the services.
    pub fn neighbours(&self, node: usize) -> BTreeSet<(usize, Family)> {
        let seen = self.questions().iter().filter_map(|one| one.seen_by(node));
        seen.map(|one| (one.other, Family::of(one.neighbor))).collect()
    }
}

/// What a name was to become.
const NAME: &str = "the name of a bfd_instance";

/// The name of a session: the other node's, with an ending in IPv6, where it is the `first` with it in that
/// family; else, and where that is too long, the neighbour's address, in IPv6 31 of its 32 digits.
pub fn session_name(node: &str, neighbor: IpAddr, first: bool) -> String {
    let (end, short) = match neighbor {
        IpAddr::V4(address) => ("", address.to_string()),
        IpAddr::V6(address) => ("-v6", format!("{:032x}", u128::from(address))[1..].to_owned()),
    };
    let name = format!("{node}{end}");
    if name.len() <= LONGEST_NAME && first { name } else { short }
}

/// The name of one more session with the same neighbour, from another address.
fn numbered(mut name: String, again: usize) -> String {
    if again > 0 {
        let end = format!("-{}", again + 1);
        name.truncate(LONGEST_NAME - end.len());
        name += &end;
    }
    name
}

/// Whether a PING_CHECK of a file has the timers that are rendered here, so that it is a node that is asked.
pub fn is_ping(check: &grammar::Statement) -> bool {
    let value = |key: &str| grammar::last::<Seconds>(check.inner(), key);
    check.keyword() == "PING_CHECK"
        && value("delay_before_retry").is_some()
        && value("delay_loop").is_some()
        && value("connect_timeout") == value("delay_loop")
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
