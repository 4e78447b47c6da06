//! Takes the sections of an inventory apart. A wrong value is noted and left out, so that one run
//! tells everything that is wrong; at the end of a section every key that nobody asked for is a
//! problem, with the nearest known key as its cure.

use std::ops::Range;
use std::str::FromStr;

use super::keys::wrong::{Read, Wrong, invalid, wrong};
use super::keys::{
    self, AUTHENTICATION, GLOBAL_DEFS, NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE, REAL_SERVER, SECRET,
    TOP, Table, VIRTUAL_SERVER, VRRP_INSTANCE,
};
use super::tree::{Key, Kind, Node};
use super::{Problem, foreign};
use crate::cluster::Release;

/// How alike two keys must be for "did you mean" (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// A value together with its place, for checks that compare it with others.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: Range<usize>,
    pub(super) value: T,
}

/// Everything that was found wrong so far, or worth a warning.
#[derive(Default)]
pub(super) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    target: Release,
}

impl Problems {
    /// What the files are for: keys that it does not know are problems.
    pub(super) fn target(&self) -> Release {
        self.target
    }

    pub(super) fn set_target(&mut self, target: Release) {
        self.target = target;
    }

    pub(super) fn add(
        &mut self,
        at: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.errors.push(Problem { at, title: title.into(), cure: cure.into() });
    }

    /// Notes what works, but seldom as it was meant.
    pub(super) fn warn(
        &mut self,
        at: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.warnings.push(Problem { at, title: title.into(), cure: cure.into() });
    }

    /// What was found wrong and the warnings, each in the order of the text.
    pub(super) fn into_parts(mut self) -> (Vec<Problem>, Vec<Problem>) {
        let place = |problem: &Problem| (problem.at.start, problem.at.end);
        self.errors.sort_by_key(place);
        self.warnings.sort_by_key(place);
        (self.errors, self.warnings)
    }

    /// Reads one value of a key; a wrong one becomes a problem at its place.
    pub(super) fn get<T: FromStr>(&mut self, key: keys::Key<T>, node: &Node) -> Option<Placed<T>> {
        let target = self.target;
        self.value(node, key.name, |text| {
            key.read(text, target)?;
            text.parse().or_else(|_| invalid(key.name, text, key.value.shown()))
        })
    }

    /// Reads one value of a key, as it is written into keepalived.conf.
    pub(super) fn written<T>(&mut self, key: keys::Key<T>, node: &Node) -> Option<Placed<String>> {
        let target = self.target;
        self.value(node, key.name, |text| key.read(text, target))
    }

    /// Reads one value; a wrong one becomes a problem at its place.
    pub(super) fn value<T>(
        &mut self,
        node: &Node,
        what: &str,
        read: impl FnOnce(&str) -> Read<T>,
    ) -> Option<Placed<T>> {
        let outcome = match &node.kind {
            Kind::Scalar(text) => read(text),
            Kind::Null => {
                wrong(format!("`{what}` has no value"), "write a value, or remove the key")
            }
            Kind::Sequence(_) => {
                wrong(format!("`{what}` is one value, not a list"), "write one value")
            }
            Kind::Mapping(_) => {
                wrong(format!("`{what}` is one value, not a section"), "write one value")
            }
        };
        match outcome {
            Ok(value) => Some(Placed { at: node.at.clone(), value }),
            Err(Wrong { title, cure }) => {
                self.add(node.at.clone(), title, cure);
                None
            }
        }
    }
}

/// The items of a list; a value that is none stands for a list of its own.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::Sequence(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// A value without its place.
pub(super) fn value<T>(placed: Option<Placed<T>>) -> Option<T> {
    placed.map(|placed| placed.value)
}

/// How a section is written: with the keys that it must have.
fn shape(name: &str, table: &'static Table) -> String {
    let required = table.keys().filter(|key| key.default.starts_with("required"));
    let mut keys: Vec<String> = required.map(|key| format!("{}: ...", key.name)).collect();
    if table.name == REAL_SERVER.name {
        keys.push("address: ...".to_owned());
    }
    if keys.is_empty() || table.name == TOP.name {
        return "see the example, keepalived/inventory.yml".to_owned();
    }
    let keys = keys.join(", ");
    let listed = [NODE.name, VIRTUAL_SERVER.name, REAL_SERVER.name];
    match listed.contains(&table.name) {
        true => format!("write `- {{{keys}}}`"),
        false => format!("write `{name}: {{{keys}}}`"),
    }
}

/// A mapping that is being read.
pub(super) struct Section<'a> {
    /// Where it is named, for problems of the section as a whole.
    at: Range<usize>,
    name: String,
    table: &'static Table,
    entries: &'a [(Key, Node)],
}

impl<'a> Section<'a> {
    /// Opens `node` as a section called `name` with the keys of `table`; `at` is where a missing key
    /// is reported. Keys that there are not, or not in the target, are problems.
    pub(super) fn open(
        node: &'a Node,
        table: &'static Table,
        name: &str,
        at: Range<usize>,
        problems: &mut Problems,
    ) -> Option<Section<'a>> {
        match &node.kind {
            Kind::Mapping(entries) => Some(Section { at, name: name.to_owned(), table, entries }),
            _ => {
                let title = format!("`{name}` is a section: lines of `key: value` below it");
                problems.add(node.at.clone(), title, shape(name, table));
                None
            }
        }
    }

    /// Where the section is named.
    pub(super) fn place(&self) -> Range<usize> {
        self.at.clone()
    }

    /// Its keys and values, in order.
    pub(super) fn entries(&self) -> &'a [(Key, Node)] {
        self.entries
    }

    /// The keys that it can have.
    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    /// The value of a key, and the place of the key; `None` if the section has no such key.
    pub(super) fn node<T>(&self, key: keys::Key<T>) -> Option<(&'a Key, &'a Node)> {
        debug_assert!(self.table.key(key.name).is_some(), "{}: {}", self.table.name, key.name);
        self.entries.iter().find(|(k, _)| k.name == key.name).map(|(key, node)| (key, node))
    }

    /// Whether a key is there.
    pub(super) fn has<T>(&self, key: keys::Key<T>) -> bool {
        self.node(key).is_some()
    }

    /// The value of a key.
    pub(super) fn get<T: FromStr>(
        &self,
        key: keys::Key<T>,
        problems: &mut Problems,
    ) -> Option<Placed<T>> {
        let (_, node) = self.node(key)?;
        problems.get(key, node)
    }

    /// One value of a key or a list of values, in order; wrong ones are left out.
    pub(super) fn all<T: FromStr>(
        &self,
        key: keys::Key<T>,
        problems: &mut Problems,
    ) -> Vec<Placed<T>> {
        let Some((_, node)) = self.node(key) else { return Vec::new() };
        items(node).iter().filter_map(|item| problems.get(key, item)).collect()
    }

    /// The values of a key as they are written into keepalived.conf.
    pub(super) fn written<T>(
        &self,
        key: keys::Key<T>,
        problems: &mut Problems,
    ) -> Vec<Placed<String>> {
        let Some((_, node)) = self.node(key) else { return Vec::new() };
        items(node).iter().filter_map(|item| problems.written(key, item)).collect()
    }

    /// Ends the section: every key that it can't have, and every one that it must have and has not, is a
    /// problem.
    pub(super) fn close(self, problems: &mut Problems) {
        for key in self.table.keys().filter(|key| key.is_required() && !self.has(**key)) {
            let title = format!("`{}` is missing in `{}`", key.name, self.name);
            problems.add(self.place(), title, format!("add a line `{}: ...`", key.name));
        }
        for (key, _) in self.entries {
            match self.table.key(&key.name) {
                Some(known) if known.since > problems.target() => problems.add(
                    key.at.clone(),
                    format!("{} does not know `{}`", problems.target(), key.name),
                    format!("remove it, or write `target: {}` if all nodes have that", known.since),
                ),
                Some(_) => {}
                None => {
                    let (title, cure) = self.unknown(&key.name);
                    problems.add(key.at.clone(), title, cure);
                }
            }
        }
    }

    /// What is wrong with a key that the section has not, and the cure.
    fn unknown(&self, key: &str) -> (String, String) {
        // A wrong key may be a password in the wrong place.
        if [AUTHENTICATION.name, SECRET.name].contains(&self.table.name) {
            return (format!("no key of `{}`", self.name), self.nearest(key));
        }
        let title = format!("`{key}` is no key of `{}`", self.name);
        match foreign::cure(self.table, key) {
            Some(cure) => (title, cure),
            None if self.cluster_has(key) => (
                format!("nodes that differ in `{key}` would all be MASTER"),
                "write it in the cluster's own section, for all of them".to_owned(),
            ),
            None => (title, self.nearest(key)),
        }
    }

    /// Whether a key that a node can't have is one of the section for all nodes.
    fn cluster_has(&self, key: &str) -> bool {
        let sections = [(&NODE_INSTANCE, &VRRP_INSTANCE), (&NODE_GLOBAL_DEFS, &GLOBAL_DEFS)];
        (sections.into_iter())
            .any(|(own, all)| self.table.name == own.name && all.key(key).is_some())
    }

    fn nearest(&self, unknown: &str) -> String {
        let known: Vec<&str> = self.table.keys().map(|key| key.name).collect();
        let likeness = |known: &&str| strsim::jaro_winkler(unknown, known);
        let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match best {
            Some(best) if likeness(best) >= ALIKE => format!("did you mean `{best}`?"),
            _ => format!("known here: {}", known.join(", ")),
        }
    }
}
