//! Four nodes start at the same moment. Each goes BACKUP first and one of them MASTER, keepalived
//! runs hooks in parallel all the while; whatever the order, the end must be right.

use anyhow::{Context, Result, ensure};

use crate::cluster::Cluster;
use crate::keepalived;

const ROUNDS: usize = 10;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    for node in &cluster.nodes {
        keepalived::config_test(&node.netns, &node.conf()).with_context(|| node.name.clone())?;
    }
    // What is right afterwards, the hooks did.
    cluster.watch(false)?;
    for round in 1..=ROUNDS {
        cluster.stop()?;
        for node in &cluster.nodes {
            node.flush();
        }
        cluster.start()?;
        started(cluster).with_context(|| format!("round {round}"))?;
    }
    Ok(format!("keepalived -t accepts all files; {ROUNDS} starts of all four, each ended right"))
}

fn started(cluster: &Cluster) -> Result<()> {
    let everybody = cluster.everybody();
    cluster.settle(&everybody)?;
    let listing = cluster.nodes[0].netns.tool("ipvsadm", "-Ln");
    let servers = listing.lines().filter(|line| line.trim_start().starts_with("-> 192.168.3.10"));
    ensure!(servers.count() == 4, "ipvsadm -Ln on the MASTER:\n{listing}");
    cluster.all_answer(&everybody)?;
    // It must not only get there, but stay.
    if let Some(fault) = cluster.fault(&everybody)? {
        anyhow::bail!("the cluster was right and then not any more: {fault}");
    }
    Ok(())
}
