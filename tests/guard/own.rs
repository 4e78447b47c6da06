//! A node that holds other VIPs on the same interface: what it serves goes to its own address, in
//! whatever order the addresses came.

use std::process::Child;

use crate::common::netns::inside;
use crate::common::patience::until;
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// The VIPs of the other instance.
const OTHER: &str = "192.168.3.110";
const OTHER6: &str = "fd00:3::110";

const ALL: [&str; 5] = ["-a", VIP, VIP6, OTHER, OTHER6];

/// A watching program that does not outlive its test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The node's own addresses are configured anew, as after a DHCP lease that ran out: they are behind
/// the VIPs then, in IPv6 before them.
fn renew_own_addresses(node: &Node) {
    for address in [format!("{OWN}/24"), format!("{OWN6}/64 nodad")] {
        let bare = address.split(' ').next().unwrap();
        node.node.ip(&format!("address del {bare} dev eth0"));
        node.node.ip(&format!("address add {address} dev eth0"));
    }
}

#[test]
fn a_backup_that_holds_another_vip_serves_at_its_own_address() {
    if !inside("own::a_backup_that_holds_another_vip_serves_at_its_own_address") {
        return;
    }
    for options in [&[][..], &["--service", "tcp/2525"]] {
        let node = Node::silent();
        // It appears in no command line afterwards: its chains and routes tell.
        node.guard(&[options, &["--keep-sessions"], &ALL[..]].concat());
        for renewed in [false, true] {
            for vip in [OTHER, OTHER6] {
                node.take(vip);
            }
            if renewed {
                renew_own_addresses(&node);
                // As at any change of state; the watcher does it by itself.
                node.guard(&[options, &["--keep-sessions", "-a", VIP, VIP6]].concat());
            }
            for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
                assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "{vip} {renewed} {options:?}");
                let check = node.hook(&[options, &["--check", vip]].concat());
                assert_eq!(check.status.code(), Some(0), "{vip} {renewed} {options:?}");
            }
            for vip in [OTHER, OTHER6] {
                node.give_up(vip);
            }
        }
    }
}

/// Two instances in IPv6, each with another MASTER, on one interface: the node balances the one whose VIP
/// it holds and serves the other itself, whichever that is, in any order of addresses and hooks.
#[test]
fn ipv6_vips_of_different_masters_share_an_interface() {
    if !inside("own::ipv6_vips_of_different_masters_share_an_interface") {
        return;
    }
    let node = Node::silent();
    node.is_found_at_the_node(OTHER6);
    let options = ["--keep-sessions", "--service", "tcp/2525"];
    for vip in [VIP6, OTHER6] {
        node.guard(&[&options[..], &["-a", vip]].concat());
    }
    for turn in 0..4 {
        let (held, other) = if turn % 2 == 0 { (VIP6, OTHER6) } else { (OTHER6, VIP6) };
        node.take(held);
        node.guard(&[&options[..], &["-r", held]].concat());
        if turn > 1 {
            renew_own_addresses(&node);
        }
        assert_eq!(node.served_at(held, PATIENT), ip(held), "turn {turn}: left to IPVS");
        assert_eq!(node.forwarded_to(other, PATIENT), ip(OWN6), "turn {turn}: served");
        let check = node.hook(&[&options[1..], &["--check", VIP6, OTHER6]].concat());
        let said = String::from_utf8_lossy(&check.stdout);
        assert_eq!(check.status.code(), Some(0), "turn {turn}: {said}");
        node.give_up(held);
        node.guard(&[&options[..], &["-a", held]].concat());
        // Both are given up for a moment, and served.
        for vip in [VIP6, OTHER6] {
            assert_eq!(node.forwarded_to(vip, PATIENT), ip(OWN6), "turn {turn}: {vip}");
        }
    }
}

#[test]
fn the_watcher_follows_the_nodes_own_address() {
    if !inside("own::the_watcher_follows_the_nodes_own_address") {
        return;
    }
    let node = Node::silent();
    let args = [&["--watch", "--keep-sessions", "--service", "tcp/2525"][..], &ALL[..]].concat();
    let _watch = Watch(node.start_hook(&args));
    let check = || {
        let args = ["--service", "tcp/2525", "--check", VIP, VIP6, OTHER, OTHER6];
        node.hook(&args).status.success()
    };
    let heals = || {
        until(PATIENT, || node.node.tool("nft", "list ruleset"), check);
    };
    heals();
    for vip in [OTHER, OTHER6] {
        node.take(vip);
    }
    let mut before = [OWN, OWN6];
    for own in [[OWN, OWN6], ["192.168.3.112", "fd00:3::112"]] {
        node.node.ip(&format!("address del {}/24 dev eth0", before[0]));
        node.node.ip(&format!("address del {}/64 dev eth0", before[1]));
        before = own;
        node.node.ip(&format!("address add {}/24 dev eth0", own[0]));
        node.node.ip(&format!("address add {}/64 dev eth0 nodad", own[1]));
        heals();
        for (vip, own) in [VIP, VIP6].into_iter().zip(own) {
            assert_eq!(node.forwarded_to(vip, PATIENT), ip(own));
        }
    }
}
