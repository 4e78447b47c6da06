//! Values that are right by themselves, and wrong for the family that they meet, beside another
//! node's, or without what they belong to.

use crate::blocks;
use crate::place::{Place, Run, edited};
use crate::problems::{CHECK, FIRST};

const PREEMPT: &str = "preempt: true";

#[test]
fn what_two_lines_make_together() {
    for (edits, title, help) in [
        (
            [("lb_kind: DR", "lb_kind: TUN type foo"), ("preempt: true", "preempt: true")],
            "invalid tunnel `type foo`",
            "`type gue port NUMBER`",
        ),
        (
            [
                (CHECK, "check: {type: UDP_CHECK, min_reply_length: 256}"),
                ("protocol: TCP", "protocol: UDP"),
            ],
            "min_reply_length is above max_reply_length, 255",
            "lower it",
        ),
    ] {
        let Run { code, stderr, .. } = Place::with(edited(&edits)).run("--stdout");
        assert_eq!(code, Some(1));
        assert!(stderr.contains(title) && stderr.contains(help), "{stderr}");
        assert!(stderr.contains("1 problem"), "{stderr}");
    }
}

#[test]
fn two_nodes_do_not_send_from_one_address() {
    let own = "- {name: server01.domain.ru, address: 192.168.3.101, vrrp_instance: {mail_relay: \
               {unicast_src_ip: 192.168.3.102}}}";
    let inventory = edited(&[(FIRST, own), (PREEMPT, "unicast: true")]);
    let Run { code, stderr, .. } = Place::with(inventory).run("--stdout");
    assert_eq!(code, Some(1));
    let title = "two nodes would send adverts of `mail_relay` from 192.168.3.102";
    assert!(stderr.contains(title), "{stderr}");
}

/// The guard serves at the node's own address, so no VIP of another instance is in its way; tests/guard has
/// the packets.
#[test]
fn ipv6_instances_of_different_masters_share_an_interface() {
    let instances = |server: &str| {
        Place::with(format!(
            "nodes: [{{name: a, address: 'fd00::1'}}, {{name: b, address: 'fd00::2'}}]\n\
             vrrp_instance:\n  \
             i: {{virtual_router_id: 1, virtual_ipaddress: 'fd00::9', interface: eth0}}\n  \
             j: {{virtual_router_id: 2, virtual_ipaddress: 'fd00::8', interface: eth0, nodes: [b, a]}}\n\
             virtual_server:\n{server}"
        ))
    };
    let each = "  - {vrrp_instance: i, port: 25, lb_algo: mh, check: []}\n  \
                - {vrrp_instance: j, port: 25, lb_algo: mh, check: []}\n";
    let text = instances(each).run("--stdout --node b").accepted();
    assert_eq!(blocks::values(&text, "priority"), ["90", "100"], "{text}");
    let marked =
        "  - {fwmark: 7, lb_algo: mh, ip_family: inet6, bypass_ports: tcp/25, check: []}\n";
    instances(marked).run("--stdout --node a").accepted();
    // The file for nftables.conf names the address that the hooks find.
    let rules = instances(each).run("--stdout --node b --guard-file").accepted();
    assert_eq!(rules.matches("dnat to fd00::2 comment").count(), 6, "{rules}");
    assert!(!rules.contains("redirect"), "{rules}");
}

#[test]
fn lines_that_contradict_a_key_are_told() {
    for (line, told) in [
        ("priority 250", true),
        ("state MASTER", true),
        ("debug 1", false),
        ("virtual_router_id 9", true),
        ("garp_master_delay 1", false),
    ] {
        let inventory = edited(&[(PREEMPT, &format!("raw: {line}"))]);
        let Run { code, stderr, .. } = Place::with(inventory).run("--out-dir out");
        assert_eq!(code, Some(0), "{stderr}");
        let keyword = line.split(' ').next().unwrap();
        let warning = format!("warning: `{keyword}` in `raw` is a key too");
        assert_eq!(stderr.contains(&warning), told, "{line}: {stderr}");
    }
}

#[test]
fn what_raw_may_define_is_not_missed() {
    let track = ("preempt: true", "track_process: [pp]");
    for (raw, code) in [
        ("raw: include /etc/keepalived/processes.conf\nnodes:", 0),
        ("raw: '@server01.domain.ru include /etc/x.conf'\nnodes:", 0),
        ("raw: |\n  $PN=pp\n  vrrp_track_process $PN {\n    process sh\n  }\nnodes:", 0),
        ("vrrp_track_process: {pp: {process: sh}}\nnodes:", 0),
        ("raw: |\n  vrrp_track_process pp {\n    process sh\n  }\nnodes:", 0),
        ("raw: |\n  vrrp_track_process p {\n    process sh\n  }\nnodes:", 1),
    ] {
        let run = Place::with(edited(&[track, ("nodes:", raw)])).run("--stdout");
        assert_eq!(run.code, Some(code), "{raw}: {}", run.stderr);
    }
}

#[test]
fn shapes_pass_the_reader_as_they_are() {
    for said in [
        "umask: IRGRP|IWOTH",
        "umask: IRGRP | IWOTH",
        "umask: 0177",
        "lvs_timeouts: tcp 900  udp 300",
        "vrrp_garp_extra_if: all 60",
    ] {
        let inventory = edited(&[("  smtp_server: 192.168.3.1", &format!("  {said}"))]);
        let run = Place::with(inventory).run("--stdout");
        assert_eq!(run.code, Some(0), "{said}: {}", run.stderr);
    }
}
