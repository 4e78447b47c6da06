//! `type: smtp-check`: what the probe can do and keepalived can't use is refused, with what to write
//! instead.

use crate::blocks::values;
use crate::place::{NODES, Place, edited};
use crate::problems::{CHECK, Case, Told, alone, told};

const CASES: &[Case] = &[Case(
    CHECK,
    "check: {type: smtp-check, misc_dynamic: true, options: [^--drain-file /run//lvskit/drain]}",
    Told("/run/lvskit/drain is `drain_file`, which drains the node", "drain-192.168.3.101"),
)];

#[test]
fn each_is_told_with_its_place_and_its_cure() {
    told(CASES);
}

#[test]
fn one_mistake_is_one_problem() {
    alone(CASES);
}

/// The check's own lines in the first node's file, from `misc_path` on; `options` stand in place of
/// the article's check.
fn rendered(check: &str) -> Vec<String> {
    let text = Place::with(edited(&[(CHECK, check)])).rendered(NODES[0]);
    values(&text, "misc_path")
}

#[test]
fn a_server_is_drained_by_a_file_of_its_own() {
    let option = "--drain-file /run/lvskit/drain-192.168.3.101";
    let check = format!("check: {{type: smtp-check, misc_dynamic: true, options: {option}}}");
    assert!(rendered(&check).iter().all(|path| path.contains(option)));
}
