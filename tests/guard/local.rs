//! Programs on the node that connect to the VIP: they meet the node's own service at the service's
//! port, whatever the node's state, and nothing else changes for them.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use crate::common::netns::inside;
use crate::node::{Node, OWN, OWN6, PATIENT, PORT, VIP, VIP6, ip};

/// For a connection that can't succeed.
const BRIEF: Duration = Duration::from_millis(300);

/// Where the node serves a program of its own that connects to `vip`, and what address it sees; what
/// both write arrives.
fn meets(node: &Node, vip: &str, patience: Duration) -> Option<(IpAddr, IpAddr)> {
    let (mut program, mut service) = node.session_of(&node.node, vip, patience)?;
    let mut read = [0; 4];
    program.write_all(b"HELO").unwrap();
    service.read_exact(&mut read).unwrap();
    service.write_all(&read).unwrap();
    program.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"HELO");
    let [at, from] = [service.local_addr(), service.peer_addr()];
    Some((at.unwrap().ip().to_canonical(), from.unwrap().ip().to_canonical()))
}

#[test]
fn programs_on_the_node_meet_its_own_service() {
    if !inside("local::programs_on_the_node_meet_its_own_service") {
        return;
    }
    for keep in [&[][..], &["--keep-sessions"]] {
        let node = Node::silent();
        for vip in [VIP, VIP6] {
            assert_eq!(meets(&node, vip, BRIEF), None, "without a guard");
            node.guard(&[keep, &["-a", vip]].concat());
            if keep.is_empty() {
                assert_eq!(meets(&node, vip, BRIEF), None, "without services");
            }
        }
        node.guard(&[keep, &["--service", "tcp/2525", "-a", VIP, VIP6]].concat());
        for vip in [VIP, VIP6] {
            if keep.is_empty() {
                assert_eq!(Some(source_of(&node, vip)), ip(if vip == VIP { OWN } else { OWN6 }));
            }
            programs_meet_its_service(&node, vip);
        }
    }
}

/// Before the node holds `vip`, while it does, and afterwards.
pub fn programs_meet_its_service(node: &Node, vip: &str) {
    let (own, from_vip) = if vip == VIP { (OWN, "127.0.0.1") } else { (OWN6, OWN6) };
    let [own, from_vip, address] = [own, from_vip, vip].map(|text| text.parse().unwrap());
    // As whom a program speaks to an address is the kernel's choice, made before.
    let source = source_of(node, vip);
    let at = if source == own { own } else { from_vip };
    let backup = meets(node, vip, PATIENT).unwrap();
    assert_eq!(backup, (at, source), "{vip}");
    assert_eq!(node.forwarded_to(vip, PATIENT), Some(own), "as before");
    node.take(vip);
    assert_eq!(meets(node, vip, PATIENT), Some((from_vip, address)), "{vip}");
    assert_eq!(node.served_at(vip, PATIENT), ip(vip), "a client is balanced as before");
    node.give_up(vip);
    assert_eq!(meets(node, vip, PATIENT), Some(backup), "{vip}");
}

/// The source address that the kernel takes for packets to `vip`.
fn source_of(node: &Node, vip: &str) -> IpAddr {
    let socket = node.node.run(|| UdpSocket::bind(("::", 0)).unwrap());
    let to = match vip.parse().unwrap() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        v6 @ IpAddr::V6(_) => v6,
    };
    socket.connect(SocketAddr::new(to, 9)).unwrap();
    socket.local_addr().unwrap().ip().to_canonical()
}

#[test]
fn other_ports_of_the_vip_are_left_alone_on_the_node() {
    if !inside("local::other_ports_of_the_vip_are_left_alone_on_the_node") {
        return;
    }
    let node = Node::silent();
    let other = node.node.run(|| TcpListener::bind(("::", PORT + 1)).unwrap());
    node.guard(&["--service", "tcp/2525,tcp/2527-65535", "-a", VIP, VIP6]);
    for vip in [VIP, VIP6] {
        let address = SocketAddr::new(vip.parse().unwrap(), PORT + 1);
        let connect = |patience| std::net::TcpStream::connect_timeout(&address, patience);
        assert!(node.node.run(|| connect(BRIEF)).is_err(), "{vip} is not here");
        node.take(vip);
        let _program = node.node.run(|| connect(PATIENT)).unwrap();
        let (accepted, _) = other.accept().unwrap();
        assert_eq!(accepted.local_addr().unwrap().ip().to_canonical().to_string(), vip);
    }
}

/// A connected socket takes answers of the address only that it is connected to.
#[test]
fn datagrams_of_the_node_are_answered_by_its_own_service() {
    if !inside("local::datagrams_of_the_node_are_answered_by_its_own_service") {
        return;
    }
    let services = "udp/2525";
    for keep in [&[][..], &["--keep-sessions"]] {
        let node = Node::silent();
        let service = node.node.run(|| UdpSocket::bind(("::", PORT)).unwrap());
        service.set_read_timeout(Some(PATIENT)).unwrap();
        node.guard(&[keep, &["--service", services, "-a", VIP, VIP6]].concat());
        for (vip, any) in [(VIP, "0.0.0.0"), (VIP6, "::")] {
            for held in [false, true] {
                if held {
                    node.take(vip);
                }
                let program = node.node.run(|| UdpSocket::bind((any, 0)).unwrap());
                program.set_read_timeout(Some(PATIENT)).unwrap();
                program.connect((vip, PORT)).unwrap();
                for _ in 0..3 {
                    program.send(b"question").unwrap();
                    let mut read = [0; 16];
                    let (_, from) = service.recv_from(&mut read).unwrap();
                    service.send_to(b"answer", from).unwrap();
                    let answer = program.recv(&mut read);
                    assert_eq!(answer.ok(), Some(6), "{vip} {held} {keep:?}");
                }
            }
        }
    }
}
