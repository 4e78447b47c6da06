//! Checks across the inventory: what is right by itself and wrong together. A difference between
//! nodes that would make two MASTERs can't be written in an inventory at all; what is left is said
//! here.

mod detection;
mod drain;
mod families;
mod instances;
mod mails;
mod names;
mod nodes;
mod sense;
mod servers;
pub(super) mod size;

use std::collections::HashMap;
use std::hash::Hash;

use ipnetwork::IpNetwork;

use super::detection::DetectionDraft;
use super::instance::InstanceDraft;
use super::node::NodeDraft;
use super::places::Places;
use super::read::{Placed, Problems};
use super::server::ServerDraft;
use super::track::TrackDraft;
use crate::cluster::GlobalDefs;
use crate::conf::statement::Statement;
use crate::conf::word::Word;

/// Everything that is checked together.
pub(super) struct Drafts<'a> {
    pub(super) bypass: bool,
    pub(super) drain_file: Option<&'a Word>,
    pub(super) detection: Option<&'a DetectionDraft>,
    pub(super) networks: &'a [Placed<IpNetwork>],
    pub(super) global_defs: &'a GlobalDefs,
    pub(super) global_places: &'a Places,
    pub(super) nodes: &'a [NodeDraft],
    pub(super) tracks: &'a TrackDraft,
    pub(super) instances: &'a [InstanceDraft],
    pub(super) servers: &'a [ServerDraft],
    /// Lines at the top of all files.
    pub(super) raw: &'a [Statement],
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
}

/// Notes the second and every further of equal values.
fn unique<T, K: Eq + Hash>(
    values: &[&Placed<T>],
    key: impl Fn(&Placed<T>) -> K,
    title: &str,
    problems: &mut Problems,
) {
    let mut seen = HashMap::new();
    for value in values {
        if seen.insert(key(value), ()).is_some() {
            problems.add(value.at.clone(), title, "remove or correct one of them");
        }
    }
}
