//! The command lines of status, connections, doctor and explain.

use std::process::{Command, Output};

use crate::node::{PROGRAM, json};

fn lvskit(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

#[test]
fn every_command_has_help_with_examples_and_exit_codes() {
    for command in ["status", "connections", "doctor", "explain", "schema", "drain", "undrain"] {
        let output = lvskit(&[command, "--help"]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(help.contains(&format!("Examples:\n  lvskit {command}")), "{help}");
        assert!(help.contains("Exit codes:\n  0  "), "{help}");
    }
}

#[test]
fn findings_are_listed_and_each_is_explained() {
    let all = json(&lvskit(&["doctor", "--list", "--json"]));
    let ids: Vec<&str> =
        all["findings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.len() >= 50, "{}", ids.len());
    let text = String::from_utf8(lvskit(&["doctor", "--list"]).stdout).unwrap();
    assert_eq!(text.lines().count(), ids.len());
    for id in ids {
        let output = lvskit(&["explain", id]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(&format!("{id} (")) && text.contains("What to do:\n"), "{text}");
    }
}

#[test]
fn explain_knows_keys_too_and_suggests() {
    let key = lvskit(&["explain", "advert_int"]);
    assert!(!key.stdout.is_empty());
    for (wrong, right) in [("two-master", "`two-masters`"), ("advert_in", "advert_int`")] {
        let output = lvskit(&["explain", wrong]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("did you mean") && said.contains(right), "{said}");
    }
}

#[test]
fn wrong_command_lines_are_refused() {
    for args in [
        &["doctor", "--only", "nothing-like-this"][..],
        &["doctor", "--skip", "nothing-like-this"],
        &["doctor", "--listen", "-1"],
        &["doctor", "--listen", "soon"],
        &["doctor", "--only", "drained", "--skip", "drained"],
        &["status", "--json", "--prometheus"],
        &["connections", "--server", "server01"],
        &["connections", "--source", "192.168.3.0/33"],
        &["schema", "--of", "nothing"],
        &["explain"],
    ] {
        let output = lvskit(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn the_schema_is_that_of_what_is_written() {
    let schema = json(&lvskit(&["schema", "--of", "status"]));
    let status = json(&lvskit(&["status", "--json"]));
    let described = schema["properties"].as_object().unwrap();
    let written = status.as_object().unwrap();
    assert_eq!(described.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    let node = &schema["$defs"]["NodeState"]["properties"];
    for name in status["node"].as_object().unwrap().keys() {
        assert!(node[name].is_object(), "{name} is not described");
    }
}
