//! nftables is reloaded with a file that begins with `flush ruleset`, as Debian's does, on every node one
//! after the other. Sessions go on: with the watcher, which here is held for a while so that the gap is
//! met by every session, and with the guard as a part of that file and no watcher at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::node::Node;
use crate::sandbox::ROOT;
use crate::setup::Setup;

const SESSIONS: usize = 60;

/// Between an answer and a session's next word: every one speaks within the gap.
const INTERVAL: Duration = Duration::from_millis(150);

/// For how long the node has no guard.
const GAP: Duration = Duration::from_millis(400);

/// New connections a second, and how long each lasts.
const RATE: u32 = 5;
const LASTS: Duration = Duration::from_millis(300);

/// How long each node is watched after its reload.
const SETTLE: Duration = Duration::from_secs(3);

/// What Debian's package installs as /etc/nftables.conf, in substance.
const FILE: &str = "\
flush ruleset
table inet filter {
  chain input { type filter hook input priority filter; }
  chain forward { type filter hook forward priority filter; }
  chain output { type filter hook output priority filter; }
}
";

/// The first kernel whose tables can have an owner.
const OWNED_SINCE: (u32, u32) = (5, 12);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::ours())?;
    let mut told = Vec::new();
    if kernel()? >= OWNED_SINCE {
        told.push(format!("with the watcher: {}", watched(cluster).context("with the watcher")?));
    } else {
        told.push("with the watcher: not tried, this kernel knows no owner of a table".to_owned());
    }
    told.push(format!("with the guard in the file: {}", in_file(cluster).context("in the file")?));
    Ok(told.join("; "))
}

/// Every node's watcher is held while its rules are gone.
fn watched(cluster: &mut Cluster) -> Result<String> {
    let file = Path::new(ROOT).join("nftables.conf");
    fs::write(&file, FILE)?;
    reload(cluster, |node| {
        let watcher = node.watcher()?;
        watcher.hold()?;
        node.netns.tool("nft", &format!("-f {}", file.display()));
        std::thread::sleep(GAP);
        watcher.go_on()
    })
}

/// Nobody watches, but the guard comes in with the file that flushes it.
fn in_file(cluster: &mut Cluster) -> Result<String> {
    cluster.watch(false)?;
    cluster.gen_conf(&["--guard-file"])?;
    reload(cluster, |node| {
        let file = with_guard(node)?;
        node.netns.tool("nft", &format!("-f {}", file.display()));
        Ok(())
    })
}

fn with_guard(node: &Node) -> Result<PathBuf> {
    let file = node.conf().with_file_name("nftables.conf");
    let guard = node.conf().with_file_name("lvskit-guard.nft");
    fs::write(&file, format!("{FILE}include \"{}\"\n", guard.display()))?;
    Ok(file)
}

/// Reloads every node with sessions and connections going on.
fn reload(cluster: &Cluster, reload: impl Fn(&Node) -> Result<()>) -> Result<String> {
    cluster.settle(&cluster.everybody())?;
    let load = Load { sessions: SESSIONS, rate: RATE, lasts: LASTS, patience: GREETING };
    let mut running = load.start_with(cluster, INTERVAL)?;
    for node in &cluster.nodes {
        running.note(&format!("reload on {}", node.short()));
        reload(node)?;
        cluster.converge(&cluster.everybody()).context("after a reload")?;
        running.note("guard there");
        std::thread::sleep(SETTLE);
        running.check();
    }
    let seen = running.stop();
    ensure!(seen.whole(), "{seen}\n{}", seen.losses());
    Ok(seen.to_string())
}

fn kernel() -> Result<(u32, u32)> {
    let name = nix::sys::utsname::uname()?.release().to_string_lossy().into_owned();
    let mut numbers = name.split(['.', '-']).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => anyhow::bail!("kernel version `{name}`"),
    }
}
