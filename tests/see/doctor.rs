//! Faults of one node that doctor finds, and a healthy node where it finds nothing.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use lvskit::conf::probe::RUNNER;

use crate::common::keepalived::{network, wait_for};
use crate::common::netns::inside;
use crate::node::{HOOK, Node, VIP, instance, pair};

/// The node's own address, see `network`.
const OWN: &str = "192.168.3.101";

/// keepalived runs here without checkers, and this kernel may have no IPVS.
const KERNEL: [&str; 2] = ["no-ipvs", "program-insecure"];

fn found(node: &Node) -> Vec<String> {
    let mut found = node.found();
    found.retain(|id| !KERNEL.contains(&id.as_str()));
    found
}

/// A node that guards and serves the VIP; `more` is added to its virtual server.
fn guarded(check: &str) -> Node {
    let line = format!("\"{HOOK} --keep-sessions --service tcp/25 -a {VIP}\"");
    let text = format!(
        "global_defs {{\n enable_script_security\n script_user root\n}}\n{}\
         virtual_server {VIP} 25 {{\n lb_algo mh\n lb_kind DR\n protocol TCP\n \
         real_server {OWN} 25 {{\n {check}\n }}\n}}\n",
        instance(100, &format!(" notify_backup {line}\n notify_master {line}")),
    );
    let netns = network();
    netns.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
    let node = Node::start(netns, &text);
    node.until_it_holds(VIP);
    node.netns.tool(HOOK, &format!("--keep-sessions --service tcp/25 -a {VIP}"));
    node
}

const TCP_CHECK: &str = "TCP_CHECK {\n connect_timeout 3\n }";

#[test]
fn a_healthy_node_gives_nothing() {
    if !inside("doctor::a_healthy_node_gives_nothing") {
        return;
    }
    // On a link whose other end is elsewhere: one in the same node would answer for it.
    let [one, _two] = pair();
    let node = Node::start(one, &instance(100, ""));
    node.until_it_holds(VIP);
    assert_eq!(node.doctor(&[]), (Vec::new(), 0));
    let said =
        String::from_utf8(node.lvskit(&["doctor", "--listen", "0", "--allow-partial"]).stdout);
    assert!(said.unwrap().ends_with("nothing found\n"));
}

/// What keepalived holds in memory is the file as it was read last.
#[test]
fn a_file_that_keepalived_has_not_read_is_found() {
    if !inside("doctor::a_file_that_keepalived_has_not_read_is_found") {
        return;
    }
    let [one, _two] = pair();
    let node = Node::start(one, &instance(100, ""));
    node.until_it_holds(VIP);
    assert_eq!(node.found(), [""; 0]);
    let write = |text: &str| fs::write(node.keepalived.path("keepalived.conf"), text).unwrap();
    write(&format!("# The same.\n\n{}", instance(100, "")));
    assert_eq!(node.found(), [""; 0], "a comment");
    write(&instance(90, ""));
    assert_eq!(node.found(), ["file-changed"]);
    // Read at a reload, while the process goes on.
    node.signal("HUP", "pid");
    wait_for(|| format!("{:?}", node.found()), || node.found().is_empty().then_some(()));
    write(&instance(100, ""));
    assert_eq!(node.found(), ["file-changed"]);
}

#[test]
fn faults_of_guard_and_service_are_found() {
    if !inside("doctor::faults_of_guard_and_service_are_found") {
        return;
    }
    let node = guarded(TCP_CHECK);
    let bind = |address: &str| {
        let address = (address.to_owned(), 25);
        node.netns.run(|| TcpListener::bind(address).unwrap())
    };
    assert_eq!(found(&node), ["not-listening"]);
    let socket = bind(OWN);
    assert_eq!(found(&node), ["listens-on-own-only"]);
    drop(socket);
    let socket = bind(VIP);
    assert_eq!(found(&node), ["listens-on-vip-only"]);
    drop(socket);
    let _socket = bind("0.0.0.0");
    assert_eq!(found(&node), [""; 0]);

    node.netns.tool("nft", &format!("insert rule ip lvskit vip-{VIP} counter"));
    assert_eq!(found(&node), ["guard-altered"]);
    let guard = format!("--keep-sessions --service tcp/25 -a {VIP}");
    node.netns.tool(HOOK, &guard);
    assert_eq!(found(&node), [""; 0]);
    node.netns.ip(&format!("route del local {VIP} dev lo table local proto 112"));
    assert_eq!(found(&node), ["route-missing"]);
    node.netns.tool("nft", "delete table ip lvskit");
    assert_eq!(found(&node), ["guard-missing"]);
    node.netns.tool(HOOK, &guard);
    assert_eq!(found(&node), [""; 0]);
    node.netns.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=0");
    assert!(
        found(&node).starts_with(&["route-unsafe".into(), "arp-ignore".into()]),
        "{:?}",
        found(&node)
    );
    node.netns.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=1");
    node.netns.tool(HOOK, "-a 10.0.0.9");
    assert_eq!(found(&node), ["guard-of-nobody"]);
    node.netns.tool(HOOK, "--purge 10.0.0.9");

    node.netns.tool("nft", "add table ip other");
    let chain = "add chain ip other pre { type nat hook prerouting priority -110; }";
    node.netns.tool("nft", chain);
    node.netns.tool("nft", "add rule ip other pre tcp dport 25 redirect to :2525");
    assert_eq!(found(&node), ["port-taken"]);
    let (ids, exit) = node.doctor(&["--only", "port-taken"]);
    assert_eq!((ids.len(), exit), (1, 1));
    assert_eq!(node.doctor(&["--only", "guard-missing"]), (Vec::new(), 0));
}

#[test]
fn faults_of_addresses_are_found() {
    if !inside("doctor::faults_of_addresses_are_found") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let drain = folder.path().join("drain");
    fs::write(&drain, "0").unwrap();
    let text = format!(
        "track_file drain {{\n file {}\n weight 0\n}}\n{}",
        drain.display(),
        instance(
            100,
            " virtual_ipaddress_excluded {\n  192.168.3.99\n }\n track_file {\n  drain weight 0\n }"
        )
    );
    let node = Node::start(network(), &text);
    node.until_it_holds("192.168.3.99");
    node.until_it_holds(VIP);
    assert_eq!(found(&node), [""; 0]);
    node.netns.ip("link set peer0 up");
    node.netns.ip("address add 192.168.3.99/32 dev peer0");
    assert_eq!(found(&node), ["vip-on-other-interface"]);
    node.netns.ip("address del 192.168.3.99/32 dev peer0");
    fs::write(&drain, "1").unwrap();
    wait_for(|| node.keepalived.log(), || (!node.holds(VIP)).then_some(()));
    assert_eq!(found(&node), ["drained"]);
    assert_eq!(node.doctor(&["--listen", "0", "--only", "drained"]).1, 3, "a warning");
    assert_eq!(node.doctor(&["--listen", "0", "--skip", "drained", "--allow-partial"]).1, 0);
    node.netns.ip("link set peer0 down");
    assert_eq!(found(&node), ["interface-down", "drained"]);
}

#[test]
fn an_address_that_a_master_lacks_is_found() {
    if !inside("doctor::an_address_that_a_master_lacks_is_found") {
        return;
    }
    let excluded = " virtual_ipaddress_excluded {\n  192.168.3.99\n }";
    let node = Node::start(network(), &instance(100, excluded));
    node.until_it_holds("192.168.3.99");
    node.until_it_holds(VIP);
    // keepalived would put it back.
    node.signal("STOP", "vrrp.pid");
    node.netns.ip("address del 192.168.3.99/32 dev eth0");
    assert_eq!(found(&node), ["vip-missing"]);
    node.signal("CONT", "vrrp.pid");
}

#[test]
fn programs_that_can_not_run_are_found() {
    if !inside("doctor::programs_that_can_not_run_are_found") {
        return;
    }
    // Below the folder of root's own: /tmp may be written by all, which its sticky bit makes harmless.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("smtp-check");
    let misc = |user: &str| {
        // As gen-conf renders it.
        format!(
            "MISC_CHECK {{\n misc_path \"{RUNNER} {} --tls 1\"\n user {user}\n }}",
            program.display()
        )
    };
    let text = |user: &str| {
        format!(
            "global_defs {{\n enable_script_security\n}}\n{}virtual_server {VIP} 25 {{\n \
             lb_kind DR\n protocol TCP\n real_server 192.168.3.102 25 {{\n {}\n }}\n}}\n",
            instance(100, ""),
            misc(user)
        )
    };
    let node = Node::start(network(), &text("root"));
    node.until_it_holds(VIP);
    let found = |node: &Node| {
        let mut found = node.found();
        found.retain(|id| id != "no-ipvs");
        found
    };
    let set = |path: &std::path::Path, bytes: &[u8], mode: u32| {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let tls = folder.path().join("smtp-check-tls");
    set(&tls, b"\x7fELF", 0o755);
    assert_eq!(found(&node), ["check-program-missing"]);
    set(&program, b"#!/bin/sh\n", 0o644);
    assert_eq!(found(&node), ["check-program-missing"], "not executable");
    set(&program, b"#!/bin/sh\n", 0o755);
    assert_eq!(found(&node), [""; 0]);
    set(&program, b"#!/bin/sh\n", 0o775);
    assert_eq!(found(&node), ["program-insecure"]);
    set(&program, b"#!/bin/sh\n", 0o755);
    set(&tls, b"#!/bin/sh\n", 0o755);
    assert_eq!(found(&node), ["probe-tls-missing"], "not an ELF file");
    fs::remove_file(&tls).unwrap();
    assert_eq!(found(&node), ["probe-tls-missing"]);
    set(&tls, b"\x7fELF", 0o755);
    fs::write(node.keepalived.path("keepalived.conf"), text("nobody-of-that-name")).unwrap();
    assert_eq!(found(&node), ["user-missing", "file-changed"]);
    fs::write(node.keepalived.path("keepalived.conf"), "vrrp_instance x {\n").unwrap();
    assert_eq!(found(&node), ["config-refused"]);
}
