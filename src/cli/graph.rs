//! The command line of `lvskit graph`.

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  lvskit graph -i inventory.yml -o cluster.svg
  lvskit graph -i inventory.yml -o - > cluster.svg
  lvskit doctor --cluster -i inventory.yml --html cluster.html
                                           the same picture, coloured by what the nodes say

  Sites, nodes, addresses, services, and who is MASTER while all nodes work. It can be read on a
  light and a dark background, and has no script.

Exit codes:
  0  done
  1  the inventory is wrong
  2  wrong command line, nothing was tried
  6  the inventory could not be read, or the output not be written";

/// The arguments of `lvskit graph`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Graph {
    /// The inventory, a YAML or JSON file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub inventory: PathBuf,

    /// The SVG file, replaced in one step; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}
