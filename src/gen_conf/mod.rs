//! `lvskit gen-conf`: reads an inventory, renders the files, writes those that change, or only
//! tells what would change. All files are rendered and lie ready before the first one is replaced.
//!
//! - `options` is the command line; `input` reads the inventory, from a file or standard input, and reports what is wrong with it;
//! - `render` makes one node's file;
//! - `change` compares with what is on disk, and replaces it;
//! - `unified` shows a change without its `secrets`, `meaning` only what keepalived would do differently;
//! - `tell` prints what came of it, for people or programs;
//! - [`diff`] is `lvskit diff`, which tells the same of a file that was rendered before.

mod change;
pub mod diff;
mod input;
mod meaning;
mod options;
mod render;
mod tell;
mod unified;

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::anyhow;

use crate::cluster::Cluster;
use crate::exit::Exit;
use crate::files;
use crate::inventory::Checked;
use crate::output::{self, Failure, Or};

pub use options::GenConf;
use options::{Format, Kind};

/// Runs the command. Results go to `out`, diagnostics to standard error.
pub fn run(args: &GenConf, out: &mut impl Write) -> Exit {
    output::end(generate(args, out))
}

/// The checked cluster of an inventory, for commands that only read it; warnings are told at once.
///
/// # Errors
/// What is wrong with the file, and the exit code that says so.
pub(crate) fn load(file: &Path) -> Result<Cluster, Failure> {
    let text = input::read(file)?;
    let checked = input::check(file, &text, false, Format::Text).checked.or_exit(Exit::No)?;
    Ok(checked.cluster)
}

fn generate(args: &GenConf, out: &mut impl Write) -> Result<Exit, Failure> {
    let file = args.inventory.as_path();
    let text = input::read(file)?;
    let verbose = args.verbose || std::io::stderr().is_terminal();
    let input::Told { checked, findings } = input::check(file, &text, verbose, args.format());
    if checked.is_err() && args.format() == Format::Json {
        output::printed(tell::refused(&findings, out))?;
    }
    let Checked { cluster, notes, .. } = checked.or_exit(Exit::No)?;
    let nodes = choose(&cluster, file, args)?;
    if args.stdout || args.output.as_deref().is_some_and(files::is_stdout) {
        if args.check || args.diff || args.json || args.format != Format::default() {
            let what = "--check, --diff and --format compare with a file, and --output names standard output";
            return Err(Failure(Exit::Usage, anyhow!("error: {what}")));
        }
        print(args, &cluster, &nodes, out)?;
        return Ok(Exit::Ok);
    }
    if verbose {
        for note in notes {
            output::say(format_args!("note: {note}"));
        }
    }
    if args.meaning && args.kind() != Kind::Keepalived {
        let error =
            anyhow!("error: --meaning compares keepalived.conf, not a firewall or guard file");
        return Err(Failure(Exit::Usage, error));
    }
    let changes = change::all(args, &cluster, &nodes)?;
    if verbose && args.diff && !args.meaning && changes.iter().any(|change| change.by_hand) {
        output::say(
            "note: gen-conf did not write all of these files, so much of this is spelling; with --check \
             --meaning only what keepalived would do differently is shown",
        );
    }
    let any = changes.iter().any(|change| change.changed);
    output::printed(tell::changes(args, &changes, &findings, out))?;
    Ok(if args.check && any { Exit::Changes } else { Exit::Ok })
}

/// The places of the nodes to render, in the order of the inventory.
fn choose(cluster: &Cluster, file: &Path, args: &GenConf) -> Result<Vec<usize>, Failure> {
    let names: Vec<&str> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    if let Some(unknown) = args.node.iter().find(|wanted| !names.contains(&wanted.as_str())) {
        let file = file.display();
        let names = names.join(", ");
        let error = anyhow!("error: {file}: no node `{unknown}`; the inventory has {names}");
        return Err(Failure(Exit::No, error));
    }
    let wanted = |name: &str| args.node.is_empty() || args.node.iter().any(|wanted| wanted == name);
    let nodes: Vec<usize> = (0..names.len()).filter(|&node| wanted(names[node])).collect();
    if args.output.is_some() && nodes.len() != 1 {
        let count = nodes.len();
        let help = "name one with --node";
        let error = anyhow!("error: --output takes one node's file, and there are {count}; {help}");
        return Err(Failure(Exit::Usage, error));
    }
    Ok(nodes)
}

/// Prints the files one after the other, each as soon as it is rendered; a comment names the node where there
/// are several.
fn print(
    args: &GenConf,
    cluster: &Cluster,
    nodes: &[usize],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let renderer = render::Renderer::new(cluster, args.kind());
    renderer.check(nodes).or_exit(Exit::No)?;
    for &node in nodes {
        let text = renderer.text(node).or_exit(Exit::No)?;
        if nodes.len() > 1 {
            output::print(&format!("# ==> {} <==\n", cluster.nodes[node].name.as_str()), out)?;
        }
        output::print(&text, out)?;
    }
    Ok(())
}
