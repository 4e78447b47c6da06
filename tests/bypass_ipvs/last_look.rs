//! What a hook looks at when all is done, and what it makes of an nft that can't tell.

use std::process::Command;

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog, without_log};
use crate::hook::{Fake, PROGRAM, VIP, has_route, hook, silent};

/// Passes everything on, and notes the call.
fn counted(program: &str) -> Fake {
    Fake::new(&format!("echo >>\"$0.calls\"; exec {program} \"$@\""))
}

/// The kernel tells that all is there; one nft would cost more than all else together.
#[test]
fn a_hook_calls_nft_once_or_not_at_all() {
    if !inside("last_look::a_hook_calls_nft_once_or_not_at_all") {
        return;
    }
    without_log();
    silent();
    for (state, count) in [("nothing is there", Some(1)), ("all is there", None)] {
        let nft = counted("/usr/sbin/nft");
        let done = hook(&["--keep-sessions", "-a", VIP, "--nft", &nft.path()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(nft.wrote("calls").map(|lines| lines.len()), count, "{state}");
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

/// For a moment, as in an upgrade: what is in force needs no nft.
#[test]
fn without_nft_a_guard_in_force_keeps_its_route() {
    if !inside("last_look::without_nft_a_guard_in_force_keeps_its_route") {
        return;
    }
    let log = DevLog::new();
    silent();
    assert_eq!(hook(&["--keep-sessions", "-a", VIP]).code, Some(0));
    let missing = ["--nft", "/nonexistent/nft"];
    for args in [&["--keep-sessions", "-a", VIP][..], &["--keep-sessions", "--check", VIP]] {
        let done = hook(&[args, &missing].concat());
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
        assert!(has_route());
    }
    log.messages();
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

/// Somebody inserts a rule each time: what differs is told, and no route stays.
#[test]
fn a_guard_that_somebody_alters_at_once_is_told_as_such() {
    if !inside("last_look::a_guard_that_somebody_alters_at_once_is_told_as_such") {
        return;
    }
    let log = DevLog::new();
    silent();
    let nft = Fake::new(
        "/usr/sbin/nft \"$@\" &&
        exec /usr/sbin/nft insert rule ip lvskit vip-192.168.3.100 tcp dport 22 accept",
    );
    let altered = hook(&["--keep-sessions", "-a", VIP, "--nft", &nft.path()]);
    let message = log.only_message();
    assert_eq!((altered.code, message.priority), (Some(4), DAEMON_ERR), "{altered:?}");
    for words in [
        "the guard of 192.168.3.100 did not stay in force",
        "192.168.3.100 altered: rule 1 of chain vip-192.168.3.100 differs",
        "look for a program that changes the rules at the same time",
    ] {
        assert!(message.text.contains(words), "no {words:?}: {message:?}");
    }
    assert!(!has_route());
}
