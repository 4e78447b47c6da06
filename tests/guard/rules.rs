//! What the guard's rules are in the kernel, and what they do to packets.

use std::time::Duration;

use crate::common::netns::{Netns, inside};
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// For a connection that can't succeed.
const BRIEF: Duration = Duration::from_millis(300);

#[test]
fn without_a_guard_a_node_without_the_vip_is_a_black_hole() {
    if !inside("rules::without_a_guard_a_node_without_the_vip_is_a_black_hole") {
        return;
    }
    let node = Node::new();
    for vip in [VIP, VIP6] {
        assert_eq!(node.served_at(vip, BRIEF), None);
    }
}

#[test]
fn connections_are_redirected_exactly_when_the_vip_is_not_local() {
    if !inside("rules::connections_are_redirected_exactly_when_the_vip_is_not_local") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", VIP, VIP6]);
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the node does not hold {vip}");
        node.take(vip);
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "the node holds {vip}");
        node.guard(&["-r", vip]);
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "after notify_master");
        node.give_up(vip);
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the node gave {vip} up, no hook ran");
    }
}

#[test]
fn a_neighbouring_vip_is_left_alone() {
    if !inside("rules::a_neighbouring_vip_is_left_alone") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", "192.168.3.10,192.168.3.1"]);
    assert_eq!(node.served_at(VIP, BRIEF), None);
}

/// The first guard is for another port than the one that listens; then come its own, alone, among
/// others and in a range.
#[test]
fn only_the_services_are_redirected() {
    if !inside("rules::only_the_services_are_redirected") {
        return;
    }
    let node = Node::new();
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        for other in ["tcp/2524,tcp/2526-65535", "udp/2525", "tcp/25"] {
            node.guard(&["--service", other, "-a", vip]);
            assert_eq!(node.forwarded_to(vip, BRIEF), None, "{vip} {other}");
        }
        for right in ["tcp/2525", "tcp/25,tcp/2525,udp/53", "tcp/2500-2525,udp/1-65535", "all"] {
            let service = ["--service", right];
            node.guard(&[&service[..], &["-r", vip]].concat());
            assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "{vip} {right}");
            let check = |args: &[&str]| node.hook(args).status.code();
            assert_eq!(check(&["--check", vip]), Some(0), "{right}");
            assert_eq!(check(&[&service[..], &["--check", vip]].concat()), Some(0), "{right}");
            assert_eq!(check(&["--check", vip, "--service", "tcp/26"]), Some(1), "{right}");
        }
    }
}

#[test]
fn dry_run_prints_the_rules_that_the_kernel_gets() {
    if !inside("rules::dry_run_prints_the_rules_that_the_kernel_gets") {
        return;
    }
    let node = Node::new();
    let by_hand = Netns::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    for services in
        [&[][..], &["--service", "all"], &["--service", "tcp/25,tcp/100-110,udp/53,udp/60-70"]]
    {
        let guards = [services, &["-a", VIP, VIP6]].concat();
        let dry = node.hook(&[&["--dry-run"], &guards[..]].concat());
        assert!(dry.status.success());
        assert_eq!(node.node.tool("nft", "list ruleset"), "", "a dry run changes nothing");

        std::fs::write(file.path(), &dry.stdout).unwrap();
        by_hand.tool("nft", &format!("-f {}", file.path().display()));
        node.guard(&guards);
        let listing = node.node.tool("nft", "list ruleset");
        assert_eq!(by_hand.tool("nft", "list ruleset"), listing);
        // IPv6 needs the node's own address, which only one of the two has.
        let redirects = |listing: &str| listing.matches("redirect").count();
        assert!(redirects(&listing) >= 2 && listing.contains("dnat to"), "{listing}");
        for host in [&node.node, &by_hand] {
            host.tool("nft", "flush ruleset");
        }
    }
}

#[test]
fn a_saved_ruleset_can_be_loaded_again() {
    if !inside("rules::a_saved_ruleset_can_be_loaded_again") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", VIP, VIP6]);
    let saved = node.node.tool("nft", "list ruleset");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &saved).unwrap();
    node.node.tool("nft", "flush ruleset");
    node.node.tool("nft", &format!("-f {}", file.path().display()));
    assert_eq!(node.hook(&["--check", VIP, VIP6]).status.code(), Some(0));
}

#[test]
fn check_tells_in_force_missing_and_altered() {
    if !inside("rules::check_tells_in_force_missing_and_altered") {
        return;
    }
    let node = Node::new();
    let check = |args: &[&str]| {
        let output = node.hook(args);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(check(&["--check", VIP]), (1, format!("{VIP} missing\n")));
    node.guard(&["-r", VIP]);
    let in_force = format!("{VIP} in force, no fallback route\n");
    assert_eq!(check(&["--check", VIP]), (0, in_force.clone()));
    assert_eq!(check(&["--check", VIP, VIP6]), (1, format!("{in_force}{VIP6} missing\n")));
    node.node.tool("nft", &format!("insert rule ip lvskit vip-{VIP} tcp dport 22 accept"));
    let (code, text) = check(&["--check", VIP, "--json"]);
    assert_eq!(code, 1);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["guards"][0]["guard"], "altered");
    node.guard(&["-a", VIP]);
    assert_eq!(check(&["--check", VIP]).0, 0, "the next hook puts it right");
}

/// To replace rules costs the kernel more than to look at them.
#[test]
fn a_hook_that_finds_its_guard_does_not_touch_it() {
    if !inside("rules::a_hook_that_finds_its_guard_does_not_touch_it") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", VIP, VIP6]);
    // With the handles: a rule that is replaced gets a new one.
    let before = node.node.tool("nft", "-a list ruleset");
    node.guard(&["-r", VIP, VIP6]);
    assert_eq!(node.node.tool("nft", "-a list ruleset"), before);
}

#[test]
fn other_tables_are_left_alone() {
    if !inside("rules::other_tables_are_left_alone") {
        return;
    }
    let node = Node::new();
    node.node.tool("nft", "add table ip other");
    node.node.tool("nft", "add set ip other blocked { type ipv4_addr ; flags interval ; }");
    node.node.tool("nft", "add element ip other blocked { 10.0.0.0/8 }");
    let before = node.node.tool("nft", "list table ip other");
    node.guard(&["-a", VIP]);
    node.guard(&["-r", VIP]);
    assert_eq!(node.node.tool("nft", "list table ip other"), before);
}
