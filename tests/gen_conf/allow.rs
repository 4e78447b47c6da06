//! `allow` silences the warnings that are meant, each with a reason; and the names of findings in all answers.

use serde_json::Value;

use crate::place::{Place, Run, edited};

const PREEMPT: &str = "preempt: true";

/// What is said of an inventory with a warning (`equal-priorities`) and this `allow`.
fn told(allow: &str) -> Run {
    let uniform = edited(&[(PREEMPT, "election: uniform")]);
    Place::with(format!("allow: {allow}\n{uniform}")).run("--stdout")
}

#[test]
fn a_warning_that_is_meant_is_silent() {
    let run = told("[{id: equal-priorities, why: the link is redundant}]");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_allow_can_not_say_is_told() {
    for (allow, code, part) in [
        ("[{id: equal-priority, why: x}]", 1, "did you mean `equal-priorities`?"),
        (
            "[{id: vip-twice, why: x}]",
            1,
            "`vip-twice` is an error, and only warnings can be allowed",
        ),
        ("[{id: equal-priorities}]", 1, "`why` is missing in `allow`"),
        ("[{id: equal-priorities, why: ' '}]", 1, "an empty reason"),
        ("equal-priorities", 1, "`allow` is a section"),
        (
            "[{id: shell-words, why: x}]",
            0,
            "`shell-words` is allowed, and not found [allow-unused]",
        ),
    ] {
        let Run { code: ended, stderr, .. } = told(allow);
        assert_eq!(ended, Some(code), "{allow}: {stderr}");
        assert!(stderr.contains(part), "{allow}: {stderr}");
    }
}

#[test]
fn programs_get_findings_with_their_names() {
    let json = |inventory: String| -> Value {
        let run = Place::with(inventory).run("--out-dir out --json");
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    };
    let warned = json(edited(&[(PREEMPT, "election: uniform")]));
    let found = &warned["findings"][0];
    assert_eq!(found["id"], "equal-priorities");
    assert_eq!((&found["severity"], &found["file"]), (&"warning".into(), &"inventory.yml".into()));
    assert_eq!((&found["line"], &found["column"]), (&25.into(), &15.into()));
    assert_eq!(warned["changed"], true);
    let refused = json(edited(&[("  - port: 25\n", "  - quorum: 9\n    port: 25\n")]));
    assert_eq!(refused["findings"][0]["id"], "quorum-unreachable");
    assert_eq!((&refused["changed"], &refused["files"]), (&false.into(), &serde_json::json!([])));
}
