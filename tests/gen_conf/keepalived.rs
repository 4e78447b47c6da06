//! The judge is keepalived itself: `keepalived -t` must accept the files of every kind of
//! inventory without a word. It wants the interface to exist, so it runs in a namespace that has
//! one. Whether scripts exist it does not ask.

use crate::common::keepalived::{network, test};
use crate::common::netns::{Netns, inside};
use crate::place::{ARTICLE, NODES, Place, Run, edited};
use crate::variants::BOTH_FAMILIES;
use lvskit::cluster::{Keyword, Scheduler};

const INSTANCE: &str = "  mail_relay:
    interface: eth0
    virtual_router_id: 11 # unique on the network: tcpdump -nnn ip proto 112
    advert_int: 2
    authentication: {auth_type: PASS, auth_pass: mrelay}
    virtual_ipaddress: 192.168.3.100
    preempt: true
";
const AUTHENTICATION: &str = "    authentication: {auth_type: PASS, auth_pass: mrelay}\n";
const VIP: &str = "virtual_ipaddress: 192.168.3.100";
const PREEMPT: &str = "preempt: true";
const WEIGHT: &str = "weight: 1\n";
const SMTP_CHECK: &str = "type: SMTP_CHECK # or smtp-check, our own probe, or TCP_CHECK";
const HELO: &str = "\n      helo_name: smtpchecker.domain.ru";

/// Asserts that every node's file is accepted without a word.
fn accepted(netns: &Netns, what: &str, inventory: &str) {
    accepted_after(netns, what, inventory, |text| text);
}

fn accepted_after(netns: &Netns, what: &str, inventory: &str, change: impl Fn(String) -> String) {
    let place = Place::with(inventory);
    for node in NODES {
        let text = change(place.run(&format!("--stdout --node {node}")).accepted());
        let Run { code, stdout, stderr } = Run::of(test(netns, &text));
        let silent = stdout.is_empty() && stderr.is_empty();
        assert!(code == Some(0) && silent, "{what}, {node}: {code:?} {stdout}{stderr}\n{text}");
    }
}

#[test]
fn mistakes_are_noticed() {
    if !inside("keepalived::mistakes_are_noticed") {
        return;
    }
    let netns = network();
    let good = Place::with(ARTICLE).rendered(NODES[0]);
    for (from, to) in [("advert_int 2", "advert 2"), ("interface eth0", "interface eth1")] {
        assert!(good.contains(from));
        assert_ne!(test(&netns, &good.replace(from, to)).status.code(), Some(0), "{to}");
    }
}

#[test]
fn the_files_of_the_article_are_accepted() {
    if !inside("keepalived::the_files_of_the_article_are_accepted") {
        return;
    }
    accepted(&network(), "the article", ARTICLE);
}

#[test]
fn elections_of_all_kinds_are_accepted() {
    if !inside("keepalived::elections_of_all_kinds_are_accepted") {
        return;
    }
    let netns = network();
    for election in [
        "preempt: false",
        "priority: 100",
        "priority: 1",
        "priority: 254",
        "state: BACKUP",
        "state: BACKUP\n    priority: 100\n    preempt: false",
    ] {
        accepted(&netns, election, &edited(&[(PREEMPT, election)]));
    }
}

#[test]
fn checks_and_timers_of_all_kinds_are_accepted() {
    if !inside("keepalived::checks_and_timers_of_all_kinds_are_accepted") {
        return;
    }
    let netns = network();
    for (what, edits) in [
        ("TCP_CHECK", &[(SMTP_CHECK, "type: TCP_CHECK"), (HELO, "")][..]),
        ("only a type", &[("\n      connect_timeout: 5\n      retry: 3", ""), (HELO, "")]),
        ("no retries", &[("retry: 3", "retry: 0")]),
        ("a pause", &[("retry: 3", "retry: 100\n      delay_before_retry: 0.5")]),
        ("short", &[("delay_loop: 2", "delay_loop: 0.000001")]),
        ("long", &[("delay_loop: 2", "delay_loop: 4294")]),
        ("an address in HELO", &[("smtpchecker.domain.ru", "'[192.168.3.1]'")]),
        ("the largest weight", &[(WEIGHT, "weight: 2147483647\n")]),
        ("the last port", &[("port: 25", "port: 65535")]),
        ("the longest interval", &[("advert_int: 2", "advert_int: 255")]),
        ("a relay's port", &[("smtp_server: 192.168.3.1", "smtp_server: 192.168.3.1 2525")]),
    ] {
        accepted(&netns, what, &edited(edits));
    }
    for scheduler in Scheduler::ALL.iter().map(|one| one.name()) {
        accepted(&netns, scheduler, &edited(&[("wlc", scheduler)]));
    }
}

/// keepalived 2.2.5 to 2.2.7 kill themselves under -t when a script runs as somebody else (its
/// issue 2617), so the probe's user is replaced here. It must be said in every block.
#[test]
fn our_probe_is_accepted() {
    if !inside("keepalived::our_probe_is_accepted") {
        return;
    }
    let inventory = edited(&[(SMTP_CHECK, "type: smtp-check")]);
    accepted_after(&network(), "smtp-check", &inventory, |text| {
        assert_eq!(text.matches("user lvskit").count(), NODES.len(), "{text}");
        text.replace("user lvskit", "user root")
    });
}

/// Running keepalived would only drop the check, and the server would stay in whatever happens.
#[test]
fn a_node_without_the_probes_user_is_noticed() {
    if !inside("keepalived::a_node_without_the_probes_user_is_noticed") {
        return;
    }
    let place = Place::with(edited(&[(SMTP_CHECK, "type: smtp-check")]));
    let text = place.rendered(NODES[0]).replace("user lvskit", "user no-such-user");
    let Run { code, stdout, stderr } = Run::of(test(&network(), &text));
    let told = format!("{stdout}{stderr}");
    assert_ne!(code, Some(0), "{told}");
    assert!(told.contains("Failed to set uid/gid for misc checker script"), "{told}");
}

#[test]
fn ipv6_is_accepted() {
    if !inside("keepalived::ipv6_is_accepted") {
        return;
    }
    let inventory = edited(&[(AUTHENTICATION, ""), (VIP, "virtual_ipaddress: 'fd00:3::100'")])
        .replace("address: 192.168.3.10", "address: fd00:3::10");
    assert_eq!(inventory.matches("fd00:3::10").count(), NODES.len() + 1);
    accepted(&network(), "IPv6", &inventory);
    accepted(&network(), "IPv6", &inventory.replace("advert_int: 2", "advert_int: 40"));
}

#[test]
fn several_instances_and_addresses_are_accepted() {
    if !inside("keepalived::several_instances_and_addresses_are_accepted") {
        return;
    }
    let netns = network();
    let second = INSTANCE
        .replace("mail_relay", "web")
        .replace("virtual_router_id: 11", "virtual_router_id: 12")
        .replace(VIP, "virtual_ipaddress: [192.168.3.110, 192.168.3.111]");
    let both = format!("{INSTANCE}{second}");
    let servers = "port: 25\n    vrrp_instance: mail_relay";
    let inventory = edited(&[(INSTANCE, &both), ("port: 25", servers)]);
    accepted(&netns, "two instances", &inventory);

    let most: Vec<String> = (200..220).map(|last| format!("192.168.3.{last}")).collect();
    let most = format!("virtual_ipaddress: [{}]", most.join(", "));
    accepted(&netns, "twenty addresses", &edited(&[(VIP, &most)]));

    let (before, _) = ARTICLE.split_once("virtual_server:").unwrap();
    accepted(&netns, "no virtual server", before);
}

#[test]
fn words_that_need_quotes_are_accepted() {
    if !inside("keepalived::words_that_need_quotes_are_accepted") {
        return;
    }
    let netns = network();
    for password in ["a#b!c{d", "!!!!!!!!", "{}{}{}{}", "}{", " a b ", "it's", "@home", "5$", "$5"]
    {
        let quoted = format!("auth_pass: \"{password}\"");
        accepted(&netns, password, &edited(&[("auth_pass: mrelay", &quoted)]));
    }
    accepted(&netns, "an instance's name", &edited(&[("  mail_relay:", "  \"mail#1{!}\":")]));
    let mail = "notification_email: [\"a#b@c\", \"{x}!@d\", unix_adm@domain.ru]";
    accepted(&netns, "mailboxes", &edited(&[("notification_email: unix_adm@domain.ru", mail)]));
}

#[test]
fn both_families_at_once_are_accepted() {
    if !inside("keepalived::both_families_at_once_are_accepted") {
        return;
    }
    let netns = network();
    accepted(&netns, "IPv4 and IPv6", BOTH_FAMILIES);
    accepted(&netns, "a name that is an option", &BOTH_FAMILIES.replace("mail4", "id"));
    accepted(&netns, "the same", &ARTICLE.replace("mail_relay", "id"));
}

#[test]
fn sessions_and_draining_of_all_kinds_are_accepted() {
    if !inside("keepalived::sessions_and_draining_of_all_kinds_are_accepted") {
        return;
    }
    let netns = network();
    accepted(&netns, "no sessions", &format!("keep_sessions: false\n{ARTICLE}"));
    accepted(&netns, "a drain file", &format!("drain_file: '/srv/a b/drain'\n{ARTICLE}"));
    let relay = "  smtp_server: 192.168.3.1";
    accepted(&netns, "sync", &edited(&[(relay, "  lvs_sync_daemon: eth0")]));
}

#[test]
fn versions_and_delays_are_accepted() {
    if !inside("keepalived::versions_and_delays_are_accepted") {
        return;
    }
    let netns = network();
    for interval in ["0.01", "0.1", "1", "40.95"] {
        let advert_int = format!("advert_int: {interval}");
        let inventory = edited(&[
            ("  smtp_server: 192.168.3.1", "  vrrp_version: 3"),
            (AUTHENTICATION, ""),
            ("advert_int: 2", &advert_int),
        ]);
        accepted(&netns, &advert_int, &inventory);
    }
    for delay in ["preempt_delay: 0", "preempt_delay: 4.12", "preempt_delay: 1000"] {
        accepted(&netns, delay, &edited(&[(PREEMPT, delay)]));
    }
}

#[test]
fn vlans_bonds_and_devices_are_accepted() {
    if !inside("keepalived::vlans_bonds_and_devices_are_accepted") {
        return;
    }
    let netns = network();
    for name in ["bond0.100", "vlan100", "averylongname15"] {
        netns.ip(&format!("link add {name} type veth peer name peer1"));
        accepted(&netns, name, &edited(&[("interface: eth0", &format!("interface: {name}"))]));
        let dev = format!("virtual_ipaddress: {{address: 192.168.3.100/24, dev: {name}}}");
        accepted(&netns, name, &edited(&[(VIP, &dev)]));
        netns.ip(&format!("link delete {name}"));
    }
    let near = "virtual_ipaddress: [192.168.3.1, 192.168.3.10/24, 192.168.3.11/32]";
    accepted(&netns, "addresses side by side", &edited(&[(VIP, near)]));
}

#[test]
fn udp_and_flags_are_accepted() {
    if !inside("keepalived::udp_and_flags_are_accepted") {
        return;
    }
    let netns = network();
    for check in ["UDP_CHECK", "TCP_CHECK"] {
        let check = format!("type: {check}");
        let edits = [(SMTP_CHECK, check.as_str()), (HELO, ""), ("protocol: TCP", "protocol: UDP")];
        accepted(&netns, &check, &edited(&edits));
    }
    for algo in ["mh", "sh"] {
        let flags = format!("{algo}\n    {algo}-port: true\n    {algo}-fallback: true");
        accepted(&netns, algo, &edited(&[("wlc", &flags)]));
    }
}

/// A brace that is a whole word opens or closes a block for keepalived, even in quotes.
#[test]
fn a_lone_brace_is_refused_or_accepted_by_keepalived() {
    if !inside("keepalived::a_lone_brace_is_refused_or_accepted_by_keepalived") {
        return;
    }
    let netns = network();
    for edit in [
        ("auth_pass: mrelay", "auth_pass: \"}\""),
        ("auth_pass: mrelay", "auth_pass: \"{\""),
        ("  mail_relay:", "  \"{\":"),
        ("  mail_relay:", "  \"}\":"),
    ] {
        refused_or_accepted(&netns, &edited(&[edit]));
    }
}

/// All servers share one weight: at 0 the sum is 0 too, and keepalived warns of it.
#[test]
fn weight_0_is_refused_or_accepted_by_keepalived() {
    if !inside("keepalived::weight_0_is_refused_or_accepted_by_keepalived") {
        return;
    }
    refused_or_accepted(&network(), &edited(&[(WEIGHT, "weight: 0\n")]));
}

/// keepalived's limit for misc_timeout is 4294 seconds.
#[test]
fn a_probe_that_takes_hours_is_refused_or_accepted_by_keepalived() {
    if !inside("keepalived::a_probe_that_takes_hours_is_refused_or_accepted_by_keepalived") {
        return;
    }
    let inventory = edited(&[
        (SMTP_CHECK, "type: smtp-check"),
        ("      connect_timeout: 5", "      connect_timeout: 4294"),
    ]);
    let place = Place::with(inventory);
    let run = place.run("--stdout --node server01.domain.ru");
    if run.code == Some(0) {
        let text = run.stdout.replace("user lvskit", "user root");
        let tested = Run::of(test(&network(), &text));
        assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""), "{text}");
    } else {
        assert_eq!(run.code, Some(1), "{run:?}");
    }
}

/// Either the inventory is refused, or keepalived takes what is rendered.
fn refused_or_accepted(netns: &Netns, inventory: &str) {
    match Place::with(inventory).run("--stdout --node server01.domain.ru") {
        Run { code: Some(1), .. } => {}
        _ => accepted(netns, "not refused", inventory),
    }
}
