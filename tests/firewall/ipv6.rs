//! The same in IPv6, where more has to be let in: whoever is not found by neighbour discovery is not
//! there, and a switch that watches multicast forgets a node that does not answer its questions.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn6, sendto, socket,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::common::netns::{Netns, inside};
use crate::common::patience::{found, within};
use crate::nftables::load;
use crate::node::{OWN6, VIP6};
use crate::traffic::{BRIEF, Guarded, PATIENT, SERVICE, SYNC_PORT};
use crate::{INVENTORY, rendered_of};

const VRRP_GROUP: &str = "ff02::12";
const SYNC_GROUP: &str = "ff02::81";

/// Another node, at the other end of the link.
const PEER6: &str = "fd00:3::101";

/// The switch forgets after two and a half seconds, but the last word of a node that has just come may
/// be a while on its way.
const FORGETS: Duration = Duration::from_secs(10);

/// As in the line below.
const MEMBERSHIP: Duration = Duration::from_millis(2500);

/// The switch asks three times a second and forgets after two and a half.
const SNOOPING: &str = "link set br0 type bridge mcast_snooping 1 mcast_querier 1 \
    mcast_query_interval 30 mcast_startup_query_interval 30 mcast_query_response_interval 20 \
    mcast_membership_interval 250";

/// What comes through.
#[derive(Debug, PartialEq, Eq)]
struct Passes {
    /// VRRP's adverts.
    vrrp: bool,
    /// The sync daemon's datagrams.
    sync: bool,
    /// Another node's question whether this one lives.
    echo: bool,
    /// A new connection to a node without the VIP.
    redirected: bool,
    /// One to a node's own address, which the client first has to find.
    found: bool,
}

impl Passes {
    const fn all(yes: bool) -> Passes {
        Passes { vrrp: yes, sync: yes, echo: yes, redirected: yes, found: yes }
    }
}

/// A guarded node that listens to both groups, on a switch that looks who does.
struct Listening {
    guarded: Guarded,
    /// Keeps the node in the groups.
    _groups: UdpSocket,
}

impl Listening {
    fn new() -> Listening {
        let guarded = Guarded::new();
        guarded.node.guard(&[&SERVICE[..], &["-a", VIP6]].concat());
        guarded.node.client.ip(&format!("address add {PEER6}/64 dev eth0 nodad"));
        guarded.node.switch.ip(SNOOPING);
        // Without an address of its own the switch asks nobody, and a node tells its groups anew
        // when it has one.
        link_local(&guarded.node.switch, "br0");
        link_local(&guarded.node.node, "eth0");
        let (any, index) = (Ipv6Addr::UNSPECIFIED, index(&guarded.node.node));
        // The port is the IPv4 socket's too.
        let groups = guarded.node.node.run(|| UdpSocket::bind((any, SYNC_PORT + 1)).unwrap());
        for group in [VRRP_GROUP, SYNC_GROUP] {
            groups.join_multicast_v6(&group.parse().unwrap(), index).unwrap();
        }
        let listening = Listening { guarded, _groups: groups };
        assert!(listening.comes_to_be(|known| known), "the switch never hears of the node");
        listening
    }

    /// Sends everything and tells what came through.
    fn passes(&self, patience: Duration) -> Passes {
        let client = &self.guarded.node.client;
        client.ip("neigh flush dev eth0 nud reachable nud stale");
        let connects = |to: &str| self.guarded.node.served_at(to, patience).is_some();
        Passes {
            vrrp: self.guarded.counted("vrrp", patience, || advert(client)),
            sync: self.sync_arrives(patience),
            redirected: connects(VIP6),
            found: connects(OWN6),
            // Last: the node learns the other's MAC address from it.
            echo: self.guarded.counted("echo", patience, || echo_request(client)),
        }
    }

    /// Waits until the switch knows that the node listens to VRRP, or until it does not; whether
    /// that happens at all.
    fn comes_to_be(&self, wanted: impl Fn(bool) -> bool) -> bool {
        let look = || {
            let groups = self.guarded.node.switch.tool("bridge", "mdb show");
            wanted(groups.contains(&format!("grp {VRRP_GROUP} "))).then_some(())
        };
        within(FORGETS, look).is_some()
    }

    fn is_forgotten(&self) -> bool {
        self.comes_to_be(|known| !known)
    }

    fn sync_arrives(&self, patience: Duration) -> bool {
        self.guarded.counted("sync", patience, || {
            let client = &self.guarded.node.client;
            let sender = client.run(|| UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap());
            let to = SocketAddrV6::new(SYNC_GROUP.parse().unwrap(), SYNC_PORT, 0, index(client));
            sender.send_to(b"connections", to).unwrap();
        })
    }
}

fn index(netns: &Netns) -> u32 {
    netns.run(|| if_nametoindex("eth0").unwrap())
}

/// The link-local address, as soon as it may be used.
fn link_local(netns: &Netns, interface: &str) -> Ipv6Addr {
    let look = || {
        let shown = netns.ip(&format!("-6 -o address show dev {interface} scope link -tentative"));
        let (_, rest) = shown.split_once("inet6 ")?;
        Some(rest.split('/').next().unwrap().parse().unwrap())
    };
    found(FORGETS, || format!("{interface} never has a link-local address"), look)
}

/// Sends an advert of VRRP version 3, as far as a firewall looks.
fn advert(from: &Netns) {
    let (source, group) = (link_local(from, "eth0"), VRRP_GROUP.parse::<Ipv6Addr>().unwrap());
    let mut payload = vec![0x31, 11, 100, 1, 0, 100, 0, 0];
    payload.extend(VIP6.parse::<Ipv6Addr>().unwrap().octets());
    let mut packet = vec![0x60, 0, 0, 0, 0, payload.len() as u8, 112, 255];
    packet.extend(source.octets());
    packet.extend(group.octets());
    packet.extend(payload);
    let raw: OwnedFd = from.run(|| {
        let flags = SockFlag::SOCK_CLOEXEC;
        socket(AddressFamily::Inet6, SockType::Raw, flags, SockProtocol::Raw).unwrap()
    });
    let to = SockaddrIn6::from(SocketAddrV6::new(group, 0, 0, index(from)));
    sendto(raw.as_raw_fd(), &packet, &to, MsgFlags::empty()).unwrap();
}

/// Asks the node whether it lives, as another node does. The kernel fills in the checksum (RFC 3542, 3.1).
fn echo_request(from: &Netns) {
    let address = |text: &str| SocketAddr::from((text.parse::<Ipv6Addr>().unwrap(), 0)).into();
    let raw = from.run(|| Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap());
    raw.bind(&address(PEER6)).unwrap();
    raw.send_to(&[128, 0, 0, 0, 0, 1, 0, 1], &address(OWN6)).unwrap();
}

/// The rules of the example where the nodes have no IPv4.
fn rules() -> String {
    let text = std::fs::read_to_string(INVENTORY).unwrap();
    let kept = |line: &&str| {
        !["authentication", "network"].iter().any(|key| line.trim_start().starts_with(key))
    };
    let lines = text.lines().filter(kept);
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let text = text.replace("address: 192.168.3.10", "address: fd00:3::10");
    rendered_of(
        &text.replace("virtual_ipaddress: 192.168.3.", "virtual_ipaddress: fd00:3::"),
        "nftables",
    )
}

#[test]
fn default_drop_needs_the_rules_and_they_are_enough() {
    if !inside("ipv6::default_drop_needs_the_rules_and_they_are_enough") {
        return;
    }
    let listening = Listening::new();
    assert_eq!(listening.passes(PATIENT), Passes::all(true), "without a firewall");
    load(&listening.guarded, "");
    assert_eq!(listening.passes(BRIEF), Passes::all(false));
    load(&listening.guarded, &rules());
    // What the switch knew from before is over by then: while everything was dropped nobody answered it.
    std::thread::sleep(MEMBERSHIP);
    assert!(listening.comes_to_be(|known| known), "the switch never hears of the node again");
    assert!(!listening.is_forgotten());
    assert_eq!(listening.passes(PATIENT), Passes::all(true));
}

/// Each rule, and each of ICMPv6's types, lets in what no other does.
#[test]
fn each_rule_is_needed() {
    if !inside("ipv6::each_rule_is_needed") {
        return;
    }
    let all = rules();
    let rules = all.lines().filter(|line| line.ends_with(" accept"));
    let mut left_out: Vec<&str> = rules.collect();
    left_out.extend(["nd-neighbor-solicit,", "nd-neighbor-advert,", ", mld-listener-query"]);
    assert_eq!(left_out.len(), 8, "{all}");
    for rule in left_out {
        assert!(all.contains(rule), "{rule} in {all}");
        let listening = Listening::new();
        load(&listening.guarded, &all.replace(rule, ""));
        match rule {
            // The kernel's bridge forwards such groups nonetheless; other switches need not
            // (RFC 4541, 3).
            ", mld-listener-query" => assert!(listening.is_forgotten()),
            _ => assert_ne!(listening.passes(BRIEF), Passes::all(true), "without `{rule}`"),
        }
    }
}
