//! VRRP instances: addresses that move together from node to node (RFC 5798), and how the nodes
//! agree on who holds them.

use std::fmt;
use std::net::IpAddr;

use super::Seconds;
use crate::conf::word::Word;
use crate::vip::{Family, Vip};

/// Addresses that move together from node to node.
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
    /// Between adverts: 1–255 whole seconds in version 2, 0.01–40.95 s in steps of 0.01 in 3.
    pub advert_int: Seconds,
    /// Up to 8 characters, in clear text on the network; version 2 only.
    pub auth_pass: Option<Word>,
    /// At least one, all of one family.
    pub virtual_ipaddress: Vec<VirtualAddress>,
    /// What a returning node of higher priority does.
    pub preempt: Preempt,
}

/// An item of `virtual_ipaddress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub vip: Vip,
    /// 1–32 or 1–128; keepalived takes the longest where there is none.
    pub prefix_length: Option<u8>,
    /// The interface that gets it, where it is another than the instance's.
    pub dev: Option<Word>,
}

/// How the nodes of an instance agree on a MASTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Election {
    /// The places of all nodes in [`super::Cluster::nodes`], the preferred one first.
    pub order: Vec<usize>,
    /// The same priority for all, so that the highest address wins; `None`: by order.
    pub priority: Option<u8>,
    /// Whether the first node of the order starts as MASTER; else all start as BACKUP.
    pub first_is_master: bool,
}

/// Whether a node of higher priority takes over from a working MASTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// As soon as it hears that its priority is higher.
    AtOnce,
    /// When it has waited, up to 1000 s. All nodes must start as BACKUP.
    After(Seconds),
    /// Not until the MASTER fails. All nodes must start as BACKUP.
    Never,
}

/// The version of VRRP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// RFC 3768: IPv4, whole seconds, a password in clear text.
    #[default]
    V2,
    /// RFC 5798: IPv4 and IPv6, hundredths of seconds, no password.
    V3,
}

/// What keepalived.conf(5) calls `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Expects to win.
    Master,
    /// Waits for adverts first.
    Backup,
}

impl VrrpInstance {
    /// The family of its addresses, which adverts and real servers have too.
    pub fn family(&self) -> Family {
        self.virtual_ipaddress.first().map_or(Family::V4, |vip| Family::of(vip.address()))
    }

    /// Its bare addresses.
    pub fn vips(&self) -> impl Iterator<Item = Vip> + '_ {
        self.virtual_ipaddress.iter().map(|address| address.vip)
    }
}

impl VirtualAddress {
    /// The address without its prefix length.
    pub fn address(&self) -> IpAddr {
        self.vip.address()
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.vip)?;
        if let Some(length) = self.prefix_length {
            write!(f, "/{length}")?;
        }
        self.dev.as_ref().map_or(Ok(()), |dev| write!(f, " dev {dev}"))
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

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V2 => "2",
            Version::V3 => "3",
        })
    }
}
