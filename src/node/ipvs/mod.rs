//! What IPVS balances on this node: services with their real servers, and the sync daemon. By generic
//! netlink where the process may, which tells rates and the daemon; else from /proc/net/ip_vs, which
//! everybody may read.
//!
//! - `question` are the messages to the kernel, `decode` reads its answers (pure);
//! - `table` reads the text of /proc/net/ip_vs (pure), [`connections`] that of /proc/net/ip_vs_conn.

pub mod connections;
mod decode;
mod question;
mod table;

use std::fs;
use std::io;
use std::net::IpAddr;

use nix::errno::Errno;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::netlink::NetlinkError;
use super::proc_net;

/// What IPVS has on this node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ipvs {
    /// Where it was read.
    pub source: Source,
    /// The virtual servers, in the kernel's order.
    pub services: Vec<Service>,
    /// The sync daemons that run here: at most one that sends and one that receives. Only netlink tells
    /// them.
    pub sync_daemons: Vec<SyncDaemon>,
}

/// Where IPVS' tables were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The kernel has no IPVS (the module ip_vs is not loaded), or it could not be read.
    #[default]
    None,
    /// Generic netlink, as root with CAP_NET_ADMIN.
    Netlink,
    /// /proc/net/ip_vs, without rates and sync daemon.
    Proc,
}

/// What a virtual server is found by.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Key {
    /// Packets to an address and port.
    Address {
        /// `TCP`, `UDP`, `SCTP`, or the protocol's number.
        protocol: String,
        /// The VIP.
        address: IpAddr,
        /// 0 is every port.
        port: u16,
    },
    /// Packets with a firewall mark.
    Mark {
        /// The mark.
        mark: u32,
        /// Whether the mark counts for IPv6 packets instead of IPv4's. /proc does not tell: false there.
        ipv6: bool,
    },
}

/// A virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// What it balances.
    #[serde(flatten)]
    pub key: Key,
    /// Such as `mh`, `wlc`.
    pub scheduler: String,
    /// IP_VS_SVC_F_*: 1 persistent, 4 one-packet, 8, 16 and 32 the scheduler's own: for mh and sh 8 is
    /// fallback, 16 the client's port counts.
    pub flags: u32,
    /// How long a client stays with its real server, in seconds; 0 is not at all.
    pub persistence: u32,
    /// Connections and packets since it was made, and now.
    pub counters: Counters,
    /// The real servers, in the kernel's order.
    pub servers: Vec<Server>,
}

/// A real server (destination) of a virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// How packets get to it.
    pub forwarding: Forwarding,
    /// 0 takes no new connections.
    pub weight: u32,
    /// Established connections.
    pub active: u32,
    /// Connections that are closing, or of which one side alone was seen.
    pub inactive: u32,
    /// Entries by which clients stay with it; 0 from /proc.
    pub persistent: u32,
    /// Connections and packets since it was added, and now.
    pub counters: Counters,
}

/// How packets get to a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Forwarding {
    /// NAT
    Masquerade,
    /// This node itself.
    Local,
    /// IP in IP.
    Tunnel,
    /// Direct routing: by the MAC address.
    DirectRouting,
    /// Of transparent caches.
    Bypass,
}

/// Since the beginning, and per second. All 0 where /proc was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Connections a second, as the kernel estimates it.
    pub connections_per_second: u64,
    /// Packets from clients a second.
    pub packets_in_per_second: u64,
    /// Bytes from clients a second.
    pub bytes_in_per_second: u64,
}

/// A sync daemon: it sends connections to the other nodes, or receives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncDaemon {
    /// Which of the two.
    pub role: SyncRole,
    /// The interface of its multicast.
    pub interface: String,
    /// Only daemons with the same id talk to each other; 0 receives from all.
    pub id: u32,
}

/// What a sync daemon does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncRole {
    /// IPVS calls it the master.
    Sends,
    /// IPVS calls it the backup.
    Receives,
}

impl Service {
    /// Of how many real servers new connections may go to any.
    pub fn in_the_balance(&self) -> usize {
        self.servers.iter().filter(|server| server.weight > 0).count()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Address { protocol, address: IpAddr::V4(address), port } => {
                write!(f, "{address}:{port}/{protocol}")
            }
            Key::Address { protocol, address, port } => write!(f, "[{address}]:{port}/{protocol}"),
            Key::Mark { mark, .. } => write!(f, "firewall mark {mark}"),
        }
    }
}

/// Reads what IPVS has in the network namespace of the calling thread; and what could not be read, and
/// why. A kernel without IPVS has nothing, which is no error.
pub fn read() -> (Ipvs, Option<String>) {
    match question::read() {
        Ok(ipvs) => (ipvs, None),
        Err(NetlinkError::Refused(Errno::EPERM | Errno::EACCES)) => {
            let why = "rates and the sync daemon need root (CAP_NET_ADMIN)".to_owned();
            from_proc(Some(why))
        }
        Err(error) => from_proc(Some(error.to_string())),
    }
}

fn from_proc(why: Option<String>) -> (Ipvs, Option<String>) {
    match fs::read_to_string(proc_net("ip_vs")) {
        Ok(text) => {
            let services = table::services(&text);
            (Ipvs { source: Source::Proc, services, sync_daemons: Vec::new() }, why)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Ipvs::default(), None),
        Err(error) => (Ipvs::default(), Some(format!("/proc/net/ip_vs: {error}"))),
    }
}
