//! `firewall-closed`: rules as administrators, firewalld and iptables make them, what doctor says of each, and
//! what packets of the real kernel say. What doctor calls dropped must not arrive, and what arrives it must not
//! call dropped; where it can't judge, it says nothing.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::common::netns::{Netns, inside};
use crate::common::patience::until;
use crate::node::{HOOK, PROGRAM, VIP, instance, json, pair};

const OWN: &str = "192.168.3.101";

/// A connection to it is given the node's own address, as the guard does on a node that is not MASTER.
const REDIRECTED: &str = "192.168.3.99";

const VRRP: [u8; 4] = [224, 0, 0, 18];
const SYNC: [u8; 4] = [224, 0, 0, 81];

/// What is sent, by the names of the counters that see what arrived.
const ALL: [&str; 4] = ["vrrp", "vip", "own", "sync"];

/// How doctor names each.
const TOLD: [&str; 4] = [
    "VRRP for 224.0.0.18 on eth0",
    "tcp/25 of 192.168.3.100 on eth0",
    "tcp/25 of 192.168.3.101 on eth0",
    "the sync daemon's udp/8848 for 224.0.0.81 on eth0",
];

const PROBE: &str = "table inet probe {
    counter vrrp {}
    counter vip {}
    counter own {}
    counter sync {}
    chain late {
        type filter hook input priority 400
        meta l4proto 112 counter name vrrp
        ip daddr 192.168.3.100 tcp dport 25 counter name vip
        ip daddr 192.168.3.101 tcp dport 25 ct status dnat counter name own
        ip daddr 224.0.0.81 udp dport 8848 counter name sync
    }
}
table ip sends {
    chain pre {
        type nat hook prerouting priority -100
        ip daddr 192.168.3.99 tcp dport 25 redirect
    }
}
";

/// Rules of nft, or of iptables: those are loaded by iptables-nft, and by the old iptables where the kernel
/// still has it.
enum Rules {
    Nft(&'static str),
    Iptables(&'static str),
}
use Rules::{Iptables, Nft};

/// Of the old iptables, which no flush of nft reaches.
const NOTHING: &str = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";

struct Case {
    what: &'static str,
    rules: Rules,
    /// What doctor says is dropped.
    closed: &'static [&'static str],
    /// What is dropped without doctor knowing.
    unknown: &'static [&'static str],
}

const fn case(what: &'static str, rules: Rules, closed: &'static [&'static str]) -> Case {
    Case { what, rules, closed, unknown: &[] }
}

const CASES: &[Case] = &[
    case("no rules", Nft(""), &[]),
    case(
        "policy drop alone",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop; }; }"),
        &ALL,
    ),
    case(
        "policy drop, and all let in",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            iif lo accept; ct state established,related accept; ct state invalid drop
            ip protocol vrrp ip ttl 255 accept; tcp dport { 25, 465 } accept; udp dport 8848 accept; }; }"),
        &[],
    ),
    case(
        "the same without VRRP",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            iif lo accept; ct state established,related accept
            meta l4proto icmp accept; tcp dport { 25, 465 } accept; udp dport 8848 accept; }; }"),
        &["vrrp"],
    ),
    case(
        "groups are let in by the packet's type, the service by an interval",
        Nft("table inet f { set open { type inet_service; flags interval; elements = { 20-30 }; }
            chain in { type filter hook input priority 0; policy drop;
            meta pkttype multicast accept; tcp dport @open accept; }; }"),
        &[],
    ),
    case(
        "groups are let in by the routing table, the service is not",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            fib daddr type multicast accept; tcp dport 20-24 accept; }; }"),
        &["vip", "own"],
    ),
    case(
        "a verdict map of states, and the VIP alone",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            ct state vmap { established : accept, related : accept, invalid : drop }
            ip daddr 192.168.3.100 tcp dport 25 accept; ip protocol 112 accept; udp dport 8848 accept; }; }"),
        &["own"],
    ),
    case(
        "maps of what is not let in, all else by their last element",
        Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            tcp dport vmap { 22 : drop, * : accept }
            meta l4proto vmap { 17 : jump named, * : continue }
            ip protocol 112 accept; }
            chain named { udp dport vmap { 53 : accept, * : drop }; }; }"),
        &["sync"],
    ),
    case(
        "zones as firewalld has them",
        Nft("table inet firewalld {
            chain filter_INPUT { type filter hook input priority 10; policy accept;
                ct state { established, related } accept; ct status dnat accept; iifname \"lo\" accept
                ct state invalid drop; jump zones; reject with icmpx admin-prohibited; }
            chain zones { iifname vmap { \"eth1\" : goto trusted, \"eth0\" : goto public }; goto public; }
            chain trusted { accept; }
            chain public { jump public_pre; jump public_allow; meta l4proto icmp accept; }
            chain public_pre { }
            chain public_allow { tcp dport 22 accept; ip daddr 224.0.0.251 udp dport 5353 accept; }
        }"),
        &["vrrp", "vip", "sync"],
    ),
    case(
        "iptables as ufw has it, the service let in",
        Iptables(
            "*filter\n:INPUT DROP [0:0]\n:before - [0:0]\n:user - [0:0]\n-A INPUT -j before\n-A INPUT -j user\n\
             -A before -i lo -j ACCEPT\n-A before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
             -A before -m conntrack --ctstate INVALID -j DROP\n-A before -p icmp -j ACCEPT\n\
             -A user -p tcp -m tcp --dport 25 -j ACCEPT\nCOMMIT\n",
        ),
        &["vrrp", "sync"],
    ),
    case(
        "iptables with everything let in",
        Iptables(
            "*filter\n:INPUT DROP [0:0]\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\n\
             -A INPUT -d 224.0.0.18/32 -i eth0 -p vrrp -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 25,465 -j ACCEPT\n\
             -A INPUT -d 224.0.0.81/32 -p udp -m udp --dport 8848 -j ACCEPT\nCOMMIT\n",
        ),
        &[],
    ),
    case(
        "what is new and no SYN is dropped, as old rule sets have it",
        Iptables(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP\n\
             -A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\n-A INPUT -p tcp -j DROP\nCOMMIT\n",
        ),
        &[],
    ),
    case(
        "groups are let in by the type of the address, the service is not",
        Iptables("*filter\n:INPUT DROP [0:0]\n-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT\nCOMMIT\n"),
        &["vip", "own"],
    ),
    case(
        "a mark of the connection, set by the same chain",
        Nft("table inet f { chain pre { type filter hook prerouting priority -150; policy drop;
            ct mark set 7; ct mark 7 accept; }; }"),
        &[],
    ),
    case(
        "dropped before it is routed",
        Nft("table ip f { chain pre { type filter hook prerouting priority -300; ip protocol 112 drop; }; }"),
        &["vrrp"],
    ),
    case(
        "let in by the first chain, dropped by a later one",
        Nft("table inet f {
            chain in { type filter hook input priority 0; policy drop; accept; }
            chain later { type filter hook input priority 10; udp dport 8848 drop; }; }"),
        &["sync"],
    ),
    case(
        "rules that sleep",
        Nft("table inet f { flags dormant
            chain in { type filter hook input priority 0; policy drop; }; }"),
        &[],
    ),
    Case {
        what: "only others' addresses are let in, which nobody here knows",
        rules: Nft(
            "table inet f { chain in { type filter hook input priority 0; policy drop;
            ip saddr 192.168.3.103 accept; }; }",
        ),
        closed: &[],
        unknown: &ALL,
    },
    Case {
        what: "a limit, which is not reached",
        rules: Nft("table inet f { chain in { type filter hook input priority 0; policy drop;
            limit rate 1000/second accept; }; }"),
        closed: &[],
        unknown: &[],
    },
    Case {
        what: "a mark of another chain",
        rules: Nft("table inet f {
            chain pre { type filter hook prerouting priority -150; meta l4proto { 6, 17, 112 } meta mark set 7; }
            chain in { type filter hook input priority 0; policy drop; meta mark 7 accept; }; }"),
        closed: &[],
        unknown: &[],
    },
    Case {
        what: "no tracking, and what is not tracked is let in",
        rules: Nft("table inet f {
            chain pre { type filter hook prerouting priority -300; meta l4proto { 17, 112 } notrack; }
            chain in { type filter hook input priority 0; policy drop; ct state untracked accept; }; }"),
        closed: &["vip", "own"],
        unknown: &[],
    },
];

#[test]
fn what_doctor_calls_dropped_does_not_arrive() {
    if !inside("firewall::what_doctor_calls_dropped_does_not_arrive") {
        return;
    }
    let [node, other] = pair();
    node.ip(&format!("address add {VIP}/32 dev eth0"));
    other.ip(&format!("neigh add {REDIRECTED} lladdr {} dev eth0", node.mac("eth0")));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    let hook = format!(" notify_backup \"{HOOK} --service tcp/25 -a {VIP}\"");
    let servers = format!(
        "virtual_server {VIP} 25 {{\n lb_kind DR\n protocol TCP\n real_server {OWN} 25 {{\n }}\n}}\n"
    );
    let globals = "global_defs {\n lvs_sync_daemon eth0 id 11\n}\n";
    fs::write(&file, format!("{globals}{}{servers}", instance(100, &hook))).unwrap();
    // The kernel hands a group's packets on only where somebody is a member.
    let _members = node.run(|| {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        let own: Ipv4Addr = OWN.parse().unwrap();
        for group in [VRRP, SYNC] {
            socket.join_multicast_v4(&group.into(), &own).unwrap();
        }
        socket
    });
    let (old, why) = node.try_tool("iptables-legacy", "-S");
    if !old {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED the old iptables: {why}");
    }
    let programs = |case: &'static Case| match case.rules {
        Nft(_) => vec!["nft"],
        Iptables(_) if old => vec!["iptables-nft-restore", "iptables-legacy-restore"],
        Iptables(_) => vec!["iptables-nft-restore"],
    };
    let all = CASES.iter().flat_map(|case| programs(case).into_iter().map(move |by| (case, by)));
    for (Case { what, rules, closed, unknown }, by) in all {
        node.tool("nft", "flush ruleset");
        if old {
            load(&node, "iptables-legacy-restore", &[], NOTHING);
        }
        load(&node, "nft", &["-f", "-"], PROBE);
        match rules {
            Nft(rules) => load(&node, by, &["-f", "-"], rules),
            Iptables(rules) => load(&node, by, &[], rules),
        }
        let lists =
            if by == "iptables-legacy-restore" { "iptables" } else { "nft -a list chain i" };
        let told = doctor(&node, &file);
        let named = |at: &usize| told.iter().any(|line| line.contains(TOLD[*at]));
        let said: Vec<&str> = (0..ALL.len()).filter(named).map(|at| ALL[at]).collect();
        assert_eq!(said, *closed, "{what}, {by}: {told:#?}");
        for line in &told {
            assert!(line.contains(": dropped by the "), "{line}");
            assert!(line.contains(lists), "{line}");
        }
        send(&other);
        for name in ALL {
            if closed.contains(&name) || unknown.contains(&name) {
                assert_eq!(arrived(&node, name), 0, "{what}: {name}");
            } else {
                let says = || format!("{what}: {name} does not arrive");
                until(Duration::from_secs(20), says, || arrived(&node, name) > 0);
            }
        }
    }
}

/// How doctor names the questions of the failure detection.
const ASKED: [(&str, &str); 2] = [
    ("ping", "pings from 192.168.3.102 for 192.168.3.101 on eth0"),
    ("bfd", "BFD from 192.168.3.102 for 192.168.3.101 on eth0"),
];

const COUNTERS: &str = "table inet probe {
    counter ping {}
    counter bfd {}
    chain late {
        type filter hook input priority 400
        ip daddr 192.168.3.101 icmp type echo-request counter name ping
        ip daddr 192.168.3.101 udp dport 3784 counter name bfd
    }
}
";

const ASKED_FILE: &str = "# Rendered by `lvskit gen-conf`
bfd_instance b {\n neighbor_ip 192.168.3.102\n source_ip 192.168.3.101\n}
virtual_server 192.168.3.100 25 {\n lb_kind DR\n protocol UDP
 real_server 192.168.3.101 25 {\n }
 real_server 192.168.3.102 25 {\n  PING_CHECK {
   connect_timeout 0.1\n   retry 2\n   delay_before_retry 0.05\n   delay_loop 0.1\n  }\n }\n}\n";

/// By the last of the rules the firewall is the one that gen-conf renders.
#[test]
fn questions_that_are_dropped_are_told() {
    if !inside("firewall::questions_that_are_dropped_are_told") {
        return;
    }
    let [node, other] = pair();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    fs::write(&file, ASKED_FILE).unwrap();
    for (rules, closed) in [
        ("", &[][..]),
        ("policy drop;", &["ping", "bfd"]),
        ("policy drop; meta l4proto icmp accept; udp dport 3784 ip ttl < 255 accept", &["bfd"]),
        ("icmp type { echo-request, timestamp-request } drop", &["ping"]),
        (
            "policy drop; ip saddr { 192.168.3.102 } ip daddr 192.168.3.101 icmp type echo-request accept
             ip saddr { 192.168.3.102 } ip daddr 192.168.3.101 ip ttl >= 255 udp dport 3784 accept",
            &[],
        ),
    ] {
        node.tool("nft", "flush ruleset");
        load(&node, "nft", &["-f", "-"], COUNTERS);
        let chain = format!("chain in {{ type filter hook input priority 0; {rules}\n }}");
        load(&node, "nft", &["-f", "-"], &format!("table inet f {{ {chain}\n }}\n"));
        let told = doctor(&node, &file);
        for (name, tells) in ASKED {
            let says = told.iter().any(|line| line.contains(tells));
            assert_eq!(says, closed.contains(&name), "{rules}: {name}: {told:#?}");
        }
        other.run(|| {
            let socket = UdpSocket::bind("192.168.3.102:0").unwrap();
            socket.set_ttl(255).unwrap();
            // Nobody listens: the answer says so.
            let _ = socket.send_to(&[0; 24], "192.168.3.101:3784");
            let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
            // Type 8, code 0, and the checksum of that; number and sequence 0.
            let ping = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];
            let to: SocketAddr = "192.168.3.101:0".parse().unwrap();
            raw.send_to(&ping, &to.into()).unwrap();
        });
        for (name, _) in ASKED {
            if closed.contains(&name) {
                assert_eq!(arrived(&node, name), 0, "{rules}: {name}");
            } else {
                let says = || format!("{rules}: {name} does not arrive");
                until(Duration::from_secs(20), says, || arrived(&node, name) > 0);
            }
        }
    }
}

fn load(node: &Netns, program: &str, args: &[&str], rules: &str) {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stderr(Stdio::piped());
    let output = node.run(|| {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{program}: {output:?}\n{rules}");
}

/// The evidence of what is closed.
fn doctor(node: &Netns, file: &std::path::Path) -> Vec<String> {
    let mut command = Command::new(PROGRAM);
    command.args(["doctor", "--json", "--only", "firewall-closed", "--config"]).arg(file);
    let output = node.run(|| command.output().unwrap());
    let all = json(&output);
    assert_eq!(all["not_looked_for"], serde_json::json!([]), "{all}");
    let findings = all["findings"].as_array().unwrap().iter();
    findings.map(|one| one["evidence"].as_str().unwrap().to_owned()).collect()
}

/// One packet of each kind, from another node.
fn send(other: &Netns) {
    other.run(|| {
        let own: Ipv4Addr = "192.168.3.102".parse().unwrap();
        let group = |kind, protocol: Option<i32>| {
            let socket = Socket::new(Domain::IPV4, kind, protocol.map(Protocol::from)).unwrap();
            socket.set_multicast_if_v4(&own).unwrap();
            socket.set_multicast_ttl_v4(255).unwrap();
            socket
        };
        let to = |group: [u8; 4], port| SocketAddr::from((group, port)).into();
        group(Type::RAW, Some(112)).send_to(&[0x21; 20], &to(VRRP, 0)).unwrap();
        group(Type::DGRAM, None).send_to(&[0; 8], &to(SYNC, 8848)).unwrap();
        for address in [VIP, REDIRECTED] {
            let address = SocketAddr::new(address.parse().unwrap(), 25);
            // Nobody takes it: what arrives is counted.
            let _ = TcpStream::connect_timeout(&address, Duration::from_millis(100));
        }
    });
}

fn arrived(node: &Netns, counter: &str) -> u64 {
    let text = node.tool("nft", &format!("list counter inet probe {counter}"));
    let mut words = text.split_whitespace().skip_while(|word| *word != "packets");
    words.nth(1).unwrap().parse().unwrap()
}
