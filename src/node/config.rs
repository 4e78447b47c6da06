//! What this node's own keepalived.conf says, as far as it can be compared with the kernel and the wire:
//! instances with their addresses, virtual servers with their real servers, programs, the sync daemon.
//! Statements in, values out; defaults are keepalived's (keepalived.conf(5)).

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conf::grammar::{self, Files, Statement};
use crate::conf::probe::RUNNER;
use crate::fingerprint;
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
    /// `mcast_dst_ip`.
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
}

/// `lvs_sync_daemon`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncDaemon {
    /// The interface.
    pub interface: String,
    /// The instance whose MASTER sends; without one every node sends and receives.
    pub instance: Option<String>,
    /// `id`; absent is the instance's VRID, or 0.
    pub id: Option<u32>,
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

/// The keywords of command lines.
const COMMANDS: [&str; 4] = ["misc_path", "script", "quorum_up", "quorum_down"];

/// Checkers of a real server.
const CHECKERS: [&str; 10] = [
    "TCP_CHECK",
    "HTTP_GET",
    "SSL_GET",
    "SMTP_CHECK",
    "DNS_CHECK",
    "MISC_CHECK",
    "BFD_CHECK",
    "UDP_CHECK",
    "PING_CHECK",
    "FILE_CHECK",
];

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
        let global_version = number(globals.iter().copied(), "vrrp_version");
        for one in tree {
            match one.keyword() {
                "vrrp_instance" => config.instances.push(instance(one, global_version)),
                "virtual_server" => {
                    config.has_groups |= first(one).is_some_and(|word| word == "group");
                    config.virtual_servers.extend(virtual_server(one));
                }
                "track_file" | "vrrp_track_file" => {
                    let weight = number(one.inner().iter(), "weight").unwrap_or(1);
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

/// Passwords are left out: who has the fingerprint could try them all.
fn revision(tree: &[Statement]) -> String {
    fn lines(tree: &[Statement], depth: usize, all: &mut Vec<String>) {
        for one in tree {
            all.push(format!("{}{}", " ".repeat(depth), one.words.join(" ")));
            lines(one.inner(), depth + 1, all);
        }
    }
    let mut all = Vec::new();
    lines(tree, 0, &mut all);
    let secrets = Secrets::of(&[&all.join("\n")]);
    let hash = fingerprint::of(all.iter().map(|line| secrets.mask(line).into_owned()));
    format!("{hash:016x}")
}

fn first(statement: &Statement) -> Option<String> {
    statement.values().first().cloned()
}

/// The value of a keyword; of several the last, as keepalived does.
fn value(block: &[Statement], keyword: &str) -> Option<String> {
    block.iter().rev().find(|one| one.keyword() == keyword).and_then(first)
}

fn number<'a, T: std::str::FromStr>(
    block: impl DoubleEndedIterator<Item = &'a Statement>,
    keyword: &str,
) -> Option<T> {
    block.rev().find(|one| one.keyword() == keyword).and_then(first)?.parse().ok()
}

/// `eth0 [inst] NAME id 11`: what follows the interface and is no option is the instance.
fn sync_daemon(words: &[String]) -> Option<SyncDaemon> {
    let (interface, rest) = words.split_first()?;
    let mut daemon = SyncDaemon { interface: interface.clone(), instance: None, id: None };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "inst" => daemon.instance = rest.next().cloned(),
            "id" => daemon.id = rest.next().and_then(|id| id.parse().ok()),
            "maxlen" | "port" | "ttl" | "group" => drop(rest.next()),
            name => daemon.instance = Some(name.to_owned()),
        }
    }
    Some(daemon)
}

fn instance(statement: &Statement, global_version: Option<u8>) -> Instance {
    let block = statement.inner();
    let interface = value(block, "interface").unwrap_or_default();
    let list = |keyword: &str| -> Vec<&Statement> {
        let blocks = block.iter().filter(|one| one.keyword() == keyword);
        blocks.flat_map(Statement::inner).collect()
    };
    let addresses = |keyword: &str| -> Vec<Address> {
        list(keyword).into_iter().filter_map(|line| address(&line.words, &interface)).collect()
    };
    let words = |keyword: &str| -> Vec<String> {
        list(keyword).into_iter().filter_map(|line| line.words.first().cloned()).collect()
    };
    let vips = addresses("virtual_ipaddress");
    let v6 = vips.first().is_some_and(|vip| vip.address.is_ipv6());
    let authentication = list("authentication");
    let of_authentication = |keyword: &str| {
        authentication.iter().rev().find(|one| one.keyword() == keyword).and_then(|one| first(one))
    };
    let master = value(block, "state").as_deref() == Some("MASTER");
    let seconds = value(block, "advert_int").and_then(|text| text.parse::<f64>().ok());
    Instance {
        name: first(statement).unwrap_or_default(),
        virtual_router_id: number(block.iter(), "virtual_router_id").unwrap_or_default(),
        // keepalived gives a `state MASTER` without priority 255.
        priority: number(block.iter(), "priority").unwrap_or(if master { 255 } else { 100 }),
        version: match number(block.iter(), "version").or(global_version) {
            Some(version) if !v6 => version,
            _ if v6 => 3,
            _ => 2,
        },
        advert_int: seconds.map_or(1000, |seconds| (seconds * 1000.0).round() as u64),
        nopreempt: block.iter().any(|one| one.keyword() == "nopreempt"),
        authentication: of_authentication("auth_type"),
        auth_pass: of_authentication("auth_pass"),
        source: number(block.iter(), "unicast_src_ip"),
        peers: words("unicast_peer").iter().filter_map(|word| word.parse().ok()).collect(),
        group: number(block.iter(), "mcast_dst_ip"),
        excluded: addresses("virtual_ipaddress_excluded"),
        vmac: block.iter().any(|one| one.keyword() == "use_vmac"),
        tracked_interfaces: words("track_interface"),
        vips,
        interface,
    }
}

/// `192.168.3.100/24 dev eth1 label x`
fn address(words: &[String], interface: &str) -> Option<Address> {
    let address = words.first()?.split('/').next()?.parse().ok()?;
    let device = words.iter().position(|word| word == "dev").and_then(|at| words.get(at + 1));
    Some(Address { address, interface: device.map_or(interface, String::as_str).to_owned() })
}

fn virtual_server(statement: &Statement) -> Option<VirtualServer> {
    let block = statement.inner();
    let (address, port, mark) = match statement.values() {
        [fwmark, mark, ..] if fwmark == "fwmark" => (None, 0, Some(mark.parse().ok()?)),
        [group, ..] if group == "group" => return None,
        [address, rest @ ..] => {
            let port = rest.first().and_then(|port| port.parse().ok()).unwrap_or_default();
            (Some(address.parse().ok()?), port, None)
        }
        [] => return None,
    };
    let either = |one: &str, other: &str| value(block, one).or_else(|| value(block, other));
    let servers = block.iter().filter(|one| one.keyword() == "real_server");
    Some(VirtualServer {
        address,
        port,
        mark,
        protocol: value(block, "protocol").unwrap_or("UDP".into()).to_uppercase(),
        scheduler: either("lb_algo", "lvs_sched").unwrap_or("wlc".into()),
        forwarding: either("lb_kind", "lvs_method").unwrap_or("NAT".into()),
        quorum: number(block.iter(), "quorum").unwrap_or(1),
        servers: servers.filter_map(|one| real_server(one, port)).collect(),
        sorry_server: number(block.iter(), "sorry_server"),
    })
}

fn real_server(statement: &Statement, port: u16) -> Option<RealServer> {
    let block = statement.inner();
    let own = statement.values().get(1).and_then(|port| port.parse().ok());
    let checks = block.iter().map(Statement::keyword).filter(|word| CHECKERS.contains(word));
    Some(RealServer {
        address: statement.values().first()?.parse().ok()?,
        port: own.unwrap_or(port),
        weight: number(block.iter(), "weight").unwrap_or(1),
        checks: checks.map(str::to_owned).collect(),
    })
}

/// Collects the command lines of a block and of those in it. `script` also names lines of `track_script`
/// in no version, so each is a command.
fn programs(block: &[Statement], all: &mut Vec<Program>) {
    for one in block {
        let keyword = one.keyword();
        let command = COMMANDS.contains(&keyword)
            || (keyword.starts_with("notify") && !keyword.contains("fifo"));
        if let Some(line) = one.values().first().filter(|_| command && one.block.is_none()) {
            // Our probe stands behind what makes nothing but its own word an answer.
            let command = line.strip_prefix(RUNNER).unwrap_or(line);
            let path = command.split_whitespace().next().unwrap_or_default().trim_matches('\'');
            // A check and a script have a statement for it.
            let user = one.values().get(1).cloned().or_else(|| value(block, "user"));
            all.push(Program {
                at: one.at.to_string(),
                keyword: keyword.to_owned(),
                line: line.clone(),
                path: path.into(),
                user,
            });
        }
        programs(one.inner(), all);
    }
}

#[cfg(test)]
mod tests;
