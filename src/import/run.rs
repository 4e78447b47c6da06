//! The command: reads files, writes the inventory, tells what there is to tell.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::{Imported, Options, Source, comments, import, told};
use crate::cli::import::Import;
use crate::conf::grammar;
use crate::exit::Exit;
use crate::files::{self, Target, interrupt};

/// What messages call the inventory on standard output.
const STDOUT: &str = "inventory";

/// How files that gen-conf rendered begin.
const RENDERED: &str = "# Rendered by `lvskit gen-conf`";

/// Runs the command. The inventory goes to `out`, everything else to standard error.
pub fn run(args: &Import, out: &mut impl Write) -> Exit {
    match try_run(args, out) {
        Ok(exit) => exit,
        Err((exit, error)) => {
            interrupt::end();
            tell(format_args!("{error:#}"));
            exit
        }
    }
}

fn tell(words: impl std::fmt::Display) {
    // Nowhere left to report that standard error takes nothing.
    let _ = writeln!(std::io::stderr(), "{words}");
}

fn notes(notes: &[String]) {
    for note in notes {
        tell(format_args!("note: {note}"));
    }
}

fn try_run(args: &Import, out: &mut impl Write) -> Result<Exit, (Exit, anyhow::Error)> {
    let mut sources = Vec::new();
    let pairs = pairs(args).map_err(|error| (Exit::Usage, error))?;
    let roots = roots(args, pairs.len()).map_err(|error| (Exit::Usage, error))?;
    for ((path, id), root) in pairs.into_iter().zip(roots) {
        let text = grammar::text(path).map_err(|error| (Exit::File, error))?;
        let mut files = grammar::Files { root, told: Vec::new() };
        let tree = grammar::read(path, &text, id, &mut files)
            .map_err(|error| (Exit::No, anyhow!("error: {error}")))?;
        let rendered = text.starts_with(RENDERED);
        let name = path.display().to_string();
        let id = id.map(str::to_owned);
        let root = root.map(Path::to_owned);
        let comments = comments::by_line(&text);
        sources.push(Source { name, id, root, tree, comments, rendered, told: files.told });
    }
    let auth_pass_file = args.auth_pass_file.as_ref().map(|path| path.to_string_lossy());
    let options = Options { addresses: &args.address, auth_pass_file: auth_pass_file.as_deref() };
    let imported = import(&sources, &options).map_err(|error| {
        notes(&told(&sources));
        (Exit::No, error)
    })?;
    write(args, &imported, out).map_err(|error| (Exit::File, error))?;
    notes(&imported.notes);
    if imported.problems.is_empty() {
        return Ok(Exit::Ok);
    }
    let name = output(args).unwrap_or(Path::new(STDOUT)).to_string_lossy();
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let report = crate::inventory::report(&name, &imported.text, &imported.problems, colour);
    tell(format_args!("{report}\n\nerror: {name}: written, but gen-conf refuses it so far"));
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

fn write(args: &Import, imported: &Imported, out: &mut impl Write) -> Result<()> {
    let Some(path) = output(args) else {
        out.write_all(imported.text.as_bytes()).context("error: standard output")?;
        return out.flush().context("error: standard output");
    };
    interrupt::catch();
    files::sweep(path);
    let staged = Target::read(path)
        .and_then(|target| target.stage(imported.text.as_bytes()))
        .with_context(|| format!("error: {}: can't be written", path.display()))?;
    files::replace(vec![staged]).map_err(|half| anyhow!(half.told()))
}
