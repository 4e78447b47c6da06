//! The guard with other versions of nft than this machine's: what they make of the rules, what they
//! list, and what the rules do to packets. tests/keepalived_versions unpacks them.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

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

fn works_with(release: &str, test: &str, version: &str) {
    if let Ok(why) = fs::read_to_string(format!("{ROOTS}/skipped")) {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {}", why.trim_end());
        return;
    }
    let root = format!("{ROOTS}/{release}");
    assert!(fs::exists(format!("{root}/usr/sbin/nft")).unwrap(), "run tests/deps versions");
    if !inside(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nft = folder.path().join("nft");
    fs::write(&nft, format!("#!/bin/sh\nexec chroot {root} /usr/sbin/nft \"$@\"\n")).unwrap();
    fs::set_permissions(&nft, Permissions::from_mode(0o755)).unwrap();
    let nft = nft.to_str().unwrap();
    let node = Node::silent();
    // Where it reads its standard input; seen in the test's own mount namespace only.
    for folder in ["dev", "proc"] {
        node.node.tool("mount", &format!("--rbind /{folder} {root}/{folder}"));
    }
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
