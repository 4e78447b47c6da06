//! What doctor hears on the wire, between two nodes with real keepalived.

#[path = "../fuzz/entry/advert.rs"]
mod advert;

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::captures::packets;
use crate::common::hostile::Hostile;
use crate::common::netns::inside;
use crate::node::{Node, VIP, instance, pair};

/// Long enough for three adverts of the usual interval.
const LISTEN: [&str; 2] = ["--listen", "3.5"];

/// Starts a MASTER of priority 150 and another node, whose files are these.
fn nodes(master: &str, other: &str) -> [Node; 2] {
    let [one, two] = pair();
    let one = Node::start(one, master);
    one.until_it_holds(VIP);
    [one, Node::start(two, other)]
}

fn password(password: &str) -> String {
    format!(" authentication {{\n  auth_type PASS\n  auth_pass {password}\n }}")
}

/// Everything that the fuzzer kept and that keepalived sent, and variations of it.
#[test]
fn hostile_adverts_break_no_promise() {
    let hostile = Hostile {
        name: "advert",
        words: &[&[0x21], &[0x31], &[0x45], &[0x60], &[112], &[51], &[0xff; 8], &[0; 8]],
        variations: 20_000,
        longest: 2048,
    };
    let sent = packets().into_iter().map(|(_, packet)| packet).collect();
    hostile.play(sent, advert::advert);
}

#[test]
fn nodes_that_agree_give_nothing() {
    if !inside("wire::nodes_that_agree_give_nothing") {
        return;
    }
    for more in ["", " version 3", &password("secret")] {
        let nodes = nodes(&instance(150, more), &instance(100, more));
        for node in &nodes {
            assert_eq!(node.doctor(&LISTEN), (Vec::new(), 0), "{more}");
        }
    }
}

#[test]
fn a_firewall_makes_two_masters() {
    if !inside("wire::a_firewall_makes_two_masters") {
        return;
    }
    let [one, two] = pair();
    for rule in [
        "add table ip closed",
        "add chain ip closed in { type filter hook input priority 0; }",
        "add rule ip closed in ip protocol vrrp drop",
    ] {
        two.tool("nft", rule);
    }
    // It is MASTER before the other one begins, and stays so.
    let two = Node::start(two, &instance(100, ""));
    two.until_it_holds(VIP);
    let one = Node::start(one, &instance(150, ""));
    one.until_it_holds(VIP);
    let (found, _) = two.doctor(&LISTEN);
    let masters = ["two-masters", "adverts-not-seen", "vip-answered-by-several"];
    assert_eq!(found, [&["firewall-closed"], &masters[..]].concat());
    assert_eq!(one.doctor(&LISTEN).0, ["two-masters", "vip-answered-by-several"]);
}

#[test]
fn each_difference_between_the_files_is_named() {
    if !inside("wire::each_difference_between_the_files_is_named") {
        return;
    }
    let other_vip = instance(100, "").replace(VIP, "192.168.3.98");
    let more_vips = instance(100, "").replace(VIP, &format!("{VIP}\n  192.168.3.98"));
    for (master, other, finding) in [
        (instance(150, ""), other_vip, "vrid-taken"),
        (instance(150, ""), more_vips, "advert-addresses-differ"),
        (instance(150, ""), instance(100, " advert_int 2"), "advert-interval-differs"),
        (instance(150, " version 3"), instance(100, ""), "advert-version-differs"),
        (
            instance(150, &password("one")),
            instance(100, &password("two")),
            "advert-password-differs",
        ),
    ] {
        let [_one, two] = nodes(&master, &other);
        let (found, exit) = two.doctor(&LISTEN);
        assert!(found.iter().any(|id| id == finding), "{finding}: {found:?}");
        assert_eq!(exit, 1);
        // The other node becomes MASTER too: that is the only other thing to be found.
        let allowed =
            [finding, "two-masters", "adverts-not-seen", "no-master", "vip-answered-by-several"];
        assert!(found.iter().all(|id| allowed.contains(&id.as_str())), "{finding}: {found:?}");
    }
}

/// The MASTER advertises, but does not answer.
#[test]
fn who_answers_for_the_address_is_asked() {
    if !inside("wire::who_answers_for_the_address_is_asked") {
        return;
    }
    let [one, two] = nodes(&instance(150, ""), &instance(100, ""));
    assert_eq!(two.doctor(&LISTEN).0, [""; 0]);
    one.netns.ip("link set eth0 arp off");
    assert_eq!(two.doctor(&LISTEN).0, ["vip-unanswered"]);
}

/// A sync daemon of another cluster that has the same id; made up, as this kernel may have no IPVS.
#[test]
fn a_foreign_sender_on_the_sync_daemons_group_is_told() {
    if !inside("wire::a_foreign_sender_on_the_sync_daemons_group_is_told") {
        return;
    }
    let [one, two] = pair();
    two.ip("address add 192.168.3.250/24 dev eth0");
    let servers = ["192.168.3.101", "192.168.3.102"]
        .map(|server| format!(" real_server {server} 25 {{\n }}\n"))
        .concat();
    let text = format!(
        "global_defs {{\n lvs_sync_daemon eth0 id 11\n}}\n{}virtual_server {VIP} 25 {{\n{servers}}}\n",
        instance(100, "")
    );
    let node = Node::start(one, &text);
    // The header and one connection, of version 1 and 0.
    let new = |id| [&[0, id, 0, 44, 1, 1, 0, 0][..], &[0; 36]].concat();
    let old = |id| [&[1, id, 0, 28][..], &[0; 24]].concat();
    for (source, message, told) in [
        ("192.168.3.250", new(11), true),
        ("192.168.3.250", old(11), true),
        ("192.168.3.250", new(12), false),
        ("192.168.3.250", vec![7; 44], false),
        ("192.168.3.102", new(11), false),
    ] {
        let done = AtomicBool::new(false);
        let found = std::thread::scope(|scope| {
            scope.spawn(|| {
                two.run(|| {
                    let socket = UdpSocket::bind((source, 0)).unwrap();
                    while !done.load(Ordering::Relaxed) {
                        socket.send_to(&message, "224.0.0.81:8848").unwrap();
                        std::thread::sleep(Duration::from_millis(20));
                    }
                });
            });
            let found = node.doctor(&["--listen", "1", "--only", "sync-daemon-foreign"]).0;
            done.store(true, Ordering::Relaxed);
            found
        });
        let expected: &[&str] = if told { &["sync-daemon-foreign"] } else { &[] };
        assert_eq!(found, expected, "{source}: {message:?}");
    }
}

#[test]
fn silence_is_told() {
    if !inside("wire::silence_is_told") {
        return;
    }
    // Without the other node its link would be down.
    let [one, _two] = pair();
    // Drained from the beginning: nobody becomes MASTER.
    let folder = tempfile::tempdir().unwrap();
    let drain = folder.path().join("drain");
    std::fs::write(&drain, "1").unwrap();
    let text = format!(
        "track_file drain {{\n file {}\n weight 0\n}}\n{}",
        drain.display(),
        instance(100, " track_file {\n  drain weight 0\n }")
    );
    let node = Node::start(one, &text);
    let (found, _) =
        node.doctor(&["--listen", "2", "--only", "no-master", "--only", "two-masters"]);
    assert_eq!(found, ["no-master"]);
}
