//! The options of `lvskit status`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::node::options::Places;
use crate::reach::options::Reach;

const EXAMPLES: &str = "\
Examples:
  lvskit status                          one screen
  lvskit status --watch                  one screen, drawn again each second; Ctrl-C ends it
  lvskit status --json                   for programs; `lvskit schema --of status` describes it
  lvskit status --prometheus -o /var/lib/node_exporter/textfile_collector/lvskit.prom

  lvskit status --all -i inventory.yml   one line for each node, by ssh
  lvskit status --all                    on a node: of those that its keepalived.conf names

  Without root it shows what everybody may read, and names what it could not read.
  The role follows from the addresses: MASTER has all of an instance's, BACKUP none, MIXED some.
  FAULT has none and can't become MASTER; STOPPED has none, and keepalived does not run.

Exit codes:
  0  done
  1  with --all: a node does not answer; or the inventory is wrong
  2  wrong command line, nothing was tried
  6  the inventory could not be read, or the output not be written";

/// Show what this node is: roles, addresses, guards, what IPVS balances
///
/// Read-only. It goes by keepalived.conf and the kernel, or by the kernel alone where the file can't be
/// read.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("format").args(["json", "prometheus", "watch"]))]
#[command(group = ArgGroup::new("every").args(["all"]))]
pub struct Options {
    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// Write Prometheus' text format
    #[arg(long)]
    pub prometheus: bool,

    /// Draw the screen again each second
    #[arg(long, conflicts_with = "output")]
    pub watch: bool,

    /// Write here instead of to standard output, in one step; everybody may read the file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A line for each node: of the inventory, without one of those that this node's keepalived.conf names
    #[arg(long, conflicts_with_all = ["prometheus", "watch", "output"])]
    pub all: bool,

    /// With --all: the inventory; - for standard input
    #[arg(short, long, value_name = "FILE", requires = "all")]
    pub inventory: Option<PathBuf>,

    /// How the nodes are asked
    #[command(flatten)]
    pub reach: Reach,

    /// Where to look
    #[command(flatten)]
    pub places: Places,
}
