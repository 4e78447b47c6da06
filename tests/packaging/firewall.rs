//! The playbook that opens a node's firewall: real nftables and real firewalld in a network namespace. A second run
//! changes nothing, a new service comes with the next one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::mount::{MsFlags, mount};

use super::built::run;
use super::common::firewalld::{Firewalld, home};
use super::common::netns::{Netns, inside};
use super::site::{NODES, PASSWORD, Play, Site};

const NODE: &str = NODES[1];

/// Runs it on one node, whose files are the site's.
fn play(site: &Site, firewall: &str, load: &str, options: &[&str]) -> Play {
    let path = |name: &str| site.path(name).display().to_string();
    let files = serde_json::json!({
        "nftables": path("nftables/lvskit-firewall.nft"),
        "firewalld": path("firewalld/lvskit-firewall.sh"),
    });
    let settings = serde_json::json!({
        "lvskit": env!("CARGO_BIN_EXE_lvskit"),
        "lvskit_firewall": firewall,
        "lvskit_firewall_file": files,
        "lvskit_firewall_load": { firewall: load },
        "nftables_conf": path("nftables.conf"),
    });
    let ours = ["--limit", NODE, "-e", &settings.to_string()];
    site.run("firewall.yml", &[&ours[..], options].concat()).without(PASSWORD)
}

/// A check, a run, the same again, and one with another port; `rules` says what is loaded.
fn opens(site: &Site, firewall: &str, load: &str, rules: &dyn Fn() -> String, port: [&str; 2]) {
    let before = rules();
    play(site, firewall, load, &["--check"]).succeeded();
    assert_eq!(rules(), before, "a check changed something");
    let opened = |port: &str| {
        assert!(play(site, firewall, load, &[]).succeeded().changed() > 0);
        for words in ["192.168.3.101", port] {
            assert!(rules().contains(words), "no {words} in\n{}", rules());
        }
    };
    opened(port[0]);
    let again = play(site, firewall, load, &[]).succeeded();
    assert_eq!(again.changed(), 0, "{}", again.text);
    site.edit_inventory("port: 25\n", "port: 2525\n");
    opened(port[1]);
}

#[test]
fn nftables_lets_the_cluster_in() {
    if !inside("firewall::nftables_lets_the_cluster_in") {
        return;
    }
    let site = Site::new();
    let conf = site.path("nftables.conf");
    let text = |include: &str| {
        format!(
            "flush ruleset\ntable inet filter {{\n chain input {{\n  type filter hook input priority 0; \
             policy drop\n  {include}\n  iif lo accept\n }}\n}}\n"
        )
    };
    let load = format!("nft -f {}", conf.display());
    fs::write(&conf, text("")).unwrap();
    for options in [&["--check"][..], &[]] {
        let play = play(&site, "nftables", &load, options).failed();
        assert!(play.text.contains("does not include the rules: write"), "{}", play.text);
    }
    assert!(!site.path("nftables").exists(), "the next run would find nothing changed");
    let include = format!("include \"{}\"", site.path("nftables/lvskit-firewall.nft").display());
    fs::write(&conf, text(&include)).unwrap();
    let rules = || run(std::process::Command::new("nft").args(["list", "ruleset"]));
    opens(&site, "nftables", &load, &rules, ["tcp dport 25 accept", "tcp dport 2525 accept"]);
}

#[test]
fn firewalld_lets_the_cluster_in() {
    if !inside("firewall::firewalld_lets_the_cluster_in") {
        return;
    }
    let site = Site::new();
    // firewalld leaves a folder there, which only this test's own mount namespace may see.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    let netns = Netns::open("/proc/thread-self/ns/net");
    let firewalld = match Firewalld::start(&netns) {
        Ok(firewalld) => firewalld,
        Err(why) if home().is_some() && nix::unistd::geteuid().is_root() => panic!("{why}"),
        Err(why) => return println!("skipped: the playbook under real firewalld: {why}"),
    };
    // Its message bus is the namespace's own, which the playbook has to be told.
    let load = site.path("load");
    let lines = format!(
        "printf '#!/bin/sh\nexport PATH=%s DBUS_SYSTEM_BUS_ADDRESS=%s PYTHONPATH=%s\nexec sh {}\n' \
         \"$PATH\" \"$DBUS_SYSTEM_BUS_ADDRESS\" \"$PYTHONPATH\" >{}",
        site.path("firewalld/lvskit-firewall.sh").display(),
        load.display()
    );
    assert!(firewalld.shell(&netns, &lines).0);
    fs::set_permissions(&load, fs::Permissions::from_mode(0o755)).unwrap();
    let rules = || firewalld.shell(&netns, "firewall-cmd --list-all").1;
    let load = load.display().to_string();
    opens(&site, "firewalld", &load, &rules, ["ports: 25/tcp", "2525/tcp"]);
}
