//! What others do to the rules is put right: by the next hook, and without one by `--watch`.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::common::netns::inside;
use crate::node::{Node, OWN, VIP, VIP6, ip};

/// For what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_chain_in_a_wrong_place_is_replaced_by_the_next_hook() {
    if !inside("healing::a_chain_in_a_wrong_place_is_replaced_by_the_next_hook") {
        return;
    }
    let node = Node::new();
    for chain in [
        "{ type filter hook input priority 0 ; }",
        "{ type nat hook prerouting priority -90 ; }",
        "{ type nat hook prerouting priority dstnat ; policy drop ; }",
        "",
    ] {
        node.node.tool("nft", "flush ruleset");
        node.node.tool("nft", "add table ip lvskit");
        node.node.tool("nft", &format!("add chain ip lvskit vip-{VIP} {chain}"));
        node.node.tool("nft", &format!("add rule ip lvskit vip-{VIP} counter"));
        let check = node.hook(&["--check", VIP]);
        assert!(String::from_utf8(check.stdout).unwrap().contains("altered"), "{chain}");
        node.guard(&["-a", VIP]);
        assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0), "{chain}");
        assert_eq!(node.served_at(VIP, PATIENCE), ip(OWN), "{chain}");
    }
}

#[test]
fn a_dormant_table_is_no_guard_until_the_next_hook_wakes_it() {
    if !inside("healing::a_dormant_table_is_no_guard_until_the_next_hook_wakes_it") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", VIP]);
    node.node.tool("nft", "add table ip lvskit { flags dormant ; }");
    assert_eq!(node.served_at(VIP, Duration::from_millis(300)), None);
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(1));
    node.guard(&["-r", VIP]);
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0));
    assert_eq!(node.served_at(VIP, PATIENCE), ip(OWN));
}

/// A set that is something else than the rules fill, in a guard that is right otherwise.
#[test]
fn changed_sets_are_replaced_by_the_next_hook() {
    if !inside("healing::changed_sets_are_replaced_by_the_next_hook") {
        return;
    }
    let node = Node::new();
    let dry = node.hook(&["--dry-run", "-a", VIP, VIP6]);
    let text = String::from_utf8(dry.stdout).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let check = |vips: &[&str]| {
        let output = node.hook(&[&["--check"], vips].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let clients = format!("clients-{VIP}");
    for (from, to, told) in [
        ("size 4096", "size 10", "the size of set clients-192.168.3.100 is 10, not 4096"),
        ("timeout 10s", "timeout 1h", "the timeout of set clients-192.168.3.100 is 3600, not 10"),
        // Rules about a MAC address can't refer to it.
        ("ether_addr", "ipv4_addr", "the chain has 0 rules, not 9"),
    ] {
        node.node.tool("nft", "flush ruleset");
        let altered =
            text.lines().filter(|line| to != "ipv4_addr" || !line.starts_with("add rule ip "));
        let altered =
            altered.map(|line| match line.contains(&format!("add set ip lvskit {clients} ")) {
                true => line.replace(from, to) + "\n",
                false => format!("{line}\n"),
            });
        std::fs::write(file.path(), altered.collect::<String>()).unwrap();
        node.node.tool("nft", &format!("-f {}", file.path().display()));
        // What the other sets hold stays.
        node.node.tool("nft", "add element ip6 lvskit clients-fd00-3--100 { 02:00:00:00:00:01 }");
        assert_eq!(check(&[VIP]), (1, format!("{VIP} altered: {told}\n")));
        node.guard(&["-a", VIP, VIP6]);
        assert_eq!(check(&[VIP, VIP6]).0, 0, "{to}");
        assert_eq!(node.served_at(VIP, PATIENCE), ip(OWN), "{to}");
        let set = node.node.tool("nft", "list set ip6 lvskit clients-fd00-3--100");
        assert!(set.contains("02:00:00:00:00:01"), "{set}");
        // And --purge knows them too.
        node.guard(&["--purge", VIP]);
    }
}

/// Whoever deletes a chain leaves the sets: the address is one that should be guarded.
#[test]
fn a_check_of_all_names_an_address_whose_chain_is_gone() {
    if !inside("healing::a_check_of_all_names_an_address_whose_chain_is_gone") {
        return;
    }
    let node = Node::new();
    node.guard(&["-a", VIP, "192.168.3.10", VIP6]);
    for chain in [format!("ip lvskit vip-{VIP}"), "ip6 lvskit vip-fd00-3--100".to_owned()] {
        node.node.tool("nft", &format!("delete chain {chain}"));
    }
    let check = node.hook(&["--check"]);
    assert_eq!(check.status.code(), Some(1));
    let told = format!("192.168.3.10 in force, no fallback route\n{VIP} missing\n{VIP6} missing\n");
    assert_eq!(String::from_utf8(check.stdout).unwrap(), told);
}

/// A watching program that does not outlive its test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_force(node: &Node) -> bool {
    node.hook(&["--keep-sessions", "--check", VIP, VIP6]).status.success()
}

fn wait_for_guard(node: &Node, after: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !in_force(node) {
        assert!(Instant::now() < deadline, "nothing came back after {after}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_watching_program_restores_what_was_taken_away() {
    if !inside("healing::a_watching_program_restores_what_was_taken_away") {
        return;
    }
    let node = Node::silent();
    let args = ["--watch", "--keep-sessions", "-a", VIP, VIP6];
    let mut watch = Watch(node.start_hook(&args));
    wait_for_guard(&node, "the start");
    for fault in [
        "flush ruleset".to_owned(),
        "delete table ip6 lvskit".to_owned(),
        format!("flush chain ip lvskit vip-{VIP}"),
        format!("insert rule ip lvskit vip-{VIP} tcp dport 22 accept"),
        "add table ip lvskit { flags dormant ; }".to_owned(),
    ] {
        node.node.tool("nft", &fault);
        wait_for_guard(&node, &fault);
    }
    node.node.ip("route flush table local proto 112");
    wait_for_guard(&node, "ip route flush");
    node.node.ip("-6 route flush table local proto 112");
    wait_for_guard(&node, "ip -6 route flush");
    assert!(watch.0.try_wait().unwrap().is_none(), "it stays");
    drop(watch);
    assert!(in_force(&node), "the guard outlives its watcher");
}

/// systemd starts keepalived after the unit, and the unit counts as started with this message.
#[test]
fn a_watcher_tells_systemd_when_the_guard_is_in_force() {
    if !inside("healing::a_watcher_tells_systemd_when_the_guard_is_in_force") {
        return;
    }
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bypass-ipvs"));
    command.args(["--watch", "-a", VIP]).env("NOTIFY_SOCKET", &path);
    let _watch = Watch(node.node.run(|| command.spawn().unwrap()));
    let mut message = [0; 64];
    let length = socket.recv(&mut message).unwrap();
    assert_eq!(message[..length].trim_ascii(), b"READY=1");
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0));
}

/// Not even without nft does it give up: it says so once, and is ready when the guard is there.
#[test]
fn a_watcher_without_nft_waits_for_it() {
    if !inside("healing::a_watcher_without_nft_waits_for_it") {
        return;
    }
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let nft = folder.path().join("nft");
    let watch = Watch(node.start_hook(&["--watch", "-a", VIP, "--nft", nft.to_str().unwrap()]));
    std::thread::sleep(Duration::from_millis(200));
    std::os::unix::fs::symlink("/usr/sbin/nft", &nft).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !node.hook(&["--check", VIP]).status.success() {
        assert!(Instant::now() < deadline, "no guard");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(watch);
}

#[test]
fn a_watcher_takes_the_route_away_when_it_becomes_unsafe() {
    if !inside("healing::a_watcher_takes_the_route_away_when_it_becomes_unsafe") {
        return;
    }
    let node = Node::silent();
    let _watch = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP, VIP6]));
    wait_for_guard(&node, "the start");
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=0");
    let deadline = Instant::now() + PATIENCE;
    while node.node.ip("route show type local dev lo table local proto 112").contains(VIP) {
        assert!(Instant::now() < deadline, "the route stays");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_route_follows_as_soon_as_it_is_safe() {
    if !inside("healing::the_route_follows_as_soon_as_it_is_safe") {
        return;
    }
    let node = Node::new();
    let _watch = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP, VIP6]));
    let deadline = Instant::now() + PATIENCE;
    while !node.hook(&["--check", VIP]).status.success() {
        assert!(Instant::now() < deadline, "no guard");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!in_force(&node), "arp_ignore is 0 in a new namespace");
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=1");
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_announce=2");
    wait_for_guard(&node, "the settings");
}
