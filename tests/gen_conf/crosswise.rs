//! What no single value shows: each is right by itself, and together they make two MASTERs, a service
//! that can't work, or a line that keepalived does not know. And what is only worth a warning.

use crate::blocks::values;
use crate::place::{ARTICLE, NODES, Place, Run, edited};
use crate::problems::{FIRST, VIP, place_of};

const PREEMPT: &str = "preempt: true";
const ALGO: &str = "lb_algo: wlc";

#[test]
fn what_the_target_does_not_know_is_refused() {
    for (target, edits, title) in [
        (
            "keepalived 2.1.5",
            (PREEMPT, "down_timer_adverts: 4"),
            "does not know `down_timer_adverts`",
        ),
        ("2.1.5", (ALGO, "lb_algo: twos"), "invalid lb_algo `twos`"),
        ("2.2", ("  smtp_server:", "  use_symlink_paths: true\n  smtp_server:"), "keepalived 2.3"),
    ] {
        let inventory = format!("target: {target}\n{}", edited(&[edits]));
        let Run { code, stderr, .. } = Place::with(&inventory).run("--stdout");
        assert_eq!(code, Some(1));
        assert!(stderr.contains(title), "{title}: {stderr}");
        let newer = inventory.replace(&format!("target: {target}"), "target: keepalived 2.4");
        assert_eq!(Place::with(newer).run("--stdout").code, Some(0), "{title}");
    }
}

#[test]
fn a_peer_that_is_missing_would_be_a_second_master() {
    let own = "- {name: server01.domain.ru, address: 192.168.3.101, vrrp_instance: {mail_relay: \
               {unicast_peer: [192.168.3.102, 192.168.3.103]}}}";
    let inventory = edited(&[(FIRST, own), (PREEMPT, "unicast: true")]);
    let Run { code, stderr, .. } = Place::with(inventory).run("--stdout");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("unicast_peer lacks 192.168.3.104"), "{stderr}");
}

#[test]
fn peers_are_of_the_instances_family_and_others() {
    for (own, title) in [
        ("unicast_src_ip: 'fd00::9'", "not an IPv4 address"),
        (
            "unicast_peer: [192.168.3.101, 192.168.3.102, 192.168.3.103, 192.168.3.104]",
            "unicast_peer names the node itself",
        ),
    ] {
        let node = format!(
            "- {{name: server01.domain.ru, address: 192.168.3.101, vrrp_instance: {{mail_relay: \
             {{{own}}}}}}}"
        );
        let inventory = edited(&[(FIRST, node.as_str()), (PREEMPT, "unicast: true")]);
        let Run { code, stderr, .. } = Place::with(inventory).run("--stdout");
        assert_eq!(code, Some(1));
        assert!(stderr.contains(title), "{stderr}");
    }
}

#[test]
fn a_number_is_taken_on_the_interface_that_a_node_really_has() {
    let inventory = |first: &str, second: &str| {
        format!(
            "nodes: [{{name: a, address: 10.0.0.1, interface: eth0}}]\nvrrp_instance:\n  \
             i: {{{first}virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}\n  \
             j: {{{second}virtual_router_id: 1, virtual_ipaddress: 10.0.0.8}}\n"
        )
    };
    let Run { code, stderr, .. } = Place::with(inventory("interface: eth1, ", "")).run("--stdout");
    assert_eq!(code, Some(1), "a node's own interface goes before that of an instance");
    assert!(stderr.contains("two instances have virtual_router_id 1 on eth0"), "{stderr}");
}

#[test]
fn a_group_moves_together() {
    let inventory = |j: &str| {
        format!(
            "nodes: [{{name: a, address: 10.0.0.1}}, {{name: b, address: 10.0.0.2}}]\n\
             vrrp_sync_group: {{g: {{group: [i, j]}}}}\nvrrp_instance:\n  \
             i: {{interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}\n  \
             j: {{interface: eth0, virtual_router_id: 2, virtual_ipaddress: 10.0.0.8{j}}}\n"
        )
    };
    assert_eq!(Place::with(inventory("")).run("--stdout").code, Some(0));
    let Run { code, stderr, .. } = Place::with(inventory(", nodes: [b, a]")).run("--stdout");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("`i` and `j` prefer other nodes"), "{stderr}");
    // Other numbers, the same order.
    let others = inventory(", priority: 7").replace(
        "{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}",
        "{name: a, address: 10.0.0.1, priority: 110}, {name: b, address: 10.0.0.2, priority: 90}",
    );
    assert_eq!(Place::with(others).run("--stdout").code, Some(0));
    let twice = inventory("").replace("[i, j]", "[i, j, i]");
    let Run { code, stderr, .. } = Place::with(twice).run("--stdout");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("in one vrrp_sync_group, once"), "{stderr}");
}

/// In a lab: with `mh` and one server of four at weight 0, a quarter of the connections was refused.
#[test]
fn schedulers_that_refuse_what_falls_to_an_empty_server_are_told() {
    let probe = "check: {type: smtp-check, misc_dynamic: true}";
    let own = "real_server: [{node: server01.domain.ru, inhibit_on_failure: true}]";
    for (algo, line, told) in [
        ("mh", "inhibit_on_failure: true", "`inhibit_on_failure` gives servers weight 0, and `mh`"),
        ("sh", own, "`inhibit_on_failure` gives servers weight 0, and `sh`"),
        ("mh", probe, "`misc_dynamic` gives servers weight 0, and `mh`"),
        ("mh", "inhibit_on_failure: false", ""),
        ("mh", "mh-fallback: true\n    inhibit_on_failure: true", ""),
        ("wlc", "inhibit_on_failure: true", ""),
    ] {
        let (before, _) = ARTICLE.split_once("    check:\n").unwrap();
        let before = before.replace("lb_algo: wlc", &format!("lb_algo: {algo}"));
        let check = if line.starts_with("check") { "" } else { "    check: []\n" };
        let run = Place::with(format!("{before}    {line}\n{check}")).run("--stdout");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let help = format!("write `{algo}-fallback: true`");
        let (title, help) = (run.stderr.contains(told), run.stderr.contains(&help));
        assert!(title && help != told.is_empty(), "{line}: {}", run.stderr);
    }
}

/// In a lab, 9 of 12 connects from a node to its own VIP timed out without the guard's output chain; with
/// it they meet the node's own service, which is what the mail may be about.
#[test]
fn mails_through_the_own_vip_are_warned_of_at_the_key() {
    let excluded =
        "virtual_ipaddress: 192.168.3.100\n    virtual_ipaddress_excluded: 192.168.3.110";
    for (key, vips, told) in [
        ("smtp_server: ^192.168.3.100", VIP, true),
        ("smtp_server: ^192.168.3.100 2525", VIP, true),
        ("smtp_server: ^192.168.3.110", excluded, true),
        ("raw: [^smtp_server 192.168.3.100]", VIP, true),
        ("smtp_server: ^192.168.3.110", VIP, false),
        ("smtp_server: ^192.168.3.101", VIP, false),
        ("smtp_server: ^relay.domain.ru", VIP, false),
    ] {
        let marked = edited(&[("smtp_server: 192.168.3.1", key), (VIP, vips)]);
        let inventory = marked.replacen('^', "", 1);
        let Run { code, stderr, .. } = Place::with(&inventory).run("--stdout");
        assert_eq!(code, Some(0), "{stderr}");
        let (place, line) = place_of(&inventory, marked.find('^').unwrap());
        for part in [
            "warning: `smtp_server` is 192.168.3.1".to_owned(),
            format!("--> inventory.yml:{place}\n"),
            line,
            "name a relay outside of the cluster".to_owned(),
        ] {
            assert_eq!(stderr.contains(&part), told, "{part} after {key}: {stderr}");
        }
    }
}

#[test]
fn equal_priorities_are_told() {
    let second = "- {name: server02.domain.ru, address: 192.168.3.102";
    let inventory = edited(&[(second, &format!("{second}, priority: 100"))]);
    let Run { code, stderr, .. } = Place::with(inventory).run("--out-dir out");
    assert_eq!(code, Some(0));
    assert!(stderr.contains("warning: two nodes have priority 100 in `mail_relay`"), "{stderr}");
    // At the priority that is said, not at the instance.
    assert!(stderr.contains("--> inventory.yml:14:66\n"), "{stderr}");
}

#[test]
fn two_instances_on_one_network_need_two_numbers() {
    let second =
        "  second: {interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.110}\n";
    let inventory = edited(&[("\nvirtual_server:", &format!("{second}\nvirtual_server:"))]);
    let Run { code, stderr, .. } =
        Place::with(inventory.replace("port: 25", "vrrp_instance: second\n    port: 25"))
            .run("--stdout");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("two instances have virtual_router_id 11 on eth0"), "{stderr}");
}

#[test]
fn weights_do_not_count_in_a_group() {
    let second = "  b: {interface: eth0, virtual_router_id: 9, virtual_ipaddress: 192.168.3.9}\n\
                  vrrp_sync_group: {g: {group: [b, mail_relay]}}\n\nvirtual_server:\n  \
                  - vrrp_instance: mail_relay\n    port: 25";
    let inventory = edited(&[
        (PREEMPT, "track_interface: eth1 weight 5"),
        ("\nvirtual_server:\n  - port: 25", second),
    ]);
    let Run { code, stderr, .. } = Place::with(&inventory).run("--stdout");
    assert_eq!(code, Some(1));
    let title = "in a vrrp_sync_group the weight of `eth1 weight 5` does not count";
    assert!(stderr.contains(title) && stderr.contains("1 problem"), "{stderr}");
    let own = inventory.replace("mail_relay]}", "mail_relay], sync_group_tracking_weight: true}");
    assert_eq!(Place::with(own).run("--stdout").code, Some(0));
}

#[test]
fn nodes_that_are_all_alike_have_one_file_and_a_warning() {
    let inventory = edited(&[(PREEMPT, "election: uniform")]);
    let place = Place::with(inventory);
    let Run { code, stderr, .. } = place.run("--out-dir out");
    assert_eq!(code, Some(0));
    for part in ["warning: equal priorities", "split brain", "--> inventory.yml:"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let files = NODES.map(|node| place.read(&format!("out/{node}/keepalived.conf")));
    assert!(files.iter().all(|file| *file == files[0]), "{files:?}");
    assert_eq!(values(&files[0], "priority"), ["100"]);
    assert_eq!(values(&files[0], "state"), ["BACKUP"]);
    assert!(files[0].contains("    nopreempt\n") && !files[0].contains("router_id s"));
}

#[test]
fn how_soon_a_dead_master_is_replaced_is_told_on_request() {
    let allow = "allow: [{id: priority-of-all-nodes, why: a test}]";
    let place =
        Place::with(format!("{allow}\n{}", ARTICLE.replace("preempt: true", "priority: 100")));
    let told = place.run("--out-dir out --verbose");
    assert_eq!(told.stderr, "note: mail_relay: a dead MASTER is replaced after 6.61 s\n");
    assert_eq!(place.run("--out-dir out").stderr, "");
    let probed = ARTICLE.replace("type: SMTP_CHECK", "type: smtp-check");
    let place = Place::with(probed);
    let told = place.run("--stdout").accepted();
    let limit = &values(&told, "misc_timeout")[0];
    let told = place.run("--out-dir out --verbose").stderr;
    let note = format!("keepalived ends it after {limit} s (misc_timeout)\n");
    assert!(
        told.contains("virtual_server port 25: smtp-check gives up") && told.ends_with(&note),
        "{told}"
    );
}
