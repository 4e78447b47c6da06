//! `lvskit gen-conf`: reads an inventory, renders the files, writes those that change. All files
//! are rendered and lie ready before the first one is replaced.

use std::fs;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use crate::cli::lvskit::{Firewall, GenConf};
use crate::cluster::Cluster;
use crate::conf::build;
use crate::exit::Exit;
use crate::files::{self, Staged};
use crate::firewall::{Needs, firewalld, nft};
use crate::inventory;

/// The largest inventory that is read, in bytes; far above any cluster's.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A failure, and the exit code that tells its kind.
struct Failure(Exit, anyhow::Error);

trait Or<T> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T> Or<T> for Result<T> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure(exit, error))
    }
}

/// One rendered file.
struct Rendered<'a> {
    node: &'a str,
    text: String,
}

/// Runs the command. Results go to `out`, diagnostics to standard error.
pub fn run(args: &GenConf, out: &mut impl Write) -> Exit {
    match generate(args, out) {
        Ok(()) => Exit::Ok,
        Err(Failure(exit, error)) => {
            // Nowhere left to report that standard error takes nothing.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            exit
        }
    }
}

fn generate(args: &GenConf, out: &mut impl Write) -> Result<(), Failure> {
    let text = read(&args.inventory).or_exit(Exit::File)?;
    let cluster = check(&args.inventory, &text).or_exit(Exit::No)?;
    let nodes = choose(&cluster, args)?;
    let rendered = render(&cluster, &nodes, args.firewall).or_exit(Exit::No)?;
    if args.stdout {
        return print(&rendered, out).or_exit(Exit::File);
    }
    write(args, &rendered, out).or_exit(Exit::File)
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
    };
    let length = read.with_context(|| format!("error: {}: can't be read", file.display()))?;
    anyhow::ensure!(length as u64 <= LARGEST, "error: {}: larger than 4 MiB", file.display());
    Ok(text)
}

fn check(file: &Path, text: &str) -> Result<Cluster> {
    inventory::parse(text).map_err(|problems| {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let report = inventory::report(&file.to_string_lossy(), text, &problems, colour);
        let count = match problems.len() {
            1 => "1 problem".to_owned(),
            several => format!("{several} problems"),
        };
        anyhow!("{report}\n\nerror: {}: {count}; nothing was written", file.display())
    })
}

/// The places of the nodes to render, in the order of the inventory.
fn choose(cluster: &Cluster, args: &GenConf) -> Result<Vec<usize>, Failure> {
    let names: Vec<&str> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    if let Some(unknown) = args.node.iter().find(|wanted| !names.contains(&wanted.as_str())) {
        let file = args.inventory.display();
        let names = names.join(", ");
        let error = anyhow!("error: {file}: no node `{unknown}`; the inventory has {names}");
        return Err(Failure(Exit::No, error));
    }
    let wanted = |name: &str| args.node.is_empty() || args.node.iter().any(|wanted| wanted == name);
    let nodes: Vec<usize> = (0..names.len()).filter(|&node| wanted(names[node])).collect();
    if args.output.is_some() && nodes.len() != 1 {
        let count = nodes.len();
        let cure = "name one with --node";
        let error = anyhow!("error: --output takes one node's file, and there are {count}; {cure}");
        return Err(Failure(Exit::Usage, error));
    }
    Ok(nodes)
}

fn render<'a>(
    cluster: &'a Cluster,
    nodes: &[usize],
    firewall: Option<Firewall>,
) -> Result<Vec<Rendered<'a>>> {
    (nodes.iter())
        .map(|&node| {
            let name = cluster.nodes[node].name.as_str();
            let text = match firewall {
                None => build::conf(cluster, node)
                    .with_context(|| format!("error: {name}"))?
                    .to_string(),
                Some(Firewall::Nftables) => nft::Rules(Needs::of(cluster, node)).to_string(),
                Some(Firewall::Firewalld) => {
                    firewalld::Commands(Needs::of(cluster, node)).to_string()
                }
            };
            Ok(Rendered { node: name, text })
        })
        .collect()
}

/// The name of a node's file below `--out-dir`.
fn file_name(firewall: Option<Firewall>) -> &'static str {
    match firewall {
        None => "keepalived.conf",
        Some(Firewall::Nftables) => nft::FILE,
        Some(Firewall::Firewalld) => firewalld::FILE,
    }
}

/// Prints the files one after the other; a comment names the node where there are several.
fn print(files: &[Rendered<'_>], out: &mut impl Write) -> Result<()> {
    for file in files {
        if files.len() > 1 {
            writeln!(out, "# ==> {} <==", file.node).context("error: standard output")?;
        }
        out.write_all(file.text.as_bytes()).context("error: standard output")?;
    }
    out.flush().context("error: standard output")
}

fn write(args: &GenConf, files: &[Rendered<'_>], out: &mut impl Write) -> Result<()> {
    let mut staged = Vec::new();
    for file in files {
        let target = target(args, file.node)?;
        let ready = Staged::new(&target, file.text.as_bytes())
            .with_context(|| format!("error: {}: can't be written", target.display()))?;
        staged.push((file.node, target, ready));
    }
    let mut told = Vec::new();
    for (node, target, ready) in staged {
        let changed = ready.changes();
        ready
            .commit()
            .with_context(|| format!("error: {}: can't be replaced", target.display()))?;
        told.push((node, target, changed));
    }
    tell(args, &told, out).context("error: standard output")
}

fn target(args: &GenConf, node: &str) -> Result<PathBuf> {
    match (&args.output, &args.out_dir) {
        (Some(file), _) => Ok(file.clone()),
        (None, Some(folder)) => {
            let folder = folder.join(node);
            files::make_folder(&folder)
                .with_context(|| format!("error: {}: can't be made", folder.display()))?;
            Ok(folder.join(file_name(args.firewall)))
        }
        // The command line requires one of them.
        (None, None) => anyhow::bail!("error: nowhere to write to"),
    }
}

fn tell(
    args: &GenConf,
    files: &[(&str, PathBuf, bool)],
    out: &mut impl Write,
) -> std::io::Result<()> {
    if args.json {
        let files: Vec<_> = (files.iter())
            .map(|(node, path, changed)| json!({ "node": node, "path": path, "changed": changed }))
            .collect();
        writeln!(out, "{}", json!({ "files": files }))?;
    } else {
        for (_, path, changed) in files {
            let word = if *changed { "changed" } else { "unchanged" };
            writeln!(out, "{word} {}", path.display())?;
        }
    }
    out.flush()
}
