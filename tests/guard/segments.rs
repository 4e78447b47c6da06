//! TCP sessions behind a firewall that drops what conntrack calls invalid, as firewalld does. IPVS tells
//! conntrack nothing of its connections; here, conntrack forgets them at once instead.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use crate::common::netns::inside;
use crate::node::{Node, PATIENT, VIP, VIP6};
use crate::sessions::goes_on;

/// For a packet that does not come through.
const BRIEF: Duration = Duration::from_millis(500);

const FIREWALL: &str = "
table inet firewall {
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
    iifname lo accept
    meta l4proto ipv6-icmp accept
    ct state invalid drop
    tcp dport 2525 accept
  }
}";

fn firewalled(options: &[&str]) -> Node {
    let node = Node::silent();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FIREWALL).unwrap();
    node.node.tool("nft", &format!("-f {}", file.path().display()));
    node.guard(&[options, &["--keep-sessions", "-a", VIP, VIP6]].concat());
    node
}

/// What the service reads when the client ends its session, by FIN or RST; `None` if it learns
/// nothing. The session began while the node held the VIP; with `given_up`, the node does no more.
fn end(node: &Node, vip: &str, reset: bool, given_up: bool) -> Option<Result<usize, ErrorKind>> {
    // What IPVS hands over is not tracked at all.
    let forget = "net.netfilter.nf_conntrack_tcp_timeout_established";
    node.node.tool("sysctl", &format!("-qw {forget}=1"));
    node.take(vip);
    let (client, mut server) = node.session(vip, PATIENT).unwrap();
    let known = || {
        let entries = std::fs::read_to_string("/proc/thread-self/net/nf_conntrack").unwrap();
        entries.contains("dport=2525")
    };
    while node.node.run(known) {
        std::thread::sleep(Duration::from_millis(100));
    }
    if given_up {
        node.give_up(vip);
    }
    if reset {
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
    } else {
        client.shutdown(Shutdown::Write).unwrap();
    }
    server.set_read_timeout(Some(BRIEF)).unwrap();
    let read = server.read(&mut [0; 16]).map_err(|error| error.kind());
    if !given_up {
        node.give_up(vip);
    }
    (read != Err(ErrorKind::WouldBlock)).then_some(read)
}

#[test]
fn the_end_of_a_session_passes_a_firewall_that_drops_invalid() {
    if !inside("segments::the_end_of_a_session_passes_a_firewall_that_drops_invalid") {
        return;
    }
    let node = firewalled(&["--service", "tcp/2525"]);
    for vip in [VIP, VIP6] {
        for given_up in [false, true] {
            assert_eq!(end(&node, vip, false, given_up), Some(Ok(0)), "{vip} {given_up}");
            let reset = Some(Err(ErrorKind::ConnectionReset));
            assert_eq!(end(&node, vip, true, given_up), reset, "{vip} {given_up}");
        }
    }
    let node = firewalled(&["--service", "tcp/25"]);
    assert_eq!(end(&node, VIP, false, false), None, "another service's");
}

/// The session lives by conntrack, which has to keep it although IPVS' sessions are not to be tracked.
#[test]
fn a_session_served_without_the_vip_goes_on_when_it_comes() {
    if !inside("segments::a_session_served_without_the_vip_goes_on_when_it_comes") {
        return;
    }
    let node = firewalled(&["--service", "tcp/2525"]);
    for vip in [VIP, VIP6] {
        let (mut client, mut server): (TcpStream, TcpStream) =
            node.session_of(&node.balancer, vip, PATIENT).unwrap();
        for _ in 0..2 {
            assert!(goes_on(&mut client, &mut server), "{vip}: BACKUP");
            node.take(vip);
            assert!(goes_on(&mut client, &mut server), "{vip}: MASTER");
            node.give_up(vip);
        }
        client.shutdown(Shutdown::Write).unwrap();
        server.set_read_timeout(Some(PATIENT)).unwrap();
        assert_eq!(server.read(&mut [0; 16]).unwrap(), 0);
    }
}

/// And the other way round: one that began at the VIP, which goes.
#[test]
fn a_session_served_at_the_vip_goes_on_when_it_goes() {
    if !inside("segments::a_session_served_at_the_vip_goes_on_when_it_goes") {
        return;
    }
    let node = firewalled(&["--service", "tcp/2525"]);
    for vip in [VIP, VIP6] {
        node.take(vip);
        let (mut client, mut server) = node.session(vip, PATIENT).unwrap();
        for _ in 0..2 {
            assert!(goes_on(&mut client, &mut server), "{vip}: MASTER");
            node.give_up(vip);
            assert!(goes_on(&mut client, &mut server), "{vip}: BACKUP");
            node.take(vip);
        }
        node.give_up(vip);
        client.shutdown(Shutdown::Write).unwrap();
        server.set_read_timeout(Some(PATIENT)).unwrap();
        assert_eq!(server.read(&mut [0; 16]).unwrap(), 0);
    }
}
