//! The judgement as text and as JSON.

use std::fmt::Write;

use serde_json::json;

use super::judge::{ClusterFinding, Judgement};
use super::whole::{Hears, Node, Opinion, Whole};
use crate::doctor::report::Report;
use crate::status::{GuardState, Role};
use crate::table::table;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// So many instances have a column of their own; more are counted.
const COLUMNS: usize = 4;

/// A node as a line of the table: its cells below these heads.
pub(crate) fn rows(whole: &Whole) -> Vec<Vec<String>> {
    let instances = &whole.cluster.vrrp_instances;
    let mut head = vec!["node".to_owned()];
    match instances.len() {
        0..=COLUMNS => head.extend(instances.iter().map(|one| one.name.as_str().to_owned())),
        _ => head.push("MASTER of".to_owned()),
    }
    let more = ["keepalived", "file", "guards", "real servers", "hears MASTER", "clock"];
    head.extend(more.map(str::to_owned));
    let mut rows = vec![head];
    for (at, node) in whole.nodes.iter().enumerate() {
        let mut row = vec![node.name.clone()];
        match &node.outcome {
            Err(_) => row.push("no answer".to_owned()),
            Ok(report) => row.extend(cells(whole, at, node, report)),
        }
        rows.push(row);
    }
    rows
}

fn cells(whole: &Whole, at: usize, node: &Node, report: &Report) -> Vec<String> {
    let state = &report.status.node;
    let instances = &whole.cluster.vrrp_instances;
    let role = |instance| whole.role(at, instance).map_or("-", Role::word).to_owned();
    let mut row: Vec<String> = match instances.len() {
        0..=COLUMNS => instances.iter().map(role).collect(),
        all => {
            let mine = instances.iter().filter(|one| whole.role(at, one) == Some(Role::Master));
            vec![format!("{} of {all}", mine.count())]
        }
    };
    let version = state.keepalived.version.clone().unwrap_or_else(|| "?".to_owned());
    row.push(match state.keepalived.pid {
        Some(_) => version,
        None => "stopped".to_owned(),
    });
    row.push(match (&node.expected, &state.config) {
        (Some(expected), Some(found)) => {
            match super::differs::differences(expected, found).is_empty() {
                true => "as rendered".to_owned(),
                false => "differs".to_owned(),
            }
        }
        _ => "?".to_owned(),
    });
    let guards = &report.status.guards;
    let right = guards.iter().filter(|guard| guard.state == GuardState::InForce).count();
    row.push(match (guards.len(), state.unread.iter().any(|one| one.source == "guards")) {
        (_, true) => "?".to_owned(),
        (all, false) => format!("{right} of {all}"),
    });
    let servers = || state.ipvs.services.iter().flat_map(|service| &service.servers);
    let up = servers().filter(|server| server.weight > 0).count();
    row.push(match servers().count() {
        0 => "-".to_owned(),
        all => format!("{up} of {all} up"),
    });
    let all = (0..whole.nodes.len()).filter(|sender| *sender != at);
    let hears: Vec<Hears> = all.map(|sender| whole.hears(at, sender)).collect();
    let has = |one| hears.contains(&one);
    row.push(match () {
        () if has(Hears::No) => "NO".to_owned(),
        () if has(Hears::Yes) => "yes".to_owned(),
        () if has(Hears::Unknown) => "?".to_owned(),
        () => "-".to_owned(),
    });
    row.push(match whole.skew(node) {
        None => "?".to_owned(),
        Some(skew) if skew.abs() <= 50 => "right".to_owned(),
        Some(skew) => format!("{:+.1} s", skew as f64 / 1000.0),
    });
    row
}

/// What each director says of each real server; only rows where they disagree, unless `all`.
pub(crate) fn checkers(whole: &Whole, all: bool) -> Vec<Vec<String>> {
    let directors: Vec<usize> = whole.reports().map(|(at, ..)| at).collect();
    let mut rows = vec![vec!["service".to_owned(), "real server".to_owned()]];
    rows[0].extend(whole.names(&directors));
    for row in whole.opinions() {
        let of: Vec<Opinion> = directors.iter().map(|at| row.of[*at]).collect();
        let up = |one: &Opinion| matches!(one, Opinion::Weight(1..));
        let known = || of.iter().filter(|one| **one != Opinion::None);
        if !all && known().all(up) {
            continue;
        }
        let shown = |one: &Opinion| match one {
            Opinion::None => "-".to_owned(),
            Opinion::Absent | Opinion::Weight(0) => "DOWN".to_owned(),
            Opinion::Weight(weight) => format!("w{weight}"),
        };
        let mut cells = vec![row.service.clone(), row.server.to_string()];
        cells.extend(of.iter().map(shown));
        rows.push(cells);
    }
    rows
}

/// Who hears whom: listeners below each other, senders beside each other. Only who is MASTER sends.
pub(crate) fn hears(whole: &Whole) -> Vec<Vec<String>> {
    let all: Vec<usize> = whole.reports().map(|(at, ..)| at).collect();
    let sends = |sender: &usize| {
        let mut listeners = all.iter();
        listeners.any(|one| matches!(whole.hears(*one, *sender), Hears::Yes | Hears::No))
    };
    let senders: Vec<usize> = all.iter().copied().filter(sends).collect();
    let mut rows = vec![vec!["listener".to_owned()]];
    rows[0].extend(whole.names(&senders).into_iter().map(|name| format!("hears {name}")));
    for listener in &all {
        let mut cells = whole.names(&[*listener]);
        cells.extend(senders.iter().map(|sender| {
            let word = match whole.hears(*listener, *sender) {
                _ if listener == sender => "(itself)",
                Hears::Yes => "yes",
                Hears::No => "NO",
                Hears::Silent => "-",
                Hears::Unknown => "?",
            };
            word.to_owned()
        }));
        rows.push(cells);
    }
    rows
}

/// The judgement for people.
pub(super) fn text(whole: &Whole, judgement: &Judgement) -> String {
    let mut out = table(&rows(whole));
    let matrix = |title: &str, rows: Vec<Vec<String>>, out: &mut String| {
        if rows.len() > 1 && rows[0].len() > 1 {
            // Writing to a String can't fail.
            let _ = write!(out, "\n{title}\n{}", table(&rows));
        }
    };
    let ids = |id: &str| judgement.findings.iter().any(|one| one.id == id);
    if ids("partition") || ids("several-masters") {
        matrix("Who hears whom (only a MASTER advertises):", hears(whole), &mut out);
    }
    matrix("Real servers that a director calls down:", checkers(whole, false), &mut out);
    let _ = writeln!(out, "\n{}", judgement.conclusion);
    for (at, finding) in judgement.findings.iter().enumerate() {
        let ClusterFinding { id, severity, title, evidence, why, help, nodes } = finding;
        let nodes = nodes.join(", ");
        let _ = writeln!(out, "\n{}. {}: {title} [{id}] {nodes}", at + 1, severity.word());
        for one in evidence {
            let _ = writeln!(out, "   found: {one}");
        }
        let _ = writeln!(out, "   why: {why}\n   help: {help}");
    }
    let mut skipped = judgement.not_looked_for.iter();
    for one in skipped.by_ref().take(MOST) {
        let _ = writeln!(out, "\nnot all looked for on {one}");
    }
    if skipped.len() > 0 {
        let _ = writeln!(out, "and {} more (--json names them)", skipped.len());
    }
    out
}

/// So many reasons are told.
const MOST: usize = 6;

/// The judgement for programs.
pub(super) fn json(whole: &Whole, judgement: &Judgement) -> String {
    let node = |(at, node): (usize, &Node)| {
        let report = node.outcome.as_ref().ok();
        let roles: serde_json::Map<_, _> = (whole.cluster.vrrp_instances.iter())
            .filter_map(|one| Some((one.name.as_str().to_owned(), json!(whole.role(at, one)?))))
            .collect();
        json!({
            "name": node.name,
            "answers": report.is_some(),
            "roles": roles,
            "keepalived": report.and_then(|one| one.status.node.keepalived.version.clone()),
            "lvskit": report.map(|one| one.status.lvskit.clone()),
            "milliseconds": node.answered.saturating_sub(node.asked),
            "clock_skew_milliseconds": whole.skew(node),
        })
    };
    let opinion = |row: super::whole::Opinions| {
        let of: serde_json::Map<_, _> = (whole.nodes.iter().zip(&row.of))
            .filter(|(_, one)| **one != Opinion::None)
            .map(|(node, one)| {
                let weight = match one {
                    Opinion::Weight(weight) => json!(weight),
                    _ => json!(null),
                };
                (node.name.clone(), weight)
            })
            .collect();
        json!({ "service": row.service, "server": row.server, "weights": of })
    };
    let all = json!({
        "format": FORMAT,
        "conclusion": judgement.conclusion,
        "nodes": whole.nodes.iter().enumerate().map(node).collect::<Vec<_>>(),
        "findings": judgement.findings,
        "checkers": whole.opinions().into_iter().map(opinion).collect::<Vec<_>>(),
        "hears": hears(whole),
        "not_looked_for": judgement.not_looked_for,
    });
    format!("{all:#}\n")
}
