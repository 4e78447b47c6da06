//! Other shapes of a cluster: UDP, a VIP on another interface than the servers' network, VLANs,
//! bonds, a VIP with a prefix length, VIPs that look alike.

use std::net::UdpSocket;
use std::time::Duration;

use crate::common::netns::{Netns, inside};
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

const BRIEF: Duration = Duration::from_millis(300);

/// Asks by UDP from a new port; the address from which the server saw itself asked and answered.
fn asked_by_udp(
    node: &Node,
    sender: &Netns,
    vip: &str,
    own: &str,
    patience: Duration,
) -> Option<String> {
    let any = if vip.contains(':') { "::" } else { "0.0.0.0" };
    // Both addresses that it may be asked at; the client takes an answer from the VIP only.
    let server = |address: &str| {
        let socket = node.node.run(|| UdpSocket::bind((address, 5353)).ok())?;
        socket.set_read_timeout(Some(patience)).unwrap();
        Some((address.to_owned(), socket))
    };
    let servers: Vec<_> = [own, vip].into_iter().filter_map(server).collect();
    let client = sender.run(|| UdpSocket::bind((any, 0)).unwrap());
    client.connect((vip, 5353)).unwrap();
    client.set_read_timeout(Some(patience)).unwrap();
    client.send(b"?").unwrap();
    let mut byte = [0];
    let asked = servers.iter().find_map(|(address, socket)| {
        let (_, from) = socket.recv_from(&mut byte).ok()?;
        socket.send_to(b"!", from).unwrap();
        Some(address.clone())
    })?;
    client.recv(&mut byte).ok().map(|_| asked)
}

#[test]
fn udp_is_served_like_tcp() {
    if !inside("interfaces::udp_is_served_like_tcp") {
        return;
    }
    let node = Node::silent();
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        let asked = |sender, patience| asked_by_udp(&node, sender, vip, own, patience);
        assert_eq!(asked(&node.balancer, BRIEF), None, "without a guard");
        node.guard(&["--keep-sessions", "-a", vip]);
        assert_eq!(asked(&node.balancer, PATIENT).as_deref(), Some(own));
        node.take(vip);
        assert_eq!(asked(&node.client, BRIEF).as_deref(), Some(vip), "on the node");
        node.give_up(vip);
        assert_eq!(asked(&node.balancer, PATIENT).as_deref(), Some(own), "given up");
    }
}

/// The VIP lives on a VLAN of a bond, the servers' network is eth0: what a director forwards comes
/// in there.
#[test]
fn the_vip_may_live_on_another_interface() {
    if !inside("interfaces::the_vip_may_live_on_another_interface") {
        return;
    }
    let node = Node::silent();
    let bond = node.node.try_tool("ip", "link add bond0 type bond");
    // A kernel without bonding: a bridge is as good an interface to carry a VLAN.
    if !bond.0 {
        println!("no bonding in this kernel ({}): a bridge named bond0 instead", bond.1);
        node.node.ip("link add bond0 type bridge");
    }
    node.node.ip("link set bond0 up");
    let vlan = node.node.try_tool("ip", "link add link bond0 name bond0.100 type vlan id 100");
    if !vlan.0 {
        println!("no VLANs in this kernel ({}): a veth named bond0.100 instead", vlan.1);
        node.node.ip("link add bond0.100 type veth peer name other");
    }
    node.node.ip("link set bond0.100 up");
    node.guard(&["--keep-sessions", "-a", "192.168.3.100/32"]);
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN), "on no interface");
    node.node.ip(&format!("address add {VIP}/24 dev bond0.100"));
    // It came in by eth0, where the VIP is not: somebody forwarded it.
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN), "on bond0.100");
    node.node.ip(&format!("address del {VIP}/24 dev bond0.100"));
    node.node.ip(&format!("address add {VIP}/24 dev eth0"));
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP), "with a prefix length");
}

#[test]
fn alike_addresses_have_guards_of_their_own() {
    if !inside("interfaces::alike_addresses_have_guards_of_their_own") {
        return;
    }
    let node = Node::silent();
    let vips = ["192.168.3.1", "192.168.3.10", "192.168.3.11"];
    vips.iter().for_each(|vip| node.is_found_at_the_node(vip));
    node.guard(&["--keep-sessions", "-a", "192.168.3.1", "192.168.3.10"]);
    let own = ip(OWN);
    node.take("192.168.3.10");
    let served = vips.map(|vip| node.served_at(vip, BRIEF));
    assert_eq!(served, [own, Some("192.168.3.10".parse().unwrap()), None]);
    node.guard(&["--purge", "192.168.3.1"]);
    node.give_up("192.168.3.10");
    assert_eq!(vips.map(|vip| node.forwarded_to(vip, BRIEF)), [None, own, None]);
}
