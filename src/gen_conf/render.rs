//! One node's file, and what it is called.

use anyhow::{Context, Result};

use crate::cli::lvskit::Firewall;
use crate::cluster::Cluster;
use crate::conf::build;
use crate::firewall::{Needs, firewalld, nft};

/// Renders the files of a cluster, one after the other.
pub(super) struct Renderer<'a> {
    cluster: &'a Cluster,
    firewall: Option<Firewall>,
    files: build::Files<'a>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(cluster: &'a Cluster, firewall: Option<Firewall>) -> Renderer<'a> {
        Renderer { cluster, firewall, files: build::Files::new(cluster) }
    }

    /// The file of node number `node`.
    pub(super) fn text(&self, node: usize) -> Result<String> {
        let needs = || Needs::of(self.cluster, node);
        match self.firewall {
            None => (self.files.text(node))
                .with_context(|| format!("error: {}", self.cluster.nodes[node].name.as_str())),
            Some(Firewall::Nftables) => Ok(nft::Rules(needs()).to_string()),
            Some(Firewall::Firewalld) => Ok(firewalld::Commands(needs()).to_string()),
        }
    }
}

/// The name of a node's file below `--out-dir`.
pub(super) fn file_name(firewall: Option<Firewall>) -> &'static str {
    match firewall {
        None => "keepalived.conf",
        Some(Firewall::Nftables) => nft::FILE,
        Some(Firewall::Firewalld) => firewalld::FILE,
    }
}
