//! One node's file, and what it is called.

use anyhow::{Context, Result};

use crate::cli::lvskit::Firewall;
use crate::cluster::Cluster;
use crate::conf::build;
use crate::firewall::{Needs, firewalld, nft};

/// The file of node number `node`.
pub(super) fn text(cluster: &Cluster, node: usize, firewall: Option<Firewall>) -> Result<String> {
    Ok(match firewall {
        None => build::conf(cluster, node)
            .with_context(|| format!("error: {}", cluster.nodes[node].name.as_str()))?
            .to_string(),
        Some(Firewall::Nftables) => nft::Rules(Needs::of(cluster, node)).to_string(),
        Some(Firewall::Firewalld) => firewalld::Commands(Needs::of(cluster, node)).to_string(),
    })
}

/// The name of a node's file below `--out-dir`.
pub(super) fn file_name(firewall: Option<Firewall>) -> &'static str {
    match firewall {
        None => "keepalived.conf",
        Some(Firewall::Nftables) => nft::FILE,
        Some(Firewall::Firewalld) => firewalld::FILE,
    }
}
