//! The article's remarks on `state`, `priority` and `nopreempt`: each is one line of the
//! inventory, and together they give one identical file for all nodes.

use crate::blocks::{has, values};
use crate::place::{ARTICLE, NODES, Place, Run, edited};

const PREEMPT: &str = "preempt: true";

/// The files of all nodes; there may be warnings.
fn all(inventory: impl AsRef<[u8]>) -> [String; 4] {
    let place = Place::with(inventory);
    NODES.map(|node| place.run(&format!("--stdout --node {node}")).accepted())
}

/// The value of a keyword in each node's file.
fn each(files: &[String; 4], keyword: &str) -> Vec<String> {
    files.iter().flat_map(|file| values(file, keyword)).collect()
}

#[test]
fn by_default_the_first_node_is_master_and_the_others_follow_in_order() {
    let files = all(ARTICLE);
    assert_eq!(each(&files, "state"), ["MASTER", "BACKUP", "BACKUP", "BACKUP"]);
    assert_eq!(each(&files, "priority"), ["100", "90", "80", "70"]);
    assert!(files.iter().all(|file| has(file, "preempt")));
}

#[test]
fn the_order_of_the_list_decides() {
    let first = "{name: server01.domain.ru, address: 192.168.3.101}";
    let last = "{name: server04.domain.ru, address: 192.168.3.104}";
    let swapped = edited(&[(first, "FIRST"), (last, first), ("FIRST", last)]);
    let files = all(swapped);
    assert_eq!(each(&files, "state"), ["BACKUP", "BACKUP", "BACKUP", "MASTER"]);
    assert_eq!(each(&files, "priority"), ["70", "90", "80", "100"]);
}

#[test]
fn state_backup_lets_all_nodes_start_as_backup() {
    let files = all(edited(&[(PREEMPT, "state: BACKUP")]));
    assert_eq!(each(&files, "state"), ["BACKUP"; 4]);
    assert_eq!(each(&files, "priority"), ["100", "90", "80", "70"]);
    assert!(files.iter().all(|file| has(file, "preempt")));
}

#[test]
fn an_equal_priority_is_everybodys_and_nobody_is_first() {
    let files = all(edited(&[(PREEMPT, "priority: 100")]));
    assert_eq!(each(&files, "state"), ["BACKUP"; 4]);
    assert_eq!(each(&files, "priority"), ["100"; 4]);
}

#[test]
fn nopreempt_means_backup_everywhere() {
    let files = all(edited(&[(PREEMPT, "preempt: false")]));
    assert_eq!(each(&files, "state"), ["BACKUP"; 4]);
    assert!(files.iter().all(|file| has(file, "nopreempt") && !has(file, "preempt")));
}

#[test]
fn all_remarks_together_give_one_file_for_all_nodes() {
    let files = all(edited(&[
        (PREEMPT, "state: BACKUP\n    priority: 100\n    preempt: false"),
        ("smtp_connect_timeout: 30", "smtp_connect_timeout: 30\n  router_id: hostname"),
    ]));
    assert!(files.iter().all(|file| *file == files[0]), "{files:#?}");
    for line in ["state BACKUP", "priority 100", "nopreempt"] {
        assert!(has(&files[0], line), "{line}");
    }
    assert!(!files[0].contains("router_id server"), "{}", files[0]);
}

/// Nodes that are alike elect as with `election: uniform`, and so are warned of the same.
#[test]
fn equals_that_stay_are_warned_of_a_split_brain() {
    let warned = |edit: &str| {
        let Run { code, stderr, .. } = Place::with(edited(&[(PREEMPT, edit)])).run("--stdout");
        assert_eq!(code, Some(0), "{stderr}");
        let told = stderr.contains("warning: equal priorities make a split brain more likely")
            && stderr.contains("election: uniform");
        assert_eq!(told, !stderr.is_empty(), "{edit}: {stderr}");
        told
    };
    assert!(warned("state: BACKUP\n    priority: 100\n    preempt: false"));
    assert!(warned("priority: 100\n    preempt: false"));
    assert!(!warned("priority: 100"));
    assert!(!warned("state: BACKUP\n    preempt: false"));
    let place = Place::with(edited(&[(PREEMPT, "election: uniform\n    preempt: false")]));
    assert_eq!(place.run("--stdout").stderr.matches("warning: ").count(), 1);
}

#[test]
fn each_remark_alone_leaves_the_files_different() {
    for edit in [
        (PREEMPT, "state: BACKUP\n    preempt: false"),
        (PREEMPT, "priority: 100\n    preempt: false"),
        ("smtp_connect_timeout: 30", "smtp_connect_timeout: 30\n  router_id: hostname"),
    ] {
        let files = all(edited(&[edit]));
        assert!(files[1..].iter().all(|file| *file != files[0]), "{edit:?}");
    }
}
