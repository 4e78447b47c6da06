//! What was found in an inventory so far. A wrong value is noted and left out, so that one run tells everything
//! that is wrong.

use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use super::Problem;
use super::keys;
use super::keys::wrong::{Read, Wrong, invalid, wrong};
use super::lints::lint::{Lint, Severity};
use super::lints::shape;
use super::tree::{Kind, Node};
use crate::cluster::Release;

/// More problems than anybody is shown.
const SHOWN: usize = 10_000;

/// A value together with its place, for checks that compare it with others.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: Range<usize>,
    pub(super) value: T,
}

/// A value without its place.
pub(super) fn value<T>(placed: Option<Placed<T>>) -> Option<T> {
    placed.map(|placed| placed.value)
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
        help: impl Into<String>,
    ) {
        self.found(&shape::INVALID_VALUE, at, title, help);
    }

    /// Notes a case of a finding.
    pub(super) fn found(
        &mut self,
        lint: &'static Lint,
        at: Range<usize>,
        title: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.all.push(Problem { at, title: title.into(), help: help.into(), lint });
    }

    /// Notes a case of a finding, with the help that all its cases have.
    pub(super) fn case(&mut self, lint: &'static Lint, at: Range<usize>, title: impl Into<String>) {
        self.found(lint, at, title, lint.help);
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
            Err(Wrong { title, help }) => {
                self.add(node.at.clone(), title, help);
                None
            }
        }
    }

    /// Whether there are more than anybody is shown, so that what would be said of others is not worked out.
    pub(super) fn are_many(&self) -> bool {
        self.all.len() >= SHOWN
    }
}
