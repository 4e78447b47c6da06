//! What keeps a guard from working is found: rules as Docker, podman, Kubernetes, ufw and administrators
//! make them, by nft and iptables of three releases, and addresses in the wrong place. Each finding has
//! near misses that stay silent, and the packets show that it is true.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::common::netns::{Netns, inside};
use crate::conflict_cases::{CASES, Tool};
use crate::node::{Node, OWN, PATIENT, VIP, VIP6, ip};
use crate::versions::ROOTS;

/// For a connection that can't succeed.
const BRIEF: Duration = Duration::from_millis(300);

/// The findings about a VIP, such as `error port-taken`, and the exit code of the check.
fn check(node: &Node, vip: &str) -> (Vec<String>, i32) {
    let output = node.hook(&["--check", vip, "--json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let json: Value = serde_json::from_slice(&output.stdout).expect(&said);
    assert_eq!(json["conflicts_unknown"], Value::Null, "{json}");
    assert_eq!(json["guards"][0]["guard"], "in force", "{json}");
    let findings = json["guards"][0]["findings"].as_array().unwrap();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    for finding in findings {
        for key in ["message", "effect", "help"] {
            assert!(word(finding, key).len() > 10, "{finding}");
        }
    }
    let name = |finding| format!("{} {}", word(finding, "severity"), word(finding, "id"));
    (findings.iter().map(name).collect(), output.status.code().unwrap())
}

fn ids(node: &Node, vip: &str) -> Vec<String> {
    let (ids, code) = check(node, vip);
    assert_eq!(code == 1, ids.iter().any(|id| id.starts_with("error")), "{ids:?}");
    ids
}

fn family(vip: &str) -> &'static str {
    if vip.contains(':') { "ip6" } else { "ip" }
}

/// Feeds rules to a program, of this machine or below a root.
fn load(node: &Netns, root: Option<&str>, tool: Tool, rules: &str) {
    let (program, args): (&str, &[&str]) = match tool {
        Tool::Nft => ("/usr/sbin/nft", &["-f", "-"]),
        Tool::Iptables => ("/usr/sbin/iptables-nft-restore", &[]),
        Tool::Ip6tables => ("/usr/sbin/ip6tables-nft-restore", &[]),
    };
    let mut command = match root {
        Some(_) => Command::new("chroot"),
        None => Command::new(program),
    };
    if let Some(root) = root {
        command.args([root, program]);
    }
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = node.run(|| {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}\n{rules}");
}

fn judges_rules_of(root: Option<&str>) {
    let node = Node::silent();
    for case in CASES {
        node.node.tool("nft", "flush ruleset");
        node.guard(&["-a", VIP, VIP6]);
        load(&node.node, root, case.tool, case.rules);
        for (vip, expected) in [(VIP, case.v4), (VIP6, case.v6)] {
            assert_eq!(ids(&node, vip), expected, "{}, {vip}", case.name);
        }
    }
}

#[test]
fn rules_of_this_machines_nft_and_iptables() {
    if inside("conflicts::rules_of_this_machines_nft_and_iptables") {
        judges_rules_of(None);
    }
}

#[test]
fn rules_of_nft_0_9_8_and_iptables_1_8_7() {
    below_a_root("2.1.5", "conflicts::rules_of_nft_0_9_8_and_iptables_1_8_7");
}

#[test]
fn rules_of_nft_1_1_3_and_iptables_1_8_11() {
    below_a_root("2.3.3", "conflicts::rules_of_nft_1_1_3_and_iptables_1_8_11");
}

fn below_a_root(release: &str, test: &str) {
    if let Ok(why) = fs::read_to_string(format!("{ROOTS}/skipped")) {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {}", why.trim_end());
        return;
    }
    let root = format!("{ROOTS}/{release}");
    let program = format!("{root}/usr/sbin/xtables-nft-multi");
    assert!(fs::exists(program).unwrap(), "run tests/deps versions");
    if !inside(test) {
        return;
    }
    // Seen in the test's own mount namespace only.
    for folder in ["dev", "proc"] {
        let args = ["--rbind", &format!("/{folder}"), &format!("{root}/{folder}")];
        assert!(Command::new("mount").args(args).status().unwrap().success());
    }
    judges_rules_of(Some(&root));
}

/// With `--service`, also as the guard in the kernel has it, only these ports count.
#[test]
fn only_the_services_of_the_guard_count() {
    if !inside("conflicts::only_the_services_of_the_guard_count") {
        return;
    }
    let node = Node::silent();
    let rules = |ports: &str| {
        format!(
            "table inet t {{ chain p {{ type nat hook prerouting priority -100; \
             fib daddr type local tcp dport {ports} redirect to :2525; }}; }}"
        )
    };
    for (services, ports, expected) in [
        ("tcp/25", "25", &["error port-taken"][..]),
        ("tcp/25", "2525", &[]),
        ("udp/25", "25", &[]),
        ("tcp/1000-2000,udp/53", "1999", &["error port-taken"]),
        ("tcp/1000-2000,udp/53", "1990-1999", &["error port-taken"]),
        ("tcp/1000-2000,udp/53", "2001", &[]),
        ("tcp/1000-2000,udp/53", "900-1000", &["error port-taken"]),
        // What the node serves counts, while IPVS has no services of the VIP.
        ("all", "25", &[]),
        ("all", "2525", &["error port-taken"]),
    ] {
        node.node.tool("nft", "flush ruleset");
        load(&node.node, None, Tool::Nft, &rules(ports));
        node.guard(&["--service", services, "-a", VIP]);
        assert_eq!(ids(&node, VIP), expected, "{services} {ports}");
    }
}

/// bypass_ipvs.py's rule: a MASTER serves everything itself.
#[test]
fn a_taken_port_is_not_balanced() {
    if !inside("conflicts::a_taken_port_is_not_balanced") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP]);
    node.node.tool("iptables-nft", &format!("-t nat -A PREROUTING -d {VIP}/32 -p tcp -j REDIRECT"));
    node.take(VIP);
    assert_eq!(node.served_at(VIP, PATIENT), ip(OWN));
    assert_eq!(ids(&node, VIP), ["error port-taken"]);
    // A hook that has nothing to do reads no rules of others.
    let idle = node.hook(&["-r", VIP]);
    assert!(idle.status.success() && idle.stderr.is_empty(), "{idle:?}");
    node.node.tool("nft", "delete table ip lvskit");
    let hook = node.hook(&["-r", VIP]);
    let said = String::from_utf8(hook.stderr).unwrap();
    assert!(hook.status.success(), "the guard is in force: {said}");
    assert_eq!(said.matches("warning: ").count(), 1, "{said}");
    assert!(
        said.contains("[port-taken]") && said.contains("iptables -t nat -D PREROUTING"),
        "{said}"
    );
    node.node.tool("iptables-nft", &format!("-t nat -D PREROUTING -d {VIP}/32 -p tcp -j REDIRECT"));
    assert_eq!(node.served_at(VIP, PATIENT), ip(VIP));
    assert_eq!(ids(&node, VIP), [""; 0]);
    assert_eq!(String::from_utf8(node.hook(&["-r", VIP]).stderr).unwrap(), "");
}

#[test]
fn what_is_not_tracked_is_not_guarded() {
    if !inside("conflicts::what_is_not_tracked_is_not_guarded") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP]);
    let rule = "PREROUTING -p tcp --dport 2525 -j CT --notrack";
    node.node.tool("iptables-nft", &format!("-t raw -A {rule}"));
    assert_eq!(node.forwarded_to(VIP, BRIEF), None);
    assert_eq!(ids(&node, VIP), ["error notrack"]);
    node.node.tool("iptables-nft", &format!("-t raw -D {rule}"));
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN));
    assert_eq!(ids(&node, VIP), [""; 0]);
}

/// The capabilities that a unit leaves its program, as setpriv takes them: `,+net_admin`.
fn rights(unit: &str) -> String {
    let path = format!("{}/packaging/systemd/{unit}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("CapabilityBoundingSet="));
    let names = lines.next().unwrap().to_lowercase();
    names.split(' ').map(|name| format!(",+{}", name.strip_prefix("cap_").unwrap())).collect()
}

/// Where the kernel still has the old iptables, its rules count too.
#[test]
fn rules_of_the_old_iptables() {
    if !inside("conflicts::rules_of_the_old_iptables") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP, VIP6]);
    let (has, why) = node.node.try_tool("iptables-legacy", "-t nat -S");
    if !has {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED rules of the old iptables: {why}");
        return;
    }
    let legacy = |rule: &str| node.node.tool("iptables-legacy", rule);
    assert_eq!(ids(&node, VIP), [""; 0], "an empty table");
    legacy(&format!("-t nat -A PREROUTING -d {VIP}/32 -p tcp -j REDIRECT"));
    legacy("-t raw -A PREROUTING -p tcp --dport 2520:2530 -j CT --notrack");
    assert_eq!(ids(&node, VIP), ["error port-taken", "error notrack"]);
    assert_eq!(ids(&node, VIP6), [""; 0]);
    legacy("-t nat -F");
    legacy("-t raw -F");
    legacy("-t nat -A PREROUTING -d 192.168.3.10/32 -p tcp -j REDIRECT");
    legacy("-t raw -A PREROUTING -p tcp --dport 25 -j CT --notrack");
    assert_eq!(ids(&node, VIP), [""; 0]);
    let dnat = format!(
        "-t nat -A PREROUTING -d {VIP6} -p tcp --dport 2525 -j DNAT --to-destination [fd00::9]:25"
    );
    node.node.tool("ip6tables-legacy", &dnat);
    assert_eq!(ids(&node, VIP6), ["error port-taken"]);
    let hook = env!("CARGO_BIN_EXE_bypass-ipvs");
    // With no more rights than a watcher has. (It ends with 1, because something breaks the guard.)
    for unit in ["bypass-ipvs.service", "bypass-ipvs@.service"] {
        let check = format!("--bounding-set=-all{} {hook} --json --check {VIP6}", rights(unit));
        let (_, told) = node.node.try_tool("setpriv", &check);
        assert!(told.contains("port-taken"), "{unit}: {told}");
        assert!(told.contains(r#""conflicts_unknown":null"#), "{unit}: {told}");
    }
}

/// In IPv4 a MASTER takes the VIP on lo for that of another node; in IPv6 it does not.
#[test]
fn a_vip_on_lo() {
    if !inside("conflicts::a_vip_on_lo") {
        return;
    }
    let node = Node::silent();
    node.guard(&["--keep-sessions", "-a", VIP, VIP6]);
    for (vip, length, served, expected) in
        [(VIP, 32, OWN, &["error vip-on-lo"][..]), (VIP6, 128, VIP6, &[])]
    {
        node.node.ip(&format!("address add {vip}/{length} dev lo"));
        assert_eq!(ids(&node, vip), expected, "as BACKUP");
        node.take(vip);
        assert_eq!(node.served_at(vip, PATIENT), ip(served), "as MASTER");
        assert_eq!(ids(&node, vip), expected, "as MASTER");
        node.node.ip(&format!("address del {vip}/{length} dev lo"));
        // The guard took the client for a director meanwhile.
        let set = format!("{} lvskit balancers-{}", family(vip), vip.replace(':', "-"));
        node.node.tool("nft", &format!("flush set {set}"));
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "as MASTER without it");
        assert_eq!(ids(&node, vip), [""; 0]);
    }
}

#[test]
fn a_vip_that_comes_first() {
    if !inside("conflicts::a_vip_that_comes_first") {
        return;
    }
    let node = Node::silent();
    node.guard(&["-a", VIP, "192.168.3.110"]);
    let sender = || {
        let route = node.node.ip("route get 192.168.3.104");
        let mut words = route.split_whitespace().skip_while(|word| *word != "src");
        words.nth(1).unwrap().to_owned()
    };
    for (addresses, from, expected) in [
        (["192.168.3.100/24", "192.168.3.102/24"], VIP, &["error vip-first"][..]),
        (["192.168.3.102/24", "192.168.3.100/24"], OWN, &[]),
        (["192.168.3.100/32", "192.168.3.102/24"], OWN, &[]),
        // Another VIP is no address of the node's own.
        (["192.168.3.100/24", "192.168.3.110/24"], VIP, &[]),
    ] {
        node.node.ip("-4 address flush dev eth0");
        for address in addresses {
            node.node.ip(&format!("address add {address} dev eth0"));
        }
        assert_eq!(sender(), from, "{addresses:?}");
        assert_eq!(ids(&node, VIP), expected, "{addresses:?}");
    }
}

/// A node that is a host of virtual machines: another one is MASTER, a guest only passes the bridge.
#[test]
fn what_the_node_only_bridges() {
    if !inside("conflicts::what_the_node_only_bridges") {
        return;
    }
    let node = Node::silent();
    node.node.ip("address flush dev eth0");
    node.node.ip("link add br0 type bridge");
    node.node.ip("link set br0 up");
    node.node.ip("link set eth0 master br0");
    node.node.ip(&format!("address add {OWN}/24 dev br0"));
    let (has, why) = node.node.try_tool("sysctl", "-w net.bridge.bridge-nf-call-iptables=1");
    if !has {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED what a node bridges: {why}");
        return;
    }
    node.node.tool("sysctl", "-w net.bridge.bridge-nf-call-ip6tables=0");
    node.guard(&["-a", VIP, VIP6]);
    assert_eq!(ids(&node, VIP), [""; 0], "nobody else on the bridge");
    let guest = Netns::new();
    guest.ip(&format!("link add eth0 type veth peer name tap0 netns {}", node.node.path()));
    node.node.ip("link set tap0 master br0 up");
    guest.ip("address add 192.168.3.50/24 dev eth0");
    guest.ip("link set eth0 up");
    node.balancer.ip(&format!("neigh del {VIP} dev eth0"));
    node.balancer.ip(&format!("address add {VIP}/32 dev eth0"));
    let master = node.balancer.run(|| std::net::TcpListener::bind(("0.0.0.0", 2525)).unwrap());
    master.set_nonblocking(true).unwrap();
    let reaches_the_master = || {
        let address = format!("{VIP}:2525").parse().unwrap();
        let stream = guest.run(|| std::net::TcpStream::connect_timeout(&address, PATIENT));
        stream.unwrap();
        master.accept().is_ok()
    };
    assert_eq!(ids(&node, VIP), ["warning bridged"]);
    assert_eq!(ids(&node, VIP6), [""; 0]);
    assert!(!reaches_the_master());
    node.node.tool("sysctl", "-w net.bridge.bridge-nf-call-iptables=0");
    assert_eq!(ids(&node, VIP), [""; 0]);
    assert!(reaches_the_master());
    // Of this bridge alone.
    node.node.ip("link set br0 type bridge nf_call_iptables 1");
    assert_eq!(ids(&node, VIP), ["warning bridged"]);
    // A bridge of another network, such as docker0.
    node.node.ip(&format!("address del {OWN}/24 dev br0"));
    node.node.ip("address add 172.17.0.1/16 dev br0");
    assert_eq!(ids(&node, VIP), [""; 0]);
}
