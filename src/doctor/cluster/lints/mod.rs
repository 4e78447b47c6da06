//! What only all nodes together show. The order is that in which things are put right: first the nodes must
//! be reached, then hear each other, then have the same files; what is left is looked at after that.

mod network;
mod nodes;
mod roles;

use super::whole::Whole;
use crate::cluster::VrrpInstance;
use crate::doctor::lint::Severity;

/// Something that can be found in a cluster.
pub(in crate::doctor) struct ClusterLint {
    /// Its name.
    pub(in crate::doctor) id: &'static str,
    /// How bad it is.
    pub(in crate::doctor) severity: Severity,
    /// What it is, in one line.
    pub(in crate::doctor) title: &'static str,
    /// Why it matters.
    pub(in crate::doctor) why: &'static str,
    /// What to do.
    pub(in crate::doctor) help: &'static str,
    /// Its cases.
    pub(super) check: fn(&Whole) -> Vec<Case>,
}

/// A case of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    /// The nodes that it is about, by their places.
    pub(super) nodes: Vec<usize>,
    /// What was seen.
    pub(super) evidence: String,
}

pub(in crate::doctor) const LINTS: &[ClusterLint] = &[
    ClusterLint {
        id: "node-unreachable",
        severity: Severity::Error,
        title: "a node does not answer",
        why: "It may be down, and nothing is known of it: it may hold addresses that another node has too.",
        help: "log in there by hand; ssh must work without a password, and lvskit be installed",
        check: nodes::unreachable,
    },
    ClusterLint {
        id: "report-unreadable",
        severity: Severity::Error,
        title: "a node answers something else than lvskit's report",
        why: "Nothing is known of it. Another version of lvskit, or a program that is not ours, answers.",
        help: "run `lvskit doctor --report` there by hand; install the same lvskit on all nodes",
        check: nodes::unreadable,
    },
    ClusterLint {
        id: "host-answers-twice",
        severity: Severity::Error,
        title: "two nodes of the inventory are the same host",
        why: "One node is looked at twice and another one not at all.",
        help: "correct the names in the inventory, in DNS or in ~/.ssh/config",
        check: nodes::twice,
    },
    ClusterLint {
        id: "partition",
        severity: Severity::Error,
        title: "a node does not hear the MASTER",
        why: "It becomes a second MASTER, and half of the clients get to the wrong one.",
        help: "switch, VLAN and cable between them; for multicast the switch's IGMP snooping; the MASTER's firewall (output)",
        check: roles::partition,
    },
    ClusterLint {
        id: "several-masters",
        severity: Severity::Error,
        title: "several nodes hold the addresses of an instance",
        why: "Both answer for them, and half of the clients get to the wrong one.",
        help: "fix the other findings here first; then systemctl restart keepalived on those that should be BACKUP",
        check: roles::several_masters,
    },
    ClusterLint {
        id: "masterless",
        severity: Severity::Error,
        title: "no node holds the addresses of an instance",
        why: "The service is down.",
        help: "systemctl start keepalived, undo a drain, bring the interface up: the table says which node is in which state",
        check: roles::masterless,
    },
    ClusterLint {
        id: "not-rolled-out",
        severity: Severity::Error,
        title: "a node of the inventory has no keepalived.conf",
        why: "It takes no part in the cluster, and the others may wait for it.",
        help: "roll out: lvskit gen-conf for this node, then systemctl enable --now bypass-ipvs keepalived there",
        check: nodes::not_rolled_out,
    },
    ClusterLint {
        id: "conf-differs",
        severity: Severity::Error,
        title: "a node's keepalived.conf differs from what the inventory renders",
        why: "Nodes whose files differ may ignore each other's advertisements, or balance differently after a failover.",
        help: "roll out: lvskit gen-conf for this node, then systemctl reload keepalived there",
        check: nodes::conf_differs,
    },
    ClusterLint {
        id: "keepalived-versions-differ",
        severity: Severity::Warning,
        title: "nodes run different versions of keepalived",
        why: "Defaults and defects differ between versions, and a file may mean something else on each.",
        help: "upgrade one node after the other, each drained",
        check: |whole| {
            nodes::versions(whole, |report| report.status.node.keepalived.version.clone())
        },
    },
    ClusterLint {
        id: "lvskit-versions-differ",
        severity: Severity::Warning,
        title: "nodes have different versions of lvskit",
        why: "Guards and checks may differ between versions.",
        help: "install the same package on all nodes",
        check: |whole| nodes::versions(whole, |report| Some(report.status.lvskit.clone())),
    },
    ClusterLint {
        id: "mtu-differs",
        severity: Severity::Warning,
        title: "the interfaces of an instance have different MTUs",
        why: "Long packets get lost between some nodes: mail stops in the middle, short checks succeed.",
        help: "give all of them the same MTU, and the switch at least that",
        check: network::mtus,
    },
    ClusterLint {
        id: "share-unguarded",
        severity: Severity::Error,
        title: "a node gets a share of the connections and has no guard for it",
        why: "It drops or balances again what the MASTER forwards to it: one connection in N hangs.",
        help: "systemctl enable --now bypass-ipvs there; /usr/libexec/keepalived/bypass-ipvs -a ADDRESS puts the guard in force now",
        check: network::unguarded,
    },
    ClusterLint {
        id: "arp-owner-differs",
        severity: Severity::Error,
        title: "nodes see another owner of an address than the MASTER",
        why: "Clients whose router sees the same get to a host that does not balance them.",
        help: "find the host by its MAC address, and take the address away there; arping -U on the MASTER announces it again",
        check: network::owner_differs,
    },
    ClusterLint {
        id: "checkers-disagree",
        severity: Severity::Warning,
        title: "directors disagree on whether a real server is up",
        why: "After a failover its share of the connections goes elsewhere, or into nothing.",
        help: "on the directors that call it down: journalctl -u keepalived, journalctl -t smtp-check; is a firewall between them?",
        check: network::disagree,
    },
    ClusterLint {
        id: "master-not-preferred",
        severity: Severity::Warning,
        title: "another node than the preferred one is MASTER",
        why: "Either it waits (preempt_delay), or the preferred node does not hear the MASTER or is not heard.",
        help: "journalctl -u keepalived on the preferred node; systemctl restart keepalived there makes it ask again",
        check: roles::not_preferred,
    },
    ClusterLint {
        id: "no-spare",
        severity: Severity::Warning,
        title: "only one node can be MASTER of an instance",
        why: "The next failure ends the service.",
        help: "bring the other nodes back: the table says which node is in which state",
        check: roles::no_spare,
    },
    ClusterLint {
        id: "clock-skew",
        severity: Severity::Warning,
        title: "a node's clock is wrong",
        why: "Logs of nodes can't be put in order, and certificates are judged by a wrong date.",
        help: "systemctl enable --now chronyd (or systemd-timesyncd); chronyc makestep sets it at once",
        check: nodes::skewed,
    },
];

fn case(node: usize, evidence: impl Into<String>) -> Case {
    Case { nodes: vec![node], evidence: evidence.into() }
}

fn instances(whole: &Whole) -> impl Iterator<Item = &VrrpInstance> {
    whole.cluster.vrrp_instances.iter()
}
