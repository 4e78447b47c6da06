//! `lvskit schema`: the JSON schemas of what lvskit reads and writes.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::inventory::schema_json;
use crate::{doctor, output, status};

const EXAMPLES: &str = "\
Examples:
  lvskit schema > inventory.schema.json
  lvskit schema --of status                             what `lvskit status --json` writes
  lvskit schema --of report                             what `lvskit doctor --report` writes

Exit codes:
  0  done
  2  wrong command line, nothing was tried
  6  standard output could not be written";

/// Print the JSON schema of inventories, for editors, or that of another format
///
/// With a comment `# yaml-language-server: $schema=FILE` in its first line an inventory is
/// completed and checked while it is written.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Schema {
    /// Of what
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub of: Described,
}

/// What has a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Described {
    /// Inventories
    #[default]
    Inventory,
    /// What `lvskit status --json` writes
    Status,
    /// What `lvskit doctor --report` writes
    Report,
}

/// Prints the schema to `out`.
pub fn run(args: &Schema, out: &mut impl Write) -> Exit {
    let text = match args.of {
        Described::Inventory => format!("{:#}\n", schema_json::schema()),
        Described::Status => status::schema(),
        Described::Report => doctor::schema(),
    };
    output::end(output::print(&text, out).map(|()| Exit::Ok))
}
