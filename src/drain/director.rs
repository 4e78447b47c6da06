//! The node as a director: gives its addresses up to another node, and takes them back where no other node takes
//! over. Backups are silent in VRRP, so whether one is there shows only when it takes over: what the wire
//! says then decides.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::file::{self, Word};
use crate::node::config::{Config, Instance};
use crate::node::state::NodeState;
use crate::node::{addresses, arp};
use crate::vrrp::listener::{Heard, Listener};

/// How long hosts have to answer ARP. Normally they do within a millisecond.
const ASK: Duration = Duration::from_secs(1);

/// Between two looks at what was heard.
const LOOK: Duration = Duration::from_millis(100);

/// Added to how long VRRP may take, for keepalived itself.
const MARGIN: u64 = 1000;

/// How long the node goes on balancing after another took over: until everybody has heard that one's
/// gratuitous ARP.
const SETTLE: Duration = Duration::from_secs(2);

/// What is to be given up.
pub struct Director {
    /// The drain file that keepalived follows.
    pub file: PathBuf,
    /// What keepalived was found to be.
    pub node: NodeState,
}

/// An instance and who is its MASTER now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The instance.
    pub instance: String,
    /// The new MASTER's address.
    pub by: IpAddr,
}

/// Why the node was not drained. It is what it was before.
#[derive(Debug)]
pub enum Refused {
    /// Nobody advertises these instances, of which this node is not MASTER.
    NoMaster(Vec<String>),
    /// No other node answers, of these.
    Alone(Vec<Ipv4Addr>),
    /// These instances were given up, and nobody took over.
    NotTaken(Vec<String>, Duration),
    /// keepalived did not give these up.
    NotGiven(Vec<String>, Duration),
    /// A signal came.
    Interrupted,
    /// Listening or reading failed.
    Failed(String),
    /// The drain file can't be written.
    File(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NoMaster(all) => {
                write!(f, "no other node is MASTER of {}: this one may be the last", all.join(", "))
            }
            Refused::Alone(asked) => {
                let asked: Vec<_> = asked.iter().map(Ipv4Addr::to_string).collect();
                write!(f, "no other node answers (asked by ARP: {})", asked.join(", "))
            }
            Refused::NotTaken(all, limit) => write!(
                f,
                "no other node took over {} within {:.1} s; this node takes it back",
                all.join(", "),
                limit.as_secs_f64()
            ),
            Refused::NotGiven(all, limit) => write!(
                f,
                "keepalived did not give up {} within {:.1} s; the drain file is as before",
                all.join(", "),
                limit.as_secs_f64()
            ),
            Refused::Interrupted => f.write_str("interrupted; this node stays what it was"),
            Refused::Failed(why) => f.write_str(why),
            Refused::File(error) => write!(f, "the drain file: {error}"),
        }
    }
}

impl Refused {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Refused::NoMaster(_) | Refused::Alone(_) | Refused::NotTaken(..) => {
                "is keepalived running on another node, and is none of them drained? `lvskit doctor` there; \
                 --force drains all the same"
            }
            Refused::NotGiven(..) => {
                "journalctl -u keepalived says why; does it run with this file?"
            }
            Refused::Interrupted => "run it again",
            Refused::Failed(_) => "run it as root; --force drains without listening",
            Refused::File(_) => "systemd-tmpfiles --create lvskit.conf makes its directory",
        }
    }
}

impl Director {
    /// Drains the node: once it returns, another node is MASTER of all that this one was, and this one has gone on
    /// balancing until everybody knows. Otherwise nothing has changed, or is changed back.
    ///
    /// # Errors
    /// With the reason, when another node is missing, or keepalived does not follow.
    pub fn hand_over(&self, word: Word, stop: &AtomicBool) -> Result<Vec<Taken>, Refused> {
        let nothing = Config::default();
        let config = self.node.config.as_ref().unwrap_or(&nothing);
        let (held, others): (Vec<&Instance>, Vec<&Instance>) =
            config.instances.iter().partition(|instance| self.holds(instance));
        let wire = Wire::open(&self.node)?;
        // With --stopping the end of keepalived is decided: only what is MASTER has to find another node.
        if word == Word::Asked {
            let (_, missing) = wire.hear(&others, stop)?;
            if !missing.is_empty() {
                return Err(Refused::NoMaster(missing));
            }
        }
        if held.is_empty() {
            self.write(word)?;
            return Ok(Vec::new());
        }
        self.ask(config, &held)?;
        let wire = Wire::open(&self.node)?;
        let before = file::read(&self.file).map_err(Refused::File)?;
        self.write(word)?;
        let refused = match wire.hear(&held, stop) {
            Ok((taken, missing)) if missing.is_empty() => {
                pause(SETTLE, stop);
                return Ok(taken);
            }
            Ok((_, missing)) => match self.still_held(&held) {
                left if left.is_empty() => Refused::NotTaken(missing, limit(&held)),
                left => Refused::NotGiven(left, limit(&held)),
            },
            Err(refused) => refused,
        };
        // Once for all: who is killed here leaves a drained node, which `lvskit undrain` ends.
        self.write(before)?;
        Err(refused)
    }

    /// Whether this node is MASTER of something.
    pub fn holds_any(&self) -> bool {
        instances(&self.node).any(|one| self.holds(one))
    }

    fn write(&self, word: Word) -> Result<(), Refused> {
        file::write(&self.file, word).map_err(Refused::File)
    }

    fn holds(&self, instance: &Instance) -> bool {
        instance.all().any(|vip| self.node.holds(vip.address))
    }

    /// The instances with an address that is still here.
    fn still_held(&self, instances: &[&Instance]) -> Vec<String> {
        let Ok(interfaces) = addresses::interfaces() else { return Vec::new() };
        let here: Vec<IpAddr> = (interfaces.iter().filter(|one| !one.receives_nothing()))
            .flat_map(|one| one.addresses.iter().map(|one| one.address))
            .collect();
        let held = instances.iter().filter(|one| one.all().any(|vip| here.contains(&vip.address)));
        held.map(|instance| instance.name.clone()).collect()
    }

    /// Refuses at once where every other node that the file names is silent. What can't be asked by ARP may be
    /// there.
    fn ask(&self, config: &Config, held: &[&Instance]) -> Result<(), Refused> {
        for instance in held {
            let mut all = config.real_servers();
            all.extend(&instance.peers);
            all.retain(|address| !self.node.is_own(*address));
            let near = |address: &IpAddr| self.is_near(&instance.interface, *address);
            let asked: Vec<Ipv4Addr> = (all.iter().filter(|address| near(address)))
                .filter_map(|address| match address {
                    IpAddr::V4(address) => Some(*address),
                    IpAddr::V6(_) => None,
                })
                .collect();
            if asked.is_empty() || asked.len() < all.len() {
                continue;
            }
            // An interface that can't be asked proves nothing.
            let answers = arp::who_has(&instance.interface, &asked, ASK);
            if answers.is_ok_and(|answers| answers.is_empty()) {
                return Err(Refused::Alone(asked));
            }
        }
        Ok(())
    }

    /// Whether an address is in a network of an interface.
    fn is_near(&self, interface: &str, address: IpAddr) -> bool {
        let networks = self.node.interface(interface).into_iter().flat_map(|one| &one.addresses);
        networks.filter_map(|one| ipnetwork::IpNetwork::new(one.address, one.prefix).ok()).any(
            |network| {
                // A VIP's own /32 has nobody else in it.
                network.contains(address)
            },
        )
    }
}

/// What the other nodes say of this node's instances.
struct Wire<'a> {
    node: &'a NodeState,
    listener: Listener,
}

impl Wire<'_> {
    fn open(node: &NodeState) -> Result<Wire<'_>, Refused> {
        let indexes: Vec<u32> = instances(node).filter_map(|one| index(node, one)).collect();
        Ok(Wire { node, listener: Listener::open(&indexes).map_err(deaf)? })
    }

    /// Waits until another node advertises each of these; returns who does, and which nobody does.
    fn hear(
        &self,
        instances: &[&Instance],
        stop: &AtomicBool,
    ) -> Result<(Vec<Taken>, Vec<String>), Refused> {
        let began = Instant::now();
        let limit = limit(instances);
        let mut taken: Vec<Taken> = Vec::new();
        let missing = |taken: &[Taken]| -> Vec<String> {
            let is_taken = |name: &String| taken.iter().any(|one| one.instance == *name);
            instances.iter().map(|one| one.name.clone()).filter(|name| !is_taken(name)).collect()
        };
        while !missing(&taken).is_empty() && began.elapsed() < limit {
            if stop.load(Ordering::Relaxed) {
                return Err(Refused::Interrupted);
            }
            let heard = self.listener.hear(self.listener.elapsed() + LOOK).map_err(deaf)?;
            for instance in instances {
                let by = heard.iter().filter_map(|one| self.master(one, instance)).next();
                if let Some(by) = by.filter(|_| missing(&taken).contains(&instance.name)) {
                    taken.push(Taken { instance: instance.name.clone(), by });
                }
            }
        }
        let missing = missing(&taken);
        Ok((taken, missing))
    }

    /// Who advertises an instance, if this is such an advertisement of another node.
    fn master(&self, heard: &Heard, instance: &Instance) -> Option<IpAddr> {
        let advert = heard.advert.as_ref().ok()?;
        let here = instance.vmac || Some(heard.interface) == index(self.node, instance);
        let it = advert.vrid == instance.virtual_router_id
            && advert.source.is_ipv6() == instance.is_v6();
        (here && it && !heard.own && advert.priority > 0).then_some(advert.source)
    }
}

/// Whether another node is MASTER of every instance of this one.
pub fn has_masters(node: &NodeState, stop: &AtomicBool) -> bool {
    let all: Vec<&Instance> = instances(node).collect();
    let heard = Wire::open(node).and_then(|wire| wire.hear(&all, stop));
    matches!(heard, Ok((_, missing)) if missing.is_empty())
}

fn instances(node: &NodeState) -> impl Iterator<Item = &Instance> {
    node.config.iter().flat_map(|config| &config.instances)
}

fn index(node: &NodeState, instance: &Instance) -> Option<u32> {
    node.interface(&instance.interface).map(|one| one.index)
}

fn deaf(error: io::Error) -> Refused {
    Refused::Failed(format!("can't listen for VRRP: {error}"))
}

/// How long a backup may take to become MASTER: three intervals and the skew, which is one more at most and a
/// second in version 2 (RFC 3768, RFC 9568).
fn limit(instances: &[&Instance]) -> Duration {
    let one =
        |instance: &&Instance| 3 * instance.advert_int + instance.advert_int.max(1000) + MARGIN;
    Duration::from_millis(instances.iter().map(one).max().unwrap_or_default())
}

/// Waits, or until a signal came.
pub fn pause(limit: Duration, stop: &AtomicBool) {
    let began = Instant::now();
    while began.elapsed() < limit && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(limit));
    }
}
