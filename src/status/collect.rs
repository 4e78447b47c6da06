//! Node and guards as one status: which instances there are, and what each is here.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{
    FORMAT, Guard, GuardState, Instance, NotedBy, Role, RouteState, ServerDrain, Source, Status,
    Transition, Vip,
};
use crate::conf::grammar::Statement;
use crate::guard::check::State;
use crate::guard::drained::Drained;
use crate::guard::nft::{self, Nft};
use crate::guard::plan;
use crate::guard::refusal::InForce;
use crate::guard::status::Route;
use crate::guard::system::System;
use crate::guard::wanted::Wanted;
use crate::node::config;
use crate::node::ipvs::Key;
use crate::node::journal::{self, Entered};
use crate::node::process::Where;
use crate::node::state::{NodeState, Unread};
use crate::transitions::{self, Noted};

/// Reads the status of this node, what its hooks want guarded, and the statements of its keepalived.conf.
pub fn collect(places: &Where<'_>) -> (Status, Wanted, Vec<Statement>) {
    let (mut node, statements) = NodeState::read(places);
    let wanted = Wanted::of(&statements);
    let guards = match guards(&wanted) {
        Ok(guards) => guards,
        Err(why) => {
            node.unread.push(Unread { source: "guards".to_owned(), why });
            Vec::new()
        }
    };
    let mut status = of(node, guards);
    status.server_drain = server_drain();
    remember(&mut status, NotedBy::Hooks, &transitions::read(Path::new(transitions::FILE)));
    (status, wanted, statements)
}

/// Asks the journal for the transitions of a node whose keepalived.conf has none of our hooks. That may take a
/// third of a second.
pub fn ask_journal(status: &mut Status, wanted: &Wanted) {
    let named = status.instances.iter().any(|instance| instance.name.is_some());
    if status.noted_by.is_some() || !wanted.services.is_empty() || !named {
        return;
    }
    match journal::entered() {
        Ok(entered) => remember(status, NotedBy::Journal, &of_journal(status, &entered)),
        Err(why) => status.journal_unread = Some(why),
    }
}

/// As hooks would have noted it: at the first address of each instance.
fn of_journal(status: &Status, entered: &[Entered]) -> Vec<Noted> {
    let one = |one: &Entered| {
        let mut instances = status.instances.iter();
        let instance = instances.find(|instance| instance.name.as_ref() == Some(&one.instance))?;
        let vip = instance.vips.first()?.address;
        Some(Noted { time: one.time * 1000, master: one.master, vip })
    };
    entered.iter().filter_map(one).collect()
}

fn server_drain() -> ServerDrain {
    let Ok(Some((Drained { server: Some(refusal), .. }, _))) = Drained::read() else {
        return ServerDrain::Off;
    };
    match refusal.in_force() {
        Ok(InForce::Yes { .. }) => ServerDrain::On,
        Ok(_) => ServerDrain::Gone,
        Err(_) => ServerDrain::Wanted,
    }
}

/// How far back transitions are shown, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Adds what was noted: an instance's addresses move together, so one line stands for all.
fn remember(status: &mut Status, by: NotedBy, noted: &[Noted]) {
    let mut all = Vec::new();
    for instance in &mut status.instances {
        let Some(name) = &instance.name else { continue };
        let mut last: Option<bool> = None;
        for one in noted.iter().filter(|one| instance.vips.iter().any(|vip| vip.address == one.vip))
        {
            // keepalived runs a hook at FAULT, too, and at each address.
            if last == Some(one.master) {
                continue;
            }
            last = Some(one.master);
            let time = one.time / 1000;
            all.push(Transition { time, instance: name.clone(), master: one.master });
            let agrees = one.master == (instance.role == Role::Master);
            instance.since = agrees.then_some(time);
        }
    }
    status.noted_by = (!all.is_empty()).then_some(by);
    all.sort_by_key(|one| one.time);
    all.retain(|one| one.time + DAY >= status.node.time);
    status.transitions = all;
}

/// The status of what was read.
pub(crate) fn of(node: NodeState, guards: Vec<Guard>) -> Status {
    let (source, instances) = match &node.config {
        Some(config) => {
            let all = config.instances.iter().map(|one| instance(one, &node)).collect();
            (Source::KeepalivedConf, all)
        }
        None => (Source::Kernel, by_kernel(&node, &guards)),
    };
    Status {
        format: FORMAT,
        lvskit: env!("CARGO_PKG_VERSION").to_owned(),
        source,
        instances,
        guards,
        server_drain: ServerDrain::Off,
        transitions: Vec::new(),
        noted_by: None,
        journal_unread: None,
        node,
    }
}

fn instance(configured: &config::Instance, node: &NodeState) -> Instance {
    let vips: Vec<Vip> = configured.all().map(|vip| self::vip(vip.address, node)).collect();
    let tracked = std::iter::once(&configured.interface).chain(&configured.tracked_interfaces);
    let down = |name: &String| node.interface(name).is_none_or(|one| !one.up || !one.carrier);
    let fault = node.is_drained() || tracked.filter(|name| !name.is_empty()).any(down);
    let role = role(&vips, node, fault);
    Instance { name: Some(configured.name.clone()), role, since: None, vips }
}

/// Without a file: the addresses that IPVS balances and those that a guard names, each by itself.
fn by_kernel(node: &NodeState, guards: &[Guard]) -> Vec<Instance> {
    let balanced = node.ipvs.services.iter().filter_map(|service| match &service.key {
        Key::Address { address, .. } => Some(*address),
        Key::Mark { .. } => None,
    });
    let all: BTreeSet<IpAddr> = balanced.chain(guards.iter().map(|guard| guard.vip)).collect();
    let one = |address| {
        let vips = vec![vip(address, node)];
        Instance { name: None, role: role(&vips, node, false), since: None, vips }
    };
    all.into_iter().map(one).collect()
}

fn vip(address: IpAddr, node: &NodeState) -> Vip {
    Vip { address, on: node.holders(address).next().map(|interface| interface.name.clone()) }
}

/// The addresses are the truth; what keeps the node from taking them only tells BACKUP from FAULT.
fn role(vips: &[Vip], node: &NodeState, fault: bool) -> Role {
    let held = vips.iter().filter(|vip| vip.on.is_some()).count();
    match held {
        0 if node.keepalived.pid.is_none() => Role::Stopped,
        0 if fault => Role::Fault,
        0 => Role::Backup,
        held if held == vips.len() => Role::Master,
        _ => Role::Mixed,
    }
}

/// The guards that the hooks want and those that are there; nothing is changed.
fn guards(wanted: &Wanted) -> Result<Vec<Guard>, String> {
    let system = |keep_sessions| System {
        nft: Nft { program: PathBuf::from(nft::NFT), limit: nft::LIMIT },
        keep_sessions,
    };
    let mut all = Vec::new();
    for kept in [true, false] {
        let mine = wanted.services.iter().filter(|(vip, _)| wanted.kept.contains(vip) == kept);
        let mine: Vec<plan::Guard> =
            mine.map(|(vip, services)| plan::Guard::new(*vip, services.clone())).collect();
        let vips: Vec<_> = mine.iter().map(|guard| guard.vip).collect();
        if !vips.is_empty() {
            all.extend(system(kept).status(&vips, &mine).map_err(|error| error.to_string())?);
        }
    }
    // Those that nobody asked for count too.
    let others = system(false).status(&[], &[]).map_err(|error| error.to_string())?;
    all.extend(others.into_iter().filter(|one| !wanted.services.contains_key(&one.vip)));
    let guard = |one: crate::guard::status::Status| {
        let (state, mut difference) = match one.guard {
            State::InForce => (GuardState::InForce, None),
            State::Missing => (GuardState::Missing, None),
            State::Altered(how) => (GuardState::Altered, Some(how)),
        };
        let fallback_route = one.route.map(|route| match route {
            Route::InPlace => RouteState::InPlace,
            Route::Missing => RouteState::Missing,
            Route::Unsafe(why) => {
                difference.get_or_insert(why);
                RouteState::Unsafe
            }
        });
        Guard { vip: one.vip.address(), state, difference, fallback_route }
    };
    Ok(all.into_iter().map(guard).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::config::{Address, Config};
    use crate::node::process::Keepalived;
    use crate::node::state::{self, Drain, Interface};

    fn node(held: &[&str], running: bool) -> NodeState {
        let address = |text: &&str| state::Address {
            address: text.parse().unwrap(),
            prefix: 32,
            duplicate: false,
            tentative: false,
        };
        let vip = |text: &str| Address { address: text.parse().unwrap(), interface: "eth0".into() };
        NodeState {
            keepalived: Keepalived { pid: running.then_some(7), ..Keepalived::default() },
            config: Some(Config {
                instances: vec![config::Instance {
                    name: "a".into(),
                    interface: "eth0".into(),
                    vips: vec![vip("10.0.0.1"), vip("10.0.0.2")],
                    ..config::Instance::default()
                }],
                ..Config::default()
            }),
            interfaces: vec![Interface {
                index: 2,
                name: "eth0".into(),
                mac: None,
                mtu: None,
                up: true,
                carrier: true,
                receives: true,
                addresses: held.iter().map(address).collect(),
            }],
            ..NodeState::default()
        }
    }

    #[test]
    fn the_role_follows_from_the_addresses() {
        let role = |node: NodeState| of(node, Vec::new()).instances[0].role;
        assert_eq!(role(node(&["10.0.0.1", "10.0.0.2"], true)), Role::Master);
        assert_eq!(role(node(&["10.0.0.1"], true)), Role::Mixed);
        assert_eq!(role(node(&[], true)), Role::Backup);
        assert_eq!(role(node(&[], false)), Role::Stopped);
        // Left behind by a keepalived that was killed: the addresses are the truth.
        assert_eq!(role(node(&["10.0.0.1", "10.0.0.2"], false)), Role::Master);
        let mut drained = node(&[], true);
        drained.drain.push(Drain { file: "f".into(), on: true });
        assert_eq!(role(drained), Role::Fault);
        let mut cut = node(&[], true);
        cut.interfaces[0].carrier = false;
        assert_eq!(role(cut), Role::Fault);
        // An address on lo is how others do it; it makes no MASTER.
        let mut lo = node(&["10.0.0.1", "10.0.0.2"], true);
        lo.interfaces[0].receives = false;
        lo.interfaces[0].name = "lo".into();
        assert_eq!(role(lo), Role::Fault, "and eth0 is missing");
    }

    #[test]
    fn the_last_change_counts_where_the_addresses_agree() {
        let vip = "10.0.0.1".parse().unwrap();
        let noted = |time: u64, master| Noted { time: time * 1000, master, vip };
        let mut status = of(node(&["10.0.0.1", "10.0.0.2"], true), Vec::new());
        status.node.time = 200_000;
        let history = [noted(1, false), noted(150_000, true), noted(150_001, true)];
        remember(&mut status, NotedBy::Hooks, &history);
        assert_eq!(status.instances[0].since, Some(150_000));
        let told: Vec<_> = status.transitions.iter().map(|one| (one.time, one.master)).collect();
        assert_eq!(told, [(150_000, true)], "the other one is more than a day old");
        let history = [noted(150_000, true), noted(160_000, false)];
        remember(&mut status, NotedBy::Hooks, &history);
        assert_eq!(status.instances[0].since, None, "the addresses are here all the same");
    }

    #[test]
    fn without_a_file_the_guards_name_the_addresses() {
        let mut read = node(&["10.0.0.1"], true);
        read.config = None;
        let guard = |vip: &str| Guard {
            vip: vip.parse().unwrap(),
            state: GuardState::InForce,
            difference: None,
            fallback_route: None,
        };
        let status = of(read, vec![guard("10.0.0.1"), guard("10.0.0.9")]);
        assert_eq!(status.source, Source::Kernel);
        let roles: Vec<Role> = status.instances.iter().map(|one| one.role).collect();
        assert_eq!(roles, [Role::Master, Role::Backup]);
    }
}
