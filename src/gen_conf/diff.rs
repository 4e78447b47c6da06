//! `lvskit diff`: compares a file with the one that should be there, which was rendered elsewhere.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{change, input, meaning};
use crate::compare;
use crate::conf::grammar;
use crate::exit::Exit;
use crate::output::{self, Failure, Or, print};

const EXAMPLES: &str = "\
Examples:
  lvskit diff /etc/keepalived/keepalived.conf conf/server01.domain.ru/keepalived.conf
  ssh server01.domain.ru lvskit diff /etc/keepalived/keepalived.conf - \\
      < conf/server01.domain.ru/keepalived.conf
  lvskit diff --meaning old.conf new.conf               only what keepalived would do differently

With --meaning the order of statements, indentation, comments, spellings of numbers and addresses,
older names of keywords and keepalived's own defaults make no difference. Definitions are replaced,
included files are read.

Exit codes:
  0  nothing would change; with --meaning: both files mean the same
  1  NEW is not UTF-8 text; with --meaning: keepalived would refuse a file, or read it in another
     way than it looks
  2  wrong command line, nothing was tried
  3  the file would change
  6  a file could not be read, or standard output not written";

/// Show what would change in a file, passwords masked
///
/// For a keepalived.conf that was rendered elsewhere: a node can compare it with its own without the
/// inventory, and without the passwords' files that this may name. It says what gen-conf --check --diff
/// would, and writes nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The file as it is; where it is missing, all is new
    pub file: PathBuf,

    /// The file as it should be; - for standard input
    pub new: PathBuf,

    /// Show only what makes a difference to keepalived
    #[arg(long)]
    pub meaning: bool,

    /// The config id of both files (keepalived's --config-id), for lines such as `@lb1 priority 100`
    #[arg(long, value_name = "ID", requires = "meaning")]
    pub id: Option<String>,

    /// Print {"changed", "diff"} as JSON; with --meaning {"format", "changed", "differences": [{"change":
    /// "removed" or "added", "blocks", "statement", "block", "file", "line"}]}
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. Results go to `out`, diagnostics to standard error.
pub fn run(args: &Diff, out: &mut impl Write) -> Exit {
    output::end(if args.meaning { by_meaning(args, out) } else { by_line(args, out) })
}

fn by_line(args: &Diff, out: &mut impl Write) -> Result<Exit, Failure> {
    let new = input::read(&args.new)?;
    let (changes, shown) = change::shown(&args.file, &new).or_exit(Exit::File)?;
    match args.json {
        true => {
            let json = serde_json::json!({ "changed": changes, "diff": shown });
            print(&format!("{json:#}\n"), out)?
        }
        false => print(&shown, out)?,
    }
    Ok(if changes { Exit::Changes } else { Exit::Ok })
}

/// Compares what two files mean to keepalived.
fn by_meaning(args: &Diff, out: &mut impl Write) -> Result<Exit, Failure> {
    let id = args.id.as_deref();
    let old = meaning::on_disk(&args.file, id)?;
    let new = match args.new == Path::new("-") {
        true => meaning::parsed(&args.new, &input::read(&args.new)?, id)?,
        false => {
            let text = grammar::text(&args.new).or_exit(Exit::File)?;
            meaning::parsed(&args.new, &text, id)?
        }
    };
    let found = compare::meaning(&old, &new);
    let names = [args.file.to_string_lossy(), args.new.to_string_lossy()];
    match args.json {
        true => print(&format!("{:#}\n", compare::json(&found)), out)?,
        false => print(&compare::text([&names[0], &names[1]], &found), out)?,
    }
    Ok(if found.is_empty() { Exit::Ok } else { Exit::Changes })
}
