//! The same block in several nodes' files: what all of them say, what only some do, and what they
//! say differently.

use super::notes::Notes;
use super::section::{Entry, Section, raw};
use super::yaml::{Map, Yaml};
use crate::inventory::keys::Table;

/// A block of one node's file.
pub(super) struct Version<'a> {
    /// The node's place.
    pub(super) node: usize,
    pub(super) section: &'a Section,
}

/// The block for the inventory.
pub(super) struct Merged {
    /// For all nodes.
    pub(super) all: Map,
    /// For single nodes, by their places.
    pub(super) own: Vec<(usize, Map)>,
}

/// The lists of which a node's adds to the cluster's instead of taking its place.
const ADDED: [&str; 3] = ["track_interface", "track_script", "track_file"];

/// What is a node's own, however many say it.
const OWN: [&str; 1] = ["mcast_src_ip"];

/// Merges the versions of a block with the keys of `table`; nodes can have the keys of `own` for
/// themselves. Of what they can't, the first version holds, and a note says so.
pub(super) fn merge(
    versions: &[Version<'_>],
    table: &Table,
    own: Option<&Table>,
    notes: &mut Notes,
) -> Merged {
    let mut merged = Merged { all: Vec::new(), own: Vec::new() };
    for key in table.keys() {
        let said: Vec<(usize, Option<&Entry>)> =
            versions.iter().map(|one| (one.node, one.section.get(key.name))).collect();
        let Some((_, Some(first))) = said.iter().find(|(_, entry)| entry.is_some()) else {
            continue;
        };
        let everywhere = said.iter().all(|(_, entry)| entry.is_some());
        let shared = !OWN.contains(&key.name);
        if shared
            && said.iter().all(|(_, entry)| entry.is_some_and(|entry| entry.value == first.value))
        {
            merged.all.push((key.name.to_owned(), first.value.clone()));
        } else if own.is_some_and(|own| own.key(key.name).is_some()) {
            // A node can say something else than the cluster, but not nothing.
            let shared = shared && everywhere && !ADDED.contains(&key.name);
            let common = shared.then(|| most_common(&said)).flatten();
            if let Some(common) = common {
                merged.all.push((key.name.to_owned(), common.clone()));
            }
            for (node, entry) in &said {
                if let Some(entry) = entry.filter(|entry| Some(&entry.value) != common) {
                    merged.add(*node, key.name, entry.value.clone());
                }
            }
        } else {
            for (version, (_, entry)) in versions.iter().zip(&said) {
                match entry {
                    Some(entry) if entry.value == first.value => {}
                    Some(entry) => notes.difference(
                        &entry.at,
                        key.name,
                        format_args!(
                            "`{}` differs from {}, and all nodes get that one's",
                            key.name, first.at
                        ),
                    ),
                    None => notes.difference(
                        &version.section.at,
                        key.name,
                        format_args!(
                            "`{}` is missing here and not at {}; all nodes get it",
                            key.name, first.at
                        ),
                    ),
                }
            }
            merged.all.push((key.name.to_owned(), first.value.clone()));
        }
    }
    merged.merge_raw(versions, own, notes);
    merged
}

/// What most of the nodes say.
fn most_common<'a>(said: &[(usize, Option<&'a Entry>)]) -> Option<&'a Yaml> {
    let values = said.iter().filter_map(|(_, entry)| entry.map(|entry| &entry.value));
    let count = |value: &Yaml| values.clone().filter(|other| *other == value).count();
    // Of equals the first; max_by_key would take the last.
    values.clone().rev().max_by_key(|value| count(value))
}

impl Merged {
    /// Notes something for one node.
    fn add(&mut self, node: usize, key: &str, value: Yaml) {
        let entry = (key.to_owned(), value);
        match self.own.iter_mut().find(|(own, _)| *own == node) {
            Some((_, map)) => map.push(entry),
            None => self.own.push((node, vec![entry])),
        }
    }

    fn merge_raw(&mut self, versions: &[Version<'_>], own: Option<&Table>, notes: &mut Notes) {
        let texts: Vec<Yaml> = versions.iter().map(|one| raw(&one.section.raw)).collect();
        let Some(first) = texts.first() else { return };
        let is_empty = |text: &Yaml| *text == Yaml::Lines(Vec::new());
        if texts.iter().all(|text| text == first) {
            if !is_empty(first) {
                self.all.push(("raw".to_owned(), first.clone()));
            }
        } else if own.is_some_and(|own| own.key("raw").is_some()) {
            for (version, text) in versions.iter().zip(&texts) {
                if !is_empty(text) {
                    self.add(version.node, "raw", text.clone());
                }
            }
        } else {
            let first = versions.iter().find(|one| !one.section.raw.is_empty());
            let Some(first) = first else { return };
            for version in versions {
                if raw(&version.section.raw) != raw(&first.section.raw) {
                    let at = version.section.raw.first().map_or(&version.section.at, |one| &one.at);
                    let other = first.section.raw.first().map_or(&first.section.at, |one| &one.at);
                    notes.at(
                        at,
                        format_args!(
                            "statements without a key differ from {other}: all nodes get those of {other}"
                        ),
                    );
                }
            }
            self.all.push(("raw".to_owned(), raw(&first.section.raw)));
        }
    }
}
