//! When the guard can be put in force and the fallback route can't: the guard stays, the exit code
//! tells why, and the message says that sessions will be lost, and what to do.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog};
use crate::hook::{PROGRAM, VIP, VIP6, Watcher, has_route, hook, powerless, run, silent};

#[test]
fn the_loopback_interface_is_down() {
    if !inside("route_failures::the_loopback_interface_is_down") {
        return;
    }
    let log = DevLog::new();
    silent();
    let lo = |state| Command::new("ip").args(["link", "set", "lo", state]).status().unwrap();
    assert!(lo("down").success());
    // IPv4's routes need no interface that is up.
    let failed = hook(&["--keep-sessions", "-a", VIP, VIP6]);
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(4), ""), "{failed:?}");
    let message = log.only_message();
    assert_eq!(message.priority, DAEMON_ERR);
    for word in [
        "guard in force for 192.168.3.100, fd00:3::100, but its sessions will not be kept",
        "fallback route: the kernel refused: ",
        "Network is down",
        "ip link set lo up",
    ] {
        assert!(failed.stderr.contains(word), "no {word:?}: {failed:?}");
        assert!(message.text.contains(word), "no {word:?}: {message:?}");
    }
    assert!(has_route());
    let check = hook(&["--keep-sessions", "--check", VIP, VIP6]);
    let lost = "in force, sessions not kept: no fallback route";
    assert_eq!(check.stdout, format!("{VIP} in force, sessions kept\n{VIP6} {lost}\n"));
    assert!(lo("up").success());
    assert_eq!(hook(&["--keep-sessions", "-a", VIP, VIP6]).code, Some(0));
    assert_eq!(hook(&["--keep-sessions", "--check", VIP, VIP6]).code, Some(0));
}

/// Nor can anybody tell then whether the guard is there: the route stays.
#[test]
fn without_rights_nothing_is_changed_and_all_is_told() {
    if !inside("route_failures::without_rights_nothing_is_changed_and_all_is_told") {
        return;
    }
    let log = DevLog::new();
    silent();
    assert_eq!(hook(&["--keep-sessions", "-a", VIP]).code, Some(0));
    log.messages();
    let refused = run(powerless(&["--keep-sessions", "-a", "192.168.3.10"]));
    assert_eq!(refused.code, Some(4), "{refused:?}");
    let message = log.only_message();
    for word in ["Operation not permitted", "script_user root", "CAP_NET_ADMIN"] {
        assert!(message.text.contains(word), "no {word:?}: {message:?}");
    }
    assert!(has_route());
    assert_guarded_and_kept();

    // Nor is a watcher ready: keepalived's service would start.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify.set_nonblocking(true).unwrap();
    let mut watcher = powerless(&["--watch", "--keep-sessions", "-a", "192.168.3.10"]);
    watcher.env("NOTIFY_SOCKET", &socket).stdout(Stdio::null()).stderr(Stdio::null());
    let _watcher = Watcher::spawn(watcher);
    assert!(log.wait_for_message().contains("run it as root"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(notify.recv(&mut [0; 64]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

fn assert_guarded_and_kept() {
    let check = hook(&["--keep-sessions", "--check", VIP]);
    assert_eq!(check.stdout, format!("{VIP} in force, sessions kept\n"), "{check:?}");
}

/// What is wrong with a route alone keeps no service waiting: the guard is in force.
#[test]
fn a_watcher_is_ready_with_an_unsafe_route() {
    if !inside("route_failures::a_watcher_is_ready_with_an_unsafe_route") {
        return;
    }
    let log = DevLog::new();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // arp_ignore and arp_announce are the kernel's here.
    let _watcher = Watcher::start(&["--keep-sessions", "-a", VIP], Some(&socket));
    let mut said = [0; 64];
    let length = notify.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1\n");
    let text = &log.messages()[0].text;
    for word in ["its sessions will not be kept", "arp_ignore"] {
        assert!(text.contains(word), "no {word:?}: {text}");
    }
}

/// The hook writes no file: neither a full disk nor a read-only /run is in its way.
#[test]
fn a_full_disk_and_a_read_only_run_change_nothing() {
    if !inside("route_failures::a_full_disk_and_a_read_only_run_change_nothing") {
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
