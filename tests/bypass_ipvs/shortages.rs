//! A node, or the limits of keepalived's service, without any more processes or memory: the hook says
//! what to do, and never that the guard is in force where it is not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::common::netns::inside;
use crate::hook::{PROGRAM, Run, VIP, hook, run};

/// Runs the hook below `prefix`.
fn below(prefix: &[&str], program: &str, args: &[&str]) -> Run {
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).arg(program).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command)
}

/// Root may always start one more, so the hook runs as somebody else, with the capability it needs.
#[test]
fn no_more_processes() {
    const TEST: &str = "shortages::no_more_processes";
    if !nix::unistd::geteuid().is_root() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: needs root, to change users");
        return;
    }
    if !inside(TEST) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("bypass-ipvs");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    fs::copy(PROGRAM, &program).unwrap();
    let capable = "--reuid=65533 --clear-groups --inh-caps=+net_admin --ambient-caps=+net_admin";
    let prefix: Vec<&str> =
        ["setpriv"].into_iter().chain(capable.split(' ')).chain(["prlimit", "--nproc=1"]).collect();
    let refused = below(&prefix, program.to_str().unwrap(), &["-a", VIP]);
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.stderr.contains("nft: can't be started: Resource temporarily"), "{refused:?}");
    assert!(refused.stderr.contains("raise TasksMax"), "{refused:?}");
    assert_eq!(hook(&["--check", VIP]).code, Some(1));
}

/// From too little for the loader to enough. A hook that ends for want of memory may have loaded its
/// rules before; one that says it succeeded must have.
#[test]
fn success_with_little_memory_is_a_guard_in_force() {
    if !inside("shortages::success_with_little_memory_is_a_guard_in_force") {
        return;
    }
    let mut codes = Vec::new();
    for megabytes in (2..=40).step_by(2) {
        let limit = format!("--as={megabytes}000000");
        let done = below(&["prlimit", &limit], PROGRAM, &["-a", VIP]);
        let check = hook(&["--check", VIP]).code;
        assert!(done.code != Some(0) || check == Some(0), "{megabytes} MB: {done:?}, {check:?}");
        assert_eq!(hook(&["--purge", VIP]).code, Some(0));
        codes.push(done.code);
    }
    assert!(codes[0] != Some(0) && codes.last() == Some(&Some(0)), "{codes:?}");
}
