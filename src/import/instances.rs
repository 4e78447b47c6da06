//! The instances of all nodes' files as sections of one inventory: the nodes in which order, what differs between
//! them, which site runs each.

use std::net::IpAddr;

use super::addresses;
use super::election::election;
use super::file::File;
use super::instance::Instance;
use super::merge::{Merged, Version, merge};
use super::nodes::Node;
use super::notes::Notes;
use super::password::{self, PassFiles};
use super::section::Section;
use super::shared::Shared;
use super::yaml::{Map, Yaml, in_order, set};
use crate::cluster::Family;
use crate::inventory::keys::{NODE_INSTANCE, VRRP_INSTANCE};

/// What nodes have for themselves.
#[derive(Default, Clone)]
pub(super) struct Own {
    pub(super) site: Option<String>,
    pub(super) interface: Option<String>,
    pub(super) priority: Option<u8>,
    pub(super) instances: Map,
}

/// The nodes in order of preference: that of the first instance's priorities.
pub(super) fn sort(nodes: &mut [Node], files: &[File<'_>]) {
    if nodes.iter().all(|node| node.file.is_some()) {
        let priority = |node: &Node| {
            let first = node.file.and_then(|place| files[place].instances.first());
            first.map_or(0, Instance::priority)
        };
        nodes.sort_by_key(|node| std::cmp::Reverse(priority(node)));
    }
}

/// The section of an instance; what nodes have for themselves goes to `own`.
pub(super) fn section(
    instance: &Shared<'_>,
    bypass: bool,
    pass_files: &PassFiles<'_>,
    nodes: &[Node],
    own: &mut [Own],
    notes: &mut Notes,
) -> Map {
    let mut section: Vec<(usize, Section)> = (instance.parts.iter())
        .map(|(place, part)| match bypass {
            true => (*place, part.section.clone()),
            false => (*place, part.with_hooks()),
        })
        .collect();
    addresses::without_own_devices(instance, &mut section);
    let election = election(instance, nodes, notes);
    if election.uniform {
        for (_, section) in &mut section {
            section.entries.retain(|entry| entry.key != "preempt");
        }
    }
    let versions: Vec<Version<'_>> =
        section.iter().map(|(node, section)| Version { node: *node, section }).collect();
    let Merged { mut all, own: single } =
        merge(&versions, &VRRP_INSTANCE, Some(&NODE_INSTANCE), notes);
    let mut single: Vec<Map> = (0..nodes.len())
        .map(|place| {
            let found = single.iter().find(|(own, _)| *own == place);
            found.map_or_else(Map::new, |(_, map)| map.clone())
        })
        .collect();
    interface(instance, &mut all, &mut single);
    addresses::name_devices(instance, &mut all, nodes, notes);
    election.write(instance, nodes, &mut all, &mut single);
    if let Some(section) = password::authentication(instance, pass_files, notes) {
        set(&mut all, "authentication", section);
    }
    unicast(instance, nodes, &mut all, &mut single, notes);
    for (own, map) in own.iter_mut().zip(single) {
        if !map.is_empty() {
            let map = in_order(map, &NODE_INSTANCE);
            own.instances.push((instance.name.clone(), Yaml::Map(map)));
        }
    }
    in_order(all, &VRRP_INSTANCE)
}

fn interface(instance: &Shared<'_>, all: &mut Map, single: &mut [Map]) {
    let mut names = instance.parts.iter().map(|(place, part)| (*place, part.interface.as_ref()));
    let Some((_, first)) = names.next() else { return };
    if names.clone().all(|(_, name)| name == first) {
        if let Some(name) = first {
            set(all, "interface", Yaml::text(name));
        }
        return;
    }
    for (place, part) in &instance.parts {
        if let Some(name) = &part.interface {
            set(&mut single[*place], "interface", Yaml::text(name));
        }
    }
}

fn unicast(
    instance: &Shared<'_>,
    nodes: &[Node],
    all: &mut Map,
    single: &mut [Map],
    notes: &mut Notes,
) {
    let parts = &instance.parts;
    let Some((_, with)) = parts.iter().find(|(_, part)| part.peers.is_some()) else { return };
    for (_, part) in parts.iter().filter(|(_, part)| part.peers.is_none()) {
        notes.at(&part.at, format_args!("no unicast_peer here, and some at {}", with.at));
    }
    set(all, "unicast", Yaml::plain(true));
    let family = instance.vips.first().map_or(Family::V4, |vip| Family::of(*vip));
    let networks = parts.first().map_or(&[][..], |(_, part)| part.networks.as_slice());
    let source = |place: usize| {
        let part = parts.iter().find(|(part, _)| *part == place);
        part.and_then(|(_, part)| part.source).or_else(|| nodes[place].address_in(family, networks))
    };
    for (place, part) in parts {
        if part.source.is_some() && part.source != nodes[*place].address_in(family, networks) {
            let address = part.source.map(|address| address.to_string()).unwrap_or_default();
            set(&mut single[*place], "unicast_src_ip", Yaml::text(address));
        }
        let others = instance.members.iter().filter(|other| *other != place);
        let others: Option<Vec<IpAddr>> = others.map(|other| source(*other)).collect();
        let sorted = |mut all: Vec<IpAddr>| {
            all.sort();
            all
        };
        let others = others.map(sorted);
        let differ = |peers: &&Vec<IpAddr>| Some(sorted((*peers).clone())) != others;
        if let Some(peers) = part.peers.as_ref().filter(differ) {
            let peers = peers.iter().map(|peer| Yaml::text(peer.to_string())).collect();
            set(&mut single[*place], "unicast_peer", Yaml::one_or_more(peers));
        }
    }
}

/// Which nodes run an instance.
pub(super) enum Binding {
    All,
    Site(String),
    Nodes(Vec<String>),
}

/// Moves what a node says of each of its instances to the node, and names the sites that instances
/// are bound to, where the nodes have none already; returns what each instance is bound to.
pub(super) fn widen(
    instances: &[Shared<'_>],
    nodes: &[Node],
    own: &mut [Own],
    has_sites: bool,
    notes: &mut Notes,
) -> Vec<Binding> {
    for (place, own) in own.iter_mut().enumerate() {
        let count = instances.iter().filter(|one| one.members.contains(&place)).count();
        own.priority = everywhere(own, "priority", count).and_then(|text| text.parse().ok());
        own.interface = everywhere(own, "interface", count);
        for (key, moved) in
            [("priority", own.priority.is_some()), ("interface", own.interface.is_some())]
        {
            for (_, section) in own.instances.iter_mut().filter(|_| moved) {
                if let Yaml::Map(map) = section {
                    map.retain(|(name, _)| name != key);
                }
            }
        }
        own.instances.retain(|(_, section)| *section != Yaml::Map(Vec::new()));
    }
    let names = |members: &[usize]| -> String {
        let names: Vec<&str> = members.iter().map(|at| nodes[*at].name.as_str()).collect();
        names.join(", ")
    };
    let mut sites: Vec<(&[usize], &Shared<'_>)> = Vec::new();
    let mut of_instances = Vec::new();
    for instance in instances {
        let members = instance.members.as_slice();
        if members.len() == nodes.len() {
            of_instances.push(Binding::All);
            continue;
        }
        let known = sites.iter().position(|(site, _)| *site == members);
        // A node has one site: what runs on others besides is bound to its nodes by their names.
        let crosses =
            |(site, _): &(&[usize], &Shared<'_>)| site.iter().any(|place| members.contains(place));
        if has_sites || known.is_none() && sites.iter().any(crosses) {
            of_instances
                .push(Binding::Nodes(members.iter().map(|at| nodes[*at].name.clone()).collect()));
            continue;
        }
        let at = known.unwrap_or(sites.len());
        let name = format!("site{}", at + 1);
        if known.is_none() {
            sites.push((members, instance));
            let names = names(members);
            notes.add(format_args!("{} runs on {names} only: called {name}", instance.name));
            members.iter().for_each(|place| own[*place].site = Some(name.clone()));
        }
        of_instances.push(Binding::Site(name));
    }
    of_instances
}

/// What a node says under a key, if it says it alike of all its instances.
fn everywhere(own: &Own, key: &str, count: usize) -> Option<String> {
    let said: Vec<&Yaml> = (own.instances.iter())
        .filter_map(|(_, section)| match section {
            Yaml::Map(map) => map.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        })
        .collect();
    match said.first() {
        Some(Yaml::Plain(text) | Yaml::Text(text))
            if said.len() == count && said.iter().all(|one| *one == said[0]) =>
        {
            Some(text.clone())
        }
        _ => None,
    }
}
