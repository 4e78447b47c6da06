//! The command: reads files, writes the inventory, tells what there is to tell.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::{Imported, Options, Source, comments, import, notes_of};
use crate::conf::grammar;
use crate::exit::Exit;
use crate::files::{self, Target, interrupt};
use crate::output::{self, Failure, Or};

const EXAMPLES: &str = "\
Examples:
  lvskit import server0*/keepalived.conf -o inventory.yml    one file for each node
  lvskit import /etc/keepalived/keepalived.conf -o inventory.yml
  lvskit import a.conf b.conf --address 10.0.0.11 --address 10.0.0.12
                                               where no file has the nodes' own addresses
  lvskit import */etc/keepalived/keepalived.conf --root lb1 --root lb2
                                               where files are included as /etc/keepalived/...
  lvskit import keepalived.conf --id lb1 --id lb2            one file with lines for @lb1 and @lb2
  lvskit import a.conf b.conf --auth-pass-file secret        no password in the inventory

  lvskit gen-conf -i inventory.yml --out-dir new && diff old/lb1.conf new/lb1/keepalived.conf

What is guessed, what differs between the nodes and what the inventory can't say is written
to standard error, with the lines it is about. What has no key goes to `raw`. Comments are kept at
what they belong to, but for those of included files. Peers whose files are not given become nodes
too.
Hooks such as bypass_ipvs.py and bypass_ipvs.sh give way to bypass-ipvs. The iptables rule that such
a hook added stays on its node; remove it there once.

Exit codes:
  0  done; read the notes
  1  a file is wrong, or includes one that can't be read, or says what no inventory can, or
     the nodes' addresses are unknown; or gen-conf refuses the inventory so far (it was written;
     standard error says what to mend)
  2  wrong command line, nothing was tried
  6  a FILE could not be read, or the inventory not be written";

/// What messages call the inventory on standard output.
const STDOUT: &str = "inventory";

/// How files that gen-conf rendered begin.
const RENDERED: &str = "# Rendered by `lvskit gen-conf`";

/// Make an inventory of the keepalived.conf files of a cluster
///
/// The opposite of gen-conf: what the files have in common is written once, and differences
/// are reported. Importing what gen-conf rendered, and rendering again, gives the same files.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Import {
    /// The keepalived.conf of each node; what they include is read too
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Write the inventory here, instead of to standard output; a new file has mode 0640, since
    /// the password is in it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The config id of a file (keepalived's --config-id), for lines such as `@lb1 priority 100`;
    /// once for each file, or several for one
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,

    /// The directory with a node's files; files that are included by an absolute path are looked
    /// for below it; once for each file in their order, or once for all
    #[arg(long, value_name = "DIR")]
    pub root: Vec<PathBuf>,

    /// A node's own address, once for each file in their order
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<IpAddr>,

    /// Write `auth_pass: {file: FILE}` instead of the password; where the instances' passwords differ,
    /// `{file: FILE.INSTANCE}` for each
    #[arg(long, value_name = "FILE")]
    pub auth_pass_file: Option<PathBuf>,
}

/// Runs the command. The inventory goes to `out`, everything else to standard error.
pub fn run(args: &Import, out: &mut impl Write) -> Exit {
    output::end(try_run(args, out))
}

fn notes(notes: &[String]) {
    for note in notes {
        output::say(format_args!("note: {note}"));
    }
}

fn try_run(args: &Import, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut sources = Vec::new();
    let pairs = pairs(args).or_exit(Exit::Usage)?;
    let roots = roots(args, pairs.len()).or_exit(Exit::Usage)?;
    for ((path, id), root) in pairs.into_iter().zip(roots) {
        let text = grammar::text(path).or_exit(Exit::File)?;
        let mut files = grammar::Files { root, notes: Vec::new() };
        let tree = grammar::read(path, &text, id, &mut files)
            .map_err(|error| anyhow!("error: {error}"))
            .or_exit(Exit::No)?;
        let rendered = text.starts_with(RENDERED);
        let name = path.display().to_string();
        let id = id.map(str::to_owned);
        let root = root.map(Path::to_owned);
        let comments = comments::by_line(&text);
        sources.push(Source { name, id, root, tree, comments, rendered, notes: files.notes });
    }
    let auth_pass_file = args.auth_pass_file.as_ref().map(|path| path.to_string_lossy());
    let options = Options { addresses: &args.address, auth_pass_file: auth_pass_file.as_deref() };
    let imported = import(&sources, &options).map_err(|error| {
        notes(&notes_of(&sources));
        Failure(Exit::No, error)
    })?;
    write(args, &imported, out)?;
    notes(&imported.notes);
    if imported.problems.is_empty() {
        return Ok(Exit::Ok);
    }
    let name = output(args).unwrap_or(Path::new(STDOUT)).to_string_lossy();
    let colour = output::coloured(&std::io::stderr());
    let report = crate::inventory::report(&name, &imported.text, &imported.problems, colour);
    output::say(format_args!("{report}\n\nerror: {name}: written, but gen-conf refuses it so far"));
    Ok(Exit::No)
}

/// Each file and the config id that it is read with: one file for several ids, or one id each.
fn pairs(args: &Import) -> Result<Vec<(&Path, Option<&str>)>> {
    let files: Vec<&Path> = args.files.iter().map(|path| path.as_path()).collect();
    let ids: Vec<&str> = args.id.iter().map(String::as_str).collect();
    match (files.as_slice(), ids.as_slice()) {
        (_, []) => Ok(files.into_iter().map(|file| (file, None)).collect()),
        ([file], _) => Ok(ids.into_iter().map(|id| (*file, Some(id))).collect()),
        _ if files.len() == ids.len() => {
            Ok(files.into_iter().zip(ids.into_iter().map(Some)).collect())
        }
        _ => Err(anyhow!("error: {} files, and {} --id", files.len(), ids.len())),
    }
}

/// Where each file's absolute includes are looked for.
fn roots(args: &Import, count: usize) -> Result<Vec<Option<&Path>>> {
    let roots: Vec<Option<&Path>> = args.root.iter().map(|root| Some(root.as_path())).collect();
    match roots.as_slice() {
        [] => Ok(vec![None; count]),
        [one] => Ok(vec![*one; count]),
        _ if roots.len() == count => Ok(roots),
        _ => Err(anyhow!("error: {count} files, and {} --root", roots.len())),
    }
}

/// The file to write; without one, standard output.
fn output(args: &Import) -> Option<&Path> {
    args.output.as_deref().filter(|path| !files::is_stdout(path))
}

fn write(args: &Import, imported: &Imported, out: &mut impl Write) -> Result<(), Failure> {
    let Some(path) = output(args) else {
        return output::print(&imported.text, out);
    };
    interrupt::catch();
    files::sweep(path);
    let staged = Target::read(path)
        .and_then(|target| target.stage(imported.text.as_bytes()))
        .with_context(|| format!("error: {}: can't be written", path.display()))
        .or_exit(Exit::File)?;
    files::replace(vec![staged]).map_err(|half| anyhow!(half.message())).or_exit(Exit::File)
}
