//! One node's file, and what it is called.

use anyhow::{Context, Result};

use super::options::{Firewall, Kind};
use crate::cluster::Cluster;
use crate::conf::build;
use crate::conf::guards::Guards;
use crate::firewall::{Needs, firewalld, guard, nft};

/// Renders the files of a cluster, one after the other.
pub(super) struct Renderer<'a> {
    cluster: &'a Cluster,
    kind: Kind,
    guards: Guards,
    files: build::Files<'a>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(cluster: &'a Cluster, kind: Kind) -> Renderer<'a> {
        let guards = Guards::of(cluster);
        Renderer { cluster, kind, guards, files: build::Files::new(cluster) }
    }

    /// Finds out what would keep a file from being rendered.
    pub(super) fn check(&self, nodes: &[usize]) -> Result<()> {
        match self.kind {
            Kind::Keepalived => self.files.check(nodes).context("error"),
            Kind::Firewall(_) | Kind::Guard => Ok(()),
        }
    }

    /// The file of node number `node`.
    pub(super) fn text(&self, node: usize) -> Result<String> {
        let needs = || Needs::of(self.cluster, node);
        match self.kind {
            Kind::Keepalived => (self.files.text(node))
                .with_context(|| format!("error: {}", self.cluster.nodes[node].name.as_str())),
            Kind::Firewall(Firewall::Nftables) => Ok(nft::Rules(needs()).to_string()),
            Kind::Firewall(Firewall::Firewalld) => Ok(firewalld::Commands(needs()).to_string()),
            Kind::Guard => Ok(guard::text(self.cluster, &self.guards, node)),
        }
    }
}

/// The name of a node's file below `--out-dir`.
pub(super) fn file_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Keepalived => "keepalived.conf",
        Kind::Firewall(Firewall::Nftables) => nft::FILE,
        Kind::Firewall(Firewall::Firewalld) => firewalld::FILE,
        Kind::Guard => guard::FILE,
    }
}
