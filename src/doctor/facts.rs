//! What doctor's checks go by.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::flows;
use crate::conf::grammar::Statement;
use crate::guard::conflicts::{self, Closed, Findings};
use crate::guard::wanted::Wanted;
use crate::node::addresses;
use crate::node::arp::{self, Answer};
use crate::node::config::{Address, Config, Instance};
use crate::node::ipvs;
use crate::node::loaded::{self, Loaded};
use crate::node::process::Where;
use crate::node::selinux::{self, Types};
use crate::node::state::{Interface, NodeState};
use crate::node::sync::{self, Sender};
use crate::status::{Status, collect};
use crate::vrrp::listener::{Heard, Listener};
use crate::vrrp::packet::Advert;

/// How many intervals of the slowest instance are listened, if nobody says how long.
const INTERVALS: u64 = 3;

/// How long hosts have to answer ARP. Normally they do within a millisecond.
const ASK: Duration = Duration::from_secs(1);

/// The longest time that is listened without being asked to.
const LONGEST: Duration = Duration::from_secs(15);

/// What a check must have read. Where it could not be read, the finding can't be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// What everybody can read.
    Nothing,
    /// keepalived.conf.
    Config,
    /// keepalived.conf, and the guards by netlink.
    Guards,
    /// keepalived.conf, and the rules of every firewall of the node.
    Firewall,
    /// keepalived.conf, and IPVS' tables.
    Ipvs,
    /// keepalived.conf, and IPVS by netlink: only that tells the sync daemon.
    Daemon,
    /// keepalived.conf, and what the wire says.
    Wire,
    /// keepalived.conf, and what keepalived keeps of it.
    Loaded,
}

/// What was read of the node, and heard at it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The node.
    pub status: Status,
    /// What its hooks want guarded.
    pub wanted: Wanted,
    /// Those of its keepalived.conf; none where that can't be read.
    pub statements: Vec<Statement>,
    /// What keepalived read when it was started or reloaded last; `None` where it can't be known. Otherwise why it
    /// could not be read.
    pub loaded: Result<Option<Loaded>, String>,
    /// SELinux' types of what keepalived runs, and of the drain files; `None` where it does not enforce.
    pub selinux: Option<Types>,
    /// What keeps guards from working although they are in force.
    pub conflicts: Findings,
    /// What the firewall drops of what the cluster sends; why its rules could not be read.
    pub firewall: Result<Vec<Closed>, String>,
    /// The adverts that were heard; why none could be heard, or that nobody listened.
    pub wire: Result<Vec<Heard>, String>,
    /// Who sends messages to the group of the sync daemon; none where nobody listened.
    pub synced: Vec<Sender>,
    /// Who says by ARP that it has an IPv4 address of an instance; none where nobody was asked.
    pub answers: Vec<Answer>,
    /// The addresses that the node held when everything else had been read and heard: it may have become
    /// MASTER meanwhile, or have given up.
    pub held_later: Vec<IpAddr>,
    /// Links of systemd that start a unit at boot; `None` where systemd does not run.
    pub enabled_units: Option<Vec<String>>,
}

impl Facts {
    /// Reads them; listens for adverts as long as `listen` says, without it for three intervals of the
    /// slowest instance. Zero does not listen at all.
    pub fn read(places: &Where<'_>, listen: Option<Duration>) -> Facts {
        let (status, wanted, statements) = collect(places);
        let selinux = types(&status.node);
        let asked: Vec<_> = (wanted.services.iter())
            .map(|(vip, services)| (*vip, Some(services.clone())))
            .collect();
        let conflicts = match asked.is_empty() {
            true => Findings::default(),
            false => conflicts::find(&asked),
        };
        let firewall = conflicts::closed(&flows::of(&status.node, &wanted));
        let limit = listen.unwrap_or_else(|| patience(status.node.config.as_ref()));
        let (wire, synced) = match limit.is_zero() {
            true => (Err("nobody listened (--listen 0)".to_owned()), Vec::new()),
            // Both at once.
            false => thread::scope(|scope| {
                let synced = scope.spawn(|| hear_sync(&status.node, limit));
                (hear(&status.node, limit), synced.join().unwrap_or_default())
            }),
        };
        let answers = match wire.is_ok() {
            true => ask(&status.node, limit.min(ASK)),
            false => Vec::new(),
        };
        let held_later = held(&status.node);
        let loaded = loaded::loaded(&status.node.keepalived)
            .map_err(|error| format!("what keepalived has read: {error}; run it as root"));
        let enabled_units = enabled_units();
        Facts {
            status,
            wanted,
            statements,
            loaded,
            selinux,
            conflicts,
            firewall,
            wire,
            synced,
            answers,
            held_later,
            enabled_units,
        }
    }

    /// The node.
    pub fn node(&self) -> &NodeState {
        &self.status.node
    }

    /// What keepalived.conf says; nothing where it can't be read.
    pub fn config(&self) -> &Config {
        static NOTHING: std::sync::LazyLock<Config> = std::sync::LazyLock::new(Config::default);
        self.node().config.as_ref().unwrap_or(&NOTHING)
    }

    /// The adverts of an instance's VRID and family at its interface, those of this node too.
    pub fn adverts(&self, instance: &Instance) -> impl Iterator<Item = (&Heard, &Advert)> {
        let index = self.node().interface(&instance.interface).map(|one| one.index);
        let (vrid, v6) = (instance.virtual_router_id, instance.is_v6());
        let heard = self.wire.iter().flatten();
        heard.filter(move |heard| Some(heard.interface) == index).filter_map(move |heard| {
            let advert = heard.advert.as_ref().ok()?;
            (advert.vrid == vrid && advert.source.is_ipv6() == v6).then_some((heard, advert))
        })
    }

    /// Those of other nodes.
    pub fn others(&self, instance: &Instance) -> impl Iterator<Item = &Advert> {
        self.adverts(instance).filter(|(heard, _)| !heard.own).map(|(_, advert)| advert)
    }

    /// Whether the node held an address on that interface all the time.
    pub fn held_throughout(&self, vip: &Address) -> bool {
        let on = |one: &Interface| one.name == vip.interface;
        self.held_later.contains(&vip.address) && self.node().holders(vip.address).any(on)
    }

    /// Whether it held an address at any time.
    pub fn held_ever(&self, address: IpAddr) -> bool {
        self.held_later.contains(&address) || self.node().holds(address)
    }

    /// Why something could not be read; `None` if it was.
    pub fn missing(&self, needs: Needs) -> Option<String> {
        let unread = |source: &str| {
            let found = self.node().unread.iter().find(|one| one.source == source);
            found.map(|one| format!("{source}: {}", one.why))
        };
        match needs {
            Needs::Nothing => None,
            Needs::Config => unread("keepalived.conf"),
            Needs::Guards => unread("keepalived.conf").or_else(|| unread("guards")),
            Needs::Firewall => {
                let closed = self.firewall.as_ref().err();
                unread("keepalived.conf").or(closed.map(|why| format!("the firewall: {why}")))
            }
            Needs::Ipvs => unread("keepalived.conf").or_else(|| {
                (self.node().ipvs.source == ipvs::Source::None).then(|| unread("IPVS")).flatten()
            }),
            Needs::Daemon => unread("keepalived.conf").or_else(|| unread("IPVS")),
            Needs::Wire => {
                let deaf = self.wire.as_ref().err().map(|why| format!("the wire: {why}"));
                unread("keepalived.conf").or(deaf)
            }
            Needs::Loaded => {
                unread("keepalived.conf").or_else(|| self.loaded.as_ref().err().cloned())
            }
        }
    }
}

fn types(node: &NodeState) -> Option<Types> {
    let config = node.config.as_ref()?;
    let programs = config.programs.iter().map(|one| one.path.as_path());
    let drain = config.drain_files.iter().map(PathBuf::as_path);
    selinux::types(node.keepalived.pid, programs.chain(drain))
}

/// How long it takes to hear everybody.
fn patience(config: Option<&Config>) -> Duration {
    let slowest = config.into_iter().flat_map(|config| &config.instances);
    let slowest = slowest.map(|one| one.advert_int).max().unwrap_or_default();
    // A little more, so that the last one is not missed.
    Duration::from_millis(slowest * INTERVALS + slowest / 4).min(LONGEST)
}

fn hear(node: &NodeState, limit: Duration) -> Result<Vec<Heard>, String> {
    let instances = node.config.iter().flat_map(|config| &config.instances);
    let named = instances.filter_map(|one| node.interface(&one.interface));
    let mut interfaces: Vec<u32> = named.map(|one| one.index).collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    Listener::open(&interfaces)
        .and_then(|listener| listener.hear(limit))
        .map_err(|error| format!("{error}; run it as root (CAP_NET_RAW)"))
}

/// Nothing where no daemon is wanted. Why nobody could be heard is told of the advertisements.
fn hear_sync(node: &NodeState, limit: Duration) -> Vec<Sender> {
    let daemon = node.config.as_ref().and_then(|config| config.sync_daemon.as_ref());
    let place = daemon.and_then(|daemon| {
        Some((node.interface(&daemon.interface)?.index, flows::sync_group(daemon)?))
    });
    place.and_then(|(at, group)| sync::hear(at, group, limit).ok()).unwrap_or_default()
}

/// The addresses by which packets come in now; what was read before where they can't be read again.
fn held(before: &NodeState) -> Vec<IpAddr> {
    match addresses::interfaces() {
        Ok(all) => {
            let receiving = all.iter().filter(|one| !one.receives_nothing());
            receiving.flat_map(|one| &one.addresses).map(|one| one.address).collect()
        }
        Err(_) => {
            let receiving = before.interfaces.iter().filter(|one| one.receives);
            receiving.flat_map(|one| &one.addresses).map(|one| one.address).collect()
        }
    }
}

/// Asks at each interface for the addresses that belong there, and for the node's own. One that can't be asked at is told by other
/// findings: it is missing or down.
fn ask(node: &NodeState, limit: Duration) -> Vec<Answer> {
    let mut by_interface: BTreeMap<&str, Vec<Ipv4Addr>> = BTreeMap::new();
    for vip in node.config.iter().flat_map(Config::vips) {
        if let IpAddr::V4(address) = vip.address {
            by_interface.entry(&vip.interface).or_default().push(address);
        }
    }
    for (interface, asked) in &mut by_interface {
        let own = node.interface(interface).into_iter().flat_map(|one| &one.addresses);
        for address in own.map(|one| one.address) {
            match address {
                IpAddr::V4(address) if !asked.contains(&address) => asked.push(address),
                _ => {}
            }
        }
    }
    let asked = by_interface.iter().map(|(interface, addresses)| {
        arp::who_has(interface, addresses, limit).unwrap_or_default()
    });
    asked.flatten().collect()
}

/// Where `systemctl enable` puts its links.
const WANTS: [&str; 2] =
    ["/etc/systemd/system/multi-user.target.wants", "/run/systemd/system/multi-user.target.wants"];

fn enabled_units() -> Option<Vec<String>> {
    // sd_booted(3)
    std::path::Path::new("/run/systemd/system").is_dir().then(|| {
        let entries = WANTS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    })
}

/// Addresses as a message names them.
pub fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}
