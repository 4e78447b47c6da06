//! The inventory of files that were taken apart.

mod globals;

use std::collections::BTreeSet;

use super::detection::{self, Found};
use super::file::File;
use super::hooks::Kind;
use super::instances::{self, Binding, Own};
use super::merge::{Version, merge};
use super::nodes::Node;
use super::notes::Notes;
use super::password::PassFiles;
use super::section::Section;
use super::server::{Server, Service};
use super::services::{self, by_port, instance_of};
use super::shared::{self, Shared, union};
use super::target;
use super::yaml::{Map, Yaml, in_order};
use crate::cluster::Cluster;
use crate::inventory::keys::{
    NODE, TOP, TRACK_FILE, Table, VIRTUAL_SERVER, VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP,
    VRRP_TRACK_PROCESS,
};

struct Builder<'a> {
    files: &'a [File<'a>],
    nodes: Vec<Node>,
    own: Vec<Own>,
    node_maps: Vec<Map>,
    notes: &'a mut Notes,
}

/// The inventory of these nodes and their files. With `auth_pass_file`, passwords are said to be
/// there, and it is returned which.
pub(super) fn inventory<'a>(
    files: &[File<'_>],
    mut nodes: Vec<Node>,
    found: Option<Found>,
    auth_pass_file: Option<&'a str>,
    notes: &mut Notes,
) -> (Map, PassFiles<'a>) {
    instances::sort(&mut nodes, files);
    let bypass = super::bypass(files);
    let shared = shared::shared(files, &nodes);
    let pass_files = PassFiles::new(auth_pass_file, &shared);
    let mut build = Builder {
        files,
        own: vec![Own::default(); nodes.len()],
        node_maps: vec![Map::new(); nodes.len()],
        nodes,
        notes,
    };
    let mut top: Map = Vec::new();
    let mut set = |key: &str, value: Yaml| {
        if value != Yaml::Map(Vec::new()) && value != Yaml::List(Vec::new()) {
            top.push((key.to_owned(), value));
        }
    };
    let keep_sessions = build.keep_sessions(bypass);
    // Without instances there is nothing to do at transitions.
    if !bypass && !shared.is_empty() {
        set("bypass", Yaml::plain(false));
    } else if bypass && !keep_sessions {
        set("keep_sessions", Yaml::plain(false));
    }
    if let Some(file) = build.drain_file(bypass).filter(|_| !shared.is_empty()) {
        set("drain_file", file);
    }
    let sites_of = found.as_ref().map(|found| found.sites.clone()).unwrap_or_default();
    if let Some(found) = found {
        set("failure_detection", found.section);
    }
    let mut sections = Map::new();
    for instance in &shared {
        let section = instances::section(
            instance,
            bypass,
            &pass_files,
            &build.nodes,
            &mut build.own,
            build.notes,
        );
        sections.push((instance.name.clone(), Yaml::Map(section)));
    }
    let has_sites = !sites_of.is_empty();
    if has_sites {
        let names: BTreeSet<&str> = sites_of.values().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        build.notes.add(format_args!(
            "the sites are assumed to be called {}: no file names them",
            names.join(", ")
        ));
    }
    let bindings = instances::widen(&shared, &build.nodes, &mut build.own, has_sites, build.notes);
    for ((_, section), binding) in sections.iter_mut().zip(bindings) {
        let Yaml::Map(map) = section else { continue };
        match binding {
            Binding::Site(site) => map.push(("site".to_owned(), Yaml::text(site))),
            Binding::Nodes(names) if map.iter().all(|(key, _)| key != "nodes") => {
                let names = Yaml::one_or_more(names.iter().map(Yaml::text).collect());
                map.push(("nodes".to_owned(), names));
                *map = in_order(std::mem::take(map), &VRRP_INSTANCE);
            }
            Binding::Nodes(_) | Binding::All => {}
        }
    }
    for (node, own) in build.nodes.iter().zip(&mut build.own) {
        if own.site.is_none() {
            own.site = sites_of.get(&node.name).cloned();
        }
    }
    set("bfd_instance", build.sessions());
    let uniform = is_uniform(&sections);
    set("global_defs", Yaml::Map(build.global_defs(keep_sessions, uniform)));
    set("track_file", build.tracked("track_file", &TRACK_FILE, |file| &file.track_files));
    set("vrrp_script", build.tracked("vrrp_script", &VRRP_SCRIPT, |file| &file.scripts));
    let process = "vrrp_track_process";
    set(process, build.tracked(process, &VRRP_TRACK_PROCESS, |file| &file.processes));
    set("vrrp_sync_group", build.named(&VRRP_SYNC_GROUP, |file| &file.sync_groups));
    set("vrrp_instance", Yaml::Map(sections));
    set("virtual_server_group", build.server_groups());
    set("virtual_server", build.servers(&shared));
    if let Some(raw) = build.raw() {
        set("raw", raw);
    }
    set("nodes", build.nodes_list());
    let mut top = in_order(top, &TOP);
    if let Some(target) = target::target(files, &top, notes) {
        top.insert(0, ("target".to_owned(), Yaml::text(target.to_string())));
    }
    (top, pass_files)
}

/// Whether gen-conf leaves the router_id to keepalived: all instances are uniform.
fn is_uniform(sections: &Map) -> bool {
    let uniform = ("election".to_owned(), Yaml::text("uniform"));
    let one = |value: &Yaml| matches!(value, Yaml::Map(map) if map.contains(&uniform));
    !sections.is_empty() && sections.iter().all(|(_, section)| one(section))
}

/// Of several blocks with a name the last.
fn last<'a>(blocks: &'a [(String, Section)], name: &str) -> Option<&'a Section> {
    blocks.iter().rfind(|(own, _)| own == name).map(|(_, section)| section)
}

impl Builder<'_> {
    fn keep_sessions(&self, bypass: bool) -> bool {
        let mut hooks = self.files.iter().filter_map(File::hooks).flatten();
        bypass && !hooks.any(|hook| matches!(hook.kind, Kind::Ours { keep_sessions: false, .. }))
    }

    /// What drains a node: nothing, unless the files say so or the hooks become ours.
    fn drain_file(&mut self, bypass: bool) -> Option<Yaml> {
        let said = self.files.iter().find_map(|file| file.drain_file.as_ref());
        let article = bypass
            && (self.files.iter().filter_map(File::hooks))
                .all(|hooks| hooks.iter().all(|hook| hook.kind == Kind::Article));
        match said {
            Some(file) if file == Cluster::DRAIN_FILE => None,
            Some(file) => Some(Yaml::text(file)),
            None if article => None,
            None => Some(Yaml::plain(false)),
        }
    }

    /// The nodes' versions of a block.
    fn versions<'b>(
        &self,
        files: &'b [File<'_>],
        block: impl Fn(&'b File<'b>) -> Option<&'b Section>,
    ) -> Vec<Version<'b>> {
        let of_node = |(node, one): (usize, &Node)| {
            Some(Version { node, section: block(&files[one.file?])? })
        };
        self.nodes.iter().enumerate().filter_map(of_node).collect()
    }

    /// Blocks with names: of all nodes where all files have them, of single nodes where these differ.
    fn tracked(
        &mut self,
        key: &str,
        table: &Table,
        blocks: impl for<'f> Fn(&'f File<'_>) -> &'f Vec<(String, Section)>,
    ) -> Yaml {
        let files = self.files;
        let names = |file: &File<'_>| blocks(file).iter().map(|(name, _)| name.clone()).collect();
        let lists = self.nodes.iter().filter_map(|node| Some(names(&files[node.file?]))).collect();
        let with_file = self.nodes.iter().filter(|node| node.file.is_some()).count();
        let mut all = Map::new();
        let mut own: Vec<Map> = vec![Map::new(); self.nodes.len()];
        for name in union(lists) {
            let versions = self.versions(files, |file| last(blocks(file), &name));
            let found: Vec<(usize, Map)> = (versions.into_iter())
                .map(|one| (one.node, one.section.clone().into_map(table)))
                .collect();
            let count = |map: &Map| found.iter().filter(|(_, other)| other == map).count();
            let usual =
                found.iter().rev().map(|(_, map)| map).max_by_key(|map| count(map)).cloned();
            let usual = usual.filter(|_| found.len() == with_file);
            for (place, map) in found {
                if usual.as_ref() != Some(&map) {
                    own[place].push((name.clone(), Yaml::Map(map)));
                }
            }
            all.extend(usual.map(|map| (name, Yaml::Map(map))));
        }
        for (node, map) in self.node_maps.iter_mut().zip(own) {
            if !map.is_empty() {
                node.push((key.to_owned(), Yaml::Map(map)));
            }
        }
        Yaml::Map(all)
    }

    /// Blocks with names, which nodes can't have for themselves.
    fn named(
        &mut self,
        table: &Table,
        blocks: impl for<'f> Fn(&'f File<'_>) -> &'f Vec<(String, Section)>,
    ) -> Yaml {
        let files = self.files;
        let names = |file: &File<'_>| blocks(file).iter().map(|(name, _)| name.clone()).collect();
        let lists = self.nodes.iter().filter_map(|node| Some(names(&files[node.file?]))).collect();
        let mut map = Map::new();
        for name in union(lists) {
            let versions = self.versions(files, |file| last(blocks(file), &name));
            map.push((name, Yaml::Map(merge(&versions, table, None, self.notes).all)));
        }
        Yaml::Map(map)
    }

    /// BFD sessions: those of every node where all files are one, else each node's own.
    fn sessions(&mut self) -> Yaml {
        let all: Vec<Map> = self.files.iter().map(detection::sessions).collect();
        if all.windows(2).all(|two| two[0] == two[1]) {
            return Yaml::Map(all.into_iter().next().unwrap_or_default());
        }
        for (node, own) in self.nodes.iter().zip(&mut self.node_maps) {
            if let Some(map) = node.file.map(|file| all[file].clone()).filter(|map| !map.is_empty())
            {
                own.push(("bfd_instance".to_owned(), Yaml::Map(map)));
            }
        }
        Yaml::Map(Map::new())
    }

    fn server_groups(&mut self) -> Yaml {
        let mut map = Map::new();
        for (name, lines, at) in self.files.iter().flat_map(|file| &file.server_groups) {
            match map.iter().find(|(own, _)| own == name) {
                None => map.push((name.clone(), lines.clone())),
                Some((_, first)) if first != lines => {
                    self.notes.at(at, "this virtual_server_group differs from the first; left out");
                }
                Some(_) => {}
            }
        }
        Yaml::Map(map)
    }

    /// The weights that nodes have in all services, if there is one of each and they differ; and
    /// the usual one.
    fn weights(&self) -> (Vec<Option<u32>>, Option<u32>) {
        let none = (vec![None; self.nodes.len()], None);
        let mut weights: Vec<Option<u32>> = vec![None; self.nodes.len()];
        for server in self.files.iter().flat_map(|file| &file.servers) {
            for one in &server.real_servers {
                let has = |node: &Node| node.addresses.contains(&one.address);
                let Some(place) = self.nodes.iter().position(has) else { continue };
                match weights[place] {
                    Some(known) if known != one.weight => return none,
                    _ => weights[place] = Some(one.weight),
                }
            }
        }
        let Some(all) = weights.iter().copied().collect::<Option<Vec<u32>>>() else { return none };
        let count = |weight: u32| all.iter().filter(|other| **other == weight).count();
        // 0 is no weight for all.
        let usual = all.iter().copied().rev().filter(|w| *w > 0).max_by_key(|w| count(*w));
        match usual {
            Some(usual) if all.iter().any(|weight| *weight != usual) => {
                (all.into_iter().map(|own| (own != usual).then_some(own)).collect(), Some(usual))
            }
            _ => none,
        }
    }

    fn servers(&mut self, instances: &[Shared<'_>]) -> Yaml {
        let files = self.files;
        let id = |server: &Server| (server.service.clone(), server.protocol.clone());
        let lists = (self.nodes.iter())
            .filter_map(|node| Some(files[node.file?].servers.iter().map(id).collect()))
            .collect();
        let (weights, usual) = self.weights();
        for (map, weight) in self.node_maps.iter_mut().zip(&weights) {
            if let Some(weight) = weight {
                map.push(("weight".to_owned(), Yaml::plain(weight)));
            }
        }
        let mut all: Vec<(Service, Option<usize>, Map)> = Vec::new();
        for wanted in union(lists) {
            let instance = instance_of(&wanted.0, instances);
            let members: Vec<usize> = match instance {
                Some(at) => instances[at].members.clone(),
                None => (0..self.nodes.len()).collect(),
            };
            let mut found: Vec<(usize, Section)> = Vec::new();
            for (place, node) in self.nodes.iter().enumerate() {
                let Some(file) = node.file else { continue };
                let server = files[file].servers.iter().find(|server| id(server) == wanted);
                if let Some(mut server) = server.cloned() {
                    server.tell_unsaid(self.notes);
                    let bypass = super::bypass(files);
                    server.set_servers(&self.nodes, &members, &weights, usual, bypass);
                    found.push((place, server.section));
                }
            }
            let versions: Vec<Version<'_>> =
                found.iter().map(|(node, section)| Version { node: *node, section }).collect();
            let mut merged = merge(&versions, &VIRTUAL_SERVER, None, self.notes);
            let marked = services::is_marked(&wanted.0, files);
            if let Some(ports) = services::bypass_ports(files, instance.map(|at| &instances[at]))
                .filter(|_| marked && super::bypass(files))
            {
                merged.all.push(("bypass_ports".to_owned(), ports));
            }
            all.push((wanted.0, instance, merged.all));
        }
        Yaml::List(by_port(all, instances).into_iter().map(Yaml::Map).collect())
    }

    /// What has no section, at the end of all files or of one.
    fn raw(&mut self) -> Option<Yaml> {
        let files = self.files;
        let versions = self.versions(files, |file| Some(&file.raw));
        let merged = merge(&versions, &TOP, Some(&NODE), self.notes);
        for (node, map) in merged.own {
            self.node_maps[node].extend(map);
        }
        merged.all.into_iter().next().map(|(_, raw)| raw)
    }

    fn nodes_list(&mut self) -> Yaml {
        let item = |((node, own), more): ((&Node, &Own), &Map)| {
            let addresses: Vec<Yaml> =
                node.addresses.iter().map(|one| Yaml::text(one.to_string())).collect();
            let mut map: Map = vec![
                ("name".to_owned(), Yaml::text(&node.name)),
                ("address".to_owned(), Yaml::one_or_more(addresses)),
            ];
            let mut set = |key: &str, value: Option<Yaml>| {
                map.extend(value.map(|value| (key.to_owned(), value)));
            };
            set("site", own.site.clone().map(Yaml::Text));
            set("interface", own.interface.clone().map(Yaml::Text));
            set("priority", own.priority.map(Yaml::plain));
            let instances = Yaml::Map(own.instances.clone());
            set("vrrp_instance", (!own.instances.is_empty()).then_some(instances));
            map.extend(more.iter().cloned());
            Yaml::Map(in_order(map, &NODE))
        };
        Yaml::List(self.nodes.iter().zip(&self.own).zip(&self.node_maps).map(item).collect())
    }
}
