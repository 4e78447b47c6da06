//! BFD sessions: each address that is asked has one, of both nodes, by a name that no other one has; and what is
//! named exists where it is followed.

use crate::blocks::statements;
use crate::place::Place;

/// Nodes with addresses in two networks, the second of which serves; a group of IPv6 addresses.
pub const CLUSTERS: [&str; 7] = [
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 10.1.0.1]}, {name: b, address: [10.1.0.2, 10.0.0.2]}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.1.0.9/24}}
virtual_server: [{port: 25, delay_loop: 2, lb_algo: mh, check: {type: TCP_CHECK}}]
",
    "failure_detection: {method: bfd}
nodes:
  - {name: a-very-long-name-of-a-node.example.org, address: [10.0.0.1, 10.1.0.1]}
  - {name: b-very-long-name-of-a-node.example.org, address: [10.0.0.2, 10.1.0.2]}
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.1.0.9/24}}
virtual_server: [{port: 25, delay_loop: 2, lb_algo: mh, check: {type: TCP_CHECK}}]
",
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 10.1.0.1]}, {name: b, address: [10.0.0.2, 10.1.0.2]}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.2.0.9}}
virtual_server:
  - port: 25
    delay_loop: 2
    lb_algo: mh
    real_server: [{address: 10.1.0.1}, {address: 10.1.0.2}]
    check: {type: TCP_CHECK}
",
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 'fd00::1']}, {name: b, address: [10.0.0.2, 'fd00::2']}]
vrrp_instance:
  i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9/24}
  s: {interface: eth0, virtual_router_id: 2, virtual_ipaddress: 'fd00::9/64'}
virtual_server_group: {g: [10.0.0.9 25, 10.0.0.9 26], h: ['fd00::9 25']}
virtual_server:
  - {group: g, lb_algo: mh, vrrp_instance: i, check: {type: TCP_CHECK, connect_port: 25}}
  - {group: h, lb_algo: mh, vrrp_instance: s, check: {type: TCP_CHECK, connect_port: 25}}
",
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 10.0.0.11]}, {name: b, address: [10.0.0.2, 10.0.0.12]}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9/24}}
virtual_server:
  - {port: 25, lb_algo: mh, check: {type: TCP_CHECK}}
  - port: 26
    lb_algo: mh
    real_server: [{address: 10.0.0.11}, {address: 10.0.0.12}]
    check: {type: TCP_CHECK}
",
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 10.1.0.1]}, {name: b, address: 10.0.0.2}]
vrrp_instance:
  i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9/24}
  j: {interface: eth0, virtual_router_id: 2, virtual_ipaddress: 10.1.0.9/24}
virtual_server:
  - {port: 25, vrrp_instance: i, lb_algo: mh, check: {type: TCP_CHECK}}
  - {port: 25, vrrp_instance: j, lb_algo: mh, check: {type: TCP_CHECK}}
",
    "failure_detection: {method: bfd}
nodes: [{name: a, address: [10.0.0.1, 10.1.0.1]}, {name: b, address: [10.1.0.2, 10.0.0.2]}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.1.0.9/24}}
virtual_server_group: {g: [10.1.0.9 26]}
virtual_server:
  - {group: g, lb_algo: mh, vrrp_instance: i, check: {type: TCP_CHECK, connect_port: 26}}
",
];

/// The value of a line, with the head of the block around it.
fn lines(text: &str, keyword: &str) -> Vec<(String, String)> {
    let value = |(around, line): (String, String)| {
        Some((around, line.strip_prefix(keyword)?.strip_prefix(' ')?.to_owned()))
    };
    statements(text).into_iter().filter_map(value).collect()
}

/// What a file says of its sessions: name, neighbour and source.
fn sessions(text: &str) -> Vec<(String, String, String)> {
    let (neighbors, sources) = (lines(text, "neighbor_ip"), lines(text, "source_ip"));
    let pairs = neighbors.into_iter().zip(sources);
    pairs
        .map(|((around, neighbor), (_, source))| {
            let (_, name) = around.rsplit_once("bfd_instance ").unwrap();
            (name.trim().to_owned(), neighbor, source)
        })
        .collect()
}

#[test]
fn the_address_that_is_asked_has_the_session() {
    for cluster in CLUSTERS {
        let place = Place::with(cluster);
        let nodes = if cluster.contains("a-very") {
            ["a-very-long-name-of-a-node.example.org", "b-very-long-name-of-a-node.example.org"]
        } else {
            ["a", "b"]
        };
        let [one, two] = nodes.map(|node| place.run(&format!("--stdout --node {node}")).accepted());
        for (text, other) in [(&one, &two), (&two, &one)] {
            let own = sessions(text);
            let checks = lines(text, "name");
            assert!(!checks.is_empty(), "{text}");
            for (around, name) in checks {
                let server = around.split("real_server ").nth(1).unwrap();
                let address = server.split(' ').next().unwrap();
                let of = own.iter().find(|(session, ..)| *session == name);
                assert_eq!(of.map(|(_, neighbor, _)| neighbor.as_str()), Some(address), "{text}");
            }
            for (_, neighbor, source) in own {
                let back = |(_, to, from): &(_, String, String)| *to == source && *from == neighbor;
                assert!(sessions(other).iter().any(back), "{neighbor}, {source}\n{text}\n{other}");
            }
        }
    }
    let group = Place::with(CLUSTERS[3]).run("--stdout --node a").accepted();
    let (_, six) = group.split_once("virtual_server group h {").unwrap();
    assert!(six.contains("real_server fd00::1") && !six.contains("real_server 10."), "{six}");
}

/// The firewall lets in what is asked of a second address, too.
#[test]
fn a_second_address_may_be_asked() {
    let place = Place::with(CLUSTERS[2].replace("bfd", "ping"));
    let rules = place.run("--stdout --node a --firewall nftables").accepted();
    let rule = "ip saddr { 10.0.0.2, 10.1.0.2 } ip daddr 10.1.0.1 icmp type echo-request accept";
    assert!(rules.contains(rule), "{rules}");
}

const TWO: &str = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9/24}}
virtual_server: [{port: 25, delay_loop: 2, lb_algo: wlc, check: {type: TCP_CHECK}}]
";

/// A node that balances an IPv6 service to the others, and has no address to ask them from.
const DIRECTOR: &str = "bypass: false
nodes: [{name: a, address: [10.0.0.1, 'fd00::1']}, {name: b, address: [10.0.0.2, 'fd00::2']}, {name: c, address: 10.0.0.3}]
virtual_server:
  - {address: 'fd00::9', port: 25, delay_loop: 2, lb_algo: wlc, real_server: [{node: a}, {node: b}], check: {type: TCP_CHECK}}
";

/// A range of addresses that has a VIP is in the VIP's network.
#[test]
fn a_group_s_range_is_in_the_network_of_its_vip() {
    for lines in ["10.1.0.9 26", "10.1.0.8/29 26", "10.1.0.8-10 26"] {
        let cluster = CLUSTERS[6].replace("10.1.0.9 26", lines);
        let text = Place::with(cluster).run("--stdout --node a").accepted();
        assert!(text.contains("real_server 10.1.0.2 "), "{lines}\n{text}");
    }
}

#[test]
fn what_keepalived_would_refuse_is_refused() {
    let detection = "failure_detection: {method: bfd}\n";
    let both = |text: &str| {
        text.replace("10.0.0.1}", "[10.0.0.1, 'fd00::1']}")
            .replace("10.0.0.2}", "[10.0.0.2, 'fd00::2']}")
    };
    let six = both(TWO).replace("name: b", "name: a-v6").replace("[{name", "[{name: c, address: [10.0.0.3, 'fd00::3']}, {name").replace(
        "10.0.0.9/24}}",
        "10.0.0.9/24}, s: {interface: eth0, virtual_router_id: 2, virtual_ipaddress: 'fd00::9/64'}}",
    ).replace("[{port", "[{port: 25, delay_loop: 2, lb_algo: wlc, vrrp_instance: s, check: {type: TCP_CHECK}}, {vrrp_instance: i, port");
    let of_group = |one: &str| {
        let servers = format!("vrrp_instance: s, real_server: [{{node: a}}, {one}]");
        CLUSTERS[3].replace("vrrp_instance: s", &servers)
    };
    let session = |line: &str| format!("bfd_instance: {{{line}}}\n{TWO}");
    let checked = |text: &str, name: &str| {
        let check = format!("check: [{{type: TCP_CHECK}}, {{type: BFD_CHECK, name: {name}}}]");
        text.replace("check: {type: TCP_CHECK}", &check)
    };
    let tracked =
        |text: &str, name: &str| text.replace("eth0,", &format!("eth0, track_bfd: {name},"));
    let own = TWO.replace(
        "{name: a, address: 10.0.0.1}",
        "{name: a, address: 10.0.0.1, bfd_instance: {gw: {neighbor_ip: 10.0.0.254}}}",
    );
    let gw = session("gw: {neighbor_ip: 10.0.0.254}");
    let vrrp = session("gw: {neighbor_ip: 10.0.0.254, vrrp: true}");
    let checker = session("gw: {neighbor_ip: 10.0.0.254, checker: true}");
    for (text, told) in [
        (format!("{detection}{six}"), "two sessions of c would be called `a-v6`"),
        (
            format!("{detection}{}", session("b: {neighbor_ip: 10.0.0.254}")),
            "`failure_detection` has a session `b` on a already",
        ),
        (
            format!("{detection}{}", session("x: {neighbor_ip: 10.0.0.2}")),
            "has a session with this node already: 10.0.0.2",
        ),
        (
            format!("{detection}{}", session("x: {neighbor_ip: 10.0.0.2, source_ip: 10.0.0.7}"))
                .replace("wlc,", "wlc, failure_detection: false,"),
            "",
        ),
        (
            tracked(
                &session("x: {neighbor_ip: 10.0.0.254}, y: {neighbor_ip: 10.0.0.254}"),
                "[x, y]",
            ),
            "two bfd_instances with one neighbour",
        ),
        (
            tracked(
                &session(
                    "x: {neighbor_ip: 10.0.0.254, source_ip: 10.0.0.1}, y: {neighbor_ip: 10.0.0.254, \
                     source_ip: 10.0.0.11}",
                ),
                "[x, y]",
            ),
            "",
        ),
        (
            tracked(
                &own.replace("254}}}", "254}}, vrrp_instance: {i: {track_bfd: gw}}}").replace(
                    "name: b,",
                    "name: b, bfd_instance: {gwb: {neighbor_ip: 10.0.0.253}},",
                ),
                "gwb",
            ),
            "",
        ),
        (checked(TWO, "gw"), "`BFD_CHECK` names `gw`, but `bfd_instance gw` does not exist"),
        (checked(&own, "gw"), "`BFD_CHECK` names `gw`, which b does not have"),
        (checked(&vrrp, "gw"), "which reports to VRRP only, as it has `vrrp`"),
        (tracked(TWO, "gw"), "`track_bfd` names `gw`, but `bfd_instance gw` does not exist"),
        (tracked(&own, "gw"), "`track_bfd` names `gw`, which b does not have"),
        (tracked(&checker, "gw"), "which reports to the checks only, as it has `checker`"),
        (
            format!("{detection}{}", checked(TWO, "b")),
            "`b`, a session that `failure_detection` makes",
        ),
        (
            format!("{detection}{}", tracked(TWO, "b")),
            "`b`, a session that `failure_detection` makes",
        ),
        (
            format!("{detection}{DIRECTOR}"),
            "c has no IPv6 address, and a BFD session with fd00::1 needs one",
        ),
        (DIRECTOR.to_owned(), ""),
        (of_group("{address: 10.0.0.50}"), "not of the service's family"),
        (of_group("{address: 'fd00::50'}"), ""),
        (
            "bypass: false\nfailure_detection: false\n".to_owned()
                + &DIRECTOR
                    .replace("bypass: false\n", "")
                    .replace(", real_server: [{node: a}, {node: b}]", ""),
            "c has no IPv6 address, and is to serve fd00::9 25",
        ),
        (checked(&gw, "gw"), ""),
        (tracked(&gw, "gw"), ""),
        (checked(&checker, "gw"), ""),
        (tracked(&vrrp, "gw"), ""),
        (checked(&vrrp.replace("vrrp: true", "vrrp: true, checker: true"), "gw"), ""),
    ] {
        let run = Place::with(&text).run("--stdout");
        if told.is_empty() {
            assert_eq!(run.code, Some(0), "{text}{}", run.stderr);
        } else {
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{text}{}", run.stderr);
            assert!(run.stderr.contains(told), "{told}\nin {}", run.stderr);
            assert!(run.stderr.contains(" 1 problem;"), "{}", run.stderr);
        }
    }
}
