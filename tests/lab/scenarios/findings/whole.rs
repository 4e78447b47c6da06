//! What only all nodes together show: `lvskit doctor --cluster`.

use std::fs;

use super::node::UNREAD;
use super::step::Step::{Do, Drain, Edit, Reload, Restore, Run, Stranger, Watch};
use super::step::{BACKUP, Fault, MASTER, Seen, Who::Cluster};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "a node does not answer",
        at: BACKUP,
        breaks: &[Do(|scene, at| {
            scene.answers(at, Some("echo 'No route to host' >&2; exit 255\n"))
        })],
        seen: &[Seen(Cluster, &["node-unreachable"])],
        mends: &[Do(|scene, at| scene.answers(at, None))],
    },
    Fault {
        what: "a node answers with something else",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.answers(at, Some("echo Welcome; exit 0\n")))],
        seen: &[Seen(Cluster, &["report-unreadable"])],
        mends: &[Do(|scene, at| scene.answers(at, None))],
    },
    Fault {
        what: "a name leads to another node",
        at: BACKUP,
        breaks: &[Do(|scene, at| {
            let other = scene.cluster.nodes[at - 1].name.clone();
            scene.answers(at, Some(&format!("shift; set -- {other} \"$@\"\n")))
        })],
        seen: &[Seen(Cluster, &["host-answers-twice", "conf-differs"])],
        mends: &[Do(|scene, at| scene.answers(at, None))],
    },
    Fault {
        what: "the network is in two parts",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].link.part())],
        // Neither part reaches the other's servers.
        seen: &[Seen(
            Cluster,
            &["partition", "several-masters", "checkers-disagree", "server-down", "last-server"],
        )],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].link.join())],
    },
    Fault {
        what: "all nodes are drained as directors",
        at: BACKUP,
        breaks: &[Drain(&[0, 1, 2, 3], true)],
        seen: &[Seen(Cluster, &["masterless", "drained", "no-master"])],
        mends: &[Drain(&[0, 1, 2, 3], false)],
    },
    Fault {
        what: "all nodes but one are drained as directors",
        at: BACKUP,
        breaks: &[Drain(&[1, 2, 3], true)],
        seen: &[Seen(Cluster, &["no-spare", "drained"])],
        mends: &[Drain(&[1, 2, 3], false)],
    },
    Fault {
        what: "a node has no file",
        at: BACKUP,
        breaks: &[Do(|scene, at| Ok(fs::remove_file(scene.cluster.nodes[at].conf())?))],
        seen: &[Seen(Cluster, &["not-rolled-out", "config-refused"])],
        mends: &[Restore],
    },
    Fault {
        what: "a node has an old file",
        at: BACKUP,
        breaks: &[Edit("    delay_loop 1\n", "    delay_loop 6\n"), Reload],
        seen: &[Seen(Cluster, &["conf-differs"])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "a node's packets are shorter",
        at: BACKUP,
        breaks: &[Run("ip link set eth0 mtu 1400")],
        seen: &[Seen(Cluster, &["mtu-differs"])],
        mends: &[Run("ip link set eth0 mtu 1500")],
    },
    Fault {
        what: "a node has no guard",
        at: BACKUP,
        breaks: &[Watch(false), Run("/usr/libexec/keepalived/bypass-ipvs --purge 192.168.3.100")],
        seen: &[Seen(Cluster, &["share-unguarded", "guard-missing"])],
        mends: &[Watch(true)],
    },
    Fault {
        what: "the nodes see a foreign host with the address",
        at: BACKUP,
        breaks: &[Stranger("ip address add 192.168.3.100/32 dev eth0")],
        seen: &[Seen(Cluster, &["arp-owner-differs", "vip-answered-by-several"])],
        mends: &[Stranger("ip address del 192.168.3.100/32 dev eth0")],
    },
    Fault {
        what: "one node can't check another",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed out { type filter hook output priority 0 ; }"),
            Run("nft add rule ip closed out ip daddr 192.168.3.102 tcp dport 25 drop"),
        ],
        seen: &[Seen(Cluster, &["checkers-disagree", "server-down"])],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "the first node's keepalived runs with an old priority, its file is right",
        at: MASTER,
        breaks: &[
            Edit("    priority 200\n", "    priority 40\n"),
            Reload,
            Do(|scene, _| scene.cluster.wait_for_masters(&[1])),
            Restore,
        ],
        seen: &[Seen(Cluster, &["master-not-preferred", UNREAD])],
        mends: &[Reload, Do(|scene, _| scene.cluster.wait_for_masters(&[0]))],
    },
];
