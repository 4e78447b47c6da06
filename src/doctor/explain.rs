//! The command `lvskit explain`: a finding of doctor or gen-conf, or a key of the inventory.

use std::io::Write;

use clap::Args;

use super::About;
use crate::exit::Exit;
use crate::inventory;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  lvskit explain two-masters               a finding of lvskit doctor
  lvskit explain quorum-unreachable        a finding of lvskit gen-conf
  lvskit explain advert_int                a key of the inventory
  lvskit explain virtual_server.check      a section's keys

Exit codes:
  0  done
  1  the finding or key does not exist
  2  wrong command line, nothing was tried
  6  the output could not be written";

/// How alike a name must be to be named (0 to 1).
const LIKE: f64 = 0.8;

/// Explain a finding of doctor or gen-conf, or a key of the inventory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// A finding of lvskit doctor or gen-conf, or a key of the inventory by its name or path
    #[arg(value_name = "ID|KEY")]
    pub what: String,
}

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Explain, out: &mut impl Write) -> Exit {
    let what = args.what.as_str();
    let doctors = super::all().find(|one| one.id == what).map(finding);
    let lint = doctors.or_else(|| inventory::lints::find(what).map(of_inventory));
    match lint.or_else(|| inventory::explain::explain(what)) {
        Some(text) => output::end(output::print(&text, out).map(|()| Exit::Ok)),
        None => {
            let last = what.rsplit('.').next().unwrap_or(what);
            let help = match inventory::help_of(last) {
                Some(help) => format!(": {help}"),
                None => suggestion(what),
            };
            output::fail(Exit::No, format_args!("no finding or key is called `{what}`{help}"))
        }
    }
}

/// All that there is to know of a finding.
fn finding(lint: About) -> String {
    let cluster = if lint.cluster { ", by lvskit doctor --cluster" } else { "" };
    let severity = format!("{}{cluster}", lint.severity.word());
    shown(lint.id, &severity, lint.title, lint.why, lint.help)
}

/// The same of a finding of gen-conf.
fn of_inventory(lint: &inventory::Lint) -> String {
    shown(lint.id, lint.severity.word(), lint.title, lint.why, lint.help)
}

fn shown(id: &str, severity: &str, title: &str, why: &str, help: &str) -> String {
    format!("{id} ({severity})\n  {title}\n\nWhy it matters:\n  {why}\n\nWhat to do:\n  {help}\n")
}

fn suggestion(what: &str) -> String {
    let ids = super::all().map(|one| one.id.to_owned());
    let ids = ids.chain(inventory::lints::all().map(|lint| lint.id.to_owned()));
    let all = ids.chain(inventory::explain::paths());
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let likeness =
        |name: &str| strsim::jaro_winkler(what, name).max(strsim::jaro_winkler(what, &last(name)));
    let best = all.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best.filter(|best| likeness(best) >= LIKE) {
        Some(best) => format!("; did you mean `{best}`?"),
        None => "; `lvskit doctor --list` and `man lvskit-inventory` list findings".to_owned(),
    }
}
