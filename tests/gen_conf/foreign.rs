//! keepalived's own words that are no keys: each is answered with the right help, never with the
//! nearest key.

use std::process::Command;

use crate::place::{PROGRAM, Run, edited};
use crate::problems::refused;

const PREEMPT: &str = "preempt: true";
const RAW: &str = "keepalived's, but no key: put it into `raw`";

/// Its opposite is one letter less.
#[test]
fn nobody_is_led_to_the_opposite() {
    let report = refused(&edited(&[(PREEMPT, "nopreempt: true")]));
    assert!(!report.contains("did you mean"), "{report}");
}

#[test]
fn explain_knows_them_too() {
    for (word, help) in [("nopreempt", "`preempt: false`"), ("static_routes", RAW)] {
        let run = Run::of(Command::new(PROGRAM).args(["explain", word]).output().unwrap());
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains(help) && !run.stderr.contains("did you mean"), "{run:?}");
    }
}
