//! Balanced services, and how their servers are found to work or not.

use std::fmt;

use super::Seconds;
use crate::conf::word::Word;
use crate::smtp;
use crate::smtp::probe::{DEFAULT_DELAY_BEFORE_RETRY, DEFAULT_RETRY};
use crate::smtp::session::DEFAULT_CONNECT_TIMEOUT;

/// A balanced service, on every address of its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualServer {
    /// Place of its instance in [`super::Cluster::vrrp_instances`].
    pub vrrp_instance: usize,
    /// 1–65535.
    pub port: u16,
    /// How often servers are checked; keepalived's default is 60 s.
    pub delay_loop: Option<Seconds>,
    /// Which server gets the next connection.
    pub scheduler: Scheduler,
    /// The flags of schedulers `mh` and `sh`.
    pub hash: HashFlags,
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
    /// keepalived's UDP_CHECK: does nobody say that the port is closed?
    Udp,
    /// keepalived's SMTP_CHECK: does it greet?
    Smtp,
    /// Our `smtp-check`, run by keepalived's MISC_CHECK.
    SmtpProbe,
}

/// `protocol`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Connections.
    #[default]
    Tcp,
    /// Datagrams of the same addresses and ports.
    Udp,
}

/// `lb_algo`: one of the kernel's schedulers, see ipvsadm(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduler(&'static str);

/// What the schedulers `mh` and `sh` can be told beside their name, see ipvsadm(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashFlags {
    /// `mh-port`, `sh-port`: the client's port counts too, so one client meets several servers.
    pub port: bool,
    /// `mh-fallback`, `sh-fallback`: another server where the chosen one has weight 0.
    pub fallback: bool,
}

impl Scheduler {
    /// The schedulers that every supported keepalived accepts (2.1.5 to 2.4).
    pub const NAMES: [&'static str; 13] =
        ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq"];

    /// The scheduler of that name.
    pub fn named(name: &str) -> Option<Scheduler> {
        Self::NAMES.into_iter().find(|known| *known == name).map(Scheduler)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        })
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
