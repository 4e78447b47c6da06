//! `--guard-file`: rules that real nft takes within a reload, and that bypass-ipvs knows for its own.

use std::process::Command;

use crate::common::netns::{Netns, inside};
use crate::place::{ARTICLE, NODES, Place, edited};
use crate::problems::VIP;

const BYPASS_IPVS: &str = env!("CARGO_BIN_EXE_bypass-ipvs");

#[test]
fn each_node_has_a_file_of_its_own_with_what_it_runs() {
    let place = Place::with(ARTICLE);
    let said = place.run("--out-dir out --guard-file").success();
    assert_eq!(said, NODES.map(|node| format!("changed out/{node}/lvskit-guard.nft\n")).concat());
    let text = place.read(&format!("out/{}/lvskit-guard.nft", NODES[0]));
    assert!(
        text.starts_with("# Rendered by `lvskit gen-conf --guard-file` for server01"),
        "{text}"
    );
    assert!(text.contains("\nadd chain ip lvskit vip-192.168.3.100 {"), "{text}");
    let none = format!("bypass: false\n{ARTICLE}")
        .replace("    lb_kind: DR\n", &format!("    lb_kind: DR\n    nodes: {}\n", NODES[0]));
    let none = Place::with(none).run("--stdout --guard-file");
    assert!(!none.accepted().contains("add "));
    assert_eq!(place.run("--stdout --guard-file --firewall nftables").code, Some(2));
}

/// With `flush ruleset` in front, as Debian's nftables.conf has it, twice; and what a hook makes of it.
#[test]
fn a_reload_leaves_the_guard_in_force() {
    if !inside("guard_file::a_reload_leaves_the_guard_in_force") {
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("address add 192.168.3.101/24 dev eth0");
    let two = edited(&[(VIP, "virtual_ipaddress: [192.168.3.100, 192.168.3.110]")]);
    let place = Place::with(&two);
    place.write(
        "guard.nft",
        place.run("--stdout --guard-file --node server01.domain.ru").accepted(),
    );
    let include = place.path("guard.nft").display().to_string();
    place.write("nftables.conf", format!("flush ruleset\ninclude \"{include}\"\n"));
    let hook = |words: &[&str]| {
        let output = netns.run(|| Command::new(BYPASS_IPVS).args(words).output().unwrap());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let check = ["--service", "tcp/25", "--check", "192.168.3.100", "192.168.3.110"];
    assert_eq!(hook(&check).0, Some(1), "there is nothing yet");
    for _ in 0..2 {
        netns.tool("nft", &format!("-f {}", place.path("nftables.conf").display()));
        let (code, said) = hook(&check);
        assert_eq!(code, Some(0), "{said}");
    }
    let before = netns.tool("nft", "-a list ruleset");
    assert_eq!(hook(&["--service", "tcp/25", "-a", "192.168.3.100", "192.168.3.110"]).0, Some(0));
    assert_eq!(netns.tool("nft", "-a list ruleset"), before, "a hook replaced what was in force");
}
