//! Takes the sections of an inventory apart. At the end of a section every key that nobody asked for is a
//! problem, with the nearest known key as its help.

use std::ops::Range;
use std::str::FromStr;

use super::foreign;
use super::keys::{
    self, AUTHENTICATION, CHECKS, GLOBAL_DEFS, NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE, REAL_SERVER,
    SECRET, TOP, Table, VIRTUAL_SERVER, VRRP_INSTANCE, Value,
};
use super::lints::shape;
use super::problems::{Placed, Problems};
use super::tree::{Key, Kind, Node};

/// How alike two keys must be for "did you mean" (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// So many keys are listed in a message.
const FEW: usize = 12;

/// The items of a list; a value that is none stands for a list of its own.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::Sequence(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// The name that is most like another, if one is alike.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |known: &&str| strsim::jaro_winkler(unknown, known);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|best| likeness(best) >= ALIKE).copied()
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

/// A section's name in a message; what stands for a kind of section is no name.
fn quoted(name: &str) -> String {
    match name.starts_with("a ") {
        true => name.to_owned(),
        false => format!("`{name}`"),
    }
}

/// The section that a key's value is, if it is one alone.
fn below(key: &super::keys::Key) -> Option<&'static Table> {
    match key.value {
        Value::Section(table) | Value::Sections(table) => Some(table),
        _ => None,
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
            Kind::Null => {
                let title = format!("{} has no lines below it", quoted(name));
                let help = format!("indent its lines more than `{name}`: {}", shape(name, table));
                problems.add(at, title, help);
                None
            }
            _ if table.name == TOP.name => {
                let title = "an inventory is a section, not a list or a value";
                problems.add(node.at.clone(), title, "begin with a line `nodes:`, without a dash");
                None
            }
            _ => {
                let title =
                    format!("{} is a section: lines of `key: value` below it", quoted(name));
                problems.add(node.at.clone(), title, shape(name, table));
                None
            }
        }
    }

    /// A section of entries that stand one after the other.
    pub(super) fn of(
        entries: &'a [(Key, Node)],
        table: &'static Table,
        name: &str,
        at: Range<usize>,
    ) -> Section<'a> {
        Section { at, name: name.to_owned(), table, entries }
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

    /// Reports that a key is missing. One that was meant to be this key says so itself.
    pub(super) fn missing(&self, key: &'static str, problems: &mut Problems) {
        // Nobody means one of a thousand keys.
        let meant = self.entries.iter().take(100).any(|(own, _)| {
            self.table.key(&own.name).is_none()
                && self.unknown(&own.name).1.contains(&format!("`{key}"))
        });
        if !meant {
            let title = format!("`{key}` is missing in {}", quoted(&self.name));
            let help = format!("add a line `{key}: ...`");
            problems.found(&shape::MISSING_KEY, self.place(), title, help);
        }
    }

    /// Ends the section: every key that it can't have, and every one that it must have and has not, is a
    /// problem.
    pub(super) fn close(self, problems: &mut Problems) {
        for key in self.table.keys().filter(|key| key.is_required() && !self.has(**key)) {
            self.missing(key.name, problems);
        }
        // What belongs below a key that has no lines, and stands beside it: that key is told.
        let mut bare: Vec<&Table> = Vec::new();
        for (key, node) in self.entries {
            match self.table.key(&key.name) {
                Some(known) if known.since > problems.target() => problems.found(
                    &shape::NOT_IN_TARGET,
                    key.at.clone(),
                    format!("{} does not know `{}`", problems.target(), key.name),
                    format!("remove it, or write `target: {}` if all nodes have that", known.since),
                ),
                Some(known) => {
                    bare.extend(below(known).filter(|_| matches!(node.kind, Kind::Null)))
                }
                None if bare.iter().any(|table| table.key(&key.name).is_some()) => {}
                None => {
                    let (title, help) = match problems.are_many() {
                        true => ("an unknown key".to_owned(), String::new()),
                        false => self.unknown(&key.name),
                    };
                    problems.found(&shape::UNKNOWN_KEY, key.at.clone(), title, help);
                }
            }
        }
    }

    /// What is wrong with a key that the section has not, and the help.
    fn unknown(&self, key: &str) -> (String, String) {
        // A wrong key may be a password in the wrong place.
        if [AUTHENTICATION.name, SECRET.name].contains(&self.table.name) {
            return (format!("no key of `{}`", self.name), self.nearest(key));
        }
        let title = format!("unknown key `{key}` in {}", quoted(&self.name));
        match foreign::help(self.table, key) {
            Some(help) => (title, help),
            None if self.cluster_has(key) => (
                format!("nodes that differ in `{key}` would all be MASTER"),
                "write it in the cluster's own section, for all of them".to_owned(),
            ),
            None => (title, self.elsewhere(key).unwrap_or_else(|| self.nearest(key))),
        }
    }

    /// Where a key stands that this section can't have: in a section below it, or at the top.
    fn elsewhere(&self, key: &str) -> Option<String> {
        let mut inner = self.table.keys().filter_map(|own| Some((own.name, below(own)?)));
        if let Some((name, table)) = inner.find(|(_, table)| table.key(key).is_some()) {
            let first = table.keys().find(|own| own.default.starts_with("required"));
            let first = first.filter(|own| own.name != key);
            let first = first.map_or(String::new(), |own| format!("{}: ..., ", own.name));
            return Some(format!("write it below `{name}`: `{name}: {{{first}{key}: ...}}`"));
        }
        let checks = || CHECKS.iter().filter(|check| check.table.key(key).is_some());
        if self.table.key("check").is_some() && (key == "type" || checks().next().is_some()) {
            let first = if key == "type" { "" } else { "type: ..., " };
            return Some(format!("write it below `check`: `check: {{{first}{key}: ...}}`"));
        }
        if self.table.name != TOP.name && TOP.key(key).is_some() && key != "nodes" {
            let name = match self.table.name == VRRP_INSTANCE.name {
                true => format!("; `vrrp_instance: {}` binds it to this instance", self.name),
                false => String::new(),
            };
            return Some(format!(
                "write `{key}:` at the top of the inventory, without indentation{name}"
            ));
        }
        if self.table.key("type").is_some() {
            let names: Vec<&str> = checks().map(|check| check.name()).collect();
            return match names.as_slice() {
                [] => None,
                names => Some(format!("it is a key of {}", names.join(", "))),
            };
        }
        None
    }

    /// Whether a key that a node can't have is one of the section for all nodes.
    fn cluster_has(&self, key: &str) -> bool {
        let sections = [(&NODE_INSTANCE, &VRRP_INSTANCE), (&NODE_GLOBAL_DEFS, &GLOBAL_DEFS)];
        (sections.into_iter())
            .any(|(own, all)| self.table.name == own.name && all.key(key).is_some())
    }

    fn nearest(&self, unknown: &str) -> String {
        let known: Vec<&str> = self.table.keys().map(|key| key.name).collect();
        match nearest(unknown, &known) {
            Some(best) => format!("did you mean `{best}`?"),
            None if known.len() > FEW => {
                let path = keys::sections().find(|(_, table)| table.name == self.table.name);
                match path {
                    Some((path, _)) if !path.is_empty() => {
                        format!("`lvskit explain {path}` lists the keys that it has")
                    }
                    _ => format!("known here: {}", known.join(", ")),
                }
            }
            None => format!("known here: {}", known.join(", ")),
        }
    }
}
