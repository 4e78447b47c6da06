//! The first seconds after the VIP came or went, when the senders have not heard of it yet: what a
//! client sends is still balanced, what a balancer sends is still served.

use std::fmt::Write;
use std::time::Duration;

use lvskit::guard::mac_sets::LIMIT;

use crate::common::netns::inside;
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// The members of a VIP's set of `kind`.
fn remembered(node: &Node, kind: &str, vip: &str) -> Vec<String> {
    let family = if vip.contains(':') { "ip6" } else { "ip" };
    let name = format!("{kind}-{vip}").replace(':', "-");
    let listing = node.node.tool("nft", &format!("list set {family} lvskit {name}"));
    let words = listing.split([' ', '\n', '\t', ',', '{', '}']);
    words.filter(|word| word.matches(':').count() == 5).map(str::to_owned).collect()
}

#[test]
fn a_client_that_has_not_heard_is_still_balanced() {
    if !inside("handover::a_client_that_has_not_heard_is_still_balanced") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        node.take(vip);
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "the node holds {vip}");
        node.give_up(vip);
        // Not redirected: where IPVS has the service, it balances.
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "the client does not know yet");
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the balancer knows");
        assert_eq!(remembered(&node, "clients", vip), [node.client.mac("eth0")]);
        assert_eq!(remembered(&node, "balancers", vip), [node.balancer.mac("eth0")]);
    }
}

#[test]
fn a_balancer_that_has_not_heard_is_still_served() {
    if !inside("handover::a_balancer_that_has_not_heard_is_still_served") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the node does not hold {vip}");
        node.take(vip);
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "else it might go in circles");
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "a client is balanced");
    }
}

/// Hooks run at the very moment when the memory is needed.
#[test]
fn hooks_leave_the_memory_alone_and_purge_does_not() {
    if !inside("handover::hooks_leave_the_memory_alone_and_purge_does_not") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP]);
    node.take(VIP);
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP));
    node.give_up(VIP);
    node.guard(&["--keep-sessions", "-a", VIP]);
    node.guard(&["--keep-sessions", "-r", VIP]);
    assert_eq!(remembered(&node, "clients", VIP).len(), 1);
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP));
    node.guard(&["--purge", VIP]);
    assert_eq!(node.node.tool("nft", "list ruleset").matches("-192.168.3.100").count(), 0);
    node.guard(&["--keep-sessions", "-a", VIP]);
    assert_eq!(node.served_at(VIP, PATIENT), ip(OWN), "nobody is remembered");
}

/// Without the fallback route nothing that is not redirected would come in: nobody is left out.
#[test]
fn without_the_route_everything_is_served() {
    if !inside("handover::without_the_route_everything_is_served") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP]);
    node.take(VIP);
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP));
    node.give_up(VIP);
    assert_eq!(node.served_at(VIP, PATIENT), ip(OWN));
}

/// The memory fades: after its time a client is a sender like any other.
#[test]
fn after_a_while_nobody_is_remembered() {
    if !inside("handover::after_a_while_nobody_is_remembered") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP]);
    node.take(VIP);
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP));
    node.give_up(VIP);
    while !remembered(&node, "clients", VIP).is_empty() {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(node.served_at(VIP, PATIENT), ip(OWN));
}

/// As many senders as each set takes: nobody lists them all.
#[test]
fn a_full_memory_is_in_no_hooks_way() {
    if !inside("handover::a_full_memory_is_in_no_hooks_way") {
        return;
    }
    let node = Node::silent();
    let vips: Vec<String> = (1..=2).map(|host| format!("192.168.3.{host}")).collect();
    let with = |options: &[&'static str]| {
        let vips: Vec<&str> = vips.iter().map(String::as_str).collect();
        node.hook(&[options, &vips].concat())
    };
    assert!(with(&["--keep-sessions", "-a"]).status.success());
    let senders =
        (0..LIMIT).map(|n| format!("02:00:00:00:{:02x}:{:02x} timeout 1h", n >> 8, n & 255));
    let senders = senders.collect::<Vec<_>>().join(", ");
    let mut text = String::new();
    for vip in &vips {
        for kind in ["clients", "balancers"] {
            writeln!(text, "add element ip lvskit {kind}-{vip} {{ {senders} }}").unwrap();
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    node.node.tool("nft", &format!("-f {}", file.path().display()));
    for options in [["--keep-sessions", "-r"].as_slice(), &["--keep-sessions", "-a"], &["--check"]]
    {
        let done = with(options);
        assert!(done.status.success(), "{options:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let routes = node.node.ip("route show type local dev lo table local proto 112");
    assert_eq!(routes.lines().count(), vips.len());
    assert_eq!(remembered(&node, "clients", "192.168.3.2").len(), LIMIT as usize);
}
