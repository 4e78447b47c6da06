//! When the guard can be put in force and the fallback route can't: the guard stays, the exit code
//! tells why, and the message says that sessions will be lost, and what to do.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog};
use crate::hook::{Fake, PROGRAM, Run, VIP, Watcher, assert_guarded, has_route, hook, run, silent};

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

/// An nft that does nothing, in place of one whose work others undo at once.
const IDLE: &str = "exit 0";

/// An ip that can put routes in place and can't take them away.
const STICKY: &str = "input=$(/bin/cat)
    case $input in *'route del'*) echo 'RTNETLINK answers: Device busy' >&2; exit 2 ;; esac
    echo \"$input\" | /usr/sbin/ip \"$@\"";

/// The worst that can be: connections go in circles. Nobody may take it for a guard.
#[test]
fn a_route_without_guard_that_can_not_be_taken_away_is_told_as_such() {
    if !inside("ip_failures::a_route_without_guard_that_can_not_be_taken_away_is_told_as_such") {
        return;
    }
    let log = DevLog::new();
    silent();
    let (nft, ip) = (Fake::new(IDLE), Fake::new(STICKY));
    let programs = ["--nft", &nft.path(), "--ip", &ip.path()];
    let words = [
        "no guard for 192.168.3.100, but a fallback route may still be there",
        "192.168.3.100 missing",
        "RTNETLINK answers: Device busy",
        "`ip route del local 192.168.3.100 dev lo table local proto 112 metric 4000`",
    ];
    let told = |run: &Run, code: i32| {
        let message = log.only_message();
        assert_eq!((run.code, message.priority), (Some(code), DAEMON_ERR), "{run:?}");
        for text in [&run.stderr, &message.text] {
            assert!(!text.contains("in force"), "{text}");
        }
        message.text
    };
    let left = hook(&[["--keep-sessions", "-a", VIP].as_slice(), &programs].concat());
    let text = told(&left, 4);
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
    assert!(has_route());

    // What nft said and what ip said.
    let missing = ["--nft", "/nonexistent/nft", "--ip", &ip.path()];
    let left = hook(&[["-a", VIP].as_slice(), &missing].concat());
    let text = told(&left, 7);
    for word in ["/nonexistent/nft: can't be started", words[0], words[2], words[3]] {
        assert!(text.contains(word), "no {word:?}: {text}");
    }

    // Nor is a watcher ready: keepalived's service would start.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify.set_nonblocking(true).unwrap();
    let args = [["--keep-sessions", "-a", VIP].as_slice(), &programs].concat();
    let _watcher = Watcher::start(&args, Some(&socket));
    assert!(log.wait_for_message().contains(words[0]));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(notify.recv(&mut [0; 64]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// What is wrong with a route alone keeps no service waiting: the guard is in force.
#[test]
fn a_watcher_is_ready_with_an_unsafe_route_that_can_not_be_taken_away() {
    if !inside("ip_failures::a_watcher_is_ready_with_an_unsafe_route_that_can_not_be_taken_away") {
        return;
    }
    let log = DevLog::new();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // arp_ignore and arp_announce are the kernel's here.
    let args = ["--keep-sessions", "-a", VIP, "--ip", "/nonexistent/ip"];
    let _watcher = Watcher::start(&args, Some(&socket));
    let mut said = [0; 64];
    let length = notify.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1\n");
    let text = &log.messages()[0].text;
    for word in ["is unsafe and may still be there", "arp_ignore", "/nonexistent/ip"] {
        assert!(text.contains(word), "no {word:?}: {text}");
    }
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
