//! Runs the checks over a cluster, adds what the nodes found themselves, and draws one conclusion.

use serde::Serialize;

use super::lints::LINTS;
use super::whole::Whole;
use crate::doctor::findings::REGISTRY;
use crate::doctor::lint::Severity;
use crate::exit::Exit;

/// What is wrong with a cluster.
pub(crate) struct Judgement {
    /// In the order in which they are put right.
    pub(crate) findings: Vec<ClusterFinding>,
    /// What could not be looked for.
    pub(crate) not_looked_for: Vec<String>,
    /// All of it in a sentence.
    pub(crate) conclusion: String,
}

/// A finding, with all of its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClusterFinding {
    /// Its name.
    pub(crate) id: String,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What it is, in one line.
    pub(crate) title: String,
    /// The nodes that it is about.
    pub(crate) nodes: Vec<String>,
    /// What was seen.
    pub(crate) evidence: Vec<String>,
    /// Why it matters.
    pub(crate) why: String,
    /// What to do.
    pub(crate) help: String,
}

impl Judgement {
    /// Judges; `wanted` says which findings are looked for.
    pub(crate) fn of(whole: &Whole, wanted: impl Fn(&str) -> bool) -> Judgement {
        let mut findings: Vec<ClusterFinding> = Vec::new();
        for lint in LINTS.iter().filter(|lint| wanted(lint.id)) {
            let cases = (lint.check)(whole);
            if cases.is_empty() {
                continue;
            }
            let mut nodes: Vec<usize> = cases.iter().flat_map(|one| one.nodes.clone()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let evidence = cases.iter().map(|one| match one.nodes[..] {
                [node] => format!("{}: {}", whole.names(&[node]).join(""), one.evidence),
                _ => one.evidence.clone(),
            });
            findings.push(ClusterFinding {
                id: lint.id.to_owned(),
                severity: lint.severity,
                title: lint.title.to_owned(),
                nodes: whole.names(&nodes),
                evidence: evidence.collect(),
                why: lint.why.to_owned(),
                help: lint.help.to_owned(),
            });
        }
        own(whole, &wanted, &mut findings);
        let conclusion = conclusion(whole, &findings);
        Judgement { findings, not_looked_for: not_looked_for(whole), conclusion }
    }

    /// As that of one node.
    pub(crate) fn exit(&self, allow_partial: bool) -> Exit {
        let any = |severity| self.findings.iter().any(|finding| finding.severity == severity);
        if any(Severity::Error) {
            Exit::No
        } else if any(Severity::Warning) {
            Exit::Changes
        } else if !self.not_looked_for.is_empty() && !allow_partial {
            Exit::Refused
        } else {
            Exit::Ok
        }
    }

    /// How bad the worst is that a node has.
    pub(crate) fn worst(&self, node: &str) -> Option<Severity> {
        let of = self.findings.iter().filter(|one| one.nodes.iter().any(|name| name == node));
        of.map(|one| one.severity).min()
    }
}

/// What the nodes found themselves, by its name; first what this lvskit knows, in the order of its table.
fn own(whole: &Whole, wanted: impl Fn(&str) -> bool, findings: &mut Vec<ClusterFinding>) {
    let mut all: Vec<ClusterFinding> = Vec::new();
    for (_, node, report) in whole.reports() {
        for found in report.findings.iter().flatten().filter(|one| wanted(&one.id)) {
            let evidence = format!("{}: {}", node.name, found.evidence);
            match all.iter_mut().find(|one| one.id == found.id) {
                Some(known) => {
                    if known.nodes.last() != Some(&node.name) {
                        known.nodes.push(node.name.clone());
                    }
                    known.evidence.push(evidence);
                }
                None => all.push(ClusterFinding {
                    id: found.id.clone(),
                    severity: found.severity,
                    title: found.title.clone(),
                    nodes: vec![node.name.clone()],
                    evidence: vec![evidence],
                    why: found.why.clone(),
                    help: found.help.clone(),
                }),
            }
        }
    }
    let place = |id: &str| REGISTRY.iter().position(|lint| lint.id == id).unwrap_or(usize::MAX);
    all.sort_by_key(|one| (one.severity, place(&one.id)));
    findings.extend(all);
}

fn not_looked_for(whole: &Whole) -> Vec<String> {
    let mut all = Vec::new();
    for (_, node, report) in whole.reports() {
        let name = &node.name;
        if report.findings.is_none() {
            all.push(format!(
                "{name}: its status alone was collected (lvskit doctor --report has more)"
            ));
        }
        let mut reasons: Vec<&str> =
            report.not_looked_for.iter().map(|one| one.why.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        all.extend(reasons.into_iter().map(|why| format!("{name}: {why}")));
    }
    all
}

/// What is said of each finding in the conclusion; the others are counted.
fn clause(whole: &Whole, finding: &ClusterFinding) -> Option<String> {
    let nodes = listed(&finding.nodes);
    let one = finding.nodes.len() == 1;
    let verb =
        |single: &str, several: &str| if one { single.to_owned() } else { several.to_owned() };
    Some(match finding.id.as_str() {
        "node-unreachable" => format!("{nodes} {} not answer", verb("does", "do")),
        "report-unreadable" => format!("{nodes} {} garbage", verb("answers", "answer")),
        "host-answers-twice" => format!("{nodes} are the same host"),
        "partition" => match whole.parts().as_slice() {
            // Who is the MASTER depends on whom one asks.
            parts @ [_, _, ..] => {
                let told: Vec<String> =
                    parts.iter().map(|part| listed(&whole.names(part))).collect();
                format!("the network is in {} parts: {}", parts.len(), told.join(" | "))
            }
            _ => format!("{nodes} {} cut off from the MASTER", verb("is", "are")),
        },
        "several-masters" => format!("several nodes hold the same addresses ({nodes})"),
        "masterless" => "nobody holds the addresses".to_owned(),
        "not-rolled-out" => format!("{nodes} {} no keepalived.conf", verb("has", "have")),
        "conf-differs" => {
            format!("{nodes} {} another file than the inventory renders", verb("has", "have"))
        }
        "share-unguarded" => format!("{nodes} {} connections without a guard", verb("gets", "get")),
        "arp-owner-differs" => {
            format!("{nodes} {} a wrong owner of an address", verb("sees", "see"))
        }
        _ => return None,
    })
}

/// `a`, `a and b`, `a, b and c`, `a, b and 3 more`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] if all.len() < 4 => format!("{} and {last}", all.join(", ")),
        all => format!("{} and {} more", all[..3].join(", "), all.len() - 3),
    }
}

fn conclusion(whole: &Whole, findings: &[ClusterFinding]) -> String {
    let masters = whole.cluster.vrrp_instances.iter().filter_map(|instance| {
        let holders = whole.names(&whole.holders(instance));
        let name = instance.name.as_str();
        (holders.len() == 1).then(|| format!("{name} is on {}", holders.join("")))
    });
    let mut masters: Vec<String> = masters.collect();
    let more = masters.len().saturating_sub(3);
    masters.truncate(3);
    if more > 0 {
        masters.push(format!("{more} more have one MASTER each"));
    }
    let said: Vec<Option<String>> = findings.iter().map(|one| clause(whole, one)).collect();
    let errors = |one: &&ClusterFinding| one.severity == Severity::Error;
    let rest = |severity| {
        let unsaid = findings.iter().zip(&said).filter(|(_, said)| said.is_none());
        let all = unsaid.map(|(one, _)| one).filter(|one| one.severity == severity);
        let ids: Vec<&str> = all.map(|one| one.id.as_str()).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let mut parts: Vec<String> = said.iter().flatten().cloned().collect();
    parts.extend(rest(Severity::Error).map(|ids| format!("errors on nodes: {ids}")));
    parts.extend(rest(Severity::Warning).map(|ids| format!("warnings: {ids}")));
    parts.extend(masters);
    let (answering, all) = (whole.reports().count(), whole.nodes.len());
    let head = match (findings.iter().find(errors), findings.is_empty()) {
        (Some(_), _) => "broken".to_owned(),
        (None, false) => "works".to_owned(),
        (None, true) => format!("healthy: all {all} nodes answer"),
    };
    match findings.is_empty() {
        true => format!("{head}; {}", parts.join("; ")).trim_end_matches("; ").to_owned(),
        false => format!("{head}: {answering} of {all} nodes answer; {}", parts.join("; ")),
    }
}
