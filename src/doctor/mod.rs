//! `lvskit doctor`: the problems of this node, why that matters, and what to do.
//!
//! - [`lint`] says what a finding is, and [`REGISTRY`] lists all that there can be;
//! - [`facts`] are what the checks go by: the node's status, and what was heard on the wire;
//! - `flows` are the packets that the cluster sends to a node, and that its firewall must let in;
//! - `findings` are the checks, a file for each group; all of them are pure;
//! - `report` is all that a node says of itself, `cluster` judges the reports of all nodes;
//! - `options` is the command line, `run` the command; `explain` is `lvskit explain`.

pub(crate) mod cluster;
pub mod explain;
pub mod facts;
mod findings;
mod flows;
pub mod lint;
mod options;
mod report;
mod run;

pub use findings::REGISTRY;
pub use options::Doctor;
pub use run::run;

use lint::{Needs, Severity};
use serde::Serialize;

/// What there is to know of something that doctor can find.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct About {
    /// Its name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// What must be read for it; absent where all nodes are asked.
    pub needs: Option<Needs>,
    /// Whether only `--cluster` looks for it.
    pub cluster: bool,
}

/// Everything that can be found: on a node, then in a cluster.
pub fn all() -> impl Iterator<Item = About> {
    let node = REGISTRY.iter().map(|lint| About {
        id: lint.id,
        severity: lint.severity,
        title: lint.title,
        why: lint.why,
        help: lint.help,
        needs: Some(lint.needs),
        cluster: false,
    });
    let cluster = cluster::LINTS.iter().map(|lint| About {
        id: lint.id,
        severity: lint.severity,
        title: lint.title,
        why: lint.why,
        help: lint.help,
        needs: None,
        cluster: true,
    });
    node.chain(cluster)
}

/// The JSON schema of `lvskit doctor --report`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(report::Report);
    format!("{:#}\n", schema.to_value())
}
