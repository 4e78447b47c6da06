//! Compares what is rendered with what is on disk. With `--check` that is all; else whatever
//! differs is laid beside its file, and only when all lie there the first one is replaced.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::options::GenConf;
use super::render::{self, Renderer};
use super::{meaning, unified};
use crate::cluster::Cluster;
use crate::compare;
use crate::exit::Exit;
use crate::files::{self, Staged, Target, interrupt};
use crate::output::{Failure, Or};

/// What became of one file, or would become of it.
pub(super) struct Change<'a> {
    pub(super) node: &'a str,
    pub(super) path: PathBuf,
    pub(super) changed: bool,
    /// Whether there is a file that gen-conf did not write, and it would change.
    pub(super) by_hand: bool,
    /// With `--diff`; empty where nothing changes.
    pub(super) diff: Option<String>,
}

/// Brings the files of all `nodes` up to date, or with `--check` only finds out which are not.
pub(super) fn all<'a>(
    args: &GenConf,
    cluster: &'a Cluster,
    nodes: &[usize],
) -> Result<Vec<Change<'a>>, Failure> {
    if !args.check {
        interrupt::catch();
    }
    let mut changes = Vec::with_capacity(nodes.len());
    let mut ready = Vec::new();
    let renderer = Renderer::new(cluster, args.kind());
    for &node in nodes {
        let text = renderer.text(node).or_exit(Exit::No)?;
        let node = cluster.nodes[node].name.as_str();
        let path = path(args, node).or_exit(Exit::File)?;
        let target = read(&path).or_exit(Exit::File)?;
        let changed = target.differs(text.as_bytes());
        let first = text.lines().next().unwrap_or_default();
        let by_hand = changed && target.old().is_some_and(|old| !old.starts_with(first.as_bytes()));
        if args.meaning {
            let found = meaning::rendered(&path, &text)?;
            let name = path.to_string_lossy();
            let diff = args.diff.then(|| compare::text([&name, &name], &found));
            changes.push(Change { node, path, changed: !found.is_empty(), by_hand, diff });
            continue;
        }
        let diff = args.diff.then(|| unified::unified(&path, &target, &text));
        if !args.check {
            files::sweep(&path);
        }
        if changed && !args.check {
            ready.push(stage(args, &path, target, &text).or_exit(Exit::File)?);
        }
        changes.push(Change { node, path, changed, by_hand, diff });
    }
    files::replace(ready).map_err(|half| anyhow!(half.message())).or_exit(Exit::File)?;
    Ok(changes)
}

/// Whether a file would change, and how that looks.
pub(super) fn shown(path: &Path, new: &str) -> Result<(bool, String)> {
    let target = read(path)?;
    Ok((target.differs(new.as_bytes()), unified::unified(path, &target, new)))
}

fn read(path: &Path) -> Result<Target> {
    Target::read(path).with_context(|| format!("error: {}: can't be read", path.display()))
}

fn path(args: &GenConf, node: &str) -> Result<PathBuf> {
    match (&args.output, &args.out_dir) {
        (Some(file), _) => Ok(file.clone()),
        (None, Some(folder)) => Ok(folder.join(node).join(render::file_name(args.kind()))),
        // The command line requires one of them.
        (None, None) => bail!("error: nowhere to write to"),
    }
}

fn stage(args: &GenConf, path: &Path, target: Target, text: &str) -> Result<Staged> {
    if let (Some(_), Some(folder)) = (&args.out_dir, path.parent()) {
        files::make_folder(folder)
            .with_context(|| format!("error: {}: can't be made", folder.display()))?;
    }
    target
        .stage(text.as_bytes())
        .with_context(|| format!("error: {}: can't be written", path.display()))
}
