//! The proof: the inventory is rendered, and what the files say is held against it, statement by
//! statement and block by block. What is not the same is told.

use std::collections::HashSet;

use super::file::File;
use super::notes::Notes;
use crate::compare::{Change, Difference, Options, differences, named_blocks};
use crate::conf::grammar::Statement;

/// Scripts that were told of already.
const HOOKS: [&str; 4] = ["bypass-ipvs", "bypass_ipvs.py", "bypass_ipvs.sh", "lvskit_drain"];

/// What is told otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// Hooks that give way to others.
    pub(super) hooks: bool,
    /// What is balanced, which hooks get to know.
    pub(super) services: bool,
    /// What gen-conf refuses, so that it is not in what it renders.
    pub(super) refused: bool,
}

/// Tells what `file` says and `rendered` does not, and the other way round, of the node `name`.
pub(super) fn compare(
    name: &str,
    file: &[Statement],
    rendered: &[Statement],
    told: Told,
    notes: &mut Notes,
) {
    let options = Options {
        without: if told.hooks { &HOOKS } else { &[] },
        without_option: told.services.then_some((HOOKS[0], "--service")),
    };
    let mut found = differences(file, rendered, &options);
    leave_out_told(&mut found, notes);
    let refused = if told.refused { ", or refused as it is" } else { "" };
    for one in &found {
        match one.change {
            Change::Removed => {
                notes.at(&one.at, format_args!("{} is not in the inventory{refused}", shown(one)))
            }
            Change::Added => notes.of(name, format_args!("gen-conf adds {}", shown(one))),
        }
    }
}

/// Leaves out what was told where the files were merged: a statement that has another value now, and one
/// that its block had not.
fn leave_out_told(found: &mut Vec<Difference>, notes: &Notes) {
    let of_block = |one: &Difference| {
        one.within.as_ref().is_some_and(|block| notes.is_told(block, one.keyword()))
    };
    let (told, rest): (Vec<Difference>, Vec<Difference>) =
        std::mem::take(found).into_iter().partition(|one| {
            of_block(one) || one.change == Change::Removed && notes.is_told(&one.at, one.keyword())
        });
    *found = rest;
    let instead = |one: &Difference| {
        let of =
            |other: &Difference| other.keyword() == one.keyword() && other.within == one.within;
        one.change == Change::Added && told.iter().any(of)
    };
    found.retain(|one| !instead(one));
}

/// Tells that nothing can be held against the files, where gen-conf can't render the inventory, and
/// what is known to be lost or added without it.
pub(super) fn nothing(files: &[File<'_>], notes: &mut Notes) {
    notes.add(
        "nothing was compared, since gen-conf can't render this inventory so far: when it is mended, \
         hold what is rendered against the files",
    );
    let blocks: Vec<_> = files.iter().map(|file| named_blocks(file.tree)).collect();
    let names: Vec<HashSet<&String>> =
        blocks.iter().map(|own| own.iter().map(|(name, ..)| name).collect()).collect();
    for own in &blocks {
        let mut seen = HashSet::new();
        for (_, line, at) in own.iter().filter(|(name, ..)| !seen.insert(name)) {
            notes.at(at, format!("a second `{line}`; the inventory has one of them"));
        }
    }
    // Which nodes run an instance is told of elsewhere.
    for (name, line, _) in
        blocks.iter().flatten().filter(|(name, ..)| !name.starts_with("vrrp_instance"))
    {
        for (file, _) in files.iter().zip(&names).filter(|(_, names)| !names.contains(name)) {
            notes.of(&file.at.file, format!("`{line}` is missing here, and all nodes get it"));
        }
    }
}

/// For people, without passwords.
fn shown(one: &Difference) -> String {
    let kind = if one.is_block { "the block " } else { "" };
    match one.around.as_slice() {
        [] => format!("{kind}`{}`", one.line),
        around => format!("{kind}`{}` in {}", one.line, around.join(" / ")),
    }
}
