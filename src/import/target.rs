//! Which keepalived an inventory is for: the newest that a key of it needs, or the oldest, where the
//! files have a name that only that one knows.

use super::file::File;
use super::notes::Notes;
use super::yaml::{Map, Yaml};
use crate::cluster::Release;
use crate::conf::grammar::Statement;
use crate::inventory::keys;

/// The target to write into the inventory; `None` where that is the one that holds without it.
pub(super) fn target(files: &[File<'_>], top: &Map, notes: &mut Notes) -> Option<Release> {
    let newest = newest(top).unwrap_or(Release::V2_1_5);
    let old = files.iter().find_map(|file| old_name(file.tree));
    let Some((statement, new)) = old else {
        return (newest > Release::V2_2).then_some(newest);
    };
    let (name, at) = (statement.keyword(), &statement.at);
    if newest == Release::V2_1_5 {
        notes.at(
            at,
            format_args!("{newest} is assumed to be the target: newer ones call {name} {new}"),
        );
        return Some(newest);
    }
    notes.at(
        at,
        format_args!(
            "{name} becomes {new}, which {} does not know; other keys here need {newest}",
            Release::V2_1_5
        ),
    );
    (newest > Release::V2_2).then_some(newest)
}

/// A statement by the name that it has in keepalived 2.1.5 only, and its name since.
fn old_name(tree: &[Statement]) -> Option<(&Statement, &'static str)> {
    tree.iter().find_map(|statement| {
        let mut keys = keys::all();
        let old = keys.find(|key| key.renamed.is_some_and(|(_, old)| old == statement.keyword()));
        old.map(|key| (statement, key.keyword)).or_else(|| old_name(statement.inner()))
    })
}

/// The newest release that a key of the inventory needs; keys are looked up by name alone.
fn newest(map: &Map) -> Option<Release> {
    let of_key = |name: &str| {
        let keys = keys::all();
        keys.filter(|key| key.name == name).map(|key| key.since).min()
    };
    let below = |value: &Yaml| match value {
        Yaml::Map(map) => newest(map),
        Yaml::List(items) => (items.iter())
            .filter_map(|item| match item {
                Yaml::Map(map) => newest(map),
                _ => None,
            })
            .max(),
        _ => None,
    };
    map.iter().flat_map(|(key, value)| [of_key(key), below(value)]).flatten().max()
}
