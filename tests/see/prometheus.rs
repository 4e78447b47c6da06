//! What Prometheus gets: promtool reads the metrics and the alert rules, and tests these; the dashboard asks
//! for metrics that there are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::keepalived::network;
use crate::common::netns::inside;
use crate::node::{HOOK, Node, VIP, instance};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/prometheus");

/// All names that there can be.
const METRICS: &str = include_str!("../../src/status/prometheus.rs");

fn promtool() -> Command {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/prometheus/usr/bin/promtool");
    let program = if unpacked.exists() { unpacked } else { PathBuf::from("promtool") };
    Command::new(program)
}

fn passes(command: &mut Command) {
    let output = command.output().expect("promtool is needed; tests/deps prometheus installs it");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn promtool_has_nothing_to_say_of_the_metrics() {
    if !inside("prometheus::promtool_has_nothing_to_say_of_the_metrics") {
        return;
    }
    let node = Node::start(network(), &instance(100, ""));
    node.until_it_holds(VIP);
    node.netns.tool(HOOK, &format!("--service tcp/25 -a {VIP}"));
    let file = node.keepalived.path("lvskit.prom");
    node.lvskit(&["status", "--prometheus", "-o", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    for name in ["lvskit_instance_master{vrrp_instance=\"mail\"} 1", "lvskit_guard_in_force"] {
        assert!(text.contains(name), "{text}");
    }
    let input = Stdio::from(std::fs::File::open(&file).unwrap());
    let output = promtool().args(["check", "metrics"]).stdin(input).output();
    let output = output.expect("promtool is needed; tests/deps prometheus installs it");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_alerts_are_right_and_fire_when_they_should() {
    passes(promtool().args(["check", "rules", "alerts.yml"]).current_dir(FOLDER));
    passes(promtool().args(["test", "rules", "alerts_test.yml"]).current_dir(FOLDER));
    let rules = std::fs::read_to_string(Path::new(FOLDER).join("alerts.yml")).unwrap();
    assert_eq!(rules.matches("- alert: ").count(), 5);
    known(&rules);
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 8);
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            known(target["expr"].as_str().unwrap());
        }
    }
}

/// Every name of ours in a text is that of a metric.
fn known(text: &str) {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_');
    for name in words.filter(|word| word.starts_with("lvskit_")) {
        assert!(METRICS.contains(&format!("\"{name}\"")), "there is no {name}");
    }
}
