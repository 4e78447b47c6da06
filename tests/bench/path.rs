//! A client and a node on one link, the node with or without rules on the way of what it receives.

use std::net::{TcpListener, UdpSocket};

use tempfile::NamedTempFile;

use crate::calls;
use crate::common::netns::Netns;

pub const PORT: u16 = 2525;
const OWN: &str = "192.168.3.102";

/// What the node does with packets for the VIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It holds the VIP and has no rules.
    Plain,
    /// The same, with connection tracking, which any stateful firewall brings.
    Tracked,
    /// A rule of the article's kind redirects, one of so many in a chain.
    Redirect(usize),
    /// Our guard redirects, one of so many.
    Guard(usize),
}

impl Way {
    fn vips(self) -> Vec<String> {
        let count = match self {
            Way::Plain | Way::Tracked => 1,
            Way::Redirect(count) | Way::Guard(count) => count,
        };
        (0..count).map(|number| format!("192.168.4.{}", number + 1)).collect()
    }

    fn rules(self) -> String {
        match self {
            Way::Plain => String::new(),
            Way::Tracked => "table ip tracked { chain input { \
                             type filter hook input priority filter; ct state invalid drop; }; }"
                .to_owned(),
            Way::Redirect(_) => {
                let rule = |vip| {
                    format!(
                        "ip daddr {vip} meta l4proto tcp redirect\n\
                         ip daddr {vip} meta l4proto udp redirect\n"
                    )
                };
                let rules: String = self.vips().iter().map(rule).collect();
                format!(
                    "table ip nat {{ chain prerouting {{\n\
                     type nat hook prerouting priority dstnat;\n{rules}}}\n}}"
                )
            }
            Way::Guard(_) => {
                let file = calls::ruleset(&self.vips());
                std::fs::read_to_string(file.path()).unwrap()
            }
        }
    }
}

/// Both ends, and what the node does.
pub struct Path {
    pub client: Netns,
    pub node: Netns,
    /// The address that is measured: the last of them, which all others are asked before.
    pub vip: String,
    /// Where the node's service listens.
    pub listener: TcpListener,
    /// Takes datagrams off the wire; nobody reads them.
    _datagrams: UdpSocket,
}

impl Path {
    pub fn new(way: Way) -> Path {
        let (node, client) = (Netns::new(), Netns::new());
        node.ip(&format!("link add eth0 type veth peer name eth0 netns {}", client.path()));
        for (netns, address) in [(&node, OWN), (&client, "192.168.3.3")] {
            netns.ip(&format!("address add {address}/16 dev eth0"));
            netns.ip("link set eth0 up");
        }
        let vip = way.vips().last().unwrap().clone();
        client
            .ip(&format!("neigh replace {vip} lladdr {} dev eth0 nud permanent", node.mac("eth0")));
        node.ip(&format!(
            "neigh replace 192.168.3.3 lladdr {} dev eth0 nud permanent",
            client.mac("eth0")
        ));
        if matches!(way, Way::Plain | Way::Tracked) {
            node.ip(&format!("address add {vip}/32 dev eth0"));
        }
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), way.rules()).unwrap();
        node.tool("nft", &format!("-f {}", file.path().display()));

        let (datagrams, listener) = node.run(|| {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
            (UdpSocket::bind(("0.0.0.0", PORT)).unwrap(), listener)
        });
        Path { client, node, vip, listener, _datagrams: datagrams }
    }

    /// Packets that the node has given to UDP, TCP or ICMP so far.
    pub fn delivered(&self) -> u64 {
        let snmp = self.node.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp").unwrap());
        let mut ip = snmp.lines().filter(|line| line.starts_with("Ip:"));
        let names = ip.next().unwrap().split(' ');
        let mut figures = names.zip(ip.next().unwrap().split(' '));
        figures.find(|(name, _)| *name == "InDelivers").unwrap().1.parse().unwrap()
    }
}
