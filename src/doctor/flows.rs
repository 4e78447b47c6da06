//! What the cluster sends to this node, by its keepalived.conf: advertisements, the services' connections, the
//! sync daemon's messages, and questions whether it lives. Each as one packet that a firewall lets in or not.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::firewall::{
    BFD_MULTIHOP_PORT, BFD_PORT, SYNC_GROUP, SYNC_PORT, VRRP, VRRP_GROUP, VRRP_GROUP_IPV6,
};
use crate::guard::conflicts::{Flow, Way};
use crate::guard::plan::{self, Services};
use crate::guard::wanted::Wanted;
use crate::node::config::{BfdSession, Config, Instance, SyncDaemon};
use crate::node::state::{Interface, NodeState};
use crate::vip::Vip;
use crate::vrrp::packet::{AUTHENTICATION_HEADER, TTL};

/// The protocols that virtual servers have, by keepalived's names, and their numbers (IANA).
const PROTOCOLS: [(&str, u8); 3] = [("TCP", 6), ("UDP", UDP), ("SCTP", 132)];
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// All of them; none where keepalived.conf could not be read.
pub(super) fn of(node: &NodeState, wanted: &Wanted) -> Vec<Flow> {
    let Some(config) = &node.config else { return Vec::new() };
    let mut all: Vec<Flow> =
        config.instances.iter().flat_map(|instance| adverts(node, instance)).collect();
    all.extend(services(node, config, wanted));
    all.extend(pings(node, config));
    all.extend(config.sessions.iter().filter_map(|session| bfd(node, session)));
    all.extend(config.sync_daemon.iter().filter_map(|daemon| sync(node, daemon)));
    all
}

/// Where an instance's advertisements come in. (With `use_vmac` there are two interfaces.)
fn adverts(node: &NodeState, instance: &Instance) -> Vec<Flow> {
    let Some(interface) = node.interface(&instance.interface).filter(|_| !instance.vmac) else {
        return Vec::new();
    };
    // keepalived ignores authentication in version 3, which IPv6 has always.
    let version2 = instance.version == 2 && !instance.is_v6();
    let protocol = match instance.authentication.as_deref() {
        Some("AH") if version2 => AUTHENTICATION_HEADER,
        _ => VRRP,
    };
    let flow = |from: Option<IpAddr>, to: IpAddr| Flow {
        name: match from {
            Some(from) => format!("VRRP from {from} for {to} on {}", interface.name),
            None => format!("VRRP for {to} on {}", interface.name),
        },
        from,
        to,
        protocol,
        port: None,
        ttl: from.is_none().then_some(TTL),
        interface: place(interface),
        way: Way::Socket,
    };
    if instance.peers.is_empty() {
        let group = if instance.is_v6() { VRRP_GROUP_IPV6 } else { VRRP_GROUP };
        let group = instance.group.or_else(|| group.parse().ok());
        return group.map(|group| flow(None, group)).into_iter().collect();
    }
    // keepalived takes the interface's first address where the file has none.
    let own = instance.source.or_else(|| first(interface));
    let own = |peer: IpAddr| own.filter(|own| own.is_ipv4() == peer.is_ipv4());
    let peers = instance.peers.iter();
    peers.filter_map(|peer| Some(flow(Some(*peer), own(*peer)?))).collect()
}

/// The virtual servers' connections: to the VIP, as this node is MASTER, and where a guard is wanted also to
/// the address that the guard gives them on the other nodes. (Which one it is in IPv6 can't be told here, nor
/// by which interface they come in with `use_vmac`.)
fn services(node: &NodeState, config: &Config, wanted: &Wanted) -> Vec<Flow> {
    let mut all: BTreeSet<(IpAddr, u8, u16)> = BTreeSet::new();
    for server in config.virtual_servers.iter().filter(|server| server.port != 0) {
        let protocol = PROTOCOLS.iter().find(|(name, _)| *name == server.protocol);
        let one = server.address.zip(protocol);
        all.extend(one.map(|(vip, (_, protocol))| (vip, *protocol, server.port)));
    }
    for (vip, services) in &wanted.services {
        let Services::Only(services) = services else { continue };
        let ends = |one: &plan::Service| [one.first, one.last].map(|port| (one.protocol, port));
        let ports = services.iter().flat_map(ends);
        all.extend(ports.map(|(protocol, port)| (vip.address(), protocol.number(), port)));
    }
    let instances = config.instances.iter().filter(|instance| instance.vmac);
    let hidden: Vec<IpAddr> = instances.flat_map(Instance::all).map(|one| one.address).collect();
    let of = |(vip, protocol, port): (IpAddr, u8, u16)| {
        if hidden.contains(&vip) {
            return None;
        }
        let name = config.vips().find(|one| one.address == vip).map(|one| &one.interface);
        let found = name.and_then(|name| node.interface(name));
        let found = found.or_else(|| node.holders(vip).next()).filter(|one| one.receives)?;
        let name = PROTOCOLS.iter().find(|(_, number)| *number == protocol)?.0.to_lowercase();
        let flow = |to: IpAddr, way| Flow {
            name: format!("{name}/{port} of {to} on {}", found.name),
            from: None,
            to,
            protocol,
            port: Some(port),
            ttl: None,
            interface: place(found),
            way,
        };
        let guarded = wanted.services.keys().map(|vip| Vip::address(*vip)).any(|one| one == vip);
        let own = first(found).filter(|own| {
            guarded && vip.is_ipv4() && !config.vips().any(|vip| vip.address == *own)
        });
        let own = own.map(|own| flow(own, Way::Redirected));
        Some([Some(flow(vip, Way::Ipvs)), own])
    };
    all.into_iter().filter_map(of).flatten().flatten().collect()
}

/// The pings of a `failure_detection`: the nodes that this one asks ask it, too. In other files somebody may
/// be asked who asks nobody. (A node that balances and does not serve asks as well, and no file of another node tells it.)
fn pings(node: &NodeState, config: &Config) -> Vec<Flow> {
    let mut pairs: BTreeSet<(IpAddr, IpAddr)> = BTreeSet::new();
    for server in config.virtual_servers.iter().filter(|_| config.rendered) {
        let is_own = |address: IpAddr| node.holders(address).next().is_some();
        let own: Vec<IpAddr> =
            server.servers.iter().map(|one| one.address).filter(|one| is_own(*one)).collect();
        let others = server.servers.iter().filter(|one| one.pinged).map(|one| one.address);
        for other in others.filter(|other| !is_own(*other)) {
            let same = own.iter().filter(|own| own.is_ipv4() == other.is_ipv4());
            pairs.extend(same.map(|own| (other, *own)));
        }
    }
    let flow = |(from, to): (IpAddr, IpAddr)| {
        let interface = node.holders(to).next()?;
        Some(Flow {
            name: format!("pings from {from} for {to} on {}", interface.name),
            from: Some(from),
            to,
            protocol: if to.is_ipv4() { ICMP } else { ICMPV6 },
            port: None,
            ttl: None,
            interface: place(interface),
            way: Way::Socket,
        })
    };
    pairs.into_iter().filter_map(flow).collect()
}

fn bfd(node: &NodeState, session: &BfdSession) -> Option<Flow> {
    let to = session.source?;
    let interface = node.holders(to).next()?;
    Some(Flow {
        name: format!("BFD from {} for {to} on {}", session.neighbor, interface.name),
        from: Some(session.neighbor),
        to,
        protocol: UDP,
        port: Some(if session.multihop { BFD_MULTIHOP_PORT } else { BFD_PORT }),
        ttl: (session.max_hops == 0).then_some(u8::MAX),
        interface: place(interface),
        way: Way::Socket,
    })
}

fn sync(node: &NodeState, daemon: &SyncDaemon) -> Option<Flow> {
    let interface = node.interface(&daemon.interface)?;
    let (to, port) = sync_group(daemon)?;
    Some(Flow {
        name: format!("the sync daemon's udp/{port} for {to} on {}", interface.name),
        from: None,
        to,
        protocol: UDP,
        port: Some(port),
        ttl: None,
        interface: place(interface),
        way: Way::Socket,
    })
}

/// Where a sync daemon's messages go.
pub(super) fn sync_group(daemon: &SyncDaemon) -> Option<(IpAddr, u16)> {
    let group = daemon.group.or_else(|| SYNC_GROUP.parse().ok())?;
    Some((group, daemon.port.unwrap_or(SYNC_PORT)))
}

fn place(interface: &Interface) -> (u32, String) {
    (interface.index, interface.name.clone())
}

/// The first IPv4 address of an interface.
fn first(interface: &Interface) -> Option<IpAddr> {
    interface.addresses.iter().map(|one| one.address).find(IpAddr::is_ipv4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::grammar::{NoFiles, Statement, parse};
    use crate::node::state::Address;

    /// A node with eth0, and what its file says; each flow as its name, its protocol and where it goes.
    fn flows(text: &str) -> Vec<(String, u8, String)> {
        let statements = parse("k.conf", text, None, &mut NoFiles).unwrap();
        flows_of(Config::of(&statements), &statements)
    }

    fn flows_of(config: Config, statements: &[Statement]) -> Vec<(String, u8, String)> {
        let address = |address: &str| Address {
            address: address.parse().unwrap(),
            prefix: 24,
            duplicate: false,
            tentative: false,
        };
        let eth0 = Interface {
            index: 2,
            name: "eth0".into(),
            mac: None,
            mtu: None,
            up: true,
            carrier: true,
            receives: true,
            addresses: vec![address("10.0.0.7"), address("fe80::7")],
        };
        let node =
            NodeState { config: Some(config), interfaces: vec![eth0], ..NodeState::default() };
        let all = of(&node, &Wanted::of(statements));
        let to = |flow: &Flow| {
            flow.port.map_or(flow.to.to_string(), |port| format!("{}:{port}", flow.to))
        };
        all.iter().map(|flow| (flow.name.clone(), flow.protocol, to(flow))).collect()
    }

    #[test]
    fn advertisements_go_to_the_group_of_the_file_or_come_from_each_peer() {
        let text = |globals: &str, vip: &str, more: &str| {
            format!(
                "global_defs {{\n{globals}\n}}\nvrrp_instance a {{\ninterface eth0\nvirtual_router_id 7\n\
                 virtual_ipaddress {{\n{vip}\n}}\n{more}\n}}\n"
            )
        };
        let peers = "unicast_peer {\n10.0.0.8\n10.0.0.9 min_ttl 1\n}\n";
        let header = "authentication {\nauth_type AH\nauth_pass x\n}\n";
        for (globals, vip, more, expected) in [
            ("", "10.0.0.1", "", &[("VRRP for 224.0.0.18 on eth0", 112)][..]),
            ("", "fd00::1", "", &[("VRRP for ff02::12 on eth0", 112)]),
            ("", "10.0.0.1", header, &[("VRRP for 224.0.0.18 on eth0", 51)]),
            ("vrrp_version 3", "10.0.0.1", header, &[("VRRP for 224.0.0.18 on eth0", 112)]),
            ("", "fd00::1", header, &[("VRRP for ff02::12 on eth0", 112)]),
            (
                "vrrp_mcast_group4 224.0.0.19",
                "10.0.0.1",
                "",
                &[("VRRP for 224.0.0.19 on eth0", 112)],
            ),
            ("vrrp_mcast_group4 224.0.0.19", "fd00::1", "", &[("VRRP for ff02::12 on eth0", 112)]),
            ("", "10.0.0.1", "mcast_dst_ip 224.0.0.20", &[("VRRP for 224.0.0.20 on eth0", 112)]),
            (
                "",
                "10.0.0.1",
                peers,
                &[
                    ("VRRP from 10.0.0.8 for 10.0.0.7 on eth0", 112),
                    ("VRRP from 10.0.0.9 for 10.0.0.7 on eth0", 112),
                ],
            ),
            ("", "10.0.0.1", "use_vmac", &[]),
            ("", "10.0.0.1", "interface eth7", &[]),
        ] {
            let all = flows(&text(globals, vip, more));
            let told: Vec<_> = all.iter().map(|(name, protocol, _)| (&**name, *protocol)).collect();
            assert_eq!(told, expected, "{globals} {vip} {more}");
        }
    }

    #[test]
    fn who_is_asked_asks_back() {
        let text = "# Rendered by `lvskit gen-conf`
bfd_instance b {\nneighbor_ip 10.0.0.8\nsource_ip 10.0.0.7\n}
bfd_instance c {\nneighbor_ip 10.0.1.9\nsource_ip 10.0.0.7\nmax_hops 3\nmultihop\n}
bfd_instance gone {\nneighbor_ip 10.0.0.8\nsource_ip 10.0.0.77\n}
virtual_server 10.0.0.1 25 {
 real_server 10.0.0.7 25 {\nTCP_CHECK {\n}\n}
 real_server 10.0.0.8 25 {\nTCP_CHECK {\n}
  PING_CHECK {\nconnect_timeout 0.1\nretry 2\ndelay_before_retry 0.05\ndelay_loop 0.1\n}\n}
 real_server 10.0.0.50 25 {\nTCP_CHECK {\n}\nPING_CHECK {\n}\n}
}\n";
        let named = |rendered: bool| -> Vec<String> {
            let statements = parse("k.conf", text, None, &mut NoFiles).unwrap();
            let mut config = Config::of(&statements);
            config.rendered = rendered;
            let all = flows_of(config, &statements).into_iter().map(|(name, ..)| name);
            all.filter(|name| !name.starts_with("tcp")).collect()
        };
        let bfd =
            ["BFD from 10.0.0.8 for 10.0.0.7 on eth0", "BFD from 10.0.1.9 for 10.0.0.7 on eth0"];
        assert_eq!(named(true), [&["pings from 10.0.0.8 for 10.0.0.7 on eth0"], &bfd[..]].concat());
        assert_eq!(named(false), bfd);
    }

    #[test]
    fn services_of_virtual_servers_and_hooks_and_the_sync_daemon() {
        let hook = "/usr/libexec/keepalived/bypass-ipvs --service udp/50-60 -a 10.0.0.1";
        let text = format!(
            "global_defs {{\nlvs_sync_daemon eth0 inst a id 7 group ff02::81 port 8849\n}}\n\
             vrrp_instance a {{\ninterface eth0\nvirtual_ipaddress {{\n10.0.0.1\n}}\nnotify_backup \"{hook}\"\n}}\n\
             virtual_server 10.0.0.1 53 {{\n}}\nvirtual_server 10.0.0.2 25 {{\nprotocol TCP\n}}\n\
             virtual_server fwmark 7 {{\n}}\nvirtual_server 10.0.0.1 0 {{\n}}\n"
        );
        let told: Vec<String> = flows(&text).into_iter().map(|(_, _, to)| to).collect();
        // That of 10.0.0.2, which nobody here holds, comes in nobody knows where.
        assert_eq!(
            told,
            [
                "224.0.0.18",
                "10.0.0.1:50",
                "10.0.0.7:50",
                "10.0.0.1:53",
                "10.0.0.7:53",
                "10.0.0.1:60",
                "10.0.0.7:60",
                "ff02::81:8849"
            ]
        );
    }
}
