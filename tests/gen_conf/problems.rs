//! Wrong inventories: every problem is told in one run, each with its place, its line and what to
//! write instead; the exit code is 1 and nothing is written.

use snapbox::{assert_data_eq, file};

use crate::place::{ARTICLE, Place, Run, edited};

pub const VIP: &str = "virtual_ipaddress: 192.168.3.100";
pub const FIRST: &str = "- {name: server01.domain.ru, address: 192.168.3.101}";
pub const CHECK: &str =
    "check:\n      type: SMTP_CHECK # or smtp-check, our own probe, or TCP_CHECK
      connect_timeout: 5\n      retry: 3\n      helo_name: smtpchecker.domain.ru";

/// An edit of the article's inventory, and what must be said about it.
struct Case {
    from: String,
    /// `^` marks the place that must be named; it is taken out.
    to: String,
    title: &'static str,
    help: &'static str,
}

/// Those of mistakes.txt.
fn cases() -> Vec<Case> {
    let named =
        |name: &str| [("FIRST", FIRST), ("CHECK", CHECK)].into_iter().find(|one| one.0 == name);
    let mut cases = Vec::new();
    let mut lines = include_str!("mistakes.txt").lines();
    while let Some(line) = lines.next() {
        if let Some((from, to)) = line.split_once(" => ") {
            let (title, help) = lines.next().unwrap().trim_start().split_once(" | ").unwrap();
            let from = named(from).map_or(from, |(_, text)| text);
            cases.push(Case { from: text(from), to: text(to), title, help });
        }
    }
    assert!(cases.len() > 150, "only {} mistakes", cases.len());
    cases
}

/// What a text of mistakes.txt stands for.
fn text(escaped: &str) -> String {
    escaped.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
}

/// Runs the program on a wrong inventory; returns what it said. Nothing may have changed on disk.
pub fn refused(inventory: &str) -> String {
    let place = Place::with(inventory);
    place.write("out/server01.domain.ru/keepalived.conf", "old");
    let before = place.files();
    let Run { code, stdout, stderr } = place.run("--out-dir out");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert_eq!(place.files(), before, "{stderr}");
    assert!(stderr.ends_with("nothing was written\n"), "{stderr}");
    let to_stdout = place.run("--stdout");
    assert_eq!((to_stdout.code, to_stdout.stdout.as_str()), (Some(1), ""));
    assert_eq!(to_stdout.stderr, stderr);
    stderr
}

/// How many problems a report has.
fn count(report: &str) -> usize {
    report.lines().filter(|line| line.contains("--> inventory.yml:")).count()
}

/// `LINE:COLUMN` of a byte, and the line itself, as the report shows it.
pub fn place_of(text: &str, byte: usize) -> (String, String) {
    let before = &text[..byte];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().replace('\t', "    ");
    (format!("{number}:{column}"), format!("{number} | {line}").trim_end().to_owned())
}

/// With its place, its line and its help, and no other problem beside it.
#[test]
fn each_problem_is_told_once_with_its_place_and_its_cure() {
    for Case { from, to, title, help } in cases() {
        let marked = edited(&[(&from, &to)]);
        let inventory = marked.replacen('^', "", 1);
        let report = refused(&inventory);
        let mut parts = vec![title.to_owned(), help.to_owned()];
        // Without a mark the place is that of the section around.
        if let Some(byte) = marked.find('^') {
            let (place, line) = place_of(&inventory, byte);
            parts.extend([format!("--> inventory.yml:{place}\n"), line]);
        }
        for part in parts {
            assert!(report.contains(&part), "no {part:?} after {to:?}:\n{report}");
        }
        // Two keys are unknown there.
        if !to.contains("nodez") {
            assert_eq!(count(&report), 1, "{to:?}:\n{report}");
            assert!(report.contains("error: inventory.yml: 1 problem; nothing was written"));
        }
    }
}

/// Takes a section out of the article's inventory, from its key to the next.
fn without(section: &str, next: &str) -> String {
    let from = ARTICLE.find(&format!("\n{section}:")).unwrap() + 1;
    let to = ARTICLE.find(&format!("\n{next}:")).unwrap() + 1;
    [&ARTICLE[..from], &ARTICLE[to..]].concat()
}

#[test]
fn a_cluster_needs_nodes_and_an_instance() {
    let (no_nodes, no_instance) =
        (without("nodes", "vrrp_instance"), without("vrrp_instance", "virtual_server"));
    let (nothing, _) = no_instance.split_once("\nvirtual_server:").unwrap();
    let key = "\nnodes:";
    for (inventory, title) in [
        (no_nodes.clone(), "`nodes` is missing in `inventory`"),
        (format!("{no_nodes}{key} []\n"), "a cluster without nodes"),
        (format!("{no_nodes}{key}\n"), "list at least one node: `- {name: "),
        (format!("{no_nodes}{key} server01\n"), "`nodes` is a list"),
        (nothing.to_owned(), "`vrrp_instance` is missing in `inventory`"),
        (no_instance.clone(), "port 25 of which address? There is no vrrp_instance"),
        (format!("{no_instance}\nvrrp_instance: []\n"), "`vrrp_instance` is a section"),
    ] {
        let report = refused(&inventory);
        assert!(report.contains(title), "{title}: {report}");
    }
}

/// A hook without addresses guards nothing, and fails each time that it is run.
#[test]
fn an_instance_without_addresses_is_refused() {
    refused(&edited(&[(VIP, "virtual_ipaddress: []")]));
}

#[test]
fn a_cluster_without_instances_is_refused() {
    let (before, _) = ARTICLE.split_once("vrrp_instance:").unwrap();
    refused(&format!("{before}vrrp_instance: {{}}\n"));
}

/// The keys that are known in a place are listed once each.
#[test]
fn known_keys_are_listed_once() {
    let report = refused(&edited(&[("nodes:", "failure_detection: {q: 2}\nnodes:")]));
    let (_, known) = report.split_once("known here: ").unwrap();
    let mut keys: Vec<&str> = known.lines().next().unwrap().split(", ").collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "{report}");
}

#[test]
fn an_inventory_of_nothing_is_refused() {
    for text in
        ["", "\n", "  \n", "# only a comment\n", "~\n", "[]\n", "nodes\n", "---\n", "\u{feff}"]
    {
        let report = refused(text);
        assert!(count(&report) >= 1, "{text:?}: {report}");
    }
    assert!(refused("").contains("the inventory is empty"));
}

#[test]
fn places_count_characters_not_bytes() {
    let inventory = edited(&[("  smtp_server: 192.168.3.1", "  ж: {ключ: 1}")]);
    let report = refused(&inventory);
    assert!(report.contains("--> inventory.yml:9:3\n"), "{report}");
    assert!(report.contains("9 |   ж: {ключ: 1}"), "{report}");
}

#[test]
fn every_problem_is_told_in_one_run() {
    let report = refused(include_str!("problems.yml"));
    assert_data_eq!(report, file!["problems.txt"].raw());
}

#[test]
fn an_unknown_node_is_named_together_with_those_that_there_are() {
    let place = Place::with(ARTICLE);
    let options = "--out-dir out --node server01.domain.ru --node server05.domain.ru";
    let Run { code, stdout, stderr } = place.run(options);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        "error: inventory.yml: no node `server05.domain.ru`; the inventory has server01.domain.ru, \
         server02.domain.ru, server03.domain.ru, server04.domain.ru\n"
    );
    assert_eq!(place.written(), [""; 0]);
}
