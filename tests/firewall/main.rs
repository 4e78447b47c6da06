//! A host firewall that drops by default, as RHEL has it: what keepalived, the sync daemon and the
//! balanced service need comes through once the rules for it are there, and not before.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod firewalld;
mod ipv6;
mod nftables;
#[allow(dead_code)] // the guard's own tests use the rest
#[path = "../guard/node.rs"]
mod node;
mod traffic;

use std::fs;
use std::process::Command;

/// The service's port, on which [`node::Node`] listens.
const PORT: u16 = 2525;

const NODE: &str = "server02.domain.ru";
const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/inventory.yml");

/// What `lvskit gen-conf --firewall` renders for the node that the tests have: the second of the
/// example inventory, with the service on a port that needs no root.
fn rendered(kind: &str) -> String {
    rendered_of(&fs::read_to_string(INVENTORY).unwrap(), kind)
}

/// The same of another inventory for that node.
fn rendered_of(text: &str, kind: &str) -> String {
    let edited = text.replace("- port: 25\n", &format!("- port: {PORT}\n"));
    assert_ne!(edited, text, "{INVENTORY} has another port now");
    let dir = tempfile::tempdir().unwrap();
    let inventory = dir.path().join("inventory.yml");
    fs::write(&inventory, edited).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lvskit"))
        .args(["gen-conf", "--stdout", "--node", NODE, "--firewall", kind, "-i"])
        .arg(&inventory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
