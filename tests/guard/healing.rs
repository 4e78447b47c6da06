//! What others do to the rules is put right: by the next hook, and without one by `--watch`.

use std::fs::{self, File, Permissions};
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::common::netns::inside;
use crate::common::patience::until;
use crate::node::{Node, OWN, VIP, VIP6, ip};

/// For what a watcher does because the kernel told it of a change: clearly less than the 10 seconds
/// after which it looks by itself.
pub const SOON: Duration = Duration::from_secs(5);

/// For what it does by itself, and for all else.
pub const PATIENCE: Duration = Duration::from_secs(20);

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
        ("size 65535", "size 10", "the size of set clients-192.168.3.100 is 10, not 65535"),
        ("timeout 10s", "timeout 1h", "the timeout of set clients-192.168.3.100 is 3600, not 10"),
        // Rules about a MAC address can't refer to it.
        ("ether_addr", "ipv4_addr", "chain vip-192.168.3.100 has no rules"),
    ] {
        node.node.tool("nft", "flush ruleset");
        let altered =
            text.lines().filter(|line| to != "ipv4_addr" || !line.starts_with("add rule ip "));
        let altered =
            altered.map(|line| match line.contains(&format!("add set ip lvskit {clients} ")) {
                true => line.replace(from, to) + "\n",
                false => format!("{line}\n"),
            });
        fs::write(file.path(), altered.collect::<String>()).unwrap();
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
pub struct Watch(pub Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_force(node: &Node) -> bool {
    node.hook(&["--keep-sessions", "--check", VIP, VIP6]).status.success()
}

fn wait_for_guard(node: &Node, after: &str, patience: Duration) {
    until(patience, || format!("nothing came back after {after}"), || in_force(node));
}

#[test]
fn a_watching_program_restores_what_was_taken_away() {
    if !inside("healing::a_watching_program_restores_what_was_taken_away") {
        return;
    }
    let node = Node::silent();
    let args = ["--watch", "--keep-sessions", "-a", VIP, VIP6];
    let mut watch = Watch(node.start_hook(&args));
    wait_for_guard(&node, "the start", PATIENCE);
    for fault in [
        "flush ruleset".to_owned(),
        "delete table ip6 lvskit".to_owned(),
        format!("flush chain ip lvskit vip-{VIP}"),
        format!("insert rule ip lvskit vip-{VIP} tcp dport 22 accept"),
        "add table ip lvskit { flags dormant ; }".to_owned(),
    ] {
        node.node.tool("nft", &fault);
        wait_for_guard(&node, &fault, SOON);
    }
    node.node.ip("route flush table local proto 112");
    wait_for_guard(&node, "ip route flush", SOON);
    node.node.ip("-6 route flush table local proto 112");
    wait_for_guard(&node, "ip -6 route flush", SOON);
    assert!(watch.0.try_wait().unwrap().is_none(), "it stays");
    drop(watch);
    assert!(in_force(&node), "the guard outlives its watcher");
}

/// A pipe that takes no more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let set = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).unwrap();
    set(OFlag::O_NONBLOCK);
    while (&writer).write(&[b'x'; 4096]).is_ok() {}
    set(OFlag::empty());
    writer.flush().unwrap();
    (reader, writer)
}

/// Whoever started it reads no longer what it says. systemd gives it /dev/null, others a pipe.
#[test]
fn a_standard_error_that_nobody_reads_stops_nobody() {
    if !inside("healing::a_standard_error_that_nobody_reads_stops_nobody") {
        return;
    }
    let node = Node::silent();
    let (_reader, writer) = full_pipe();
    let start = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bypass-ipvs"));
        command.args(args).args(["--verbose", "--keep-sessions", "-a", VIP, VIP6]);
        command.stderr(writer.try_clone().unwrap());
        node.node.run(|| command.spawn().unwrap())
    };
    let mut hook = Watch(start(&[]));
    assert!(hook.0.wait().unwrap().success());
    let watch = Watch(start(&["--watch"]));
    for _ in 0..3 {
        node.node.tool("nft", "flush ruleset");
        wait_for_guard(&node, "a flush", PATIENCE);
    }
    drop(watch);
    // Where the guard is in force nobody needs nft.
    node.node.tool("nft", "flush ruleset");
    let missing = ["--nft", "/nonexistent/nft"];
    let mut refused = Watch(start(&missing));
    assert_eq!(refused.0.wait().unwrap().code(), Some(7));
}

/// systemd's end of a unit that tells when it is ready.
pub struct Notify(tempfile::TempDir, UnixDatagram);

impl Notify {
    pub fn new() -> Notify {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Notify(folder, socket)
    }

    /// A watcher on the node that tells it, and writes to `stderr`.
    pub fn watch(&self, node: &Node, args: &[&str], stderr: Stdio) -> Watch {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bypass-ipvs"));
        command.arg("--watch").args(args).stderr(stderr);
        command.env("NOTIFY_SOCKET", self.0.path().join("notify"));
        Watch(node.node.run(|| command.spawn().unwrap()))
    }

    /// Waits until it is told.
    pub fn ready(&self) {
        let mut message = [0; 64];
        let length = self.1.recv(&mut message).unwrap();
        assert_eq!(message[..length].trim_ascii(), b"READY=1");
    }

    /// Tells it, in the watcher's place, as often as there is room for; returns how often.
    fn fill(&self) -> usize {
        let other = UnixDatagram::unbound().unwrap();
        other.set_nonblocking(true).unwrap();
        let told = || other.send_to(b"READY=1", self.0.path().join("notify")).is_ok();
        (0..).take_while(|_| told()).count()
    }

    /// Whether anything was told that nobody has waited for.
    pub fn was_told(&self) -> bool {
        self.1.set_nonblocking(true).unwrap();
        let told = self.1.recv(&mut [0; 64]).is_ok();
        self.1.set_nonblocking(false).unwrap();
        told
    }
}

/// systemd starts keepalived after the unit, and the unit counts as started with this message.
#[test]
fn a_watcher_tells_systemd_when_the_guard_is_in_force() {
    if !inside("healing::a_watcher_tells_systemd_when_the_guard_is_in_force") {
        return;
    }
    let (node, notify) = (Node::new(), Notify::new());
    let _watch = notify.watch(&node, &["-a", VIP], Stdio::null());
    notify.ready();
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0));
}

/// systemd's queue holds few messages; while it is full, whoever tells it something stands still.
#[test]
fn a_systemd_that_reads_nothing_stops_no_watcher() {
    if !inside("healing::a_systemd_that_reads_nothing_stops_no_watcher") {
        return;
    }
    let (node, notify) = (Node::new(), Notify::new());
    let told = notify.fill();
    let _watch = notify.watch(&node, &["-a", VIP], Stdio::null());
    for _ in 0..2 {
        let in_force = || node.hook(&["--check", VIP]).status.code() == Some(0);
        until(PATIENCE, || "the guard is not in force".to_owned(), in_force);
        node.node.tool("nft", "flush ruleset");
    }
    for _ in 0..=told {
        notify.ready();
    }
}

/// Not even with a broken nft does it give up: it says so once, and is ready when the guard is there.
#[test]
fn a_watcher_with_a_broken_nft_waits_for_it() {
    if !inside("healing::a_watcher_with_a_broken_nft_waits_for_it") {
        return;
    }
    let (node, notify) = (Node::new(), Notify::new());
    let folder = tempfile::tempdir().unwrap();
    let [nft, repaired, calls, said] =
        ["nft", "repaired", "calls", "said"].map(|name| folder.path().join(name));
    let script = format!(
        "#!/bin/sh\n[ -e {} ] && exec /usr/sbin/nft \"$@\"\necho >>{}\necho 'no library' >&2\nexit 127\n",
        repaired.display(),
        calls.display()
    );
    fs::write(&nft, script).unwrap();
    fs::set_permissions(&nft, Permissions::from_mode(0o755)).unwrap();
    let args = ["-a", VIP, "--nft", nft.to_str().unwrap()];
    let _watch = notify.watch(&node, &args, File::create(&said).unwrap().into());
    let tries = || fs::read_to_string(&calls).unwrap_or_default().len();
    for change in ["", "add table ip one", "add table ip two", "add table ip three"] {
        let before = tries();
        if !change.is_empty() {
            node.node.tool("nft", change);
        }
        let says = || format!("it does not try again after {change:?}");
        until(PATIENCE, says, || tries() != before);
    }
    assert!(!notify.was_told(), "ready without a guard");
    fs::write(&repaired, "").unwrap();
    notify.ready();
    assert_eq!(node.hook(&["--check", VIP]).status.code(), Some(0));
    let said = fs::read_to_string(&said).unwrap();
    assert_eq!(said.matches("no library").count(), 1, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_watcher_takes_the_route_away_when_it_becomes_unsafe() {
    if !inside("healing::a_watcher_takes_the_route_away_when_it_becomes_unsafe") {
        return;
    }
    let node = Node::silent();
    let _watch = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP, VIP6]));
    wait_for_guard(&node, "the start", PATIENCE);
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=0");
    let routes = || node.node.ip("route show type local dev lo table local proto 112");
    until(PATIENCE, || "the route stays".to_owned(), || !routes().contains(VIP));
}

#[test]
fn the_route_follows_as_soon_as_it_is_safe() {
    if !inside("healing::the_route_follows_as_soon_as_it_is_safe") {
        return;
    }
    let node = Node::new();
    let _watch = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP, VIP6]));
    let guarded = || node.hook(&["--check", VIP]).status.success();
    until(PATIENCE, || "no guard".to_owned(), guarded);
    assert!(!in_force(&node), "arp_ignore is 0 in a new namespace");
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=1");
    node.node.tool("sysctl", "-qw net.ipv4.conf.all.arp_announce=2");
    // Of which the kernel tells nothing.
    wait_for_guard(&node, "the settings", PATIENCE);
}
