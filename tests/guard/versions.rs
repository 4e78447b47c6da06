//! The guard with other versions of nft than this machine's: what they make of the rules, what they
//! list, and what the rules do to packets. tests/deps unpacks them, with the libraries they want.

use std::io::Write;

use crate::common::netns::inside;
use crate::node::{Node, OWN, OWN6, PATIENT, VIP, VIP6, ip};

/// Where tests/deps puts a release's nft.
const VERSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/nft");

#[test]
fn nft_0_9_8_of_debian_bullseye() {
    works_with("bullseye", "versions::nft_0_9_8_of_debian_bullseye", "v0.9.8 ");
}

#[test]
fn nft_1_1_3_of_debian_trixie() {
    works_with("trixie", "versions::nft_1_1_3_of_debian_trixie", "v1.1.3 ");
}

fn works_with(release: &str, test: &str, version: &str) {
    let nft = format!("{VERSIONS}/{release}/nft");
    if !std::fs::exists(&nft).unwrap() {
        // Past the test harness, which would hide it.
        let why = "tests/deps unpacks it, on Debian only";
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: no {nft}; {why}");
        return;
    }
    if !inside(test) {
        return;
    }
    let node = Node::silent();
    let said = node.node.tool(&nft, "--version");
    assert!(said.contains(version), "{said}");
    let hook = |args: &[&str]| node.hook(&[args, &["--nft", &nft]].concat());
    let succeed = |args: &[&str]| {
        let output = hook(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), succeed(&["--dry-run", "-a", VIP, VIP6])).unwrap();
    node.node.tool(&nft, &format!("-f {}", file.path().display()));
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

    let chain = format!("ip lvskit vip-{VIP}");
    node.node.tool(&nft, &format!("insert rule {chain} tcp dport 22 accept"));
    assert_eq!(hook(&["--check", VIP]).status.code(), Some(1), "altered");
    succeed(&["-a", VIP]);
    succeed(&["--check", VIP]);
    succeed(&["--purge", VIP, VIP6]);
    let left = node.node.tool(&nft, "list ruleset");
    assert!(!left.contains("chain") && !left.contains("set"), "{left}");
}
