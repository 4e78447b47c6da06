//! `global_defs` of the inventory: what all files say, what single nodes say, and whether gen-conf starts the
//! sync daemon by itself.

use super::Builder;
use crate::conf::grammar::Place;
use crate::import::file::File;
use crate::import::instance::Instance;
use crate::import::merge::{Version, merge};
use crate::import::section::{Entry, Section};
use crate::import::yaml::in_order;
use crate::import::yaml::{Map, Yaml};
use crate::inventory::keys::{GLOBAL_DEFS, NODE_GLOBAL_DEFS};

impl Builder<'_> {
    pub(super) fn global_defs(&mut self, keep_sessions: bool, uniform: bool) -> Map {
        let files = self.files;
        let follows = self.sync_daemon_follows(keep_sessions);
        let sections: Vec<(usize, Section)> = (self.nodes.iter().enumerate())
            .filter_map(|(node, one)| {
                let file = &files[one.file?];
                let mut section = file.global_defs.clone();
                if let Some((interface, _, at)) = sync_daemon(file).filter(|_| !follows) {
                    let (key, value) = ("lvs_sync_daemon", Yaml::text(interface));
                    section.entries.push(Entry { key, value, at: at.clone() });
                }
                Some((node, section))
            })
            .collect();
        let versions: Vec<Version<'_>> =
            sections.iter().map(|(node, section)| Version { node: *node, section }).collect();
        let merged = merge(&versions, &GLOBAL_DEFS, Some(&NODE_GLOBAL_DEFS), self.notes);
        for (node, map) in merged.own {
            self.node_maps[node].push(("global_defs".to_owned(), Yaml::Map(map)));
        }
        let mut all = merged.all;
        let said = files.iter().filter_map(|file| file.router_id);
        if said.clone().next().is_none() {
            if !uniform {
                all.push(("router_id".to_owned(), Yaml::text("hostname")));
            }
        } else if uniform {
            for (name, at) in said {
                self.notes.at(
                    at,
                    format_args!("router_id {name} is left to keepalived: all files are the same"),
                );
            }
        } else {
            for node in &self.nodes {
                let Some((name, at)) = node.file.and_then(|file| files[file].router_id) else {
                    continue;
                };
                if name != node.name {
                    let own = &node.name;
                    self.notes
                        .at(at, format_args!("router_id {name} becomes {own}, the node's name"));
                }
            }
        }
        in_order(all, &GLOBAL_DEFS)
    }

    /// Whether gen-conf starts the sync daemons of all files by itself, by these interfaces.
    fn sync_daemon_follows(&mut self, keep_sessions: bool) -> bool {
        let files = self.files;
        let id = files.iter().flat_map(|file| &file.instances).filter_map(Instance::vrid).min();
        let mut follows = keep_sessions;
        for file in files {
            let Some((interface, more, at)) = sync_daemon(file) else { continue };
            let own = file.instances.first().and_then(|one| one.interface.as_deref());
            follows &= own == Some(interface);
            let ours = |two: &&[String]| match two {
                // Where the nodes have no IPv4.
                [key, _] if key == "group" => true,
                [key, value] if key == "id" => id.is_some() && value.parse().ok() == id,
                _ => false,
            };
            // Options are pairs; before them, there may be an instance.
            let (instance, options) = more.split_at(more.len() % 2);
            let options = options.chunks(2).filter(|two| !ours(two)).flatten();
            let left_out: Vec<&str> = instance.iter().chain(options).map(String::as_str).collect();
            if !left_out.is_empty() {
                let words = left_out.join(" ");
                let id = id.map_or_else(String::new, |id| format!(", with id {id}"));
                self.notes.difference(
                    at,
                    "lvs_sync_daemon",
                    format_args!("`{words}` is left out: the daemon runs on all nodes{id}"),
                );
            }
        }
        follows
    }
}

/// The interface of a file's sync daemon, what stands behind it, and where.
fn sync_daemon<'a>(file: &File<'a>) -> Option<(&'a str, &'a [String], &'a Place)> {
    let daemon = file.sync_daemon?;
    let (interface, more) = daemon.values().split_first()?;
    Some((interface, more, &daemon.at))
}
