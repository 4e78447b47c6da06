//! The same under real firewalld. Where it can't run, the last line says what was skipped and why.

use std::fs;

use nix::mount::{MsFlags, mount};

use crate::common::firewalld::{Firewalld, home};
use crate::common::netns::inside;
use crate::node::VIP;
use crate::rendered;
use crate::traffic::{Guarded, Passes};

fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[test]
fn firewalld_needs_the_commands_and_they_are_enough() {
    if !inside("firewalld::firewalld_needs_the_commands_and_they_are_enough") {
        return;
    }
    // It leaves a folder there, which nobody but this test's own mount namespace may see.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    let guarded = Guarded::new();
    let firewalld = match Firewalld::start(&guarded.node.node) {
        Ok(firewalld) => firewalld,
        // Real root in a machine that has it: then it has to start.
        Err(why) if home().is_some() && !in_user_namespace() => panic!("{why}"),
        Err(why) => return println!("skipped: the rules under real firewalld: {why}"),
    };
    let check = || guarded.node.hook(&["--check", VIP]).status.success();
    assert!(check(), "the start of firewalld took the guard away");
    // firewalld accepts whatever was redirected (`ct status dnat accept`), on any port; all else
    // needs the commands.
    let without = Passes { redirected: true, ..Passes::all(false) };
    assert_eq!(guarded.passes(false), without);

    let commands = rendered("firewalld");
    let (direct, others): (Vec<&str>, Vec<&str>) =
        commands.lines().partition(|line| line.contains("--direct"));
    assert!(!direct.is_empty(), "{commands}");
    let (ok, said) = firewalld.shell(&guarded.node.node, &others.join("\n"));
    assert!(ok, "{said}");
    let without = Passes { closing: false, ..Passes::all(true) };
    assert_eq!(guarded.passes(false), without, "the direct rule has to be needed");

    let (ok, said) = firewalld.shell(&guarded.node.node, &commands);
    assert!(ok, "again, and all of it: {said}");
    assert!(check(), "the reload of firewalld took the guard away");
    assert_eq!(guarded.passes(true), Passes::all(true));
    assert!(guarded.refuses_strangers());
    println!("{}", firewalld.shell(&guarded.node.node, "firewall-cmd --version").1.trim_end());
}
