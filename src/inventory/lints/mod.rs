//! What gen-conf finds in an inventory, all of it in one table: each has a name that messages, JSON,
//! `lvskit explain`, `allow` and the manual use. Most are checks across the inventory: values that are right
//! by themselves and wrong together. A finding is added in one of these files: its [`Lint`], and its check.

mod addresses;
mod allow;
mod bfd;
mod checks;
pub(super) mod detection;
mod drain;
mod elections;
pub(super) mod elsewhere;
mod failover;
pub(super) mod families;
mod forwarding;
mod found;
mod groups;
pub(super) mod instances;
pub(super) mod lint;
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
use found::Found;
pub use lint::{Lint, Severity};

use super::detection::DetectionDraft;
use super::instance::InstanceDraft;
use super::member;
use super::node::NodeDraft;
use super::places::Places;
use super::problems::{Placed, Problems};
use super::served::Server;
use super::server::ServerDraft;
use super::track::TrackDraft;
use crate::cluster::GlobalDefs;
use crate::conf::statement::Statement;
use crate::conf::word::Word;

/// A finding that has a check of its own.
struct WithCheck {
    lint: Lint,
    /// Notes all cases of it.
    check: fn(&Drafts<'_>, &mut Found<'_>),
}

impl Lint {
    /// The finding with its check.
    const fn checked_by(self, check: fn(&Drafts<'_>, &mut Found<'_>)) -> WithCheck {
        WithCheck { lint: self, check }
    }
}

/// The findings of a file.
#[derive(Clone, Copy)]
struct Table {
    /// Those that are found on the way of something else.
    named: &'static [&'static Lint],
    /// Those that have a check of their own.
    checked: &'static [WithCheck],
}

impl Table {
    const fn named(named: &'static [&'static Lint]) -> Table {
        Table { named, checked: &[] }
    }

    const fn checked(checked: &'static [WithCheck]) -> Table {
        Table { named: &[], checked }
    }

    fn lints(&self) -> impl Iterator<Item = &'static Lint> + use<> {
        self.named.iter().copied().chain(self.checked.iter().map(|one| &one.lint))
    }
}

/// Everything that can be found, in the order of the files.
static REGISTRY: &[Table] = &[
    Table::named(shape::LINTS),
    Table::named(nodes::LINTS),
    Table::named(addresses::LINTS),
    Table::named(instances::LINTS),
    Table::named(versions::LINTS),
    Table::named(elections::LINTS),
    Table::named(families::LINTS),
    Table::named(names::LINTS),
    Table::named(bfd::LINTS),
    Table { named: mails::LINTS, checked: mails::CHECKED },
    Table::named(servers::LINTS),
    Table::named(real_servers::LINTS),
    Table::named(forwarding::LINTS),
    Table::named(groups::LINTS),
    Table::named(drain::LINTS),
    Table::named(detection::LINTS),
    Table::named(sense::LINTS),
    Table::checked(failover::LINTS),
    Table::checked(traffic::LINTS),
    Table::checked(checks::LINTS),
    Table::checked(sessions::LINTS),
    Table::checked(sites::LINTS),
    Table::checked(unused::LINTS),
    Table::checked(elsewhere::LINTS),
    Table::checked(refused::LINTS),
    Table::named(reading::LINTS),
    Table::named(size::LINTS),
    Table::named(allow::LINTS),
];

/// All findings.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    REGISTRY.iter().flat_map(Table::lints)
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
    /// Whether all nodes have the same file.
    pub(super) uniform: bool,
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

impl<'a> Drafts<'a> {
    /// The nodes that run an instance.
    fn members(&self, instance: &InstanceDraft) -> Vec<&'a NodeDraft> {
        let all = member::ranking(instance, self.nodes, self.global_defs).unwrap_or_default();
        all.iter().map(|(place, _)| &self.nodes[*place]).collect()
    }

    /// Who serves.
    fn servers_of(&self, server: &'a ServerDraft) -> Vec<Server<'a>> {
        server.servers(self.nodes, self.instances, self.places)
    }

    /// The weights of all who serve; `None` where one is a node that there is not.
    fn weights_of(&self, server: &'a ServerDraft) -> Option<Vec<u64>> {
        let weight = |one: &Server<'_>| one.is_known().then(|| u64::from(one.weight()));
        self.servers_of(server).iter().map(weight).collect()
    }

    /// How many servers have the check of the virtual server.
    fn checked_alike(&self, server: &'a ServerDraft) -> usize {
        self.servers_of(server).iter().filter(|one| one.is_alike()).count()
    }
}

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    nodes::check(drafts, problems);
    instances::check(drafts, problems);
    families::check(drafts, problems);
    names::check(drafts, problems);
    bfd::check(drafts, problems);
    mails::check(drafts, problems);
    servers::check(drafts, problems);
    detection::check(drafts, problems);
    sense::check(drafts, problems);
    for WithCheck { lint, check } in REGISTRY.iter().flat_map(|table| table.checked) {
        check(drafts, &mut Found::of(lint, problems));
    }
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
