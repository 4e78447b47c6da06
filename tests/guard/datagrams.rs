//! UDP flows that keep their source port while the VIP comes and goes: syslog, NTP, SIP. Conntrack knows
//! them from the time when the node served them, and must not decide where they go afterwards.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use crate::common::netns::inside;
use crate::common::patience::found;
use crate::node::{Node, OWN, OWN6, PATIENT, PORT, VIP, VIP6};

/// A flow of the client, and the node's service at its own address and at the VIP.
struct Flow<'a> {
    node: &'a Node,
    vip: &'static str,
    own: UdpSocket,
    at_vip: UdpSocket,
    client: UdpSocket,
}

impl<'a> Flow<'a> {
    fn new(node: &'a Node, vip: &'static str, own: &str) -> Flow<'a> {
        let on_node = |address: &str| {
            let socket = node.node.run(|| UdpSocket::bind((address, PORT)).unwrap());
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let any = if vip.contains(':') { "::" } else { "0.0.0.0" };
        let client = node.client.run(|| UdpSocket::bind((any, 5514)).unwrap());
        client.connect(SocketAddr::new(vip.parse().unwrap(), PORT)).unwrap();
        client.set_read_timeout(Some(PATIENT)).unwrap();
        Flow { node, vip, own: on_node(own), at_vip: on_node(vip), client }
    }

    /// Where the next datagram arrives, `own` or `vip`: what arrives at the VIP, IPVS would balance. It
    /// is answered from there, and the client takes answers of the VIP's port only.
    fn arrives_at(&self) -> &'static str {
        self.client.send(b"question").unwrap();
        let says = || format!("{}: nothing arrives", self.vip);
        let (socket, name, from) = found(PATIENT, says, || {
            let mut both = [(&self.own, "own"), (&self.at_vip, "vip")].into_iter();
            both.find_map(|(socket, name)| match socket.recv_from(&mut [0; 16]) {
                Ok((_, from)) => Some((socket, name, from)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                Err(error) => panic!("{error}"),
            })
        });
        socket.send_to(b"answer", from).unwrap();
        assert_eq!(self.client.recv(&mut [0; 16]).unwrap(), 6, "{}", self.vip);
        name
    }

    /// The client sends to the other node, which forwards as a director does: with the client's
    /// address and its own MAC address.
    fn by_the_director(&self) {
        let mac = self.node.balancer.mac("eth0");
        let neighbour = format!("neigh replace {} lladdr {mac} dev eth0 nud permanent", self.vip);
        self.node.client.ip(&neighbour);
    }

    /// The client has heard that the VIP is at the node.
    fn to_the_node(&self) {
        self.node.is_found_at_the_node(self.vip);
    }
}

fn node(options: &[&str]) -> Node {
    let node = Node::silent();
    for setting in
        ["ipv4.ip_forward=1", "ipv4.conf.all.send_redirects=0", "ipv6.conf.all.forwarding=1"]
    {
        node.balancer.tool("sysctl", &format!("-qw net.{setting}"));
    }
    node.balancer.tool("sysctl", "-qw net.ipv4.conf.eth0.send_redirects=0");
    node.client.tool("sysctl", "-qw net.ipv6.conf.eth0.accept_redirects=0");
    for family in ["ipv4", "ipv6"] {
        node.node.tool("sysctl", &format!("-qw net.{family}.ip_nonlocal_bind=1"));
    }
    node.guard(&[options, &["-a", VIP, VIP6]].concat());
    node
}

#[test]
fn a_flow_is_balanced_as_soon_as_the_node_holds_the_vip() {
    if !inside("datagrams::a_flow_is_balanced_as_soon_as_the_node_holds_the_vip") {
        return;
    }
    for keep in [&[][..], &["--keep-sessions"]] {
        let node = node(&[keep, &["--service", "udp/2525"]].concat());
        for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
            let flow = Flow::new(&node, vip, own);
            for _ in 0..2 {
                flow.by_the_director();
                for _ in 0..3 {
                    assert_eq!(flow.arrives_at(), "own", "{vip} {keep:?}: the node is BACKUP");
                }
                node.take(vip);
                assert_eq!(flow.arrives_at(), "own", "{vip} {keep:?}: the last director sends on");
                flow.to_the_node();
                for _ in 0..3 {
                    assert_eq!(flow.arrives_at(), "vip", "{vip} {keep:?}: the node is MASTER");
                }
                node.give_up(vip);
            }
        }
    }
}

/// What the rules about UDP are for: without the option, conntrack decides.
#[test]
fn without_services_conntrack_keeps_a_flow() {
    if !inside("datagrams::without_services_conntrack_keeps_a_flow") {
        return;
    }
    let node = node(&[]);
    let flow = Flow::new(&node, VIP, OWN);
    flow.by_the_director();
    assert_eq!(flow.arrives_at(), "own");
    node.take(VIP);
    flow.to_the_node();
    assert_eq!(flow.arrives_at(), "own");
}
