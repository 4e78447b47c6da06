//! The command `lvskit explain`: a finding of doctor, or a key of the inventory.

use std::io::Write;

use super::About;
use super::run::{say, tell};
use crate::cli::doctor::Explain;
use crate::exit::Exit;
use crate::inventory;

/// How alike a name must be to be named (0 to 1).
const LIKE: f64 = 0.8;

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Explain, out: &mut impl Write) -> Exit {
    let what = args.what.as_str();
    let lint = super::all().find(|one| one.id == what).map(finding);
    match lint.or_else(|| inventory::explain::explain(what)) {
        Some(text) => say(&text, out, Exit::Ok),
        None => {
            tell(&format!("there is no finding and no key `{what}`{}", suggestion(what)));
            Exit::No
        }
    }
}

/// All that there is to know of a finding.
fn finding(lint: About) -> String {
    let cluster = if lint.cluster { ", by lvskit doctor --cluster" } else { "" };
    format!(
        "{} ({}{cluster})\n  {}\n\nWhy it matters:\n  {}\n\nWhat to do:\n  {}\n",
        lint.id,
        lint.severity.word(),
        lint.title,
        lint.why,
        lint.help,
    )
}

fn suggestion(what: &str) -> String {
    let ids = super::all().map(|one| one.id.to_owned());
    let all = ids.chain(inventory::explain::paths());
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let likeness =
        |name: &str| strsim::jaro_winkler(what, name).max(strsim::jaro_winkler(what, &last(name)));
    let best = all.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best.filter(|best| likeness(best) >= LIKE) {
        Some(best) => format!("; did you mean `{best}`?"),
        None => "; `lvskit doctor --list` lists findings".to_owned(),
    }
}
