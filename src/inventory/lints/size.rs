//! How large a cluster may grow: an inventory of a few lines could ask for more than any memory
//! holds, because each instance stands for all nodes, and each virtual server for all servers.

use super::Drafts;
use super::lint::Lint;
use crate::inventory::problems::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&TOO_LARGE];

pub(super) static TOO_LARGE: Lint = Lint::error(
    "too-large",
    "a cluster that is too large to render",
    "Each instance stands for all its nodes and each virtual server for all its servers: a few lines could ask for more than memory holds.",
    "make several clusters of it, or name fewer `nodes`",
);

/// The most nodes of all instances together, and the most servers of all virtual servers.
const MOST: usize = 250_000;

/// The most peers that all nodes have together, with `unicast`.
const MOST_PEERS: usize = 4_000_000;

/// Whether the cluster can be built; else that is a problem.
pub(in crate::inventory) fn check(drafts: &Drafts<'_>, problems: &mut Problems) -> bool {
    let nodes = drafts.nodes.len();
    let of_nodes = |server: &&crate::inventory::server::ServerDraft| {
        server.nodes.is_none() && server.real_servers.is_none()
    };
    let unicast = drafts.instances.iter().filter(|instance| instance.unicast).count();
    let counts = [
        (
            "servers of virtual servers",
            nodes * drafts.servers.iter().filter(of_nodes).count(),
            MOST,
        ),
        ("nodes of instances", nodes * drafts.instances.len(), MOST),
        ("peers", nodes * nodes * unicast, MOST_PEERS),
    ];
    for (what, count, most) in counts {
        if count > most {
            problems.found(
                &TOO_LARGE,
                0..0,
                format!("this cluster is too large: {count} {what}"),
                format!("make several of it, or name `nodes`; at most {most} can be rendered"),
            );
            return false;
        }
    }
    true
}
