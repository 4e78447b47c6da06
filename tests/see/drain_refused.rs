//! What `lvskit drain` refuses, and that nothing is changed then: nodes that follow no drain file, drains that
//! would lose sessions, and bad input.

use std::fs;
use std::process::Command;

use crate::drain::{LASTING, SERVICES, enter, members};
use crate::node::{Node, PROGRAM, VIP, instance, pair};

/// A keepalived that has nothing of ours is left alone.
#[test]
fn only_files_of_ours_are_followed() {
    if !enter("drain_refused::only_files_of_ours_are_followed") {
        return;
    }
    let [one, _two] = pair();
    let node = Node::start(one, &instance(100, ""));
    node.until_it_holds(VIP);
    let lvskit = |args: &[&str]| {
        let output = node.lvskit(args);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(lvskit(&["drain", "--stopping"]), (Some(0), String::new()));
    assert_eq!(lvskit(&["undrain", "--stopping"]), (Some(0), String::new()));
    assert_eq!(lvskit(&["drain", "--restore"]), (Some(0), String::new()));
    assert_eq!(fs::read_dir("/run/keepalived-lvskit").unwrap().count(), 0);
    let (code, said) = lvskit(&["drain"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("follows no drain file") && said.contains("help: "), "{said}");
    let (code, said) = lvskit(&["drain", "--server"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no real server of keepalived.conf is this node"), "{said}");
    assert!(node.holds(VIP));
}

#[test]
fn what_would_lose_sessions_is_refused() {
    if !enter("drain_refused::what_would_lose_sessions_is_refused") {
        return;
    }
    let [one, _two] = members(&SERVICES.replace(" inhibit_on_failure\n", ""));
    let said = one.ends("drain", 1);
    assert!(
        said.contains("virtual server 192.168.3.100 25: ") && said.contains("inhibit"),
        "{said}"
    );
    assert!(one.node.holds(VIP) && one.says().is_empty(), "nothing was changed");
    one.ends("drain --server --force", 0);
    one.ends("undrain", 0);
}

#[test]
fn bad_input_changes_nothing() {
    if !enter("drain_refused::bad_input_changes_nothing") {
        return;
    }
    let [one, _two] = members(SERVICES);
    for args in [
        "drain --timeout 3",
        "drain --wait --timeout x",
        "drain --from nobody",
        "drain --stopping --force",
        "undrain --wait",
    ] {
        one.ends(args, 2);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups", PROGRAM, "drain"]);
    let output = one.node.run(&mut command);
    let said = String::from_utf8(output.stderr).unwrap();
    // Where only root is mapped there is nobody else to be.
    if !said.contains("setpriv") {
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(
            said.contains("error: lvskit drain needs root\n  help: sudo lvskit drain"),
            "{said}"
        );
    }
    // Its own file says nothing once it can't be read.
    fs::write(one.node.keepalived.path("keepalived.conf"), "vrrp_instance {").unwrap();
    let said = one.ends("drain", 6);
    assert!(said.contains("never closed") && said.contains("help: "), "{said}");
    fs::create_dir("/var/lib/lvskit").unwrap();
    fs::write(LASTING, "{").unwrap();
    let said = one.ends("undrain", 6);
    assert!(
        said.contains("/var/lib/lvskit/drain.json: ") && said.contains("help: remove"),
        "{said}"
    );
    assert_eq!(one.says(), "");
    assert!(one.node.holds(VIP));
}
