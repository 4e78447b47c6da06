//! From the article's files, script and rule to ours, node by node as packaging/migration.md says it: the files
//! are imported and rendered by the real program, and nothing stops meanwhile.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::node::Node;
use crate::sandbox::ROOT;
use crate::settings;
use crate::setup::Setup;

/// New connections a second, and how long each lasts.
const RATE: u32 = 5;
const LASTS: Duration = Duration::from_millis(300);

/// How long each node is watched after its change.
const SETTLE: Duration = Duration::from_secs(4);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::articles())?;
    let imported = import(cluster)?;
    let load = Load {
        sessions: settings::number("SESSIONS", 60)?,
        rate: RATE,
        lasts: LASTS,
        patience: GREETING,
    };
    let mut running = load.start(cluster)?;
    cluster.deploy(&Setup::text(imported.leak()))?;
    for place in (0..cluster.nodes.len()).rev() {
        let node = &mut cluster.nodes[place];
        running.note(&format!("the watcher on {}", node.short()));
        node.watch(true)?;
        let vip = cluster.vip.to_string();
        let node = &cluster.nodes[place];
        until_guarded(node)?;
        running.note(&format!("the end of the old rule on {}", node.short()));
        end_old_rule(node, &vip);
        running.note(&format!("reload on {}", node.short()));
        node.reload()?;
        std::thread::sleep(SETTLE);
        end_old_rule(node, &vip);
        running.check();
    }
    cluster.settle(&cluster.everybody())?;
    for node in &cluster.nodes {
        let said = node.lvskit(&["doctor", "--skip", "watcher-not-enabled"])?;
        println!("    {}: {}", node.short(), said.trim().replace('\n', "; "));
    }
    let migrated = running.stop();
    let running = load.start(cluster)?;
    let master = &cluster.nodes[0];
    master.lvskit(&["drain", "--director", "--until-boot"])?;
    std::thread::sleep(SETTLE);
    master.lvskit(&["undrain"])?;
    cluster.wait_for_masters(&[0])?;
    std::thread::sleep(SETTLE);
    let switched = running.stop();
    let told = format!("while it migrated: {migrated}; a switch of the result: {switched}");
    let losses = || format!("{}{}", migrated.losses(), switched.losses());
    // The article's `wlc` is kept: what it balanced within the last two seconds another node can't know.
    ensure!(migrated.whole() && switched.lost.is_empty(), "{told}\n{}", losses());
    Ok(told)
}

/// What `lvskit import` makes of the nodes' files.
fn import(cluster: &Cluster) -> Result<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvskit"));
    command.arg("import").args(cluster.nodes.iter().map(Node::conf));
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "import: {said}");
    std::fs::write(Path::new(ROOT).join("imported.txt"), said)?;
    String::from_utf8(output.stdout).context("import")
}

/// Waits for the watcher's rules. `--check` finds fault with the old rule, which is there still.
fn until_guarded(node: &Node) -> Result<()> {
    for _ in 0..100 {
        if node.netns.tool("nft", "list tables").contains("table ip lvskit\n") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("{}: its watcher puts no guard in force", node.name)
}

/// As packaging/migration.md removes it; on a MASTER there is none.
fn end_old_rule(node: &Node, vip: &str) {
    let rule = format!("-t nat -D PREROUTING -d {vip}/32 -p tcp -j REDIRECT");
    node.netns.try_tool("iptables", &rule);
}
