//! What the hooks are told of the virtual servers: what the nodes serve at each VIP, and nothing else.

use std::fmt::Write;

use crate::blocks::values;
use crate::common::netns::{Netns, inside};
use crate::matrix;
use crate::place::{Place, Run};

const NODES: &str = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]\n";

/// Inventory of two nodes with these instances and virtual servers.
fn inventory(instances: &str, servers: &str) -> String {
    format!("{NODES}vrrp_instance:\n{instances}\n{servers}")
}

fn instance(name: &str, id: u8, vips: &str) -> String {
    format!("  {name}: {{interface: eth0, virtual_router_id: {id}, virtual_ipaddress: [{vips}]}}\n")
}

/// What `notify_master` of each instance is told, between the program and the addresses.
fn told(inventory: &str) -> Vec<String> {
    let text = Place::with(inventory).run("--stdout --node a").accepted();
    let hooks = values(&text, "notify_master");
    let words = |hook: &String| {
        let (_, words) = hook.trim_matches('"').split_once("--keep-sessions").unwrap();
        words.trim_start().to_owned()
    };
    hooks.iter().map(words).collect()
}

#[test]
fn the_services_are_those_of_the_virtual_servers() {
    let check = "lb_algo: rr, check: []";
    let any = "persistence_timeout: 60";
    for (servers, hook) in [
        (format!("{{port: 25, {check}}}"), "--service tcp/25 -r 10.0.0.9 10.0.0.8"),
        // Sorted, merged, each once.
        (
            format!(
                "{{port: 26, {check}}}, {{port: 53, protocol: UDP, {check}}}, {{port: 25, {check}}}, \
                 {{port: 53, {check}}}"
            ),
            "--service tcp/25-26,tcp/53,udp/53 -r 10.0.0.9 10.0.0.8",
        ),
        // Of one address: the other one is not guarded.
        (format!("{{address: 10.0.0.8, port: 80, {check}}}"), "--service tcp/80 -r 10.0.0.8"),
        (
            format!("{{address: 10.0.0.8, port: 80, {check}}}, {{port: 25, {check}}}"),
            "--service tcp/25@10.0.0.9 --service tcp/25,tcp/80@10.0.0.8 -r 10.0.0.9 10.0.0.8",
        ),
        (format!("{{address: 10.0.0.9, {any}, {check}}}"), "--service tcp/1-65535 -r 10.0.0.9"),
        (
            format!("{{fwmark: 7, {check}}}, {{port: 25, {check}}}"),
            "--service all -r 10.0.0.9 10.0.0.8",
        ),
        (
            format!(
                "{{fwmark: 7, bypass_ports: [tcp/465, udp/53], {check}}}, {{port: 25, {check}}}"
            ),
            "--service tcp/25,tcp/465,udp/53 -r 10.0.0.9 10.0.0.8",
        ),
        // Nodes that are named by their addresses, and a sorry server.
        (
            format!("{{port: 25, real_server: [{{address: 10.0.0.2}}], {check}}}"),
            "--service tcp/25 -r 10.0.0.9 10.0.0.8",
        ),
        (
            format!(
                "{{port: 25, real_server: [{{address: 10.0.0.77}}], sorry_server: 10.0.0.1 25, {check}}}"
            ),
            "--service tcp/25 -r 10.0.0.9 10.0.0.8",
        ),
    ] {
        let one = instance("i", 1, "10.0.0.9, 10.0.0.8");
        let found = told(&inventory(&one, &format!("virtual_server: [{servers}]\n")));
        assert_eq!(found, [hook], "{servers}");
    }
}

#[test]
fn groups_name_addresses_of_any_instance() {
    let two = instance("i", 1, "10.0.0.9, 10.0.0.8, 10.0.0.200") + &instance("j", 2, "10.0.0.20");
    let server = "virtual_server: [{group: g, vrrp_instance: i, lb_algo: rr, check: []}]\n";
    for (lines, hooks) in [
        ("10.0.0.9 25", &["--service tcp/25 -r 10.0.0.9"][..]),
        (
            "10.0.0.8-9 25, 10.0.0.9 26",
            &["--service tcp/25-26@10.0.0.9 --service tcp/25@10.0.0.8 -r 10.0.0.9 10.0.0.8"],
        ),
        ("10.0.0.192/26 443", &["--service tcp/443 -r 10.0.0.200"]),
        ("10.0.0.8-10.0.0.9 25", &["--service tcp/25 -r 10.0.0.9 10.0.0.8"]),
        ("10.0.0.8", &["--service tcp/1-65535 -r 10.0.0.8"]),
        ("fwmark 7", &["--service all -r 10.0.0.9 10.0.0.8 10.0.0.200"]),
        (
            "10.0.0.0-255 80",
            &["--service tcp/80 -r 10.0.0.9 10.0.0.8 10.0.0.200", "--service tcp/80 -r 10.0.0.20"],
        ),
    ] {
        let text = format!("{server}virtual_server_group: {{g: [{lines}]}}\n");
        assert_eq!(told(&inventory(&two, &text)), hooks, "{lines}");
    }
}

#[test]
fn where_nobody_knows_what_is_balanced_nothing_is_left_out() {
    let one = instance("i", 1, "10.0.0.9");
    // Something else balances.
    assert_eq!(told(&inventory(&one, "")), ["-r 10.0.0.9"]);
    let server = "virtual_server: [{port: 25, lb_algo: rr, check: []}]\n";
    for raw in ["'virtual_server 10.0.0.9 80 {', '}'", "'@a include /etc/keepalived/more.conf'"] {
        let hooks = told(&inventory(&one, &format!("{server}raw: [{raw}]\n")));
        assert_eq!(hooks, ["--service all -r 10.0.0.9"], "{raw}");
    }
}

#[test]
fn what_is_balanced_nowhere_among_the_nodes_has_no_hooks() {
    let two = instance("i", 1, "10.0.0.9") + &instance("j", 2, "10.0.0.8");
    for server in ["vrrp_instance: i", "vrrp_instance: i, real_server: [{address: 10.0.0.77}]"] {
        let servers = format!("virtual_server: [{{port: 25, {server}, lb_algo: rr, check: []}}]\n");
        let hooks = told(&inventory(&two, &servers));
        let own = if server.contains("real_server") {
            &[][..]
        } else {
            &["--service tcp/25 -r 10.0.0.9"]
        };
        assert_eq!(hooks, own, "{server}");
    }
}

#[test]
fn excluded_addresses_and_ipv6_are_guarded_too() {
    let instances = "  i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9, \
                     virtual_ipaddress_excluded: [10.0.0.8]}\n";
    let server = "virtual_server: [{port: 25, lb_algo: rr, check: []}]\n";
    assert_eq!(told(&inventory(instances, server)), ["--service tcp/25 -r 10.0.0.9 10.0.0.8"]);
    let six = inventory(&instance("i", 1, "'fd00::9', 'fd00::8'"), server)
        .replace("address: 10.0.0.1", "address: 'fd00::1'")
        .replace("address: 10.0.0.2", "address: 'fd00::2'");
    assert_eq!(told(&six), ["--service tcp/25 -r fd00::9 fd00::8"]);
}

/// Twenty addresses, each with ports of its own: what does not fit into a line is said shorter, and
/// never too narrow.
fn crowded(ports: u16) -> String {
    let vips: Vec<String> = (101..121).map(|host| format!("10.0.0.{host}")).collect();
    let mut servers = String::from("virtual_server:\n");
    for (at, vip) in vips.iter().enumerate() {
        for port in 0..ports {
            let port = 1000 + 2 * (port + at as u16 * ports);
            let rest = "lb_algo: rr, check: {type: TCP_CHECK}";
            writeln!(servers, "  - {{address: {vip}, port: {port}, {rest}}}").unwrap();
        }
    }
    inventory(&instance("i", 1, &vips.join(", ")), &servers)
}

#[test]
fn services_that_do_not_fit_into_a_line_are_said_shorter() {
    for (ports, words, exact) in [
        (1, "--service tcp/1000@10.0.0.101 --service tcp/1002@10.0.0.102 --service ", true),
        (2, "--service tcp/1000,tcp/1002,tcp/1004,", false),
        (9, "--service all -r 10.0.0.101 10.0.0.102 ", false),
    ] {
        let Run { code, stdout, stderr } = Place::with(crowded(ports)).run("--stdout --node a");
        assert_eq!(code, Some(0), "{stderr}");
        let hook = &values(&stdout, "notify_master")[0];
        assert!(hook.contains(words) && hook.ends_with(" 10.0.0.119 10.0.0.120\""), "{hook}");
        let warning = "warning: too many services for the hooks' lines";
        assert_eq!(stderr.contains(warning), !exact, "{ports}: {stderr}");
    }
}

#[test]
fn every_version_accepts_long_hooks_and_the_probe_s_blocks() {
    if !inside("services::every_version_accepts_long_hooks_and_the_probe_s_blocks") {
        return;
    }
    if let Some(reason) = matrix::skipped() {
        println!("services: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    let probe = "{type: smtp-check, misc_dynamic: true}, {type: smtp-check}";
    let probed =
        crowded(1).replace("check: {type: TCP_CHECK}", &format!("retry: 3, check: [{probe}]"));
    for (version, target) in matrix::versions() {
        for inventory in [crowded(1), crowded(2), crowded(9), probed.clone()] {
            let inventory = format!("target: keepalived {target}\n{inventory}");
            let place = Place::with(&inventory);
            let text = place.run("--stdout --node a").accepted();
            let text =
                if version == matrix::KILLS_ITSELF { matrix::as_root(&text).0 } else { text };
            let (code, said) = matrix::judge(&netns, version, &text);
            assert_eq!((code, said.as_str()), (Some(0), ""), "{version}");
        }
    }
}
