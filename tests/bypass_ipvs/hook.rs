//! Runs the hook, and programs that take the place of nft.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::common::patience::within;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_bypass-ipvs");

pub const VIP: &str = "192.168.3.100";
pub const VIP6: &str = "fd00:3::100";

/// A hook that runs longer hangs: its own limit for nft is 10 seconds.
const HANGS: Duration = Duration::from_secs(30);

/// What a run left.
#[derive(Debug)]
pub struct Run {
    /// `None` after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the hook with these arguments.
pub fn hook(args: &[&str]) -> Run {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command)
}

/// The hook without CAP_NET_ADMIN, as keepalived starts it without `script_user root`.
pub fn powerless(args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end; one that hangs is killed and fails the test.
pub fn run(mut command: Command) -> Run {
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    if within(HANGS, || child.try_wait().unwrap()).is_none() {
        let _ = child.kill();
        panic!("hangs: {command:?}: {:?}", child.wait_with_output());
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A watching hook that does not outlive its test, be that a failed one.
pub struct Watcher(Child);

impl Watcher {
    /// Starts it; what it says goes to syslog only.
    pub fn start(args: &[&str], notify: Option<&Path>) -> Watcher {
        let mut command = Command::new(PROGRAM);
        command.arg("--watch").args(args).stdin(Stdio::null()).stderr(Stdio::null());
        if let Some(socket) = notify {
            command.env("NOTIFY_SOCKET", socket);
        }
        Watcher::spawn(command)
    }

    /// Starts it as this command does.
    pub fn spawn(mut command: Command) -> Watcher {
        Watcher(command.spawn().unwrap())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asserts that the guard of an address is in force, or that it is missing.
pub fn assert_guarded(vip: &str, guarded: bool) {
    let check = hook(&["--check", vip]);
    let expected = match guarded {
        true => (Some(0), format!("{vip} in force, no fallback route\n")),
        false => (Some(1), format!("{vip} missing\n")),
    };
    assert_eq!((check.code, check.stdout), expected, "{}", check.stderr);
}

/// Keeps this namespace silent about addresses that it does not hold, as the package does.
pub fn silent() {
    for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
        fs::write(format!("/proc/sys/net/ipv4/conf/all/{setting}"), value).unwrap();
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
    assert!(up.success());
}

/// Whether [`VIP`] has a fallback route.
pub fn has_route() -> bool {
    let args = ["route", "show", "table", "local", "proto", "112"];
    let shown = Command::new("ip").args(args).output().unwrap();
    String::from_utf8(shown.stdout).unwrap().contains(VIP)
}

/// A shell script in place of nft or ip. It has an empty environment, so it must name programs by path.
pub struct Fake(TempDir);

impl Fake {
    pub fn new(script: &str) -> Fake {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fake");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        Fake(folder)
    }

    pub fn path(&self) -> String {
        self.0.path().join("fake").to_str().unwrap().to_owned()
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// What the script wrote into `$0.NAME`; `None` if it did not.
    pub fn wrote(&self, name: &str) -> Option<String> {
        fs::read_to_string(format!("{}.{name}", self.path())).ok()
    }
}
