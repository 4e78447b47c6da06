//! What only all nodes together show. The order is that in which things are put right: first the nodes must
//! be reached, then hear each other, then have the same files; what is left is looked at after that.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::differs::differences;
use super::whole::{Hears, Opinion, Whole};
use crate::cluster::VrrpInstance;
use crate::doctor::lint::Severity;
use crate::node::ipvs::{Forwarding, Key};
use crate::reach::Failure;
use crate::status::GuardState;

/// Clocks may differ by so much, in milliseconds.
const SKEW: i64 = 1000;

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
        check: unreachable,
    },
    ClusterLint {
        id: "report-unreadable",
        severity: Severity::Error,
        title: "a node answers something else than lvskit's report",
        why: "Nothing is known of it. Another version of lvskit, or a program that is not ours, answers.",
        help: "run `lvskit doctor --report` there by hand; install the same lvskit on all nodes",
        check: unreadable,
    },
    ClusterLint {
        id: "host-answers-twice",
        severity: Severity::Error,
        title: "two nodes of the inventory are the same host",
        why: "One node is looked at twice and another one not at all.",
        help: "correct the names in the inventory, in DNS or in ~/.ssh/config",
        check: twice,
    },
    ClusterLint {
        id: "partition",
        severity: Severity::Error,
        title: "a node does not hear the MASTER",
        why: "It becomes a second MASTER, and half of the clients get to the wrong one.",
        help: "switch, VLAN and cable between them; for multicast the switch's IGMP snooping; the MASTER's firewall (output)",
        check: partition,
    },
    ClusterLint {
        id: "several-masters",
        severity: Severity::Error,
        title: "several nodes hold the addresses of an instance",
        why: "Both answer for them, and half of the clients get to the wrong one.",
        help: "fix the other findings here first; then systemctl restart keepalived on those that should be BACKUP",
        check: several_masters,
    },
    ClusterLint {
        id: "masterless",
        severity: Severity::Error,
        title: "no node holds the addresses of an instance",
        why: "The service is down.",
        help: "systemctl start keepalived, undo a drain, bring the interface up: the table says which node is in which state",
        check: masterless,
    },
    ClusterLint {
        id: "not-rolled-out",
        severity: Severity::Error,
        title: "a node of the inventory has no keepalived.conf",
        why: "It takes no part in the cluster, and the others may wait for it.",
        help: "roll out: lvskit gen-conf for this node, then systemctl enable --now bypass-ipvs keepalived there",
        check: not_rolled_out,
    },
    ClusterLint {
        id: "conf-differs",
        severity: Severity::Error,
        title: "a node's keepalived.conf differs from what the inventory renders",
        why: "Nodes whose files differ may ignore each other's advertisements, or balance differently after a failover.",
        help: "roll out: lvskit gen-conf for this node, then systemctl reload keepalived there",
        check: conf_differs,
    },
    ClusterLint {
        id: "keepalived-versions-differ",
        severity: Severity::Warning,
        title: "nodes run different versions of keepalived",
        why: "Defaults and defects differ between versions, and a file may mean something else on each.",
        help: "upgrade one node after the other, each drained",
        check: |whole| versions(whole, |report| report.status.node.keepalived.version.clone()),
    },
    ClusterLint {
        id: "lvskit-versions-differ",
        severity: Severity::Warning,
        title: "nodes have different versions of lvskit",
        why: "Guards and checks may differ between versions.",
        help: "install the same package on all nodes",
        check: |whole| versions(whole, |report| Some(report.status.lvskit.clone())),
    },
    ClusterLint {
        id: "mtu-differs",
        severity: Severity::Warning,
        title: "the interfaces of an instance have different MTUs",
        why: "Long packets get lost between some nodes: mail stops in the middle, short checks succeed.",
        help: "give all of them the same MTU, and the switch at least that",
        check: mtus,
    },
    ClusterLint {
        id: "share-unguarded",
        severity: Severity::Error,
        title: "a node gets a share of the connections and has no guard for it",
        why: "It drops or balances again what the MASTER forwards to it: one connection in N hangs.",
        help: "systemctl enable --now bypass-ipvs there; bypass-ipvs -a ADDRESS puts the guard in force now",
        check: unguarded,
    },
    ClusterLint {
        id: "arp-owner-differs",
        severity: Severity::Error,
        title: "nodes see another owner of an address than the MASTER",
        why: "Clients whose router sees the same get to a host that does not balance them.",
        help: "find the host by its MAC address, and take the address away there; arping -U on the MASTER announces it again",
        check: owner_differs,
    },
    ClusterLint {
        id: "checkers-disagree",
        severity: Severity::Warning,
        title: "directors disagree on whether a real server is up",
        why: "After a failover its share of the connections goes elsewhere, or into nothing.",
        help: "on the directors that call it down: journalctl -u keepalived, journalctl -t smtp-check; is a firewall between them?",
        check: disagree,
    },
    ClusterLint {
        id: "master-not-preferred",
        severity: Severity::Warning,
        title: "another node than the preferred one is MASTER",
        why: "Either it waits (preempt_delay), or the preferred node does not hear the MASTER or is not heard.",
        help: "journalctl -u keepalived on the preferred node; systemctl restart keepalived there makes it ask again",
        check: not_preferred,
    },
    ClusterLint {
        id: "no-spare",
        severity: Severity::Warning,
        title: "only one node can be MASTER of an instance",
        why: "The next failure ends the service.",
        help: "bring the other nodes back: the table says which node is in which state",
        check: no_spare,
    },
    ClusterLint {
        id: "clock-skew",
        severity: Severity::Warning,
        title: "a node's clock is wrong",
        why: "Logs of nodes can't be put in order, and certificates are judged by a wrong date.",
        help: "systemctl enable --now chronyd (or systemd-timesyncd); chronyc makestep sets it at once",
        check: skewed,
    },
];

fn case(node: usize, evidence: impl Into<String>) -> Case {
    Case { nodes: vec![node], evidence: evidence.into() }
}

fn unreachable(whole: &Whole) -> Vec<Case> {
    let dead = whole.nodes.iter().enumerate().filter_map(|(at, node)| match &node.outcome {
        Err(Failure::Unreachable(why)) => Some(case(at, why)),
        _ => None,
    });
    dead.collect()
}

fn unreadable(whole: &Whole) -> Vec<Case> {
    let all = whole.nodes.iter().enumerate().filter_map(|(at, node)| match &node.outcome {
        Err(Failure::Garbage(why)) => Some(case(at, why)),
        _ => None,
    });
    all.collect()
}

fn twice(whole: &Whole) -> Vec<Case> {
    let mut hosts: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (at, _, report) in whole.reports() {
        let node = &report.status.node;
        let mac = node.interfaces.iter().find_map(|one| one.mac.as_deref());
        hosts.entry((&node.host, mac)).or_default().push(at);
    }
    let twice = hosts.into_iter().filter(|((_, mac), nodes)| nodes.len() > 1 && mac.is_some());
    twice.map(|((host, _), nodes)| Case { nodes, evidence: format!("both are {host}") }).collect()
}

fn partition(whole: &Whole) -> Vec<Case> {
    let deaf = |listener: usize| {
        let unheard: Vec<usize> = (0..whole.nodes.len())
            .filter(|sender| *sender != listener && whole.hears(listener, *sender) == Hears::No)
            .collect();
        let names = whole.names(&unheard).join(", ");
        (!unheard.is_empty()).then(|| case(listener, format!("does not hear {names}")))
    };
    (0..whole.nodes.len()).filter_map(deaf).collect()
}

fn instances(whole: &Whole) -> impl Iterator<Item = &VrrpInstance> {
    whole.cluster.vrrp_instances.iter()
}

fn several_masters(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let nodes = whole.holders(instance);
        (nodes.len() > 1).then(|| {
            let names = whole.names(&nodes).join(", ");
            let evidence = format!("{} is on {names}", instance.name.as_str());
            Case { nodes, evidence }
        })
    };
    instances(whole).filter_map(of).collect()
}

fn masterless(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let members: Vec<usize> = instance.members.iter().map(|member| member.node).collect();
        let answering = members.iter().filter(|node| whole.report(**node).is_some()).count();
        (answering > 0 && whole.holders(instance).is_empty()).then(|| {
            let name = instance.name.as_str();
            let evidence = format!("{name}: on none of the {answering} that answer");
            Case { nodes: members, evidence }
        })
    };
    instances(whole).filter_map(of).collect()
}

fn conf_differs(whole: &Whole) -> Vec<Case> {
    let of = |(at, node, report): (usize, &super::whole::Node, &crate::doctor::report::Report)| {
        let (expected, found) = (node.expected.as_ref()?, report.status.node.config.as_ref()?);
        let told = differences(expected, found);
        (!told.is_empty()).then(|| case(at, told.join("; ")))
    };
    whole.reports().filter_map(of).collect()
}

fn not_rolled_out(whole: &Whole) -> Vec<Case> {
    let of = whole.reports().filter_map(|(at, _, report)| {
        let unread =
            report.status.node.unread.iter().find(|one| one.source == "keepalived.conf")?;
        unread.why.contains("No such file").then(|| case(at, &unread.why))
    });
    of.collect()
}

fn mtus(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let mut all: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for member in &instance.members {
            let Some(report) = whole.report(member.node) else { continue };
            let interface = report.status.node.interface(member.interface.as_str());
            if let Some(mtu) = interface.and_then(|one| one.mtu) {
                all.entry(mtu).or_default().push(member.node);
            }
        }
        let told =
            all.iter().map(|(mtu, nodes)| format!("{mtu} on {}", whole.names(nodes).join(", ")));
        let evidence =
            format!("{}: {}", instance.name.as_str(), told.collect::<Vec<_>>().join("; "));
        let nodes = all.values().min_by_key(|nodes| nodes.len()).cloned().unwrap_or_default();
        (all.len() > 1).then_some(Case { nodes, evidence })
    };
    instances(whole).filter_map(of).collect()
}

/// One case for all, if there is more than one version; the nodes are those that have not the most frequent.
fn versions(
    whole: &Whole,
    version: fn(&crate::doctor::report::Report) -> Option<String>,
) -> Vec<Case> {
    let mut all: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, _, report) in whole.reports() {
        if let Some(version) = version(report).filter(|version| !version.is_empty()) {
            all.entry(version).or_default().push(at);
        }
    }
    let Some(most) = all.values().map(Vec::len).max().filter(|_| all.len() > 1) else {
        return Vec::new();
    };
    let told = all
        .iter()
        .map(|(version, nodes)| format!("{version} on {}", whole.names(nodes).join(", ")));
    let evidence = told.collect::<Vec<_>>().join("; ");
    let few = all.into_values().filter(|nodes| nodes.len() < most).flatten().collect::<Vec<_>>();
    vec![Case { nodes: few, evidence }]
}

/// Where the MASTER forwards to: real servers of direct routing with a weight.
fn unguarded(whole: &Whole) -> Vec<Case> {
    if !whole.cluster.bypass {
        return Vec::new();
    }
    let mut open: BTreeMap<usize, Vec<IpAddr>> = BTreeMap::new();
    for (master, _, report) in whole.reports() {
        for service in &report.status.node.ipvs.services {
            let Key::Address { address: vip, .. } = service.key else { continue };
            if !report.status.node.holds(vip) {
                continue;
            }
            let forwards = |one: &&crate::node::ipvs::Server| {
                one.weight > 0 && one.forwarding == Forwarding::DirectRouting
            };
            for server in service.servers.iter().filter(forwards) {
                let Some(node) = whole.owner(server.address).filter(|node| *node != master) else {
                    continue;
                };
                let Some(there) = whole.report(node) else { continue };
                let unread = there.status.node.unread.iter().any(|one| one.source == "guards");
                let guarded =
                    there.status.guard(vip).is_some_and(|it| it.state == GuardState::InForce);
                let vips = open.entry(node).or_default();
                if !unread && !guarded && !vips.contains(&vip) {
                    vips.push(vip);
                }
            }
        }
    }
    let open = open.into_iter().filter(|(_, vips)| !vips.is_empty());
    open.map(|(node, vips)| {
        case(node, format!("no guard for {}", crate::doctor::facts::list(&vips)))
    })
    .collect()
}

/// Where one node alone holds an address, everybody else must see its MAC address and no other.
fn owner_differs(whole: &Whole) -> Vec<Case> {
    let mut all = Vec::new();
    for instance in instances(whole) {
        let holders = whole.holders(instance);
        let [master] = holders[..] else { continue };
        for vip in instance.all_vips().map(|vip| vip.address()) {
            let Some(report) = whole.report(master) else { continue };
            let macs: Vec<&str> =
                report.status.node.holders(vip).filter_map(|one| one.mac.as_deref()).collect();
            if macs.is_empty() {
                continue;
            }
            for (at, _, report) in whole.reports().filter(|(at, ..)| *at != master) {
                let answers = report.owners.iter().flatten().filter(|one| one.address == vip);
                let strange: Vec<&str> = (answers.map(|one| one.mac.as_str()))
                    .filter(|mac| !macs.contains(mac))
                    .collect();
                if !strange.is_empty() {
                    let (seen, is) = (strange.join(", "), macs.join(", "));
                    all.push(case(at, format!("sees {vip} at {seen}; the MASTER is {is}")));
                }
            }
        }
    }
    all
}

fn disagree(whole: &Whole) -> Vec<Case> {
    let of = |row: super::whole::Opinions| {
        let places = |wanted: fn(Opinion) -> bool| -> Vec<usize> {
            let all = row.of.iter().enumerate().filter(|(_, one)| wanted(**one));
            all.map(|(at, _)| at).collect()
        };
        let up = places(|one| matches!(one, Opinion::Weight(1..)));
        let down = places(|one| matches!(one, Opinion::Weight(0) | Opinion::Absent));
        (!up.is_empty() && !down.is_empty()).then(|| {
            let (server, service) = (row.server, &row.service);
            let (yes, no) = (whole.names(&up).join(", "), whole.names(&down).join(", "));
            let evidence = format!("{server} of {service} is up for {yes}, down for {no}");
            Case { nodes: if down.len() <= up.len() { down } else { up }, evidence }
        })
    };
    whole.opinions().into_iter().filter_map(of).collect()
}

fn not_preferred(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let holders = whole.holders(instance);
        let preferred = whole.preferred(instance)?;
        (holders.len() == 1 && holders[0] != preferred).then(|| {
            let is = whole.names(&holders).join(", ");
            let should = whole.names(&[preferred]).join(", ");
            let name = instance.name.as_str();
            Case { nodes: vec![preferred], evidence: format!("{name} is on {is}, not on {should}") }
        })
    };
    instances(whole).filter_map(of).collect()
}

fn no_spare(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let able = whole.candidates(instance);
        (instance.members.len() > 1 && able.len() == 1).then(|| {
            let name = instance.name.as_str();
            let only = whole.names(&able).join(", ");
            Case { nodes: able, evidence: format!("{name}: only {only}") }
        })
    };
    instances(whole).filter_map(of).collect()
}

fn skewed(whole: &Whole) -> Vec<Case> {
    let of = |(at, node): (usize, &super::whole::Node)| {
        let skew = whole.skew(node).filter(|skew| skew.abs() > SKEW)?;
        let seconds = skew.unsigned_abs() as f64 / 1000.0;
        let way = if skew > 0 { "ahead" } else { "behind" };
        Some(case(at, format!("{seconds:.1} s {way} of this host, at least")))
    };
    whole.nodes.iter().enumerate().filter_map(of).collect()
}
