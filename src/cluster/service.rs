//! Balanced services, their servers, and how these are found to work or not.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::keyword::keywords;
use super::{NoKeyword, Seconds};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;
use crate::guard::plan::Services;
use crate::vip::Family;

/// A balanced service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualServer {
    /// Place of its instance in [`super::Cluster::vrrp_instances`]: only nodes of that balance it.
    pub vrrp_instance: Option<usize>,
    /// What is balanced.
    pub service: Service,
    /// What a firewall mark stands for, where that is said.
    pub bypass_ports: Option<Services>,
    /// Whether the cluster's failure detection is for its servers too.
    pub failure_detection: bool,
    /// Which server gets the next connection.
    pub scheduler: Scheduler,
    /// Of the service.
    pub protocol: Protocol,
    /// Who serves.
    pub real_servers: Vec<RealServer>,
    /// How they are checked, those that have no checks of their own.
    pub checks: Vec<Check>,
    /// What keepalived is told of it, in order; its servers stand behind.
    pub settings: Settings,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

/// What keepalived.conf(5) writes behind `virtual_server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A port, 1–65535, on every address of the instance.
    Port(u16),
    /// One address; every port of it where there is none.
    Address(IpAddr, Option<u16>),
    /// Packets that a firewall marked so.
    Mark(u32),
    /// A `virtual_server_group`.
    Group(Word),
}

/// A server of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// Its address; of a node both, if it has two.
    pub addresses: Vec<IpAddr>,
    /// 1–65535; that of the service where there is none.
    pub port: Option<u16>,
    /// 0–2147483647.
    pub weight: u32,
    /// How it is checked, where otherwise than the others.
    pub checks: Option<Vec<Check>>,
    /// What follows from nothing else.
    pub settings: Settings,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

/// How a server is found to work or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// One of keepalived's own.
    Own {
        /// Its block.
        block: Statement,
        /// Whether it connects to the server's own port.
        connects: bool,
    },
    /// Our `smtp-check`, run by keepalived's MISC_CHECK.
    Probe(Probe),
}

/// `smtp-check` as keepalived runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it is told beside address and port: `--helo-name`, `--retry`, ...
    pub options: String,
    /// Whether its options name the port.
    pub has_port: bool,
    /// Whether it logs why a server is down.
    pub syslog: bool,
    /// When it gives up by itself: [`Probe::timeout`] is later.
    pub deadline: Duration,
    /// Whether its exit code is a weight.
    pub dynamic: bool,
    /// More of the block.
    pub more: Vec<Statement>,
}

keywords! {
    /// `protocol`
    #[derive(Hash, Default)]
    pub enum Protocol {
        /// Connections.
        #[default]
        Tcp = "TCP",
        /// Datagrams of the same addresses and ports.
        Udp = "UDP",
        /// Associations.
        Sctp = "SCTP",
    }
}

keywords! {
    /// `ip_family`: what a firewall mark's packets are.
    pub enum AddressFamily {
        /// IPv4.
        Inet = "inet",
        /// IPv6.
        Inet6 = "inet6",
    }
}

impl AddressFamily {
    /// What a virtual server's section says.
    pub fn said(settings: &Settings) -> Option<Family> {
        Some(match settings.value("ip_family")?.parse().ok()? {
            AddressFamily::Inet => Family::V4,
            AddressFamily::Inet6 => Family::V6,
        })
    }
}

/// `lb_kind`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forwarding {
    /// Direct routing: the frame's address is changed, and nothing else.
    Dr,
    /// Addresses and ports are changed; the answer has to come back through the director.
    Nat,
    /// Put into a packet to the server; what keepalived is told of the tunnel.
    Tun(String),
}

keywords! {
    /// `lb_algo`: one of the kernel's schedulers, see ipvsadm(8).
    pub enum Scheduler {
        /// Round robin.
        Rr = "rr",
        /// Weighted round robin.
        Wrr = "wrr",
        /// Least connections.
        Lc = "lc",
        /// Weighted least connections.
        Wlc = "wlc",
        /// Locality-based least connections.
        Lblc = "lblc",
        /// Locality-based least connections with replication.
        Lblcr = "lblcr",
        /// Source hashing.
        Sh = "sh",
        /// Maglev hashing.
        Mh = "mh",
        /// Destination hashing.
        Dh = "dh",
        /// Weighted failover.
        Fo = "fo",
        /// Weighted overflow.
        Ovf = "ovf",
        /// Shortest expected delay.
        Sed = "sed",
        /// Never queue.
        Nq = "nq",
        /// Two random choices.
        Twos = "twos" since V2_2,
    }
}

impl Probe {
    /// How much longer keepalived waits for the probe than the probe's own deadline, in seconds: it
    /// must never come to keepalived killing it.
    const GRACE: u64 = 2;

    /// The longest deadline that keepalived's longest timer leaves room for.
    pub const LONGEST_DEADLINE: Duration = Duration::from_secs(Seconds::MAX - Probe::GRACE);

    /// `misc_timeout`: the whole seconds after which keepalived kills it.
    pub fn timeout(&self) -> u64 {
        let up = u64::from(self.deadline.subsec_nanos() > 0);
        self.deadline.as_secs().saturating_add(up).saturating_add(Probe::GRACE)
    }
}

impl Scheduler {
    /// Whether it hashes, and refuses the connections that fall to a server of weight 0, but for its fallback
    /// flag (ip_vs_mh.c, ip_vs_sh.c).
    pub fn hashes(self) -> bool {
        matches!(self, Scheduler::Mh | Scheduler::Sh)
    }
}

impl Protocol {
    /// `tcp`, as firewalls write it.
    pub fn lower(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::Port(port) => write!(f, "port {port}"),
            Service::Address(address, Some(port)) => write!(f, "{address} {port}"),
            Service::Address(address, None) => write!(f, "{address}"),
            Service::Mark(mark) => write!(f, "fwmark {mark}"),
            Service::Group(name) => write!(f, "group {name}"),
        }
    }
}

/// `DR`, `NAT`, or `TUN` and what the tunnel is told.
impl FromStr for Forwarding {
    type Err = NoKeyword;

    fn from_str(text: &str) -> Result<Forwarding, NoKeyword> {
        let mut words = text.split_whitespace();
        match (words.next(), words.collect::<Vec<_>>().join(" ")) {
            (Some("DR"), rest) if rest.is_empty() => Ok(Forwarding::Dr),
            (Some("NAT"), rest) if rest.is_empty() => Ok(Forwarding::Nat),
            (Some("TUN"), rest) if rest.is_empty() => Ok(Forwarding::Tun(rest)),
            (Some("TUN"), rest) => Ok(Forwarding::Tun(format!(" {rest}"))),
            _ => Err(NoKeyword),
        }
    }
}

impl fmt::Display for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forwarding::Dr => f.write_str("DR"),
            Forwarding::Nat => f.write_str("NAT"),
            Forwarding::Tun(options) => write!(f, "TUN{options}"),
        }
    }
}
