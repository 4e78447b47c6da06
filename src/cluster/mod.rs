//! A cluster that was checked: the one model between the inventory and everything that is made
//! of it. Whoever holds a [`Cluster`] need not check anything again.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::conf::word::Word;
use crate::smtp;
use crate::smtp::probe::{DEFAULT_DELAY_BEFORE_RETRY, DEFAULT_RETRY};
use crate::smtp::session::DEFAULT_CONNECT_TIMEOUT;
use crate::vip::Vip;

/// Nodes that are balancers and servers at once, and what they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// keepalived's own mails.
    pub global_defs: GlobalDefs,
    /// In order of preference: the first is MASTER while it works. At least one.
    pub nodes: Vec<Node>,
    /// At least one.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// May be empty.
    pub virtual_servers: Vec<VirtualServer>,
}

/// What keepalived.conf(5) calls `global_defs`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GlobalDefs {
    /// Who gets mails about lost nodes and servers.
    pub notification_email: Vec<Word>,
    /// Whom they come from; keepalived's default is keepalived@host.
    pub notification_email_from: Option<Word>,
    /// The relay that takes them.
    pub smtp_server: Option<SmtpServer>,
    /// Seconds, 1–4294; keepalived's default is 30.
    pub smtp_connect_timeout: Option<u16>,
    /// What stands in each node's `router_id`.
    pub router_id: RouterId,
}

/// What `router_id` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouterId {
    /// The node's name from the inventory.
    #[default]
    NodeName,
    /// Nothing: keepalived takes the host's own name, so all nodes can have the same file.
    HostName,
}

/// A mail relay, and its port if it isn't 25.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Address or name.
    pub host: Word,
    /// 1–65535.
    pub port: Option<u16>,
}

/// A server of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host name.
    pub name: Word,
    /// Its own address, where the service listens and is checked.
    pub address: IpAddr,
}

/// Addresses that move together from node to node (RFC 5798).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Unique in the cluster.
    pub name: Word,
    /// The interface that carries adverts and addresses, the same on all nodes.
    pub interface: Word,
    /// VRID, 1–255, unique on the network.
    pub virtual_router_id: u8,
    /// Who wins.
    pub election: Election,
    /// Seconds between adverts, 1–255.
    pub advert_int: u8,
    /// Up to 8 characters, in clear text on the network.
    pub auth_pass: Option<Word>,
    /// At least one, all of one family.
    pub virtual_ipaddress: Vec<Vip>,
    /// Whether a returning node of higher priority takes over again.
    pub preempt: bool,
}

/// How the nodes of an instance agree on a MASTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Election {
    /// The same priority for all, so that the highest address wins; `None`: the nodes' order.
    pub priority: Option<u8>,
    /// Whether the first node starts as MASTER; else all start as BACKUP.
    pub first_is_master: bool,
}

/// What keepalived.conf(5) calls `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Expects to win.
    Master,
    /// Waits for adverts first.
    Backup,
}

/// A balanced service, on every address of its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualServer {
    /// Place of its instance in [`Cluster::vrrp_instances`].
    pub vrrp_instance: usize,
    /// 1–65535.
    pub port: u16,
    /// How often servers are checked; keepalived's default is 60 s.
    pub delay_loop: Option<Seconds>,
    /// Which server gets the next connection.
    pub scheduler: Scheduler,
    /// What is balanced.
    pub protocol: Protocol,
    /// Of every server, 1–2147483647.
    pub weight: u32,
    /// How servers are checked.
    pub check: Check,
}

/// How a server is found to work or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Who checks, and what.
    pub kind: CheckKind,
    /// For the connect and for each answer; keepalived's default is 5 s.
    pub connect_timeout: Option<Seconds>,
    /// Further attempts before the server counts as down; keepalived's default is 1.
    pub retry: Option<u32>,
    /// Between attempts; keepalived's default is 1 s.
    pub delay_before_retry: Option<Seconds>,
    /// The name in HELO.
    pub helo_name: Option<Word>,
}

impl Check {
    /// How much longer keepalived must wait for the probe than the probe's own deadline, in
    /// seconds: it must never come to keepalived killing it.
    const PROBE_GRACE: u64 = 2;

    /// How many whole seconds keepalived must allow the probe (`misc_timeout`).
    pub fn probe_timeout(&self) -> u64 {
        let deadline = smtp::worst_case(
            self.connect_timeout.map_or(DEFAULT_CONNECT_TIMEOUT, Seconds::duration),
            self.retry.unwrap_or(DEFAULT_RETRY),
            self.delay_before_retry.map_or(DEFAULT_DELAY_BEFORE_RETRY, Seconds::duration),
        );
        let up = u64::from(deadline.subsec_nanos() > 0);
        deadline.as_secs().saturating_add(up).saturating_add(Self::PROBE_GRACE)
    }
}

/// The checks that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// keepalived's TCP_CHECK: does it accept connections?
    Tcp,
    /// keepalived's SMTP_CHECK: does it greet?
    Smtp,
    /// Our `smtp-check`, run by keepalived's MISC_CHECK.
    SmtpProbe,
}

/// `protocol`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The only one that the checks of today speak.
    Tcp,
}

/// `lb_algo`: one of the kernel's schedulers, see ipvsadm(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduler(&'static str);

impl Scheduler {
    /// The schedulers that every supported keepalived accepts (2.1.5 to 2.4).
    pub const NAMES: [&'static str; 13] =
        ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq"];

    /// The scheduler of that name.
    pub fn named(name: &str) -> Option<Scheduler> {
        Self::NAMES.into_iter().find(|known| *known == name).map(Scheduler)
    }
}

/// A time as keepalived.conf writes it: seconds with up to six decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(Duration);

impl Seconds {
    /// The longest timer that keepalived accepts, in whole seconds.
    pub const MAX: u64 = 4294;

    /// A time of at least a microsecond and at most [`Seconds::MAX`] seconds, in whole
    /// microseconds; `None` for others.
    pub fn new(time: Duration) -> Option<Seconds> {
        let whole = time.subsec_nanos().is_multiple_of(1000);
        let range = Duration::from_micros(1)..=Duration::from_secs(Self::MAX);
        (whole && range.contains(&time)).then_some(Seconds(time))
    }

    /// The time.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Cluster {
    /// The highest priority that is given out; 255 is for an address's owner (RFC 5798).
    const FIRST_PRIORITY: usize = 100;

    /// The largest step between two nodes' priorities. The step makes nodes of lower priority
    /// wait longer for an advert (skew time), 39 ms a node, so that only one of them takes over.
    const PRIORITY_STEP: usize = 10;

    /// The most nodes that get distinct priorities.
    pub const MOST_NODES: usize = Self::FIRST_PRIORITY;

    /// The priority of node number `node` in an instance: 100 for the first, then 90, 80, ...;
    /// in smaller steps where there are more than ten.
    pub fn priority(&self, instance: &VrrpInstance, node: usize) -> u8 {
        if let Some(priority) = instance.election.priority {
            return priority;
        }
        let followers = self.nodes.len().saturating_sub(1).max(1);
        let step = ((Self::FIRST_PRIORITY - 1) / followers).clamp(1, Self::PRIORITY_STEP);
        Self::FIRST_PRIORITY.saturating_sub(node * step).max(1) as u8
    }

    /// The state in which node number `node` starts an instance.
    pub fn state(&self, instance: &VrrpInstance, node: usize) -> State {
        match node {
            0 if instance.election.first_is_master => State::Master,
            _ => State::Backup,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Master => "MASTER",
            State::Backup => "BACKUP",
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "TCP",
        })
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())?;
        match self.0.subsec_micros() {
            0 => Ok(()),
            micros => f.write_str(format!(".{micros:06}").trim_end_matches('0')),
        }
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => write!(f, "{}", self.host),
            Some(port) => write!(f, "{} {port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_without_needless_zeros() {
        for (micros, written) in [(5_000_000, "5"), (500_000, "0.5"), (1_000_001, "1.000001")] {
            let seconds = Seconds::new(Duration::from_micros(micros)).unwrap();
            assert_eq!(seconds.to_string(), written);
        }
        assert_eq!(Seconds::new(Duration::ZERO), None);
        assert_eq!(Seconds::new(Duration::from_nanos(1500)), None);
        assert_eq!(Seconds::new(Duration::from_secs(4295)), None);
    }

    #[test]
    fn priorities_are_distinct_and_in_range_up_to_the_most_nodes() {
        for count in 1..=Cluster::MOST_NODES {
            let (cluster, instance) = of(count);
            let priorities: Vec<u8> = (0..count).map(|n| cluster.priority(&instance, n)).collect();
            assert_eq!(priorities[0], 100);
            assert!(priorities.windows(2).all(|pair| pair[0] > pair[1]), "{priorities:?}");
        }
        let (cluster, instance) = of(4);
        assert_eq!([0, 1, 2, 3].map(|n| cluster.priority(&instance, n)), [100, 90, 80, 70]);
    }

    fn of(count: usize) -> (Cluster, VrrpInstance) {
        let node = Node { name: "n".parse().unwrap(), address: [10, 0, 0, 1].into() };
        let instance = VrrpInstance {
            name: "i".parse().unwrap(),
            interface: "eth0".parse().unwrap(),
            virtual_router_id: 1,
            election: Election { priority: None, first_is_master: true },
            advert_int: 1,
            auth_pass: None,
            virtual_ipaddress: Vec::new(),
            preempt: true,
        };
        let cluster = Cluster {
            global_defs: GlobalDefs::default(),
            nodes: vec![node; count],
            vrrp_instances: Vec::new(),
            virtual_servers: Vec::new(),
        };
        (cluster, instance)
    }
}
