//! What goes to syslog, and that no state of the log keeps the hook from its work.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DAEMON_NOTICE, DevLog, without_log};
use crate::hook::{Fake, Run, VIP, VIP6, Watcher, assert_guarded, hook};

/// The longest message that log daemons take whole, about.
const LONGEST: usize = 2048;

/// Asserts that the hook did its work, without a word on its streams.
fn done(run: &Run) {
    let Run { code, stdout, stderr } = run;
    assert_eq!((*code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn what_was_done_is_a_notice_of_facility_daemon() {
    if !inside("syslog::what_was_done_is_a_notice_of_facility_daemon") {
        return;
    }
    let log = DevLog::new();
    for option in ["-a", "-r"] {
        done(&hook(&[option, VIP, VIP6]));
        let message = log.only_message();
        assert_eq!((message.priority, DAEMON_NOTICE), (29, 29));
        assert_eq!(message.text, format!("guard in force for {VIP}, {VIP6}"));
        let pid = message.tag.strip_prefix("bypass-ipvs[").and_then(|tag| tag.strip_suffix(']'));
        assert!(pid.is_some_and(|pid| pid.parse::<u32>().is_ok()), "{message:?}");
    }
    assert_guarded(VIP, true);
    assert_guarded(VIP6, true);
}

#[test]
fn verbose_says_it_on_standard_error_too() {
    if !inside("syslog::verbose_says_it_on_standard_error_too") {
        return;
    }
    let log = DevLog::new();
    let told = hook(&["-v", "-a", VIP]);
    assert_eq!(told.stderr, format!("bypass-ipvs: guard in force for {VIP}\n"));
    assert_eq!(log.only_message().priority, DAEMON_NOTICE);
}

#[test]
fn what_changes_nothing_is_not_logged() {
    if !inside("syslog::what_changes_nothing_is_not_logged") {
        return;
    }
    let log = DevLog::new();
    for (args, code) in [
        (&["--dry-run", "-a", VIP][..], 0),
        (&["--check", VIP], 1),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let told = hook(args);
        assert_eq!(told.code, Some(code), "{told:?}");
        assert!(!told.stdout.is_empty());
        assert_eq!(log.messages(), [], "{args:?}");
    }
}

/// A thousand lines of nft's become one line that a log daemon takes; standard error has all.
#[test]
fn a_long_message_is_cut_to_one_line() {
    if !inside("syslog::a_long_message_is_cut_to_one_line") {
        return;
    }
    let log = DevLog::new();
    let fake = Fake::new(
        "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo \"ошибка $i\"; done >&2; exit 1",
    );
    let refused = hook(&["-a", VIP, "--nft", &fake.path()]);
    assert_eq!(refused.code, Some(4));
    assert!(
        refused.stderr.contains("ошибка 1\nошибка 2\n") && refused.stderr.contains("ошибка 1000")
    );
    let message = log.only_message();
    assert_eq!((message.priority, DAEMON_ERR), (27, 27));
    assert!(
        message.text.starts_with("could not put the guard of 192.168.3.100 in force: "),
        "{message:?}"
    );
    assert!(message.text.contains("ошибка 1 ошибка 2 "), "{message:?}");
    assert!(message.text.len() <= LONGEST, "{} bytes", message.text.len());
}

#[test]
fn without_a_log_the_work_is_done() {
    if !inside("syslog::without_a_log_the_work_is_done") {
        return;
    }
    without_log();
    done(&hook(&["-a", VIP]));
    assert_guarded(VIP, true);
    let wrong = hook(&["-a", "x"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("`x` is not an IPv4 or IPv6 address"));
}

/// A daemon that died leaves its socket behind.
#[test]
fn a_socket_without_a_daemon_is_no_log() {
    if !inside("syslog::a_socket_without_a_daemon_is_no_log") {
        return;
    }
    without_log();
    drop(UnixDatagram::bind("/dev/log").unwrap());
    assert!(std::fs::exists("/dev/log").unwrap());
    done(&hook(&["-a", VIP]));
    assert_guarded(VIP, true);
}

#[test]
fn a_full_log_that_nobody_reads_does_not_stop_the_work() {
    if !inside("syslog::a_full_log_that_nobody_reads_does_not_stop_the_work") {
        return;
    }
    let log = DevLog::new();
    log.fill();
    // One that hangs fails.
    done(&hook(&["-a", VIP]));
    let refused = hook(&["-a", VIP6, "--nft", "/nonexistent"]);
    assert_eq!(refused.code, Some(7));
    assert_guarded(VIP, true);
    let messages = log.messages();
    assert!(!messages.is_empty() && messages.iter().all(|m| m.text == "full"), "{messages:?}");
}

/// A watcher outlives many log daemons.
#[test]
fn a_log_daemon_that_was_started_anew_hears_the_watcher() {
    if !inside("syslog::a_log_daemon_that_was_started_anew_hears_the_watcher") {
        return;
    }
    let log = DevLog::new();
    let _watcher = Watcher::start(&["-a", VIP], None);
    assert!(log.wait_for_message().contains("guard in force"));
    let log = log.anew();
    let flushed = Command::new("nft").args(["flush", "ruleset"]).status();
    assert!(flushed.unwrap().success());
    let told = log.wait_for_message();
    assert!(told.contains("guard restored: 192.168.3.100 missing"), "{told}");
}

/// However short the time since it told of another repair.
#[test]
fn a_watcher_tells_the_end_of_what_it_told() {
    if !inside("syslog::a_watcher_tells_the_end_of_what_it_told") {
        return;
    }
    let log = DevLog::new();
    let nft = Fake::new("[ ! -e \"$0.broken\" ] || exit 9; exec /usr/sbin/nft \"$@\"");
    let broken = format!("{}.broken", nft.path());
    let change = |what: &str| {
        assert!(Command::new("nft").args(what.split(' ')).status().unwrap().success());
    };
    let _watcher = Watcher::start(&["-a", VIP, "--nft", &nft.path()], None);
    assert!(log.wait_for_message().contains("guard in force"));
    let restored = "guard restored: 192.168.3.100 missing";
    change("flush ruleset");
    assert_eq!(log.wait_for_message(), restored);
    std::fs::write(&broken, "").unwrap();
    change("flush ruleset");
    let error = log.wait_for_message();
    assert!(error.starts_with("could not put the guard of 192.168.3.100 in force: "), "{error}");
    std::fs::remove_file(&broken).unwrap();
    // Sooner than it tries again by itself.
    change("add table ip other");
    assert_eq!(log.wait_for_message(), restored);
}
