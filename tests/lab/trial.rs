//! Guards of another shape than the product's, put in force by hand to see what they are worth.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;

use crate::cluster::Cluster;
use crate::sandbox::ROOT;

/// A node serves itself what came from the MAC address of a node: what was balanced already.
/// Whatever comes from elsewhere it balances, in every VRRP state. Hooks do nothing.
pub fn guard_by_sender(cluster: &Cluster) -> Result<()> {
    let program = lvskit::paths::libexec("bypass-ipvs");
    fs::remove_file(&program)?;
    fs::write(&program, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    for node in &cluster.nodes {
        node.netns.tool("nft", "flush ruleset");
        node.netns.ip(&format!(
            "route replace local {} dev lo table local metric 4000 proto 112",
            cluster.vip
        ));
    }
    redirect_from_nodes(cluster)
}

/// Adds that to each node's rules, in a table of its own.
pub fn redirect_from_nodes(cluster: &Cluster) -> Result<()> {
    let family = if cluster.vip.is_ipv4() { "ip" } else { "ip6" };
    let macs: Vec<String> = cluster.nodes.iter().map(|node| node.netns.mac("eth0")).collect();
    let text = format!(
        "table {family} trial {{\nchain from-nodes {{\ntype nat hook prerouting priority -101\n\
         {family} daddr {} tcp flags & (fin|syn|rst|ack) == syn ether saddr {{ {} }} redirect\n}}\n}}\n",
        cluster.vip,
        macs.join(", "),
    );
    let file = Path::new(ROOT).join("trial.nft");
    fs::write(&file, text)?;
    for node in &cluster.nodes {
        node.netns.tool("nft", &format!("-f {}", file.display()));
    }
    Ok(())
}

/// Takes it away again.
pub fn end(cluster: &Cluster) {
    let family = if cluster.vip.is_ipv4() { "ip" } else { "ip6" };
    for node in &cluster.nodes {
        node.netns.tool("nft", &format!("delete table {family} trial"));
    }
}
