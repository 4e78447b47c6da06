//! `lvskit status`: what this node is, in one screen, as JSON or for Prometheus.
//!
//! - [`collect`] reads node and guards, and works out each instance's role (pure but for the reading);
//! - `text` is the screen, `prometheus` the text format of node_exporter's textfile collector;
//! - `every` is `--all`: a line for each node of the cluster;
//! - `options` is the command line, `run` the command; [`connections`] is `lvskit connections`.

mod collect;
pub mod connections;
mod every;
mod options;
mod prometheus;
mod run;
mod text;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::node::state::NodeState;

#[cfg(test)]
pub(crate) use collect::of;
pub use collect::{ask_journal, collect};
pub use options::Options;
pub use run::{run, schema};
pub(crate) use text::utc;

/// The version of the JSON. It grows when a field changes its meaning or goes; new fields may come
/// without.
pub const FORMAT: u32 = 1;

/// The state of a node and of its part in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The version of this format: 1. It grows when a field changes its meaning or goes; new fields may
    /// come without.
    pub format: u32,
    /// The version of lvskit that wrote it, such as `0.1.0`.
    #[serde(default)]
    pub lvskit: String,
    /// By what the instances below were found.
    pub source: Source,
    /// The VRRP instances; without a readable keepalived.conf one for each address that IPVS or a guard
    /// names.
    pub instances: Vec<Instance>,
    /// The guards and fallback routes.
    pub guards: Vec<Guard>,
    /// Whether this node is out of service as a server (`lvskit drain --server`).
    #[serde(default)]
    pub server_drain: ServerDrain,
    /// When this node became MASTER or gave that up in the last 24 hours, the oldest first.
    #[serde(default)]
    pub transitions: Vec<Transition>,
    /// Who noted the transitions; absent where nobody did.
    #[serde(default)]
    pub noted_by: Option<NotedBy>,
    /// Why the journal could not be asked for them, where keepalived.conf has none of our hooks.
    #[serde(default)]
    pub journal_unread: Option<String>,
    /// What kernel, processes and files say.
    pub node: NodeState,
}

/// Whether the checks of the directors are refused here, so that they send nothing new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerDrain {
    /// They are not.
    #[default]
    Off,
    /// They are.
    On,
    /// They should be, but the rules are gone.
    Gone,
    /// They should be; whether they are only root can read.
    Wanted,
}

/// By what the instances were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Source {
    /// keepalived.conf and the kernel.
    #[serde(rename = "keepalived.conf")]
    KeepalivedConf,
    /// The kernel alone: keepalived.conf can't be read.
    #[serde(rename = "kernel")]
    Kernel,
}

/// A VRRP instance on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its name; absent where keepalived.conf can't be read.
    pub name: Option<String>,
    /// Its role, judged by the addresses.
    pub role: Role,
    /// Since when it is MASTER, or is not, in seconds since 1970: absent where nobody noted it, or
    /// something else than where the addresses are.
    #[serde(default)]
    pub since: Option<u64>,
    /// Its addresses.
    pub vips: Vec<Vip>,
}

/// Who noted when a node became MASTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotedBy {
    /// Our hooks, since the boot.
    Hooks,
    /// keepalived itself, in systemd's journal.
    Journal,
}

/// A change that was noted: a hint beside where the addresses are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transition {
    /// In seconds since 1970.
    pub time: u64,
    /// The instance.
    pub instance: String,
    /// Whether the node became MASTER; else it gave that up.
    pub master: bool,
}

/// What an instance is on this node, judged by where its addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// All its addresses are here.
    Master,
    /// None is here, and keepalived runs.
    Backup,
    /// None is here, and it can't become MASTER: its interface is down, or the node is drained.
    Fault,
    /// None is here, and keepalived does not run.
    Stopped,
    /// Some are here and some are not.
    Mixed,
}

/// An address of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vip {
    /// The address.
    pub address: IpAddr,
    /// The interface that has it; absent if none has.
    pub on: Option<String>,
}

/// The guard of an address, as `bypass-ipvs --check` judges it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// The address.
    pub vip: IpAddr,
    /// Its rules.
    pub state: GuardState,
    /// How they differ from the guard's, if they do.
    pub difference: Option<String>,
    /// The route by which sessions go on after the address has gone; absent if none is wanted.
    pub fallback_route: Option<RouteState>,
}

/// Whether a guard's rules are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardState {
    /// As they should be.
    InForce,
    /// Not there.
    Missing,
    /// Others than they should be.
    Altered,
}

/// Whether a fallback route is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteState {
    /// As it should be.
    InPlace,
    /// Not there.
    Missing,
    /// There, but the node would claim the address by ARP.
    Unsafe,
}

impl Role {
    /// keepalived's word.
    pub fn word(self) -> &'static str {
        match self {
            Role::Master => "MASTER",
            Role::Backup => "BACKUP",
            Role::Fault => "FAULT",
            Role::Stopped => "STOPPED",
            Role::Mixed => "MIXED",
        }
    }
}

impl Status {
    /// The guard of an address.
    pub fn guard(&self, vip: IpAddr) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.vip == vip)
    }
}
