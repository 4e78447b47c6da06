//! What a node of the cluster receives, sent for real and counted behind its firewall.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};

use crate::PORT;
use crate::common::patience::within;
use crate::node::{Node, OWN, VIP};

/// Where VRRP sends its adverts, and the sync daemon its connections (IPVS' default group).
const VRRP_GROUP: &str = "224.0.0.18";
const SYNC_GROUP: &str = "224.0.0.81";
pub const SYNC_PORT: u16 = 8848;

/// For what must come through; it normally takes a millisecond.
pub const PATIENT: Duration = Duration::from_secs(5);

/// For what must not.
pub const BRIEF: Duration = Duration::from_millis(400);

/// A client, and another node; both live at the other end of the link.
pub const CLIENT: &str = "192.168.3.3";
pub const PEER: &str = "192.168.3.101";

/// What the nodes balance, as gen-conf's hooks say it.
pub const SERVICE: [&str; 2] = ["--service", "tcp/2525"];

/// The source ports of what IPVS alone knows.
const MIDSTREAM: u16 = 40_000;
const CLOSING: u16 = 40_001;
const RESETTING: u16 = 40_002;

const ACK: u8 = 0x10;
const RST: u8 = 0x04;
const FIN: u8 = 0x01;

/// Counts at priority 90: after every firewall, before IPVS, which sits at 98.
const COUNTERS: &str = "
table inet behind {
  counter vrrp { }
  counter sync { }
  counter echo { }
  counter midstream { }
  counter closing { }
  counter resetting { }
  chain input {
    type filter hook input priority 90
    meta l4proto 112 counter name vrrp
    udp dport 8848 counter name sync
    icmp type echo-request counter name echo
    icmpv6 type echo-request counter name echo
    tcp sport 40000 counter name midstream
    tcp sport 40001 counter name closing
    tcp sport 40002 counter name resetting
  }
}";

/// What comes through.
#[derive(Debug, PartialEq, Eq)]
pub struct Passes {
    /// VRRP's adverts.
    pub vrrp: bool,
    /// The sync daemon's datagrams.
    pub sync: bool,
    /// Another node's question whether this one lives.
    pub echo: bool,
    /// A new connection, forwarded by the MASTER to a node without the VIP.
    pub redirected: bool,
    /// A new connection to the node that holds the VIP.
    pub held: bool,
    /// A packet for IPVS in the middle of a connection: the MASTER sees one direction only, and
    /// its connection tracking keeps nothing of what IPVS forwards.
    pub midstream: bool,
    /// The last packet of such a connection, which connection tracking calls invalid.
    pub closing: bool,
    /// The one that ends it at once, which it calls invalid too.
    pub resetting: bool,
}

impl Passes {
    /// The same for all.
    pub const fn all(yes: bool) -> Passes {
        Passes {
            vrrp: yes,
            sync: yes,
            echo: yes,
            redirected: yes,
            held: yes,
            midstream: yes,
            closing: yes,
            resetting: yes,
        }
    }
}

/// A node with the guard, with the counters, and in both multicast groups.
pub struct Guarded {
    pub node: Node,
    groups: UdpSocket,
}

impl Guarded {
    pub fn new() -> Guarded {
        let node = Node::new();
        node.guard(&[&SERVICE[..], &["-a", VIP]].concat());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), COUNTERS).unwrap();
        node.node.tool("nft", &format!("-f {}", file.path().display()));
        node.client.ip(&format!("address add {PEER}/24 dev eth0"));
        node.client.ip("route add 224.0.0.0/4 dev eth0");
        let groups = node.node.run(|| UdpSocket::bind(("0.0.0.0", SYNC_PORT)).unwrap());
        for group in [VRRP_GROUP, SYNC_GROUP] {
            groups.join_multicast_v4(&group.parse().unwrap(), &OWN.parse().unwrap()).unwrap();
        }
        Guarded { node, groups }
    }

    /// Sends everything and tells what came through. The node ends without the VIP.
    pub fn passes(&self, patient: bool) -> Passes {
        let patience = if patient { PATIENT } else { BRIEF };
        let redirected = self.node.forwarded_to(VIP, patience);
        assert!(redirected.is_none_or(|at| at.to_string() == OWN), "{redirected:?}");
        self.node.take(VIP);
        let held = self.node.served_at(VIP, patience);
        assert!(held.is_none_or(|at| at.to_string() == VIP), "{held:?}");
        let midstream = self.counted("midstream", patience, || self.send_segment(MIDSTREAM, ACK));
        let closing = self.counted("closing", patience, || self.send_segment(CLOSING, FIN | ACK));
        let resetting = self.counted("resetting", patience, || self.send_segment(RESETTING, RST));
        self.node.give_up(VIP);
        Passes {
            vrrp: self.advert_passes(PEER, patience),
            sync: self.sync_arrives(patience),
            echo: self.counted("echo", patience, || self.send_raw(1, PEER, OWN, &echo_request())),
            redirected: redirected.is_some(),
            held: held.is_some(),
            midstream,
            closing,
            resetting,
        }
    }

    /// Whether an advert of a machine that is no node stays out.
    pub fn refuses_strangers(&self) -> bool {
        !self.advert_passes(CLIENT, BRIEF)
    }

    /// Whether a counter counts what `send` sends.
    pub fn counted(&self, counter: &str, patience: Duration, send: impl Fn()) -> bool {
        let count = || {
            let text = self.node.node.tool("nft", &format!("list counter inet behind {counter}"));
            let packets = text.split("packets ").nth(1).unwrap().split(' ').next().unwrap();
            packets.parse::<u64>().unwrap()
        };
        let before = count();
        send();
        within(patience, || (count() > before).then_some(())).is_some()
    }

    /// A datagram that the firewall let through and a program received.
    fn sync_arrives(&self, patience: Duration) -> bool {
        let sender = self.node.client.run(|| UdpSocket::bind((PEER, 0)).unwrap());
        sender.send_to(b"connections", (SYNC_GROUP, SYNC_PORT)).unwrap();
        self.groups.set_read_timeout(Some(patience)).unwrap();
        self.groups.recv(&mut [0; 64]).is_ok()
    }

    /// Sends an advert of VRRP version 2, as far as a firewall looks.
    fn advert_passes(&self, from: &str, patience: Duration) -> bool {
        let advert = [0x21, 11, 100, 1, 0, 2, 0, 0, 192, 168, 3, 100, 0, 0, 0, 0, 0, 0, 0, 0];
        self.counted("vrrp", patience, || self.send_raw(112, from, VRRP_GROUP, &advert))
    }

    /// Sends a packet of a connection that the node knows nothing of.
    fn send_segment(&self, from: u16, flags: u8) {
        let (client, vip): (Ipv4Addr, Ipv4Addr) = (CLIENT.parse().unwrap(), VIP.parse().unwrap());
        let mut segment = Vec::new();
        segment.extend(from.to_be_bytes());
        segment.extend(PORT.to_be_bytes());
        segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 5 << 4, flags, 1, 0, 0, 0, 0, 0]);
        let mut pseudo = [client.octets(), vip.octets()].concat();
        pseudo.extend([0, 6, 0, segment.len() as u8]);
        pseudo.extend(&segment);
        segment[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());
        self.send_raw(6, CLIENT, VIP, &segment);
    }

    /// Sends a packet of any protocol; the kernel fills in length and checksum of the IP header.
    fn send_raw(&self, protocol: u8, from: &str, to: &str, payload: &[u8]) {
        let (from, to): (Ipv4Addr, Ipv4Addr) = (from.parse().unwrap(), to.parse().unwrap());
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 255, protocol, 0, 0];
        packet.extend(from.octets());
        packet.extend(to.octets());
        packet.extend(payload);
        let raw: OwnedFd = self.node.client.run(|| {
            let flags = SockFlag::SOCK_CLOEXEC;
            socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Raw).unwrap()
        });
        let to = SockaddrIn::from(SocketAddrV4::new(to, 0));
        sendto(raw.as_raw_fd(), &packet, &to, MsgFlags::empty()).unwrap();
    }
}

/// An echo request without data (RFC 792).
fn echo_request() -> [u8; 8] {
    let mut request = [8, 0, 0, 0, 0, 1, 0, 1];
    let sum = checksum(&request).to_be_bytes();
    request[2..4].copy_from_slice(&sum);
    request
}

fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
