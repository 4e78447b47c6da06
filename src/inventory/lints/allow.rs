//! `allow`: warnings that the inventory silences, each with a reason.

use std::ops::Range;

use super::find;
use super::lint::{Lint, Severity};
use super::shape::INVALID_ALLOW;
use crate::inventory::keys::{ALLOW, top};
use crate::inventory::problems::Problems;
use crate::inventory::read::{Section, items, nearest};
use crate::inventory::tree::{Kind, Node};

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&ALLOW_UNUSED];

static ALLOW_UNUSED: Lint = Lint::warning(
    "allow-unused",
    "an `allow` that silences nothing",
    "The warning that it allowed is gone. It would silence the next one, which nobody has looked at.",
    "remove it",
);

/// Takes the warnings away that the inventory allows, and tells what `allow` says in vain.
pub(in crate::inventory) fn apply(root: &Node, problems: &mut Problems) {
    let Kind::Mapping(entries) = &root.kind else { return };
    let Some((_, list)) = entries.iter().find(|(key, _)| key.name == "allow") else { return };
    let mut allowed: Vec<(Range<usize>, &'static Lint)> = Vec::new();
    for item in items(list) {
        let at = item.at.clone();
        let Some(section) = Section::open(item, &ALLOW, "allow", at, problems) else { continue };
        let id = section.get(top::ID, problems);
        let reason = section.get(top::WHY, problems);
        section.close(problems);
        let Some(id) = id else { continue };
        match find(&id.value) {
            None => {
                let ids: Vec<&str> = super::all().map(|lint| lint.id).collect();
                let title = format!("there is no finding `{}`", id.value);
                let help = nearest(&id.value, &ids)
                    .map_or("the manual lists all: man lvskit-inventory".to_owned(), |best| {
                        format!("did you mean `{best}`?")
                    });
                problems.found(&INVALID_ALLOW, id.at, title, help);
            }
            Some(lint) if lint.severity == Severity::Error => problems.found(
                &INVALID_ALLOW,
                id.at,
                format!("`{}` is an error, and only warnings can be allowed", id.value),
                "remove it, and correct what it names",
            ),
            Some(lint) if reason.is_some() => allowed.push((id.at, lint)),
            Some(_) => {}
        }
    }
    for (at, lint) in allowed {
        if !problems.silence(lint) {
            let title = format!("`{}` is allowed, and not found", lint.id);
            problems.case(&ALLOW_UNUSED, at, title);
        }
    }
}
