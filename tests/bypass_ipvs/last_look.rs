//! What a hook looks at when all is done, and what it makes of an nft that can't tell.

use std::process::Command;

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog, without_log};
use crate::hook::{Fake, PROGRAM, VIP, has_route, hook, silent};

/// Passes everything on, and notes the call.
fn counted(program: &str) -> Fake {
    Fake::new(&format!("echo >>\"$0.calls\"; exec {program} \"$@\""))
}

/// The kernel tells that all is there; a second nft would cost as much as all else together.
#[test]
fn a_hook_calls_nft_once() {
    if !inside("last_look::a_hook_calls_nft_once") {
        return;
    }
    without_log();
    silent();
    for state in ["nothing is there", "all is there"] {
        let nft = counted("/usr/sbin/nft");
        let done = hook(&["--keep-sessions", "-a", VIP, "--nft", &nft.path()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(nft.wrote("calls").unwrap().len(), 1, "{state}");
    }
    assert_eq!(hook(&["--keep-sessions", "--check", VIP]).code, Some(0));
}

/// By somebody else, as soon as nft is done. Once, it is put back; always, the route must not stay, nor
/// the hook say that all is well.
#[test]
fn what_is_taken_away_at_once_is_put_back() {
    if !inside("last_look::what_is_taken_away_at_once_is_put_back") {
        return;
    }
    let log = DevLog::new();
    silent();
    let purge = format!("{PROGRAM} --purge {VIP}");
    for fault in [
        "/usr/sbin/nft flush ruleset",
        "/usr/sbin/nft delete table ip lvskit",
        "/usr/sbin/nft flush table ip lvskit",
        "/usr/sbin/nft flush chain ip lvskit vip-192.168.3.100",
        &purge,
    ] {
        let once = format!("[ -e \"$0.done\" ] || {fault} >&2; : >\"$0.done\"");
        let always = format!("{fault} 2>/dev/null; exit 0");
        for (when, code) in [(always, 4), (once, 0)] {
            let status = Command::new("nft").args(["flush", "ruleset"]).status().unwrap();
            assert!(status.success());
            let nft = Fake::new(&format!(
                "/usr/sbin/nft \"$@\" || exit 1\ncase $* in *-f*) {when} ;; esac"
            ));
            let ended = hook(&["--keep-sessions", "-a", VIP, "--nft", &nft.path()]);
            assert_eq!(ended.code, Some(code), "{fault}: {ended:?}");
            let undone = ended.stderr.contains("did not stay in force");
            assert_eq!(undone, code == 4, "{fault}: {ended:?}");
            assert_eq!(has_route(), code == 0, "{fault}");
            let check = hook(&["--keep-sessions", "--check", VIP]).code;
            assert_eq!(check == Some(0), code == 0, "{fault}");
            log.messages();
        }
    }
}

/// For a moment, as in an upgrade: sessions must not be lost for that.
#[test]
fn without_nft_a_guard_in_force_keeps_its_route() {
    if !inside("last_look::without_nft_a_guard_in_force_keeps_its_route") {
        return;
    }
    let log = DevLog::new();
    silent();
    assert_eq!(hook(&["--keep-sessions", "-a", VIP]).code, Some(0));
    log.messages();
    let nft = Fake::new("echo 'Error: no memory' >&2; exit 1");
    for (nft, code) in [("/nonexistent/nft", 7), (&nft.path(), 4)] {
        let unread = hook(&["--keep-sessions", "-a", VIP, "--nft", nft]);
        assert_eq!(unread.code, Some(code), "{unread:?}");
        let message = log.only_message();
        let words = "can't tell whether the guard of 192.168.3.100 is in force";
        assert!(message.text.starts_with(words), "{message:?}");
        assert!(has_route());
    }
    // Its rules are gone, the chain is not.
    for fault in ["flush table ip lvskit", "flush ruleset"] {
        assert!(Command::new("nft").args(fault.split(' ')).status().unwrap().success());
        let failed = hook(&["--keep-sessions", "-a", VIP, "--nft", "/nonexistent/nft"]);
        assert_eq!(failed.code, Some(7), "{failed:?}");
        let words = "could not put the guard of 192.168.3.100 in force";
        assert!(log.only_message().text.starts_with(words));
        assert!(!has_route(), "{fault}");
        assert_eq!(hook(&["--keep-sessions", "-a", VIP]).code, Some(0));
        log.messages();
    }
}

/// nft put the guard in force and can't say so: that is another message than that it could not.
#[test]
fn a_guard_that_can_not_be_read_back_is_told_as_such() {
    if !inside("last_look::a_guard_that_can_not_be_read_back_is_told_as_such") {
        return;
    }
    let log = DevLog::new();
    silent();
    // Somebody inserts a rule at the same time.
    let nft = Fake::new(
        "case $* in *list*) echo 'Error: no memory' >&2; exit 1 ;; esac
        /usr/sbin/nft \"$@\" &&
        exec /usr/sbin/nft insert rule ip lvskit vip-192.168.3.100 tcp dport 22 accept",
    );
    let unread = hook(&["--keep-sessions", "-a", VIP, "--nft", &nft.path()]);
    let message = log.only_message();
    assert_eq!((unread.code, message.priority), (Some(4), DAEMON_ERR), "{unread:?}");
    let words = "can't tell whether the guard of 192.168.3.100 is in force";
    assert!(message.text.starts_with(words), "{message:?}");
    assert!(message.text.contains("Error: no memory"), "{message:?}");
    assert!(has_route(), "the kernel has rules");
}
