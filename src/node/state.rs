//! The state of this node: every source once, read-only, each with a deadline of its own. What could not
//! be read is said; it is never taken for "there is none".

use std::net::IpAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses::{self, AddressFlags, LinkFlags};
use super::config::Config;
use super::ipvs::{self, Ipvs};
use super::listeners::{self, Listener};
use super::process::{self, Keepalived, Where};
use super::settings::Settings;
use crate::conf::grammar::Statement;

/// What this node is, as its kernel, its processes and its files say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// The node's name (uname).
    pub host: String,
    /// When this was read, in seconds since 1970.
    pub time: u64,
    /// keepalived's process.
    pub keepalived: Keepalived,
    /// What its file says; absent where it can't be read.
    pub config: Option<Config>,
    /// The drain files and whether each holds another number than 0.
    pub drain: Vec<Drain>,
    /// The interfaces and their addresses.
    pub interfaces: Vec<Interface>,
    /// What IPVS balances here.
    pub ipvs: Ipvs,
    /// The kernel's settings.
    pub settings: Settings,
    /// The sockets that take connections.
    pub listeners: Vec<Listener>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// A file that takes the node's instances out of the election.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drain {
    /// The file.
    pub file: String,
    /// Whether it is in force.
    pub on: bool,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its MAC address, such as `02:00:00:00:00:01`.
    #[serde(default)]
    pub mac: Option<String>,
    /// The longest packet that it sends, in bytes.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// Whether it is switched on (`ip link set up`).
    pub up: bool,
    /// Whether it has a link: a cable with something at the other end.
    pub carrier: bool,
    /// Whether packets of other hosts come in by it: not so by lo and dummy interfaces.
    pub receives: bool,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<Address>,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix, in bits.
    pub prefix: u8,
    /// Whether another host was found to have it (duplicate address detection failed).
    pub duplicate: bool,
    /// Whether it is not yet usable: its detection still runs.
    pub tentative: bool,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// What: `keepalived.conf`, `IPVS`, `interfaces`.
    pub source: String,
    /// Why, and what to do.
    pub why: String,
}

impl NodeState {
    /// Reads it, in the network namespace of the calling thread; also returns the statements of
    /// keepalived.conf, none where it can't be read.
    pub fn read(places: &Where<'_>) -> (NodeState, Vec<Statement>) {
        let mut unread = Vec::new();
        let mut told = |source: &str, why: String| {
            unread.push(Unread { source: source.to_owned(), why });
        };
        let keepalived = process::keepalived(places);
        let id = keepalived.config_id.clone().or_else(process::default_config_id);
        let (config, statements) = match Config::read(&keepalived.file, id.as_deref()) {
            Ok((config, statements)) => (Some(config), statements),
            Err(why) => {
                told("keepalived.conf", why);
                (None, Vec::new())
            }
        };
        let interfaces = match addresses::interfaces() {
            Ok(all) => all.iter().map(interface).collect(),
            Err(error) => {
                told("interfaces", error.to_string());
                Vec::new()
            }
        };
        let (ipvs, why) = ipvs::read();
        if let Some(why) = why {
            told("IPVS", why);
        }
        let names: Vec<&str> = interfaces.iter().map(|one: &Interface| &*one.name).collect();
        let settings = Settings::read(Path::new("/proc/sys"), names.into_iter());
        let drain = config.iter().flat_map(|config| &config.drain_files).map(|file| drain(file));
        let state = NodeState {
            host: process::host().unwrap_or_default(),
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            keepalived,
            drain: drain.collect(),
            config,
            interfaces,
            ipvs,
            settings,
            listeners: listeners::all(),
            unread,
        };
        (state, statements)
    }

    /// The interfaces that have an address, of those by which packets come in.
    pub fn holders(&self, address: IpAddr) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(move |interface| {
            interface.receives && interface.addresses.iter().any(|one| one.address == address)
        })
    }

    /// Whether packets for an address end here because it is on an interface.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.holders(address).next().is_some()
    }

    /// An interface.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    /// Whether an address is this node's own one, VIPs included.
    pub fn is_own(&self, address: IpAddr) -> bool {
        self.interfaces.iter().flat_map(|one| &one.addresses).any(|one| one.address == address)
    }

    /// Whether a drain file is in force.
    pub fn is_drained(&self) -> bool {
        self.drain.iter().any(|drain| drain.on)
    }
}

/// A MAC address as it is written.
pub fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

fn interface(read: &addresses::Interface) -> Interface {
    let address = |one: &addresses::Address| Address {
        address: one.address,
        prefix: one.prefix,
        duplicate: one.flags.contains(AddressFlags::Dadfailed),
        tentative: one.flags.contains(AddressFlags::Tentative),
    };
    Interface {
        index: read.index,
        name: read.name.clone(),
        mac: read.mac.filter(|mac| *mac != [0; 6]).map(mac),
        mtu: read.mtu,
        up: read.flags.contains(LinkFlags::Up),
        carrier: read.flags.contains(LinkFlags::LowerUp),
        receives: !read.receives_nothing(),
        addresses: read.addresses.iter().map(address).collect(),
    }
}

/// keepalived reads the number at the file's beginning; an empty file and a missing one are 0.
fn drain(file: &Path) -> Drain {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let number = text.split_whitespace().next().and_then(|word| word.parse::<i64>().ok());
    Drain { file: file.display().to_string(), on: number.is_some_and(|number| number != 0) }
}
