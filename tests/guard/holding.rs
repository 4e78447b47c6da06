//! A reload of nftables begins with `flush ruleset`. On a watched BACKUP the sessions go on: the watcher
//! holds a table that the flush passes over, with a nat chain by which translations go on.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::netns::inside;
use crate::common::patience::until;
use crate::healing::{PATIENCE, SOON, Watch};
use crate::node::{Node, OWN, PATIENT, VIP, VIP6};

const SESSIONS: usize = 60;

/// Files of nftables. The first is in substance what Debian installs: nothing in it needs conntrack.
const FILES: [&str; 2] = [
    "flush ruleset
table inet filter {
    chain input { type filter hook input priority filter; }
}
",
    // As in the field: what is new or established passes, what conntrack does not know is dropped.
    "flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy accept;
        ct state established,related accept
        ct state invalid drop
        tcp dport { 22, 2525 } accept
    }
}
",
];

fn tables(node: &Node) -> String {
    node.node.tool("nft", "list tables")
}

fn wait_for(node: &Node, what: &str, is: impl Fn() -> bool) {
    until(PATIENCE, || format!("{what}: {}", tables(node)), is);
}

/// Sends on every session and takes what comes, until it is told to stop; tells which are lost.
fn traffic(sessions: &mut [(TcpStream, TcpStream)], stop: &AtomicBool) -> BTreeSet<usize> {
    let mut lost = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        for (at, (client, server)) in sessions.iter_mut().enumerate() {
            let works = |done: std::io::Result<usize>| match done {
                Ok(count) => count > 0,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            };
            if !works(client.write(&[b'x'; 20])) || !works(server.read(&mut [0; 4096])) {
                lost.insert(at);
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    lost
}

#[test]
fn a_reload_of_nftables_resets_no_session() {
    if !inside("holding::a_reload_of_nftables_resets_no_session") {
        return;
    }
    let node = Node::silent();
    let _watch = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP, VIP6]));
    let held = ["table ip lvskit-hold", "table ip6 lvskit-hold"];
    wait_for(&node, "no table", || held.iter().all(|table| tables(&node).contains(table)));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut sessions: Vec<_> = (0..SESSIONS)
        .map(|at| node.session(if at % 3 == 0 { VIP6 } else { VIP }, PATIENT).unwrap())
        .collect();
    assert_eq!(sessions[1].1.local_addr().unwrap().ip().to_canonical().to_string(), OWN);
    for (client, server) in &sessions {
        client.set_nonblocking(true).unwrap();
        server.set_nonblocking(true).unwrap();
    }
    let stop = AtomicBool::new(false);
    let lost = std::thread::scope(|scope| {
        let busy = scope.spawn(|| traffic(&mut sessions, &stop));
        for text in FILES.iter().cycle().take(3 * FILES.len()) {
            fs::write(file.path(), text).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            node.node.tool("nft", &format!("-f {}", file.path().display()));
            let guarded = || node.hook(&["--keep-sessions", "--check", VIP, VIP6]).status.success();
            wait_for(&node, "no guard", guarded);
        }
        stop.store(true, Ordering::Relaxed);
        busy.join().unwrap()
    });
    assert_eq!(lost.len(), 0, "of {SESSIONS}: {lost:?}");
}

/// It outlives a flush, others can't take it away, and a second watcher takes it over from the first.
#[test]
fn the_table_is_held_by_one_watcher_after_the_other() {
    if !inside("holding::the_table_is_held_by_one_watcher_after_the_other") {
        return;
    }
    let node = Node::silent();
    let start = || Watch(node.start_hook(&["--watch", "-a", VIP]));
    let is_held = || tables(&node).contains("table ip lvskit-hold");
    let first = start();
    wait_for(&node, "no table", is_held);
    node.node.tool("nft", "flush ruleset");
    assert!(is_held());
    assert!(!node.node.try_tool("nft", "delete table ip lvskit-hold").0);
    assert!(!tables(&node).contains("ip6 lvskit-hold"), "no IPv6 address is watched");
    let second = start();
    std::thread::sleep(Duration::from_secs(1));
    assert!(is_held());
    drop(first);
    wait_for(&node, "the second does not take it over", is_held);
    // Long after that of the first was gone.
    std::thread::sleep(SOON);
    assert!(is_held());
    let guarded = || node.hook(&["--check", VIP]).status.success();
    wait_for(&node, "no guard", guarded);
    drop(second);
    wait_for(&node, "it outlives its watcher", || !is_held());
    assert!(guarded(), "and the guard does");
}
