//! When the guard can be put in force and the fallback route can't: the guard stays, the exit code
//! tells why, and the message says that sessions will be lost, and what to do.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog};
use crate::hook::{Fake, PROGRAM, Run, VIP, assert_guarded, hook, run};

/// Keeps this namespace silent about addresses that it does not hold, as the package does.
fn silent() {
    for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
        fs::write(format!("/proc/sys/net/ipv4/conf/all/{setting}"), value).unwrap();
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
    assert!(up.success());
}

/// Asserts a failure with the guard in force, told in the same words in syslog.
fn half_done(log: &DevLog, run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{run:?}");
    let message = log.only_message();
    assert_eq!(message.priority, DAEMON_ERR);
    let always = ["guard in force for 192.168.3.100, but its sessions will not be kept"];
    for word in words.iter().chain(&always) {
        assert!(run.stderr.contains(word), "no {word:?}: {run:?}");
        assert!(message.text.contains(word), "no {word:?}: {message:?}");
    }
    assert_guarded(VIP, true);
}

fn with_ip(program: &str) -> Run {
    hook(&["--keep-sessions", "-a", VIP, "--ip", program])
}

#[test]
fn ip_is_missing_or_relative() {
    if !inside("ip_failures::ip_is_missing_or_relative") {
        return;
    }
    let log = DevLog::new();
    silent();
    let words = ["/nonexistent/ip: can't be started", "install iproute2", "--ip"];
    half_done(&log, &with_ip("/nonexistent/ip"), 7, &words);
    half_done(&log, &with_ip("ip"), 7, &["not an absolute path"]);
}

#[test]
fn what_ip_says_is_passed_on() {
    if !inside("ip_failures::what_ip_says_is_passed_on") {
        return;
    }
    let log = DevLog::new();
    silent();
    let fake = Fake::new("echo 'RTNETLINK answers: File exists' >&2; exit 2");
    let words = ["exit status: 2", "RTNETLINK answers: File exists", "ip route show table local"];
    half_done(&log, &with_ip(&fake.path()), 4, &words);
}

#[test]
fn a_hung_ip_is_killed() {
    if !inside("ip_failures::a_hung_ip_is_killed") {
        return;
    }
    let log = DevLog::new();
    silent();
    let fake = Fake::new("exec /bin/sleep 600");
    half_done(&log, &with_ip(&fake.path()), 5, &["no answer within 10s, killed", "hung ip"]);
}

#[test]
fn ip_gets_one_batch_and_no_shell() {
    if !inside("ip_failures::ip_gets_one_batch_and_no_shell") {
        return;
    }
    let _log = DevLog::new();
    silent();
    let fake = Fake::new("/bin/cat >\"$0.stdin\"; echo \"$*\" >\"$0.args\"");
    let done = hook(&["--keep-sessions", "-a", VIP, "192.168.3.10", "--ip", &fake.path()]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert_eq!(fake.wrote("args").unwrap(), "-force -batch -\n");
    let line =
        |vip| format!("route replace local {vip} dev lo table local proto 112 metric 4000\n");
    assert_eq!(fake.wrote("stdin").unwrap(), line(VIP) + &line("192.168.3.10"));
}

/// The hook writes no file: neither a full disk nor a read-only /run is in its way.
#[test]
fn a_full_disk_and_a_read_only_run_change_nothing() {
    if !inside("ip_failures::a_full_disk_and_a_read_only_run_change_nothing") {
        return;
    }
    let log = DevLog::new();
    silent();
    let disk = tempfile::tempdir().unwrap();
    let full = disk.path().to_str().unwrap();
    for options in [["-o", "ro", "/run"], ["-o", "size=4k", full]] {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).args(options).status();
        assert!(mounted.unwrap().success());
    }
    let error = fs::write(disk.path().join("fills-it"), vec![0; 8192]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(fs::write("/run/x", "x").is_err(), "/run takes files");
    let mut command = Command::new(PROGRAM);
    command.args(["--keep-sessions", "-a", VIP]).current_dir(full).env("TMPDIR", full);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = run(command);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    let text = log.only_message().text;
    assert_eq!(text, format!("guard in force for {VIP}, sessions are kept"));
    assert_eq!(hook(&["--check", VIP]).stdout, format!("{VIP} in force, sessions kept\n"));
}
