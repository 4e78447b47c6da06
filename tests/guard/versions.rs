//! The guard with other versions of nft than this machine's: what they make of the rules, what they
//! list, and what the rules do to packets. tests/keepalived_versions unpacks them.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::common::netns::inside;
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// One root for each release of Debian, named after its keepalived.
pub const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/keepalived");

#[test]
fn nft_0_9_8_of_debian_11() {
    works_with("2.1.5", "versions::nft_0_9_8_of_debian_11", "v0.9.8 ");
}

#[test]
fn nft_1_1_3_of_debian_13() {
    works_with("2.3.3", "versions::nft_1_1_3_of_debian_13", "v1.1.3 ");
}

/// A program that is nft of a release, for a node; in that folder.
fn nft_of(release: &str, node: &Node, folder: &Path) -> String {
    let root = format!("{ROOTS}/{release}");
    assert!(fs::exists(format!("{root}/usr/sbin/nft")).unwrap(), "run tests/deps versions");
    let nft = folder.join("nft");
    fs::write(&nft, format!("#!/bin/sh\nexec chroot {root} /usr/sbin/nft \"$@\"\n")).unwrap();
    fs::set_permissions(&nft, Permissions::from_mode(0o755)).unwrap();
    // Where it reads its standard input; seen in the test's own mount namespace only.
    for folder in ["dev", "proc"] {
        node.node.tool("mount", &format!("--rbind /{folder} {root}/{folder}"));
    }
    nft.display().to_string()
}

/// The cluster of [`Node`]: the node and its balancer.
const CLUSTER: &str = "\
nodes:
  - {name: node, address: [192.168.3.102, 'fd00:3::102']}
  - {name: balancer, address: [192.168.3.104, 'fd00:3::104']}
vrrp_instance:
  four: {interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.100}
  six: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 'fd00:3::100/64'}
virtual_server:
  - {vrrp_instance: four, port: 2525, lb_algo: rr, check: []}
  - {vrrp_instance: six, port: 2525, lb_algo: rr, check: []}
";

/// `gen-conf --guard-file` behind a `flush ruleset`, as each nft loads it: the hook of the same cluster
/// knows its guard in it and changes nothing.
#[test]
fn a_hook_knows_its_guard_in_the_file_that_nft_loaded() {
    let test = "versions::a_hook_knows_its_guard_in_the_file_that_nft_loaded";
    let mut releases = vec![""];
    match fs::read_to_string(format!("{ROOTS}/skipped")) {
        Ok(why) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED in part {test}: {}", why.trim_end());
        }
        Err(_) => releases.extend(["2.1.5", "2.3.3"]),
    }
    if !inside(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yml");
    fs::write(&inventory, CLUSTER).unwrap();
    let mut gen_conf = Command::new(env!("CARGO_BIN_EXE_lvskit"));
    gen_conf.args(["gen-conf", "--stdout", "--guard-file", "--node", "node", "-i"]).arg(&inventory);
    let output = gen_conf.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fragment = String::from_utf8(output.stdout).unwrap();
    assert!(fragment.contains(&format!("dnat to {OWN6}")), "{fragment}");
    for release in releases {
        let node = Node::silent();
        let nft = match release {
            "" => "nft".to_owned(),
            release => nft_of(release, &node, folder.path()),
        };
        // Below its root, where the program below chroot finds it.
        let root = if release.is_empty() { String::new() } else { format!("{ROOTS}/{release}") };
        let mut file = tempfile::NamedTempFile::new_in(format!("{root}/tmp")).unwrap();
        file.write_all(format!("flush ruleset\n{fragment}").as_bytes()).unwrap();
        let name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
        let services = ["--keep-sessions", "--service", "tcp/2525"];
        for _ in 0..2 {
            node.node.tool(&nft, &format!("-f /tmp/{name}"));
            let before = node.node.tool(&nft, "-a list ruleset");
            for vip in [VIP, VIP6] {
                let own = [&services[..], &["-a", vip]].concat();
                let with = if release.is_empty() { vec![] } else { vec!["--nft", nft.as_str()] };
                let output = node.hook(&[own, with].concat());
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{release}: {said}");
                assert_eq!(
                    node.forwarded_to(vip, PATIENT),
                    ip(if vip == VIP { OWN } else { OWN6 })
                );
            }
            let sets = |text: String| -> Vec<String> {
                // Whom the sets remember is no rule.
                text.lines()
                    .filter(|line| !line.contains("elements") && !line.contains("expires"))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(sets(node.node.tool(&nft, "-a list ruleset")), sets(before), "{release}");
        }
    }
}

fn works_with(release: &str, test: &str, version: &str) {
    if let Ok(why) = fs::read_to_string(format!("{ROOTS}/skipped")) {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {}", why.trim_end());
        return;
    }
    if !inside(test) {
        return;
    }
    let root = format!("{ROOTS}/{release}");
    let node = Node::silent();
    let folder = tempfile::tempdir().unwrap();
    let nft = nft_of(release, &node, folder.path());
    let nft = nft.as_str();
    let said = node.node.tool(nft, "--version");
    assert!(said.contains(version), "{said}");
    let hook = |args: &[&str]| node.hook(&[args, &["--nft", nft]].concat());
    let succeed = |args: &[&str]| {
        let output = hook(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };

    // Where the program below chroot finds it.
    let mut file = tempfile::NamedTempFile::new_in(format!("{root}/tmp")).unwrap();
    file.write_all(&succeed(&["--dry-run", "-a", VIP, VIP6])).unwrap();
    let name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
    node.node.tool(nft, &format!("-f /tmp/{name}"));
    succeed(&["--check", VIP, VIP6]);
    succeed(&["--purge"]);
    assert_eq!(hook(&["--check", VIP, VIP6]).status.code(), Some(1), "purged");

    for option in ["-a", "-r"] {
        succeed(&["--keep-sessions", option, VIP, VIP6]);
        succeed(&["--keep-sessions", "--check", VIP, VIP6]);
    }
    for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the node does not hold {vip}");
        node.take(vip);
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "the node holds {vip}");
        succeed(&["--keep-sessions", "-r", vip]);
        node.give_up(vip);
        assert_eq!(node.served_at(vip, PATIENT), ip(vip), "a client that has not heard");
        assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "a balancer that has");
    }

    // A set that remembers for another time, as this nft makes it.
    succeed(&["--purge"]);
    let text = String::from_utf8(succeed(&["--dry-run", "-a", VIP, VIP6])).unwrap();
    fs::write(file.path(), text.replace("timeout 10s", "timeout 1h")).unwrap();
    node.node.tool(nft, &format!("-f /tmp/{name}"));
    assert_eq!(hook(&["--check", VIP]).status.code(), Some(1), "another timeout");
    succeed(&["--keep-sessions", "-a", VIP, VIP6]);
    succeed(&["--keep-sessions", "--check", VIP, VIP6]);
    assert_eq!(node.forwarded_to(VIP, PATIENT), ip(OWN), "sets are new");

    let chain = format!("ip lvskit vip-{VIP}");
    node.node.tool(nft, &format!("insert rule {chain} tcp dport 22 accept"));
    assert_eq!(hook(&["--check", VIP]).status.code(), Some(1), "altered");
    succeed(&["-a", VIP]);
    succeed(&["--check", VIP]);
    succeed(&["--purge", VIP, VIP6]);
    let left = node.node.tool(nft, "list ruleset");
    assert!(!left.contains("chain") && !left.contains("set"), "{left}");
}
