//! What a node's firewall has to let in, worked out from the cluster: a firewall that drops one
//! kind of it makes two MASTERs, or loses connections in ways that are hard to find.
//!
//! The files of [`nft`] and [`firewalld`] say the same in two languages; that of [`guard`] is no filter, but
//! goes the same way.

pub mod firewalld;
pub mod guard;
pub mod nft;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::cluster::{self, Cluster, Family, Method, Protocol};
use crate::conf::blocks::SYNC_GROUP_IPV6;
use crate::conf::detection::Detector;
use crate::conf::word::Word;
use crate::guard::plan::{self, Services};

/// Where adverts go (RFC 9568, 5.1.1.2).
pub(crate) const VRRP_GROUP: &str = "224.0.0.18";
/// In IPv6.
pub(crate) const VRRP_GROUP_IPV6: &str = "ff02::12";

/// Where the kernel's sync daemon sends to, if it is not told otherwise.
pub(crate) const SYNC_GROUP: &str = "224.0.0.81";

/// Adverts over IPv6, and the sync daemon's datagrams, come from the interface's own link-local
/// address (RFC 9568, 5.1.2.1).
const LINK_LOCAL: &str = "fe80::/10";

/// VRRP's number as an IP protocol.
pub(crate) const VRRP: u8 = 112;

/// BFD's UDP ports: between nodes on one network (RFC 5881, 4), and with routers between them (RFC 5883, 5).
pub const BFD_PORT: u16 = 3784;
/// The second one.
pub const BFD_MULTIHOP_PORT: u16 = 4784;

/// The sync daemon's UDP port.
pub(crate) const SYNC_PORT: u16 = 8848;

/// What one node's firewall has to let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs<'a> {
    /// The node's name.
    pub node: &'a Word,
    /// Adverts, of every interface and family that has instances.
    pub adverts: Vec<Peers<'a>>,
    /// The sync daemon's datagrams, where it runs.
    pub sync: Option<Peers<'a>>,
    /// What the failure detection of other nodes sends.
    pub questions: Vec<Questions>,
    /// One per virtual server. The other nodes' checks come to the same ports.
    pub services: Vec<Service>,
    /// Virtual servers of which nobody knows the ports.
    pub unknown: Vec<String>,
}

/// What the other nodes tell this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers<'a> {
    /// Where it comes in.
    pub interface: &'a Word,
    /// Of its addresses.
    pub family: Family,
    /// Addresses or a network; empty where nobody knows them.
    pub from: Vec<String>,
    /// The group that it is sent to, or the node's own address.
    pub to: String,
}

/// How other nodes ask whether this one lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions {
    /// Of the addresses.
    pub family: Family,
    /// The other nodes' addresses.
    pub from: Vec<String>,
    /// The node's own address.
    pub to: String,
    /// What they send.
    pub what: Question,
}

/// What a node sends to find out whether another one lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// ICMP's or ICMPv6's echo request.
    Echo,
    /// A datagram of BFD.
    Bfd {
        /// 3784, or 4784 for a session with routers on its way (RFC 5881, 5883).
        port: u16,
        /// The lowest TTL or hop limit that it arrives with.
        ttl: u8,
    },
}

/// Ports that clients and checks connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The lowest, 1–65535.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl Peers<'_> {
    /// Whether a switch that watches multicast wants to be told who listens. Of IPv4's first 256
    /// groups it must forward all (RFC 4541, 2.1.2).
    pub fn is_snooped(&self) -> bool {
        match self.to.parse() {
            Ok(IpAddr::V4(to)) => to.is_multicast() && to.octets()[..3] != [224, 0, 0],
            Ok(IpAddr::V6(to)) => to.is_multicast(),
            Err(_) => false,
        }
    }
}

impl<'a> Needs<'a> {
    /// What node number `node` of the cluster has to let in.
    pub fn of(cluster: &'a Cluster, node: usize) -> Needs<'a> {
        let (services, unknown) = services(cluster, node);
        let name = &cluster.nodes[node].name;
        let questions = questions(cluster, node);
        let mut needs =
            Needs { node: name, adverts: Vec::new(), sync: None, questions, services, unknown };
        // Alone, it has nobody to listen to.
        if cluster.nodes.len() > 1 {
            needs.adverts = adverts(cluster, node);
            needs.sync = sync(cluster, node);
        }
        needs
    }

    /// The ports of a protocol, in order and without overlap: nft refuses a set with one. `25` or
    /// `1000-1010`.
    fn ports(&self, protocol: Protocol) -> Vec<String> {
        let own = self.services.iter().filter(|one| one.protocol == protocol);
        let mut own: Vec<(u16, u16)> = own.map(|one| (one.first, one.last)).collect();
        own.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (first, last) in own {
            match merged.last_mut() {
                Some((_, end)) if first <= *end => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        let shown = |(first, last): (u16, u16)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        merged.into_iter().map(shown).collect()
    }
}

/// What the node's virtual servers are reached by, and those that do not tell.
fn services(cluster: &Cluster, node: usize) -> (Vec<Service>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for server in cluster.virtual_servers_of(node).map(|at| &cluster.virtual_servers[at]) {
        let protocol = server.protocol;
        match &server.service {
            cluster::Service::Port(port) | cluster::Service::Address(_, Some(port)) => {
                known.push(Service { protocol, first: *port, last: *port });
            }
            other => match &server.bypass_ports {
                Some(Services::Only(marked)) => known.extend(marked.iter().map(|one| Service {
                    protocol: match one.protocol {
                        plan::Protocol::Tcp => Protocol::Tcp,
                        plan::Protocol::Udp => Protocol::Udp,
                    },
                    first: one.first,
                    last: one.last,
                })),
                _ => unknown.push(format!("{other}, {protocol}")),
            },
        }
    }
    (known, unknown)
}

/// What the nodes that ask this one send, those of the same kind together.
fn questions(cluster: &Cluster, node: usize) -> Vec<Questions> {
    let Some(detection) = &cluster.failure_detection else { return Vec::new() };
    let own = &cluster.nodes[node];
    let mut all: BTreeMap<(Family, Question), Vec<String>> = BTreeMap::new();
    for (other, family) in Detector::new(cluster).neighbours(node) {
        let other = &cluster.nodes[other];
        let timing = detection.between(own, other);
        let what = match detection.method {
            Method::Ping => Question::Echo,
            Method::Bfd => Question::Bfd {
                port: if timing.multihop { BFD_MULTIHOP_PORT } else { BFD_PORT },
                ttl: u8::MAX - timing.max_hops,
            },
        };
        let from = other.addresses_of(family).map(|address| address.to_string());
        all.entry((family, what)).or_default().extend(from);
    }
    all.into_iter()
        .flat_map(|((family, what), from)| {
            let to = own.addresses_of(family).map(|address| address.to_string());
            to.map(move |to| Questions { family, from: from.clone(), to, what })
        })
        .collect()
}

fn adverts(cluster: &Cluster, node: usize) -> Vec<Peers<'_>> {
    let mut all: Vec<Peers<'_>> = Vec::new();
    for instance in &cluster.vrrp_instances {
        let Some(member) = instance.member(node) else { continue };
        let family = instance.family();
        let (key, default) = match family {
            Family::V4 => ("vrrp_mcast_group4", VRRP_GROUP),
            Family::V6 => ("vrrp_mcast_group6", VRRP_GROUP_IPV6),
        };
        let own = member.settings.value("mcast_dst_ip");
        let group = own.or(cluster.global_defs.settings.value(key)).unwrap_or(default);
        let one = match &member.unicast {
            Some(unicast) => Peers {
                interface: &member.interface,
                family,
                from: instance.peers(member).iter().map(ToString::to_string).collect(),
                to: unicast.source.to_string(),
            },
            None => Peers {
                interface: &member.interface,
                family,
                from: match said_senders(instance, node) {
                    Some(from) => from,
                    None => senders(cluster, node, &member.interface, family),
                },
                to: member.settings.value("mcast_dst_ip").unwrap_or(group).to_owned(),
            },
        };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Where the other nodes' adverts come from, if they all say so themselves.
fn said_senders(instance: &cluster::VrrpInstance, node: usize) -> Option<Vec<String>> {
    let others = instance.members.iter().filter(|member| member.node != node);
    others.map(|member| member.settings.value("mcast_src_ip").map(str::to_owned)).collect()
}

fn sync(cluster: &Cluster, node: usize) -> Option<Peers<'_>> {
    let daemon = cluster.sync_daemon(node)?;
    let group = if daemon.family == Family::V4 { SYNC_GROUP } else { SYNC_GROUP_IPV6 };
    Some(Peers {
        interface: daemon.interface,
        family: daemon.family,
        from: senders(cluster, node, daemon.interface, daemon.family),
        to: group.to_owned(),
    })
}

/// Whom the other nodes' multicast comes from. The inventory knows their addresses on one
/// interface, that of the first instance; from another they may send with addresses of that one.
fn senders(cluster: &Cluster, node: usize, interface: &Word, family: Family) -> Vec<String> {
    let first = cluster.vrrp_instances.iter().find_map(|instance| instance.member(node));
    let known = first.is_some_and(|first| first.interface == *interface);
    match family {
        Family::V6 => vec![LINK_LOCAL.to_owned()],
        Family::V4 if !known => Vec::new(),
        Family::V4 => (cluster.nodes.iter().enumerate())
            .filter(|&(other, _)| other != node)
            .flat_map(|(_, other)| other.addresses_of(family))
            .map(|address| address.to_string())
            .collect(),
    }
}
