//! The proof: the inventory is rendered, and what the files say is held against it, statement by
//! statement and block by block. What is not the same is told.

use std::collections::{HashMap, HashSet};

use super::file::File;
use super::normal::{Normal, normal};
use super::notes::Notes;
use crate::conf::grammar::Statement;
use crate::secrets::Secrets;

/// Scripts that were told of already.
const HOOKS: [&str; 4] = ["bypass-ipvs", "bypass_ipvs.py", "bypass_ipvs.sh", "lvskit_drain"];

/// The blocks of which an inventory has one of each name.
const NAMED: [&str; 6] = [
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
    "track_file",
    "virtual_server",
    "virtual_server_group",
];

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
    let (mut before, mut after) = (normal(file), normal(rendered));
    if told.hooks {
        without_hooks(&mut before);
        without_hooks(&mut after);
    }
    if told.services {
        without_services(&mut before);
        without_services(&mut after);
    }
    let mut found = Differences::default();
    found.blocks(&before, &after, &mut Vec::new());
    found.leave_out_told(notes);
    let refused = if told.refused { ", or refused as it is" } else { "" };
    for (one, around) in &found.lost {
        notes.at(&one.at, format_args!("{} is not in the inventory{refused}", shown(one, around)));
    }
    for (one, around) in &found.added {
        notes.of(name, format_args!("gen-conf adds {}", shown(one, around)));
    }
}

/// Removes what is said of hooks, and the lists that are empty without.
fn without_hooks(all: &mut Vec<Normal>) {
    all.retain_mut(|one| {
        if HOOKS.iter().any(|hook| one.line.contains(hook)) {
            return false;
        }
        let Some(block) = &mut one.block else { return true };
        let before = block.len();
        without_hooks(block);
        !block.is_empty() || block.len() == before
    });
}

/// Takes what is balanced out of the command lines of our hooks.
fn without_services(all: &mut [Normal]) {
    for one in all {
        without_services(one.block.as_deref_mut().unwrap_or_default());
        if !one.line.contains(HOOKS[0]) {
            continue;
        }
        while let Some((before, rest)) = one.line.split_once(" --service ") {
            let (_, after) = rest.split_once(' ').unwrap_or((rest, ""));
            one.line = format!("{before} {after}");
        }
    }
}

/// A statement, and the blocks around it.
type Found<'a> = (&'a Normal, Vec<&'a Normal>);

/// The block right around it.
fn innermost(around: &[&Normal]) -> Option<*const Normal> {
    around.last().map(|block| std::ptr::from_ref::<Normal>(block))
}

/// What only one of two files says.
#[derive(Default)]
struct Differences<'a> {
    lost: Vec<Found<'a>>,
    added: Vec<Found<'a>>,
}

impl<'a> Differences<'a> {
    /// Leaves out what was told where the files were merged: a statement that has another value now,
    /// and one that its block had not.
    fn leave_out_told(&mut self, notes: &Notes) {
        let (told, lost): (Vec<Found<'_>>, Vec<Found<'_>>) = std::mem::take(&mut self.lost)
            .into_iter()
            .partition(|(one, _)| notes.is_told(&one.at, one.keyword()));
        self.lost = lost;
        self.added.retain(|(one, around)| {
            let instead = |(other, place): &Found<'_>| {
                other.keyword() == one.keyword() && innermost(place) == innermost(around)
            };
            let missing =
                around.last().is_some_and(|block| notes.is_told(&block.at, one.keyword()));
            !missing && !told.iter().any(instead)
        });
    }

    /// Holds the statements of two blocks against each other, those that are alike first: of two
    /// blocks with one head, one may be the same as another's.
    fn blocks(&mut self, before: &'a [Normal], after: &'a [Normal], around: &mut Vec<&'a Normal>) {
        let mut left: HashMap<String, Vec<&Normal>> = HashMap::new();
        for one in after.iter().rev() {
            left.entry(one.name()).or_default().push(one);
        }
        let mut rest = Vec::new();
        for one in before {
            let like = left.get_mut(&one.name());
            let same = like.and_then(|like| {
                let at = like.iter().rposition(|other| *other == one)?;
                Some(like.remove(at))
            });
            if same.is_none() {
                rest.push(one);
            }
        }
        for one in rest {
            let other = left.get_mut(&one.name()).and_then(Vec::pop);
            match (&one.block, other) {
                (Some(block), other) if other.is_some() || one.is_list() => {
                    let other = other.and_then(|other| other.block.as_deref()).unwrap_or(&[]);
                    around.push(one);
                    self.blocks(block, other, around);
                    around.pop();
                }
                _ => self.lost.push((one, around.clone())),
            }
        }
        // In the order of the file.
        let is_left = |one: &&Normal| {
            left.get(&one.name()).is_some_and(|all| all.iter().any(|it| std::ptr::eq(*it, *one)))
        };
        for one in after.iter().filter(is_left) {
            match &one.block {
                Some(block) if one.is_list() => {
                    around.push(one);
                    self.blocks(&[], block, around);
                    around.pop();
                }
                _ => self.added.push((one, around.clone())),
            }
        }
    }
}

/// Tells that nothing can be held against the files, where gen-conf can't render the inventory, and
/// what is known to be lost or added without it.
pub(super) fn nothing(files: &[File<'_>], notes: &mut Notes) {
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

/// For people, without passwords.
fn shown(one: &Normal, around: &[&Normal]) -> String {
    let secrets = Secrets::of(&[&one.line]);
    let line = secrets.mask(&one.line);
    let kind = if one.block.is_some() { "the block " } else { "" };
    match around {
        [] => format!("{kind}`{line}`"),
        _ => {
            let heads: Vec<&str> = around.iter().map(|block| block.line.as_str()).collect();
            format!("{kind}`{line}` in {}", heads.join(" / "))
        }
    }
}
