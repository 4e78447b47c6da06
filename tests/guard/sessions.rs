//! `--keep-sessions`: a session that ends on a node goes on when the node gives the VIP up, new
//! connections are redirected, and the node never claims an address that it does not hold.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::common::netns::inside;
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// For an answer that never comes.
const BRIEF: Duration = Duration::from_millis(500);

const ROUTE: &str = "route show type local dev lo table local proto 112";

/// Whether a byte sent by the client arrives and one comes back.
pub fn goes_on(client: &mut TcpStream, server: &mut TcpStream) -> bool {
    for stream in [&*client, &*server] {
        stream.set_read_timeout(Some(BRIEF)).unwrap();
    }
    let mut byte = [0];
    let there = client.write_all(b"x").and_then(|()| server.read_exact(&mut byte));
    there.and_then(|()| server.write_all(b"y")).and_then(|()| client.read_exact(&mut byte)).is_ok()
}

#[test]
fn a_session_survives_the_loss_of_the_vip_and_its_return() {
    if !inside("sessions::a_session_survives_the_loss_of_the_vip_and_its_return") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        node.take(vip);
        let (mut client, mut server) = node.session(vip, PATIENT).unwrap();
        assert_eq!(server.local_addr().unwrap().ip().to_canonical().to_string(), vip);
        assert!(goes_on(&mut client, &mut server), "{vip} on the node");
        node.give_up(vip);
        assert!(goes_on(&mut client, &mut server), "{vip} given up");
        let redirected: IpAddr = own.parse().unwrap();
        assert_eq!(node.forwarded_to(vip, PATIENT), Some(redirected), "a new one, {vip} given up");
        node.take(vip);
        assert!(goes_on(&mut client, &mut server), "{vip} back");
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "{vip} back");
    }
}

#[test]
fn without_the_route_the_session_is_lost() {
    if !inside("sessions::without_the_route_the_session_is_lost") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP]);
    node.take(VIP);
    let (mut client, mut server) = node.session(VIP, PATIENT).unwrap();
    node.give_up(VIP);
    assert!(!goes_on(&mut client, &mut server));
}

#[test]
fn nobody_else_learns_the_address_from_this_node() {
    if !inside("sessions::nobody_else_learns_the_address_from_this_node") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for vip in [VIP, VIP6] {
        node.client.ip(&format!("neigh del {vip} dev eth0"));
        assert_eq!(node.served_at(vip, BRIEF), None, "{vip} was answered for");
        node.take(vip);
        assert!(node.served_at(vip, PATIENT).is_some(), "the holder of {vip} answers");
        node.give_up(vip);
    }
}

#[test]
fn a_node_that_would_claim_the_address_is_refused_the_route() {
    if !inside("sessions::a_node_that_would_claim_the_address_is_refused_the_route") {
        return;
    }
    let node = Node::new();
    let refused = |args: &[&str], word: &str| {
        let output = node.hook(args);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{words}");
        for word in [word, "systemctl restart lvskit-settings"] {
            assert!(words.contains(word), "no {word}: {words}");
        }
    };
    refused(&["--keep-sessions", "-a", VIP], "net.ipv4.conf.all.arp_ignore must be 1");
    assert_eq!(node.node.ip(ROUTE), "");
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0), "the guard is in force");
    // IPv6 asks for nothing, so its address is served in the same call.
    refused(&["--keep-sessions", "-a", VIP, VIP6], "net.ipv4.conf.all.arp_ignore must be 1");
    assert!(node.node.ip(&format!("-6 {ROUTE}")).contains(VIP6));
    for interface in ["eth0", "default"] {
        node.node.tool("sysctl", &format!("-qw net.ipv4.conf.{interface}.arp_ignore=1"));
    }
    refused(&["--keep-sessions", "-r", VIP], "net.ipv4.conf.all.arp_announce must be 2");
    for interface in ["eth0", "default"] {
        node.node.tool("sysctl", &format!("-qw net.ipv4.conf.{interface}.arp_announce=2"));
    }
    node.guard(&["--keep-sessions", "-r", VIP]);
    assert!(node.node.ip(ROUTE).contains(VIP));
    // Somebody makes it unsafe: a check tells, and the next hook takes the route away.
    node.node.tool("sysctl", "-qw net.ipv4.conf.eth0.arp_ignore=0");
    let check = node.hook(&["--check", VIP]);
    assert_eq!(check.status.code(), Some(1));
    assert!(String::from_utf8(check.stdout).unwrap().contains("fallback route unsafe: arp_ignore"));
    refused(&["--keep-sessions", "-a", VIP], "arp_ignore in effect on eth0 is 0");
    assert_eq!(node.node.ip(ROUTE), "");
}

/// The kernel refuses IPv6's route: IPv4's sessions are kept all the same, and the error is told.
#[test]
fn one_familys_failure_leaves_the_other_its_sessions() {
    if !inside("sessions::one_familys_failure_leaves_the_other_its_sessions") {
        return;
    }
    let node = Node::silent();
    node.node.tool("sysctl", "-qw net.ipv6.conf.all.disable_ipv6=1");
    for vips in [[VIP, VIP6], [VIP6, VIP]] {
        node.node.ip("route flush table local proto 112");
        let output = node.hook(&["--keep-sessions", "-a", vips[0], vips[1]]);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{words}");
        assert!(words.contains("but its sessions will not be kept"), "{words}");
        assert!(node.node.ip(ROUTE).contains(VIP));
        node.guard(&["--keep-sessions", "--check", VIP]);
        node.guard(&["--check", VIP6]);
    }
}

#[test]
fn check_tells_of_the_route_and_purge_takes_it_away() {
    if !inside("sessions::check_tells_of_the_route_and_purge_takes_it_away") {
        return;
    }
    let node = Node::silent();
    let check = |args: &[&str]| {
        let output = node.hook(args);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(check(&["--check"]), (1, "no guards here\n".into()));
    node.guard(&["-a", VIP]);
    let unasked = format!("{VIP} in force, no fallback route\n");
    assert_eq!(check(&["--check", VIP]), (0, unasked));
    let lost = format!("{VIP} in force, sessions not kept: no fallback route\n");
    assert_eq!(check(&["--keep-sessions", "--check", VIP]), (1, lost));
    node.guard(&["--keep-sessions", "-a", VIP, VIP6, "192.168.3.10"]);
    let all = ["192.168.3.10", VIP, VIP6].map(|vip| format!("{vip} in force, sessions kept\n"));
    assert_eq!(check(&["--keep-sessions", "--check"]), (0, all.concat()));
    let (_, json) = check(&["--keep-sessions", "--check", VIP6, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["guards"][0]["fallback_route"], "in place");

    let before = node.node.tool("nft", "list ruleset");
    let dry = node.hook(&["--dry-run", "--purge"]);
    assert!(String::from_utf8(dry.stdout).unwrap().contains("delete table ip6 lvskit"));
    let dry = node.hook(&["--dry-run", "--purge", VIP6]);
    assert!(String::from_utf8(dry.stdout).unwrap().contains("delete chain ip6 lvskit vip-fd00-"));
    assert_eq!(node.node.tool("nft", "list ruleset"), before, "a dry run changes nothing");

    node.guard(&["--purge", VIP]);
    let left = ["192.168.3.10", VIP6].map(|vip| format!("{vip} in force, sessions kept\n"));
    assert_eq!(check(&["--check"]), (0, left.concat()));
    let routes = node.node.ip(ROUTE);
    assert!(!routes.contains(VIP) && routes.contains("192.168.3.10"), "{routes}");
    node.guard(&["--purge"]);
    assert_eq!(check(&["--check"]), (1, "no guards here\n".into()));
    assert_eq!(node.node.tool("nft", "list ruleset"), "");
    assert_eq!(node.node.ip(ROUTE) + &node.node.ip(&format!("-6 {ROUTE}")), "");
    node.guard(&["--purge"]);
    node.guard(&["--purge", VIP]);
}

#[test]
fn an_address_that_was_left_behind_is_given_up_and_its_session_kept() {
    if !inside("sessions::an_address_that_was_left_behind_is_given_up_and_its_session_kept") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--give-up"]);
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    node.take(VIP);
    node.take(VIP6);
    let (mut client, mut server) = node.session(VIP, PATIENT).unwrap();
    node.guard(&["--give-up", VIP6]);
    let addresses = node.node.ip("address show dev eth0");
    assert!(addresses.contains(VIP) && !addresses.contains(VIP6), "{addresses}");
    node.guard(&["--give-up"]);
    let addresses = node.node.ip("address show dev eth0");
    assert!(!addresses.contains(VIP) && addresses.contains(OWN), "{addresses}");
    assert!(goes_on(&mut client, &mut server));
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN));
    node.guard(&["--give-up"]);
}

/// After `nft flush ruleset`, nft's own failure, or a purge at the same time.
#[test]
fn a_route_never_stays_without_its_guard() {
    if !inside("sessions::a_route_never_stays_without_its_guard") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP]);
    node.node.tool("nft", "flush ruleset");
    let check = node.hook(&["--check", VIP]);
    let told = format!(
        "{VIP} missing, fallback route without guard: forwarded connections are balanced again\n"
    );
    assert_eq!(String::from_utf8(check.stdout).unwrap(), told);
    let output = node.hook(&["--keep-sessions", "-a", VIP, "--nft", "/nonexistent/nft"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(node.node.ip(ROUTE), "");
    node.guard(&["--keep-sessions", "-a", VIP]);
    let (mut guarded_rounds, mut undone) = (0, 0);
    for round in 0..60 {
        let mut running = [
            node.start_hook(&["--keep-sessions", "-a", VIP]),
            node.start_hook(&["--purge", VIP]),
            node.start_hook(&["--keep-sessions", "-r", VIP]),
        ];
        for hook in &mut running {
            match hook.wait().unwrap().code() {
                Some(0) => {}
                // Another one was at work at the same time, and that was told.
                Some(4) => undone += 1,
                other => panic!("round {round}: {other:?}"),
            }
        }
        let guarded = node.node.tool("nft", "list ruleset").contains("redirect");
        let routed = node.node.ip(ROUTE).contains(VIP);
        assert!(guarded || !routed, "round {round}: a route without guard");
        guarded_rounds += usize::from(guarded);
    }
    println!("60 rounds: {guarded_rounds} ended guarded, {undone} hooks were undone");
    assert!(guarded_rounds > 0, "nothing was ever put in force");
}

#[test]
fn interfaces_that_come_and_go_are_in_nobodys_way() {
    if !inside("sessions::interfaces_that_come_and_go_are_in_nobodys_way") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100 {
                node.node.ip("link add come type veth peer name go");
                node.node.ip("link del come");
            }
        });
        for _ in 0..60 {
            node.guard(&["--keep-sessions", "-a", VIP]);
        }
    });
}

#[test]
fn an_address_left_behind_is_found_by_its_route_too() {
    if !inside("sessions::an_address_left_behind_is_found_by_its_route_too") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP]);
    node.take(VIP);
    node.node.tool("nft", "flush ruleset");
    node.guard(&["--give-up"]);
    assert!(!node.node.ip("address show dev eth0").contains(VIP));
    // It needs no nft.
    node.take(VIP);
    node.guard(&["--give-up", "--nft", "/nonexistent/nft"]);
    assert!(!node.node.ip("address show dev eth0").contains(VIP));
}

/// As keepalived.conf's `peer` puts it there, and the same address without one beside it.
#[test]
fn an_address_with_a_peer_is_given_up_too() {
    if !inside("sessions::an_address_with_a_peer_is_given_up_too") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for address in [
        format!("{VIP} peer 192.168.3.1/32"),
        format!("{VIP} peer 192.168.3.2/24"),
        format!("{VIP}/32"),
        format!("{VIP6} peer fd00:3::1/128 nodad"),
    ] {
        node.node.ip(&format!("address add {address} dev eth0"));
        node.guard(&["--give-up"]);
        let addresses = node.node.ip("address show dev eth0");
        assert!(!addresses.contains(VIP) && !addresses.contains(VIP6), "{address}: {addresses}");
        assert!(addresses.contains(OWN) && addresses.contains(OWN6), "{addresses}");
    }
}

#[test]
fn an_address_that_can_not_be_given_up_is_told_with_what_helps() {
    if !inside("sessions::an_address_that_can_not_be_given_up_is_told_with_what_helps") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP]);
    node.take(VIP);
    let told = |args: &[&str]| {
        // Without CAP_NET_ADMIN.
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", env!("CARGO_BIN_EXE_bypass-ipvs")]);
        let output = node.node.run(|| command.arg("--give-up").args(args).output().unwrap());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = told(&[VIP]);
    assert_eq!(code, 4);
    assert!(
        words.starts_with(&format!("bypass-ipvs: error: {VIP} may be left behind: ")),
        "{words}"
    );
    assert!(words.contains("Operation not permitted; run it as root"), "{words}");
    // Nobody can tell which there are.
    let (code, words) = told(&[]);
    assert_eq!(code, 4);
    assert!(words.starts_with("bypass-ipvs: error: more may be left behind: "), "{words}");
    assert!(words.contains("Operation not permitted"), "{words}");
    assert!(!words.contains("sessions"), "{words}");
}
