//! What gen-conf finds in an inventory, all of it in one table: each has a name that messages, JSON,
//! `lvskit explain`, `allow` and the manual use. Most are checks across the inventory: values that are right
//! by themselves and wrong together. A finding is added in one of these files: its [`Lint`], and its check.

mod addresses;
mod allow;
mod checks;
mod detection;
mod drain;
mod elections;
pub(super) mod elsewhere;
mod failover;
pub(super) mod families;
mod forwarding;
mod groups;
pub(super) mod instances;
mod lint;
mod mails;
pub(super) mod names;
mod nodes;
pub(super) mod reading;
mod real_servers;
mod refused;
mod sense;
mod servers;
mod sessions;
pub(super) mod shape;
mod sites;
pub(super) mod size;
mod traffic;
mod unused;
mod versions;

use std::collections::HashMap;
use std::hash::Hash;

use ipnetwork::IpNetwork;

pub(super) use allow::apply as apply_allow;
pub use lint::{Lint, Severity};

use super::detection::DetectionDraft;
use super::instance::InstanceDraft;
use super::node::NodeDraft;
use super::places::Places;
use super::problems::{Placed, Problems};
use super::server::ServerDraft;
use super::track::TrackDraft;
use crate::cluster::GlobalDefs;
use crate::conf::statement::Statement;
use crate::conf::word::Word;

/// Everything that can be found, in the order of the files.
static REGISTRY: &[&[&Lint]] = &[
    shape::LINTS,
    nodes::LINTS,
    addresses::LINTS,
    instances::LINTS,
    versions::LINTS,
    elections::LINTS,
    families::LINTS,
    names::LINTS,
    mails::LINTS,
    servers::LINTS,
    real_servers::LINTS,
    forwarding::LINTS,
    groups::LINTS,
    drain::LINTS,
    detection::LINTS,
    sense::LINTS,
    failover::LINTS,
    traffic::LINTS,
    checks::LINTS,
    sessions::LINTS,
    sites::LINTS,
    unused::LINTS,
    elsewhere::LINTS,
    refused::LINTS,
    reading::LINTS,
    size::LINTS,
    allow::LINTS,
];

/// All findings.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    REGISTRY.iter().copied().flatten().copied()
}

/// The finding of that name.
pub fn find(id: &str) -> Option<&'static Lint> {
    all().find(|lint| lint.id == id)
}

/// Whether it is about the form of the inventory, which messages show without a name.
pub(super) fn is_shape(lint: &Lint) -> bool {
    shape::LINTS.iter().any(|one| one.id == lint.id)
}

/// Everything that is checked together.
pub(super) struct Drafts<'a> {
    pub(super) bypass: bool,
    pub(super) keep_sessions: bool,
    pub(super) drain_file: Option<&'a Word>,
    pub(super) detection: Option<&'a DetectionDraft>,
    pub(super) networks: &'a [Placed<IpNetwork>],
    pub(super) global_defs: &'a GlobalDefs,
    pub(super) global_places: &'a Places,
    pub(super) nodes: &'a [NodeDraft],
    /// The places of nodes by their names, as lists of names may be long.
    pub(super) places: &'a HashMap<String, usize>,
    pub(super) tracks: &'a TrackDraft,
    pub(super) instances: &'a [InstanceDraft],
    pub(super) servers: &'a [ServerDraft],
    /// Lines at the top of all files.
    pub(super) raw: &'a [Statement],
    /// What is asked of the top level.
    pub(super) asked: &'a elsewhere::Asked,
}

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    nodes::check(drafts, problems);
    instances::check(drafts, problems);
    families::check(drafts, problems);
    names::check(drafts, problems);
    mails::check(drafts, problems);
    servers::check(drafts, problems);
    detection::check(drafts, problems);
    sense::check(drafts, problems);
    all().for_each(|lint| lint.find(drafts, problems));
}

/// Notes the second and every further of equal values.
fn unique<T, K: Eq + Hash>(
    lint: &'static Lint,
    values: &[&Placed<T>],
    key: impl Fn(&Placed<T>) -> K,
    title: &str,
    problems: &mut Problems,
) {
    let mut seen = HashMap::new();
    for value in values {
        if seen.insert(key(value), ()).is_some() {
            problems.found(lint, value.at.clone(), title, "remove or correct one of them");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_finding_has_a_name_of_its_own_and_is_explained() {
        let mut seen = HashSet::new();
        for lint in all() {
            assert!(seen.insert(lint.id), "{} stands twice", lint.id);
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(lint.id.chars().all(good), "{}", lint.id);
            assert!(lint.why.ends_with('.') && !lint.title.ends_with('.'), "{}", lint.id);
            assert!(!lint.help.is_empty() && !lint.help.ends_with('.'), "{}", lint.id);
        }
    }
}
