//! What the keys beyond the article's cluster make: sessions, draining, elections, addresses of
//! both families, UDP, the flags of hashing schedulers. What is rendered here, keepalived judges in
//! `keepalived.rs`.

use crate::blocks::{has, statements, values};
use crate::place::{ARTICLE, NODES, Place, edited};

const PREEMPT: &str = "preempt: true";
const SMTP_SERVER: &str = "  smtp_server: 192.168.3.1";
const AUTHENTICATION: &str = "    authentication: {auth_type: PASS, auth_pass: mrelay}\n";
const VIP: &str = "virtual_ipaddress: 192.168.3.100";

/// Two families, an instance and a service for each; the second in another order.
pub const BOTH_FAMILIES: &str = "
nodes:
  - {name: server01.domain.ru, address: [192.168.3.101, 'fd00:3::101']}
  - {name: server02.domain.ru, address: ['fd00:3::102', 192.168.3.102]}
  - {name: server03.domain.ru, address: [192.168.3.103, 'fd00:3::103']}
  - {name: server04.domain.ru, address: [192.168.3.104, 'fd00:3::104']}
vrrp_instance:
  mail4:
    interface: eth0
    virtual_router_id: 11
    virtual_ipaddress: [192.168.3.1/24, {address: 192.168.3.10/24, dev: eth0}]
  mail6:
    interface: eth0
    virtual_router_id: 11
    advert_int: 0.1
    nodes: [server03.domain.ru, server01.domain.ru, server02.domain.ru, server04.domain.ru]
    virtual_ipaddress: 'fd00:3::100/64'
virtual_server:
  - {port: 25, vrrp_instance: mail4, lb_algo: wlc, check: {type: TCP_CHECK}}
  - {port: 25, vrrp_instance: mail6, lb_algo: mh, mh-port: true, check: {type: SMTP_CHECK}}
  - {port: 53, vrrp_instance: mail6, lb_algo: rr, protocol: UDP, check: {type: UDP_CHECK}}
  - {port: 53, vrrp_instance: mail6, lb_algo: rr, check: {type: TCP_CHECK}}
";

fn first(inventory: impl AsRef<[u8]>) -> String {
    Place::with(inventory).rendered(NODES[0])
}

#[test]
fn sessions_are_kept_unless_they_need_not_be() {
    let kept = first(ARTICLE);
    let hook = "/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25";
    assert_eq!(values(&kept, "notify_master"), [format!("\"{hook} -r 192.168.3.100\"")]);
    assert_eq!(values(&kept, "notify_stop"), [format!("\"{hook} -a 192.168.3.100\"")]);
    assert_eq!(values(&kept, "lvs_sync_daemon"), ["eth0 id 11"]);

    let not = first(format!("keep_sessions: false\n{ARTICLE}"));
    assert!(!not.contains("--keep-sessions") && !not.contains("lvs_sync_daemon"), "{not}");
    assert!(has(
        &not,
        "notify_master \"/usr/libexec/keepalived/bypass-ipvs --service tcp/25 -r 192.168.3.100\""
    ));

    let asked = edited(&[(SMTP_SERVER, &format!("{SMTP_SERVER}\n  lvs_sync_daemon: bond0.100"))]);
    for inventory in [asked.clone(), format!("keep_sessions: false\n{asked}")] {
        assert_eq!(values(&first(inventory), "lvs_sync_daemon"), ["bond0.100 id 11"]);
    }
}

#[test]
fn the_sync_daemon_follows_no_instance() {
    // The smallest VRID of all tells the cluster's datagrams from another's.
    assert_eq!(values(&first(BOTH_FAMILIES), "lvs_sync_daemon"), ["eth0 id 11"]);
    let ipv6 = edited(&[(AUTHENTICATION, ""), (VIP, "virtual_ipaddress: 'fd00:3::100'")])
        .replace("address: 192.168.3.10", "address: fd00:3::10");
    assert_eq!(values(&first(ipv6), "lvs_sync_daemon"), ["eth0 id 11 group ff02::81"]);
}

#[test]
fn every_instance_tracks_the_drain_file() {
    let text = first(format!("drain_file: '/srv/a b/drain'\n{BOTH_FAMILIES}"));
    assert_eq!(values(&text, "file"), ["\"/srv/a b/drain\""]);
    for instance in ["mail4", "mail6"] {
        let tracked =
            (format!("vrrp_instance {instance} / track_file"), "lvskit_drain weight 0".to_owned());
        assert!(statements(&text).contains(&tracked), "{text}");
    }
}

#[test]
fn a_delay_means_backup_everywhere() {
    let place = Place::with(edited(&[(PREEMPT, "preempt_delay: 15.5")]));
    for node in NODES {
        let text = place.rendered(node);
        assert_eq!(values(&text, "state"), ["BACKUP"]);
        assert_eq!(values(&text, "preempt_delay"), ["15.5"]);
        assert!(!has(&text, "preempt"), "{text}");
    }
    // No delay at all is the article's cluster.
    assert_eq!(first(edited(&[(PREEMPT, "preempt_delay: 0")])), first(ARTICLE));
}

#[test]
fn version_3_counts_hundredths() {
    let version_3 = &format!("{SMTP_SERVER}\n  vrrp_version: 3");
    for interval in ["0.01", "0.1", "1", "40.95"] {
        let text = first(edited(&[
            (SMTP_SERVER, version_3),
            (AUTHENTICATION, ""),
            ("advert_int: 2", &format!("advert_int: {interval}")),
        ]));
        assert_eq!(values(&text, "advert_int"), [interval]);
        assert!(has(&text, "vrrp_version 3"), "{text}");
    }
    let place = Place::with(edited(&[
        (SMTP_SERVER, version_3),
        (AUTHENTICATION, ""),
        ("advert_int: 2", "advert_int: 40.96"),
    ]));
    let run = place.run("--stdout");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("write at most 40.95 seconds"), "{}", run.stderr);
    assert!(run.stderr.contains("inventory.yml:23:17"), "{}", run.stderr);
    let run = Place::with(edited(&[(SMTP_SERVER, version_3)])).run("--stdout");
    assert!(run.stderr.contains("VRRP version 3 has no authentication"), "{}", run.stderr);
    assert!(run.stderr.contains("inventory.yml:24:50"), "{}", run.stderr);
    let said = edited(&[(SMTP_SERVER, &format!("{SMTP_SERVER}\n  vrrp_version: 2"))]);
    assert_eq!(first(said), first(ARTICLE), "2 is keepalived's default");
}

#[test]
fn each_instance_can_have_an_order_of_its_own() {
    let place = Place::with(BOTH_FAMILIES);
    let each = |keyword: &str| NODES.map(|node| values(&place.rendered(node), keyword).join(" "));
    assert_eq!(each("priority"), ["100 167", "90 84", "80 250", "70 1"]);
    assert_eq!(each("state"), ["MASTER BACKUP", "BACKUP BACKUP", "BACKUP MASTER", "BACKUP BACKUP"]);
}

/// Gaps as large as 0.1 s wants would give a number another meaning in each instance.
#[test]
fn a_priority_of_ones_own_is_one_among_100_90_80() {
    let place = Place::with(BOTH_FAMILIES.replacen(
        "{name: server03.domain.ru,",
        "{name: server03.domain.ru, priority: 95,",
        1,
    ));
    let each = |keyword: &str| NODES.map(|node| values(&place.rendered(node), keyword).join(" "));
    assert_eq!(each("priority"), ["100 90", "90 80", "95 95", "70 70"]);
    assert_eq!(each("state"), ["MASTER BACKUP", "BACKUP BACKUP", "BACKUP MASTER", "BACKUP BACKUP"]);
}

#[test]
fn prefix_length_and_device_stand_with_the_address_and_nowhere_else() {
    let text = first(BOTH_FAMILIES);
    let in_block = |instance: &str| -> Vec<String> {
        let block = format!("vrrp_instance {instance} / virtual_ipaddress");
        statements(&text).into_iter().filter(|(at, _)| *at == block).map(|(_, line)| line).collect()
    };
    assert_eq!(in_block("mail4"), ["192.168.3.1/24", "192.168.3.10/24 dev eth0"]);
    assert_eq!(in_block("mail6"), ["fd00:3::100/64 preferred_lft 0"]);
    let hook = "\"/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service";
    assert_eq!(
        values(&text, "notify_master"),
        [
            format!("{hook} tcp/25 -r 192.168.3.1 192.168.3.10\""),
            format!("{hook} tcp/25,tcp/53,udp/53 -r fd00:3::100\"")
        ]
    );
    let services = 4 * (1 + 3);
    let programs = text.matches("/usr/libexec/keepalived/").count() * 4;
    assert_eq!(text.matches('/').count(), programs + services + 6);
}

#[test]
fn real_servers_have_the_family_of_their_vip() {
    let text = first(BOTH_FAMILIES);
    let heads = |start: &str| -> Vec<String> {
        let heads = text.lines().map(str::trim).filter(|line| line.starts_with(start));
        heads.map(|line| line.trim_end_matches(" {").to_owned()).collect()
    };
    assert_eq!(
        heads("virtual_server"),
        [
            "virtual_server 192.168.3.1 25",
            "virtual_server 192.168.3.10 25",
            "virtual_server fd00:3::100 25",
            "virtual_server fd00:3::100 53",
            "virtual_server fd00:3::100 53",
        ]
    );
    let servers = heads("real_server");
    for (at, vip_is_ipv4) in [true, true, false, false, false].into_iter().enumerate() {
        let expected = [101, 102, 103, 104].map(|host| match vip_is_ipv4 {
            true => format!("real_server 192.168.3.{host}"),
            false => format!("real_server fd00:3::{host}"),
        });
        for (server, start) in servers[4 * at..].iter().zip(expected) {
            assert!(server.starts_with(&start), "{server}");
        }
    }
    assert_eq!(values(&text, "protocol"), ["TCP", "TCP", "TCP", "UDP", "TCP"]);
    assert_eq!(text.matches("UDP_CHECK {").count(), 4);
}

#[test]
fn flags_of_hashing_schedulers_follow_the_scheduler() {
    for (algo, flags, expected) in [
        ("mh", "mh-port: true\n    mh-fallback: true", &["mh-port", "mh-fallback"][..]),
        ("sh", "sh-port: true\n    sh-fallback: false", &["sh-port"]),
        ("sh", "sh-fallback: true", &["sh-fallback"]),
        ("mh", "mh-port: false", &[]),
    ] {
        let text = first(edited(&[("lb_algo: wlc", &format!("lb_algo: {algo}\n    {flags}"))]));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| *line == format!("lb_algo {algo}")).unwrap();
        assert_eq!(&lines[at + 1..=at + expected.len()], expected, "{text}");
        assert_eq!(lines[at + 1 + expected.len()], "lb_kind DR", "{text}");
    }
}

/// One wrong word is one problem, also where four nodes lack a family.
#[test]
fn families_that_nodes_lack_are_told_once() {
    let told = |inventory: &str| {
        let run = Place::with(inventory).run("--stdout");
        assert_eq!(run.code, Some(1), "{}", run.stdout);
        run.stderr
    };
    let report = told(&edited(&[(AUTHENTICATION, ""), (VIP, "virtual_ipaddress: 'fd00::100'")]));
    assert!(report.contains("no node has an IPv6 address, and fd00::100 needs one"), "{report}");
    assert!(report.contains("inventory.yml: 1 problem;"), "{report}");
    let report = told(&BOTH_FAMILIES.replace("['fd00:3::102', 192.168.3.102]", "192.168.3.102"));
    assert!(report.contains("this node has no IPv6 address, and fd00:3::100 needs"), "{report}");
    assert!(report.contains("--> inventory.yml:4:41"), "{report}");
    assert!(report.contains("write both: `address: [192.168.3.102, ...]`"), "{report}");
}

/// What is true of YAML is true of JSON.
#[test]
fn an_inventory_may_be_json() {
    let yaml = "nodes: [{name: a, address: 10.0.0.1}]\n\
                vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}\n";
    let json = r#"{
  "nodes": [{"name": "a", "address": "10.0.0.1"}],
  "vrrp_instance": {
    "i": {"interface": "eth0", "virtual_router_id": 1, "virtual_ipaddress": "10.0.0.9"}
  }
}
"#;
    let of = |inventory: &str| Place::with(inventory).rendered("a");
    assert_eq!(of(json), of(yaml));
}
