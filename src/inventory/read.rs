//! Takes the sections of an inventory apart. A wrong value is noted and left out, so that one run
//! tells everything that is wrong; at the end of a section every key that nobody asked for is a
//! problem, with the nearest known key as its cure.

use std::ops::Range;

use super::Problem;
use super::tree::{Key, Kind, Node};

/// How alike two keys must be for "did you mean" (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// Why a value is wrong, and what to write instead.
pub(super) struct Wrong {
    pub(super) title: String,
    pub(super) cure: String,
}

/// What a value reads as, or why it can't.
pub(super) type Read<T> = Result<T, Wrong>;

pub(super) fn wrong<T>(title: impl Into<String>, cure: impl Into<String>) -> Read<T> {
    Err(Wrong { title: title.into(), cure: cure.into() })
}

/// A value together with its place, for checks that compare it with others.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: Range<usize>,
    pub(super) value: T,
}

/// Everything that was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        at: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.0.push(Problem { at, title: title.into(), cure: cure.into() });
    }

    /// The value, if there is one and nothing was wrong.
    pub(super) fn into_result<T>(mut self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                self.0.sort_by_key(|problem| (problem.at.start, problem.at.end));
                Err(self.0)
            }
        }
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

/// A mapping that is being read.
pub(super) struct Section<'a> {
    /// Where it is named, for problems of the section as a whole.
    at: Range<usize>,
    name: String,
    entries: &'a [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// Opens `node` as a section called `name`; `at` is where a missing key is reported.
    pub(super) fn open(
        node: &'a Node,
        name: &str,
        at: Range<usize>,
        problems: &mut Problems,
    ) -> Option<Section<'a>> {
        match &node.kind {
            Kind::Mapping(entries) => {
                Some(Section { at, name: name.to_owned(), entries, known: Vec::new() })
            }
            _ => {
                let title = format!("`{name}` is a section: lines of `key: value` below it");
                problems.add(node.at.clone(), title, "see the example, keepalived/inventory.yml");
                None
            }
        }
    }

    /// Where the section is named.
    pub(super) fn place(&self) -> Range<usize> {
        self.at.clone()
    }

    /// The value of a key, and the place of the key; `None` if the section has no such key.
    pub(super) fn node(&mut self, key: &'static str) -> Option<(&'a Key, &'a Node)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(k, _)| k.name == key).map(|(key, node)| (key, node))
    }

    /// Like [`Section::node`], but a missing key is a problem.
    pub(super) fn required_node(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<(&'a Key, &'a Node)> {
        let found = self.node(key);
        if found.is_none() {
            let title = format!("`{key}` is missing in `{}`", self.name);
            problems.add(self.place(), title, format!("add a line `{key}: ...`"));
        }
        found
    }

    /// A value that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Read<T>,
    ) -> Option<Placed<T>> {
        let (_, node) = self.node(key)?;
        problems.value(node, key, read)
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Read<T>,
    ) -> Option<Placed<T>> {
        let (_, node) = self.required_node(key, problems)?;
        problems.value(node, key, read)
    }

    /// One value or a list of values, in order; wrong ones are left out.
    pub(super) fn one_or_more<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        read: impl Fn(&str) -> Read<T>,
    ) -> Vec<Placed<T>> {
        let Some((_, node)) = self.node(key) else { return Vec::new() };
        items(node).iter().filter_map(|item| problems.value(item, key, &read)).collect()
    }

    /// Ends the section: every key that nobody asked for is a problem.
    pub(super) fn close(self, problems: &mut Problems) {
        for (key, _) in self.entries {
            if !self.known.contains(&key.name.as_str()) {
                // In `authentication` a wrong key may be a password in the wrong place.
                let title = match self.name.as_str() {
                    "authentication" => "no key of `authentication`".to_owned(),
                    section => format!("`{}` is no key of `{section}`", key.name),
                };
                problems.add(key.at.clone(), title, self.nearest(&key.name));
            }
        }
    }

    fn nearest(&self, unknown: &str) -> String {
        let likeness = |known: &&str| strsim::jaro_winkler(unknown, known);
        let best = self.known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match best {
            Some(best) if likeness(best) >= ALIKE => format!("did you mean `{best}`?"),
            _ => format!("known here: {}", self.known.join(", ")),
        }
    }
}
