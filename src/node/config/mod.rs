//! What this node's own keepalived.conf says, as far as it can be compared with the kernel and the wire:
//! instances with their addresses, virtual servers with their real servers, programs, the sync daemon.
//! Statements in, values out; defaults are keepalived's (keepalived.conf(5)).

mod blocks;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::blocks::{bfd_session, first, instance, programs, sync_daemon, value, virtual_server};
use crate::conf::grammar::{self, Files, Statement, last};
use crate::fingerprint;
use crate::node::ipvs::Key;
use crate::secrets::Secrets;

/// A keepalived.conf.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// Whether gen-conf rendered it.
    pub rendered: bool,
    /// A fingerprint of its statements without their passwords: equal where two files say the same in the
    /// same order.
    #[serde(default)]
    pub revision: Option<String>,
    /// The lines of all its statements without their passwords, in keepalived.conf's own form; in reports of
    /// `lvskit doctor` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<String>>,
    /// `router_id`.
    pub router_id: Option<String>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// The VRRP instances.
    pub instances: Vec<Instance>,
    /// The virtual servers by address and by firewall mark; not those by group.
    pub virtual_servers: Vec<VirtualServer>,
    /// Whether it has virtual servers by group, which are not among these.
    pub has_groups: bool,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// The BFD sessions.
    #[serde(default)]
    pub sessions: Vec<BfdSession>,
    /// What keepalived runs: hooks, checks, scripts.
    pub programs: Vec<Program>,
    /// Files of `track_file` that put an instance into FAULT (weight 0) while they hold another
    /// number than 0.
    pub drain_files: Vec<PathBuf>,
}

/// A `vrrp_instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Its interface; empty if it has none.
    pub interface: String,
    /// 1-255.
    pub virtual_router_id: u8,
    /// 1-255; the highest becomes MASTER.
    pub priority: u8,
    /// 2 or 3.
    pub version: u8,
    /// How often the MASTER advertises, in milliseconds.
    pub advert_int: u64,
    /// Whether it never takes the addresses from a MASTER of lower priority.
    pub nopreempt: bool,
    /// `PASS` or `AH`; absent without authentication.
    pub authentication: Option<String>,
    /// The password: for comparison only, and never shown.
    #[serde(skip)]
    pub auth_pass: Option<String>,
    /// `unicast_src_ip`.
    pub source: Option<IpAddr>,
    /// `unicast_peer`; none is multicast.
    pub peers: Vec<IpAddr>,
    /// The group that it is advertised to, where the file says one: `mcast_dst_ip`, or that of `global_defs`.
    pub group: Option<IpAddr>,
    /// The addresses that are advertised.
    pub vips: Vec<Address>,
    /// `virtual_ipaddress_excluded`.
    pub excluded: Vec<Address>,
    /// Whether it has an interface of its own (`use_vmac`), on which its addresses are then.
    pub vmac: bool,
    /// `track_interface`.
    pub tracked_interfaces: Vec<String>,
}

/// An address of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// The interface that it belongs on.
    pub interface: String,
}

/// A `virtual_server`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VirtualServer {
    /// Its address; absent for one of a firewall mark.
    pub address: Option<IpAddr>,
    /// Its port; 0 is every port.
    pub port: u16,
    /// Its firewall mark.
    pub mark: Option<u32>,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// `lb_algo`.
    pub scheduler: String,
    /// `lb_kind`: `NAT`, `DR`, `TUN`.
    pub forwarding: String,
    /// How many weights must be up.
    pub quorum: u32,
    /// The real servers.
    pub servers: Vec<RealServer>,
    /// Whether it has a `sorry_server`.
    pub sorry_server: Option<IpAddr>,
}

/// A `real_server`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealServer {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its weight while it is up.
    pub weight: u32,
    /// The checkers that it has, such as `SMTP_CHECK`.
    pub checks: Vec<String>,
    /// Whether a `failure_detection` pings it.
    #[serde(default)]
    pub pinged: bool,
}

/// `lvs_sync_daemon`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncDaemon {
    /// The interface.
    pub interface: String,
    /// The instance whose MASTER sends; without one every node sends and receives.
    pub instance: Option<String>,
    /// `id`; absent is the instance's VRID, or 0.
    pub id: Option<u32>,
    /// `group`; absent is the kernel's.
    #[serde(default)]
    pub group: Option<IpAddr>,
    /// `port`; absent is the kernel's.
    #[serde(default)]
    pub port: Option<u16>,
}

/// A `bfd_instance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BfdSession {
    /// Its name.
    pub name: String,
    /// The address of the other host.
    pub neighbor: IpAddr,
    /// `source_ip`.
    pub source: Option<IpAddr>,
    /// The most routers that packets may have passed, 0-255.
    pub max_hops: u8,
    /// Whether it uses the port of RFC 5883.
    pub multihop: bool,
}

/// A command line in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// Where it stands, such as `/etc/keepalived/keepalived.conf:7`.
    pub at: String,
    /// Its keyword: `notify_master`, `misc_path`, `script`.
    pub keyword: String,
    /// The command line: never shown, as it may hold a password.
    #[serde(skip)]
    pub line: String,
    /// The program's path: its first word, or what gen-conf's line for our probe runs.
    pub path: PathBuf,
    /// The user that it runs as, where the file says so.
    pub user: Option<String>,
}

/// How the files begin that gen-conf rendered.
const RENDERED: &str = "# Rendered by `lvskit gen-conf`";

impl Config {
    /// Reads a file and what it includes, with the lines for the node with that config id; also
    /// returns its statements.
    ///
    /// # Errors
    /// When it can't be read, or keepalived would refuse it; the text says what to do.
    pub fn read(path: &Path, id: Option<&str>) -> Result<(Config, Vec<Statement>), String> {
        let text = grammar::text(path).map_err(|error| {
            let text = format!("{error:#}");
            text.strip_prefix("error: ").unwrap_or(&text).to_owned()
        })?;
        let mut files = Files::default();
        let tree = grammar::read(path, &text, id, &mut files).map_err(|error| error.to_string())?;
        let rendered = text.starts_with(RENDERED);
        Ok((Config { rendered, ..Config::of(&tree) }, tree))
    }

    /// What statements say.
    pub fn of(tree: &[Statement]) -> Config {
        let mut config = Config { revision: Some(revision(tree)), ..Config::default() };
        let globals = tree.iter().filter(|one| one.keyword() == "global_defs");
        let globals: Vec<&Statement> = globals.flat_map(Statement::inner).collect();
        for one in &globals {
            match one.keyword() {
                "router_id" => config.router_id = first(one),
                "enable_script_security" => config.script_security = true,
                "lvs_sync_daemon" => config.sync_daemon = sync_daemon(one.values()),
                _ => {}
            }
        }
        let global_version = last(globals.iter().copied(), "vrrp_version");
        let global_group = |v6| {
            let keyword = if v6 { "vrrp_mcast_group6" } else { "vrrp_mcast_group4" };
            last(globals.iter().copied(), keyword)
        };
        for one in tree {
            match one.keyword() {
                "vrrp_instance" => {
                    let mut instance = instance(one, global_version);
                    instance.group = instance.group.or_else(|| global_group(instance.is_v6()));
                    config.instances.push(instance);
                }
                "virtual_server" => {
                    config.has_groups |= first(one).is_some_and(|word| word == "group");
                    config.virtual_servers.extend(virtual_server(one));
                }
                "bfd_instance" => config.sessions.extend(bfd_session(one)),
                "track_file" | "vrrp_track_file" => {
                    let weight = last(one.inner(), "weight").unwrap_or(1);
                    let file = value(one.inner(), "file").filter(|_| weight == 0);
                    config.drain_files.extend(file.map(PathBuf::from));
                }
                _ => {}
            }
        }
        programs(tree, &mut config.programs);
        config
    }

    /// All addresses of all instances.
    pub fn vips(&self) -> impl Iterator<Item = &Address> {
        self.instances.iter().flat_map(Instance::all)
    }

    /// All real servers' addresses, each once.
    pub fn real_servers(&self) -> Vec<IpAddr> {
        let servers = self.virtual_servers.iter().flat_map(|one| &one.servers);
        let mut all: Vec<IpAddr> = servers.map(|server| server.address).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl VirtualServer {
    /// What IPVS may have it by: a firewall mark counts in one family or the other.
    pub fn keys(&self) -> Vec<Key> {
        match (self.address, self.mark) {
            (Some(address), _) => {
                vec![Key::Address { protocol: self.protocol.clone(), address, port: self.port }]
            }
            (None, Some(mark)) => [false, true].map(|ipv6| Key::Mark { mark, ipv6 }).to_vec(),
            (None, None) => Vec::new(),
        }
    }
}

impl Instance {
    /// Its addresses, those that are advertised and the others.
    pub fn all(&self) -> impl Iterator<Item = &Address> {
        self.vips.iter().chain(&self.excluded)
    }

    /// Whether it is of IPv6.
    pub fn is_v6(&self) -> bool {
        self.vips.first().is_some_and(|vip| vip.address.is_ipv6())
    }
}

/// Statements as keepalived.conf has them, without their passwords.
pub(crate) fn masked(tree: &[Statement]) -> Vec<String> {
    fn lines(tree: &[Statement], all: &mut String) {
        for one in tree {
            all.push_str(&one.text);
            if let Some(block) = &one.block {
                all.push_str(" {\n");
                lines(block, all);
                all.push('}');
            }
            all.push('\n');
        }
    }
    let mut all = String::new();
    lines(tree, &mut all);
    let secrets = Secrets::of(&[&all]);
    all.lines().map(|line| secrets.mask(line).into_owned()).collect()
}

/// Passwords are left out: who has the fingerprint could try them all.
fn revision(tree: &[Statement]) -> String {
    fn lines(tree: &[Statement], depth: usize, all: &mut String) {
        for one in tree {
            all.extend(std::iter::repeat_n(' ', depth));
            for (at, word) in one.words.iter().enumerate() {
                all.push_str(if at > 0 { " " } else { "" });
                all.push_str(word);
            }
            all.push('\n');
            lines(one.inner(), depth + 1, all);
        }
    }
    let mut all = String::new();
    lines(tree, 0, &mut all);
    let secrets = Secrets::of(&[&all]);
    let hash = fingerprint::of(all.split_terminator('\n').map(|line| secrets.mask(line)));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests;
