//! The same under real firewalld. Where it can't run, the last line says what was skipped and why.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use nix::mount::{MsFlags, mount};

use crate::common::firewalld::{Firewalld, home};
use crate::common::netns::inside;
use crate::node::{Node, OWN, VIP, ip};
use crate::rendered;
use crate::traffic::{BRIEF, Guarded, PATIENT, Passes, SERVICE};

/// A port of the node that firewalld has closed, and nobody balances.
const CLOSED: u16 = 6379;

fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Starts it on a node; `None` where it can't run.
fn start(node: &Node) -> Option<Firewalld> {
    // It leaves a folder there, which nobody but this test's own mount namespace may see.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    match Firewalld::start(&node.node) {
        Ok(firewalld) => Some(firewalld),
        // Real root in a machine that has it: then it has to start.
        Err(why) if home().is_some() && !in_user_namespace() => panic!("{why}"),
        Err(why) => {
            println!("skipped: the rules under real firewalld: {why}");
            None
        }
    }
}

/// Whether the guard is in force; with nothing that keeps it from working, as firewalld's own rules.
fn check(node: &Node) -> bool {
    let output = node.hook(&[&SERVICE[..], &["--json", "--check", VIP]].concat());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["conflicts_unknown"].is_null(), "{said:#}");
    assert_eq!(said["guards"][0]["findings"], serde_json::json!([]), "{said:#}");
    output.status.success()
}

#[test]
fn firewalld_needs_the_commands_and_they_are_enough() {
    if !inside("firewalld::firewalld_needs_the_commands_and_they_are_enough") {
        return;
    }
    let guarded = Guarded::new();
    let node = &guarded.node;
    let Some(firewalld) = start(node) else { return };
    assert!(check(node), "the start of firewalld took the guard away");
    // firewalld accepts whatever was redirected (`ct status dnat accept`), and echo requests in a
    // zone that blocks no ICMP; all else needs the commands.
    let without = Passes { redirected: true, echo: true, ..Passes::all(false) };
    assert_eq!(guarded.passes(false), without);

    let commands = rendered("firewalld");
    for _ in 0..2 {
        let (ok, said) = firewalld.shell(&node.node, &commands);
        assert!(ok, "{said}");
        assert!(check(node), "the reload of firewalld took the guard away");
        assert_eq!(guarded.passes(true), Passes::all(true));
    }
    assert!(guarded.refuses_strangers());
    // Of a guard that redirects every port, as bypass_ipvs.py did, firewalld drops the ends of
    // connections: the test sees that.
    node.guard(&["-a", VIP]);
    let legacy = Passes { closing: false, resetting: false, ..Passes::all(true) };
    assert_eq!(guarded.passes(false), legacy);
    println!("{}", firewalld.shell(&node.node, "firewall-cmd --version").1.trim_end());
}

/// firewalld lets in what was redirected, so nothing else may be redirected.
#[test]
fn what_firewalld_has_closed_stays_closed() {
    if !inside("firewalld::what_firewalld_has_closed_stays_closed") {
        return;
    }
    let node = Node::silent();
    let _listener = node.node.run(|| TcpListener::bind(("0.0.0.0", CLOSED)).unwrap());
    let connects = |patience: Duration| {
        let server = SocketAddr::new(VIP.parse().unwrap(), CLOSED);
        node.balancer.run(|| TcpStream::connect_timeout(&server, patience)).is_ok()
    };
    let guard = |service: &str| node.guard(&["--keep-sessions", "--service", service, "-a", VIP]);
    guard("all");
    assert!(connects(PATIENT), "without firewalld");
    let Some(firewalld) = start(&node) else { return };
    let (ok, said) = firewalld.shell(&node.node, &rendered("firewalld"));
    assert!(ok, "{said}");
    assert!(connects(PATIENT), "it is redirected");
    guard(SERVICE[1]);
    assert!(!connects(BRIEF), "it is closed");
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN), "what is balanced is open");
}

/// At a planned failover the new MASTER goes on with what it served before.
#[test]
fn a_session_of_a_backup_goes_on_when_the_vip_comes() {
    if !inside("firewalld::a_session_of_a_backup_goes_on_when_the_vip_comes") {
        return;
    }
    let node = Node::silent();
    let Some(firewalld) = start(&node) else { return };
    let (ok, said) = firewalld.shell(&node.node, &rendered("firewalld"));
    assert!(ok, "{said}");
    let hook = |option| node.guard(&[&["--keep-sessions"], &SERVICE[..], &[option, VIP]].concat());
    hook("-a");
    let (mut client, mut server) = node.session_of(&node.balancer, VIP, PATIENT).unwrap();
    assert_eq!(server.local_addr().unwrap().ip().to_canonical().to_string(), OWN);
    for end in [&client, &server] {
        end.set_read_timeout(Some(PATIENT)).unwrap();
    }
    let mut goes_on = || {
        let mut byte = [0];
        client.write_all(b"x").and_then(|()| server.read_exact(&mut byte)).unwrap();
        server.write_all(b"y").and_then(|()| client.read_exact(&mut byte)).unwrap();
    };
    goes_on();
    node.take(VIP);
    hook("-r");
    goes_on();
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP), "a new one meets the VIP");
    node.give_up(VIP);
    hook("-a");
    goes_on();
    // To the end, which firewalld could take for invalid.
    drop(client);
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}
