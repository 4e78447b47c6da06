//! The service on the node, and who is in the balance.

use super::step::Step::{Do, Edit, Reload, Restore, Run};
use super::step::{BACKUP, Fault, MASTER, Seen, Who::Here};
use crate::node::Server;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the service is stopped",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].halt())],
        seen: &[Seen(Here, &["not-listening", "server-down"])],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].serve(None, Server::Sink))],
    },
    Fault {
        what: "the service listens on the VIP alone",
        at: MASTER,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].serve_at(&["192.168.3.100"]))],
        seen: &[Seen(Here, &["listens-on-vip-only", "server-down"])],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].serve(None, Server::Sink))],
    },
    Fault {
        what: "the service listens on the node's own address alone",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].serve_at(&["192.168.3.104"]))],
        seen: &[Seen(Here, &["listens-on-own-only"])],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].serve(None, Server::Sink))],
    },
    Fault {
        what: "a firewall lets no check out",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed out { type filter hook output priority 0 ; }"),
            Run("nft add rule ip closed out tcp dport 25 drop"),
        ],
        seen: &[Seen(Here, &["no-server"])],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "a firewall lets no check of the other nodes out",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed out { type filter hook output priority 0 ; }"),
            Run("nft add rule ip closed out oifname eth0 tcp dport 25 drop"),
        ],
        seen: &[Seen(Here, &["last-server", "server-down"])],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "a firewall lets no check of one node out",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed out { type filter hook output priority 0 ; }"),
            Run("nft add rule ip closed out ip daddr 192.168.3.102 tcp dport 25 drop"),
        ],
        seen: &[Seen(Here, &["server-down"])],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "a server has no check",
        at: BACKUP,
        breaks: &[
            Edit(
                "    real_server 192.168.3.102 25 {",
                "    real_server 192.168.3.109 25 {\n        weight 1\n    }\n\n    real_server 192.168.3.102 25 {",
            ),
            Reload,
        ],
        seen: &[Seen(Here, &["server-unchecked"])],
        mends: &[Restore, Reload],
    },
];
