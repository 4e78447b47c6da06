//! What is wrong with a node itself: its answer, its host, its file, its versions, its clock.

use std::collections::BTreeMap;

use super::{Case, case};
use crate::doctor::cluster::differs::differences;
use crate::doctor::cluster::whole::{Node, Whole};
use crate::doctor::report::Report;
use crate::reach::Failure;

/// Clocks may differ by so much, in milliseconds.
const SKEW: i64 = 1000;

pub(super) fn unreachable(whole: &Whole) -> Vec<Case> {
    let dead = whole.nodes.iter().enumerate().filter_map(|(at, node)| match &node.outcome {
        Err(Failure::Unreachable(why)) => Some(case(at, why)),
        _ => None,
    });
    dead.collect()
}

pub(super) fn unreadable(whole: &Whole) -> Vec<Case> {
    let all = whole.nodes.iter().enumerate().filter_map(|(at, node)| match &node.outcome {
        Err(Failure::Garbage(why)) => Some(case(at, why)),
        _ => None,
    });
    all.collect()
}

pub(super) fn twice(whole: &Whole) -> Vec<Case> {
    let mut hosts: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (at, _, report) in whole.reports() {
        let node = &report.status.node;
        let mac = node.interfaces.iter().find_map(|one| one.mac.as_deref());
        hosts.entry((&node.host, mac)).or_default().push(at);
    }
    let twice = hosts.into_iter().filter(|((_, mac), nodes)| nodes.len() > 1 && mac.is_some());
    twice.map(|((host, _), nodes)| Case { nodes, evidence: format!("both are {host}") }).collect()
}

/// One case for all, if there is more than one version; the nodes are those that have not the most frequent.
pub(super) fn versions(whole: &Whole, version: fn(&Report) -> Option<String>) -> Vec<Case> {
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

pub(super) fn skewed(whole: &Whole) -> Vec<Case> {
    let of = |(at, node): (usize, &Node)| {
        let skew = whole.skew(node).filter(|skew| skew.abs() > SKEW)?;
        let seconds = skew.unsigned_abs() as f64 / 1000.0;
        let way = if skew > 0 { "ahead" } else { "behind" };
        Some(case(at, format!("{seconds:.1} s {way} of this host, at least")))
    };
    whole.nodes.iter().enumerate().filter_map(of).collect()
}

pub(super) fn conf_differs(whole: &Whole) -> Vec<Case> {
    let of = |(at, node, report): (usize, &Node, &Report)| {
        let (expected, found) = (node.expected.as_ref()?, report.status.node.config.as_ref()?);
        let told = differences(expected, found);
        (!told.is_empty()).then(|| case(at, told.join("; ")))
    };
    whole.reports().filter_map(of).collect()
}

pub(super) fn not_rolled_out(whole: &Whole) -> Vec<Case> {
    let of = whole.reports().filter_map(|(at, _, report)| {
        let unread =
            report.status.node.unread.iter().find(|one| one.source == "keepalived.conf")?;
        unread.why.contains("No such file").then(|| case(at, &unread.why))
    });
    of.collect()
}
