//! What is told where gen-conf can't render the inventory, so that nothing can be held against the
//! files: that, and what is known to be lost or added without it.

use std::collections::HashSet;

use super::file::File;
use super::normal::{Normal, normal};
use super::notes::Notes;
use crate::conf::grammar::Statement;

/// The blocks of which an inventory has one of each name.
const NAMED: [&str; 6] = [
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
    "track_file",
    "virtual_server",
    "virtual_server_group",
];

/// Tells it of all files.
pub(super) fn tell(files: &[File<'_>], notes: &mut Notes) {
    notes.add(
        "nothing was compared, since gen-conf can't render this inventory so far: when it is mended, \
         hold what is rendered against the files",
    );
    let blocks: Vec<Vec<Normal>> = files.iter().map(|file| named(file.tree)).collect();
    let names: Vec<HashSet<String>> =
        blocks.iter().map(|own| own.iter().map(Normal::name).collect()).collect();
    for own in &blocks {
        let mut seen = HashSet::new();
        for one in own.iter().filter(|one| !seen.insert(one.name())) {
            let words = format!("a second `{}`; the inventory has one of them", one.line);
            notes.at(&one.at, words);
        }
    }
    // Which nodes run an instance is told of elsewhere.
    for one in blocks.iter().flatten().filter(|one| one.keyword() != "vrrp_instance") {
        let name = one.name();
        for (file, _) in files.iter().zip(&names).filter(|(_, names)| !names.contains(&name)) {
            let words = format!("`{}` is missing here, and all nodes get it", one.line);
            notes.of(&file.at.file, words);
        }
    }
}

fn named(tree: &[Statement]) -> Vec<Normal> {
    let mut all = normal(tree);
    all.retain(|one| one.block.is_some() && NAMED.contains(&one.keyword()));
    all
}
