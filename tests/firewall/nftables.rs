//! A host's own nftables ruleset whose input chain drops what no rule accepts.

use std::fs;

use crate::common::netns::inside;
use crate::rendered;
use crate::traffic::{Guarded, Passes};

/// Loads such a ruleset with these rules included as the first of its chain.
pub fn load(guarded: &Guarded, rules: &str) {
    let dir = tempfile::tempdir().unwrap();
    let included = dir.path().join("lvskit-firewall.nft");
    fs::write(&included, rules).unwrap();
    let host = format!(
        "add table inet filter
         delete table inet filter
         table inet filter {{
           chain input {{
             type filter hook input priority filter; policy drop
             include \"{}\"
             iif lo accept
             ct state established,related accept
             ct state invalid drop
           }}
         }}",
        included.display()
    );
    let file = dir.path().join("host.nft");
    fs::write(&file, host).unwrap();
    guarded.node.node.tool("nft", &format!("-f {}", file.display()));
}

#[test]
fn without_a_firewall_all_of_it_arrives() {
    if !inside("nftables::without_a_firewall_all_of_it_arrives") {
        return;
    }
    let guarded = Guarded::new();
    assert_eq!(guarded.passes(true), Passes::all(true));
    assert!(!guarded.refuses_strangers());
}

#[test]
fn default_drop_needs_the_rules_and_they_are_enough() {
    if !inside("nftables::default_drop_needs_the_rules_and_they_are_enough") {
        return;
    }
    let guarded = Guarded::new();
    load(&guarded, "");
    assert_eq!(guarded.passes(false), Passes::all(false));
    load(&guarded, &rendered("nftables"));
    assert_eq!(guarded.passes(true), Passes::all(true));
    assert!(guarded.refuses_strangers());
}

/// Each rule lets in what no other does.
#[test]
fn each_rule_is_needed() {
    if !inside("nftables::each_rule_is_needed") {
        return;
    }
    let all = rendered("nftables");
    let rules: Vec<&str> = all.lines().filter(|line| line.ends_with(" accept")).collect();
    assert!(rules.len() >= 3, "{all}");
    for left_out in &rules {
        let guarded = Guarded::new();
        load(&guarded, &all.replace(left_out, ""));
        assert_ne!(guarded.passes(false), Passes::all(true), "without `{left_out}`");
    }
}
