//! `--firewall`: what a node's firewall has to let in. nft itself judges the rules, inside a chain
//! that drops everything else; a shell judges the commands.

use std::os::unix::fs::PermissionsExt;

use snapbox::{assert_data_eq, file};

use crate::common::netns::{Netns, inside};
use crate::place::{ARTICLE, NODES, Place, Run, edited};
use crate::variants::BOTH_FAMILIES;

const NFTABLES: &str = "--stdout --node server02.domain.ru --firewall nftables";
const FIREWALLD: &str = "--stdout --node server02.domain.ru --firewall firewalld";

/// The rules of a file, without comments.
fn rules(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn files_of_both_kinds_are_as_they_were() {
    let place = Place::with(ARTICLE);
    assert_data_eq!(place.run(NFTABLES).success(), file!["firewall.nft"].raw());
    assert_data_eq!(place.run(FIREWALLD).success(), file!["firewall.sh"].raw());
}

#[test]
fn each_kind_has_a_file_name_of_its_own() {
    let place = Place::with(ARTICLE);
    for (kind, name) in [("nftables", "lvskit-firewall.nft"), ("firewalld", "lvskit-firewall.sh")] {
        let said = place.run(&format!("--out-dir out --firewall {kind}")).success();
        assert_eq!(said, NODES.map(|node| format!("changed out/{node}/{name}\n")).concat());
    }
    let run = place.run("--stdout --firewall ufw");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("possible values: nftables, firewalld"), "{}", run.stderr);
}

/// A rule that asks for a state, or for an address where the VIP or the node's own may stand, drops
/// connections on some nodes.
#[test]
fn services_are_let_in_whatever_their_state_and_address() {
    let text = Place::with(BOTH_FAMILIES).run(NFTABLES).success();
    let rules = rules(&text);
    assert!(rules.iter().all(|rule| !rule.contains("ct ")), "{text}");
    assert_eq!(
        rules[rules.len() - 2..],
        ["tcp dport { 25, 53 } accept", "udp dport { 53 } accept"]
    );
}

#[test]
fn adverts_are_let_in_by_family_and_interface() {
    let other = BOTH_FAMILIES.replacen(
        "interface: eth0\n    virtual_router_id: 11\n    advert",
        "interface: vlan100\n    virtual_router_id: 11\n    advert",
        1,
    );
    let text = Place::with(other).run(NFTABLES).success();
    let from = "iifname \"eth0\" ip saddr { 192.168.3.101, 192.168.3.103, 192.168.3.104 }";
    assert_eq!(
        rules(&text)[..4],
        [
            format!("{from} ip daddr 224.0.0.18 meta l4proto 112 accept"),
            "iifname \"vlan100\" ip6 saddr { fe80::/10 } ip6 daddr ff02::12 meta l4proto 112 accept"
                .to_owned(),
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query } accept"
                .to_owned(),
            format!("{from} ip daddr 224.0.0.81 udp dport 8848 accept"),
        ]
    );
    // On an interface whose addresses the inventory does not have, from any.
    let sync = edited(&[("  smtp_server:", "  lvs_sync_daemon: eth1\n  smtp_server:")]);
    let text = Place::with(sync).run(NFTABLES).success();
    assert!(
        text.contains("\niifname \"eth1\" ip daddr 224.0.0.81 udp dport 8848 accept"),
        "{text}"
    );
}

/// A switch asks who listens to a group of the cluster's own, and forwards the group to nobody else.
/// Of IPv4's first 256 it need not ask.
#[test]
fn a_switch_s_questions_are_let_in_where_it_asks() {
    let instance = |line: &str| edited(&[("preempt: true", line)]);
    let global = |line: &str| edited(&[("  smtp_server:", &format!("{line}\n  smtp_server:"))]);
    for (inventory, asked) in [
        (instance("mcast_dst_ip: 239.1.1.1"), true),
        (global("  vrrp_mcast_group4: 239.1.1.1"), true),
        (global("  vrrp_mcast_group4: 224.0.0.81"), false),
        (format!("keep_sessions: false\n{}", instance("unicast: true")), false),
        (ARTICLE.to_owned(), false),
    ] {
        let place = Place::with(&inventory);
        for (options, rule) in [
            (NFTABLES, "ip protocol igmp accept"),
            (FIREWALLD, "firewall-cmd --permanent --add-protocol=igmp"),
        ] {
            let text = place.run(options).success();
            assert_eq!(text.contains("igmp"), asked, "{inventory}\n{text}");
            assert!(!asked || rules(&text).contains(&rule), "{text}");
        }
    }
}

#[test]
fn no_sync_daemon_and_no_other_node_need_no_rule() {
    let place = Place::with(format!("keep_sessions: false\n{ARTICLE}"));
    for options in [NFTABLES, FIREWALLD] {
        assert!(!place.run(options).success().contains("8848"));
    }
    let (before, rest) = ARTICLE.split_once("  - {name: server01").unwrap();
    let (_, after) = rest.split_once("\nvrrp_instance:").unwrap();
    let alone = format!(
        "{before}  - {{name: server02.domain.ru, address: 192.168.3.102}}\nvrrp_instance:{after}"
    );
    let place = Place::with(alone);
    assert_eq!(rules(&place.run(NFTABLES).success()), ["tcp dport { 25 } accept"]);
    let text = place.run(FIREWALLD).success();
    assert!(rules(&text).iter().all(|line| !line.contains("rich-rule")), "{text}");
}

#[test]
fn nft_accepts_the_rules_in_a_chain_that_drops() {
    if !inside("firewall::nft_accepts_the_rules_in_a_chain_that_drops") {
        return;
    }
    let netns = Netns::new();
    for (inventory, family) in [(ARTICLE, "ip"), (ARTICLE, "inet"), (BOTH_FAMILIES, "inet")] {
        let place = Place::with(inventory);
        place.write("lvskit-firewall.nft", place.run(NFTABLES).success());
        let include = place.path("lvskit-firewall.nft");
        let table = format!(
            "table {family} filter {{\n  chain input {{\n    type filter hook input priority 0; \
             policy drop;\n    include \"{}\"\n    ct state invalid drop\n  }}\n}}\n",
            include.display()
        );
        place.write("table.nft", table);
        netns.tool("nft", &format!("-c -f {}", place.path("table.nft").display()));
    }
}

/// The commands, run by a shell whose firewall-cmd writes down what it was told.
fn commands(inventory: &str) -> Vec<String> {
    let place = Place::with(inventory);
    place.write("lvskit-firewall.sh", place.run(FIREWALLD).success());
    place.write(
        "bin/firewall-cmd",
        "#!/bin/sh\nfor word; do printf '%s\\t' \"$word\"; done\necho\n",
    );
    std::fs::set_permissions(place.path("bin/firewall-cmd"), PermissionsExt::from_mode(0o755))
        .unwrap();
    let mut command = place.command("/bin/sh");
    command.arg("lvskit-firewall.sh").env("PATH", place.path("bin"));
    let said = Run::of(command.output().unwrap()).success();
    said.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_shell_reads_the_commands_as_they_are_meant() {
    let commands = commands(BOTH_FAMILIES);
    assert_eq!(commands.last().unwrap(), "--reload");
    let (rich, others): (Vec<_>, Vec<_>) =
        commands.iter().partition(|command| command.contains("--add-rich-rule=rule family="));
    assert_eq!(rich.len(), 3 + 1 + 3, "adverts of two families, and the sync daemon's");
    assert!(rich.iter().all(|command| command.split('\t').count() == 2), "one word: {rich:?}");
    assert!(others.contains(&&"--permanent\t--add-port=53/udp".to_owned()), "{others:?}");
    // A session that a BACKUP serves lives by conntrack, and goes on when the VIP comes.
    assert!(others.iter().all(|command| !command.contains("--direct")), "{others:?}");
}
