//! The options of `lvskit doctor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::node::options::Places;
use crate::reach::options::{Reach, seconds};

const EXAMPLES: &str = "\
Examples:
  lvskit doctor                            the problems of this node
  lvskit doctor --listen 0                 without listening for advertisements: at once
  lvskit doctor --json                     for programs
  lvskit doctor --list                     all that it looks for
  lvskit doctor --only guard-missing --only two-masters
  lvskit doctor --skip drained             while a node is drained
  lvskit explain two-masters               why a finding matters, and what to do
  lvskit doctor --cluster -i inventory.yml all nodes at once, by ssh: one table, one conclusion
  lvskit doctor --cluster -i inventory.yml --via '/usr/bin/ssh {node} sudo'
  lvskit doctor --cluster -i inventory.yml --from reports --html cluster.html
                                           from reports/NODE.json, each of lvskit doctor --report

  Read-only. What it needs root for, and could not look for without, it names.

Exit codes:
  0  nothing found
  1  at least one error; or the inventory is wrong
  2  wrong command line, nothing was tried; or there is no such finding
  3  warnings only
  4  nothing found, but some findings could not be looked for (not with --allow-partial)
  6  the inventory could not be read, or the output not be written";

/// Find the problems of this node, and say what to do
///
/// Read-only. Each finding has a name, what was seen, why it matters and what to do.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("which").args(["only", "skip", "list"]))]
#[command(group = ArgGroup::new("shape").args(["json", "report"]))]
#[command(group = ArgGroup::new("every").args(["cluster"]))]
pub struct Doctor {
    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// List all that it looks for
    #[arg(long)]
    pub list: bool,

    /// Write findings, status and what was heard as one line of JSON, for --cluster
    #[arg(long, conflicts_with = "list")]
    pub report: bool,

    /// Ask all nodes of the inventory for their reports, and judge what only all of them show
    #[arg(long, requires = "inventory", conflicts_with_all = ["report", "list"])]
    pub cluster: bool,

    /// With --cluster: the inventory; - for standard input
    #[arg(short, long, value_name = "FILE", requires = "cluster")]
    pub inventory: Option<PathBuf>,

    /// With --cluster: also write a page for a browser, complete in one file; the old one is replaced in one
    /// step
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub html: Option<PathBuf>,

    /// How the nodes are asked
    #[command(flatten)]
    pub reach: Reach,

    /// Look for this alone; may be repeated
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,

    /// Do not look for this; may be repeated
    #[arg(long, value_name = "ID")]
    pub skip: Vec<String>,

    /// How long to listen for advertisements, in seconds; 0 does not listen. By default three times the
    /// longest advert_int, at most 15 seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub listen: Option<Duration>,

    /// End with 0 also where some findings could not be looked for
    #[arg(long)]
    pub allow_partial: bool,

    /// Where to look
    #[command(flatten)]
    pub places: Places,
}
