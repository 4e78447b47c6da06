//! One of everything: two nodes' files, byte by byte, and what keepalived says to all.

use snapbox::{assert_data_eq, file};

use crate::common::netns::{Netns, inside};
use crate::matrix::{KILLS_ITSELF, as_root, judge, render, skipped, versions};
use crate::place::Place;

const INVENTORY: &str = include_str!("everything.yml");

#[test]
fn every_key_stands_in_its_block_and_nodes_differ_where_they_say_so() {
    let place = Place::with(INVENTORY);
    let run = place.run("--stdout --node a --node c");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // The group `web` has a mark, and nodes serve.
    let warnings = run.stderr.matches("warning: ").count();
    let marks = run.stderr.matches("warning: a firewall mark counts on every node").count();
    assert_eq!((warnings, marks), (1, 1), "{}", run.stderr);
    assert_data_eq!(run.stdout, file!["everything.txt"].raw());
}

#[test]
fn keepalived_accepts_it() {
    if !inside("everything::keepalived_accepts_it") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("everything: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    for interface in ["eth0", "eth1", "eth2", "ens3", "ens4"] {
        netns.ip(&format!("link add {interface} type veth peer name p{interface}"));
        netns.ip(&format!("link set {interface} up"));
    }
    netns.ip("address add 192.168.3.101/24 dev eth0");
    for (version, _) in versions().filter(|(version, _)| *version != "2.1.5") {
        for (node, text) in render(INVENTORY).unwrap() {
            // Programs that there are not.
            let text = text.replace("/usr/local/bin/", "/usr/bin/test ");
            let text = if version == KILLS_ITSELF { as_root(&text).0 } else { text };
            assert_eq!(judge(&netns, version, &text), (Some(0), String::new()), "{node}\n{text}");
        }
    }
}
