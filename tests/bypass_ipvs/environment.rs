//! The environment that keepalived gives a hook: no terminal and no streams, umask 0177, the root
//! folder, and hardly a variable. And streams that are worse than none.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::common::netns::inside;
use crate::dev::{DevLog, without_log};
use crate::hook::{PROGRAM, VIP, VIP6, assert_guarded, run};

/// The hook as keepalived starts it, but with the arguments that a test wants.
fn keepalived(args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "umask 0177; exec /usr/bin/env -i \"$0\" \"$@\"", PROGRAM])
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn the_hook_works_as_keepalived_starts_it() {
    if !inside("environment::the_hook_works_as_keepalived_starts_it") {
        return;
    }
    let log = DevLog::new();
    for option in ["-a", "-r"] {
        assert_eq!(run(keepalived(&[option, VIP, VIP6])).code, Some(0), "{option}");
        assert_eq!(log.only_message().text, format!("guard in force for {VIP}, {VIP6}"));
        assert_guarded(VIP, true);
        assert_guarded(VIP6, true);
    }
    assert_eq!(run(keepalived(&["-a", "x"])).code, Some(2));
    assert!(log.only_message().text.contains("`x` is not an IPv4 or IPv6 address"));
}

#[test]
fn it_works_without_a_log_too() {
    if !inside("environment::it_works_without_a_log_too") {
        return;
    }
    without_log();
    assert_eq!(run(keepalived(&["-a", VIP])).code, Some(0));
    assert_guarded(VIP, true);
}

/// Messages that nobody takes must not change what is done, nor the exit code.
#[test]
fn it_works_with_a_standard_error_that_takes_nothing() {
    if !inside("environment::it_works_with_a_standard_error_that_takes_nothing") {
        return;
    }
    let log = DevLog::new();
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    for (args, code) in [
        (&["-v", "-a", VIP][..], 0),
        (&["-a", "x"], 2),
        (&["-a", VIP6, "--nft", "/nonexistent"], 7),
    ] {
        for stderr in [full(), closed()] {
            let mut command = keepalived(args);
            command.stderr(stderr);
            assert_eq!(run(command).code, Some(code), "{args:?}");
            log.only_message();
        }
    }
    assert_guarded(VIP, true);
}

#[test]
fn it_works_with_its_streams_closed() {
    if !inside("environment::it_works_with_its_streams_closed") {
        return;
    }
    let log = DevLog::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" -v -a \"$1\" <&- >&- 2>&-", PROGRAM, VIP]);
    assert_eq!(run(command).code, Some(0));
    assert_eq!(log.only_message().text, format!("guard in force for {VIP}"));
    assert_guarded(VIP, true);
}
