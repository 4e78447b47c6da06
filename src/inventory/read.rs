//! Takes the sections of an inventory apart. A wrong value is noted and left out, so that one run
//! tells everything that is wrong; at the end of a section every key that nobody asked for is a
//! problem, with the nearest known key as its cure.

use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use super::keys::wrong::{Read, Wrong, invalid, wrong};
use super::keys::{
    self, AUTHENTICATION, CHECKS, GLOBAL_DEFS, NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE, REAL_SERVER,
    SECRET, TOP, Table, VIRTUAL_SERVER, VRRP_INSTANCE, Value,
};
use super::lints::{Lint, Severity, shape};
use super::tree::{Key, Kind, Node};
use super::{Problem, foreign};
use crate::cluster::Release;

/// How alike two keys must be for "did you mean" (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// More problems than anybody is shown; what would be said of the others is not worked out.
const SHOWN: usize = 10_000;

/// So many keys are listed in a message.
const FEW: usize = 12;

/// A value together with its place, for checks that compare it with others.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: Range<usize>,
    pub(super) value: T,
}

/// Everything that was found so far.
#[derive(Default)]
pub(super) struct Problems {
    all: Vec<Problem>,
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

    /// Notes a value that its key can't have.
    pub(super) fn add(
        &mut self,
        at: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.found(&shape::INVALID_VALUE, at, title, cure);
    }

    /// Notes a case of a finding.
    pub(super) fn found(
        &mut self,
        lint: &'static Lint,
        at: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.all.push(Problem { at, title: title.into(), cure: cure.into(), lint });
    }

    /// Takes all cases of a finding away; `false` if there are none.
    pub(super) fn silence(&mut self, lint: &Lint) -> bool {
        let before = self.all.len();
        self.all.retain(|problem| problem.lint.id != lint.id);
        self.all.len() < before
    }

    /// Those of a severity, in the order of the text.
    pub(super) fn take(&mut self, severity: Severity) -> Vec<Problem> {
        let (mut taken, rest) = std::mem::take(&mut self.all)
            .into_iter()
            .partition::<Vec<Problem>, _>(|problem| problem.lint.severity == severity);
        self.all = rest;
        taken.sort_by_key(|problem| (problem.at.start, problem.at.end));
        // What an alias repeats is one problem, however often it stands for it.
        let mut seen = HashSet::new();
        taken.retain(|one| seen.insert((one.at.clone(), one.lint.id, one.title.clone())));
        taken
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
                let help = match what {
                    "port" => "write a virtual_server for each port",
                    _ => "write one value, without brackets or dashes",
                };
                wrong(format!("`{what}` is one value, not a list"), help)
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

/// The name that is most like another, if one is alike.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |known: &&str| strsim::jaro_winkler(unknown, known);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|best| likeness(best) >= ALIKE).copied()
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
                    let (title, cure) = match problems.all.len() < SHOWN {
                        true => self.unknown(&key.name),
                        false => ("an unknown key".to_owned(), String::new()),
                    };
                    problems.found(&shape::UNKNOWN_KEY, key.at.clone(), title, cure);
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
        let title = format!("unknown key `{key}` in {}", quoted(&self.name));
        match foreign::cure(self.table, key) {
            Some(cure) => (title, cure),
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
