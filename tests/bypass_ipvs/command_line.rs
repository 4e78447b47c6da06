//! Command lines: the help that people read, the mistakes in keepalived.conf that only syslog
//! would ever tell of, and `--dry-run`.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use lvskit::exit::Exit;
use snapbox::{IntoData, assert_data_eq, str};

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog, without_log};
use crate::hook::{PROGRAM, Run, VIP, VIP6, assert_guarded, hook, run, silent};

#[test]
fn help_shows_what_to_write_into_keepalived_conf() {
    let Run { code, stdout, stderr } = hook(&["--help"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let (_, examples) = stdout.split_once("\nExamples:\n").unwrap();
    // The same lines as in the example, wherever the help breaks them.
    let examples = examples.split_whitespace().collect::<Vec<_>>().join(" ");
    let conf = include_str!("../../keepalived/server01.domain.ru/keepalived.conf");
    let hooks: Vec<&str> =
        conf.lines().map(str::trim).filter(|line| line.starts_with("notify_")).collect();
    assert_eq!(hooks.len(), 4, "{conf}");
    for hook in hooks {
        let words = hook.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(examples.contains(&words), "{hook} is not in {examples}");
    }
    assert!(conf.contains("script_user root") && stdout.contains("`script_user root`"));
}

#[test]
fn helps_examples_by_hand_are_right() {
    if !inside("command_line::helps_examples_by_hand_are_right") {
        return;
    }
    without_log();
    silent();
    let help = hook(&["--help"]).stdout;
    let (_, by_hand) = help.split_once("  By hand, in /usr/libexec/keepalived:\n").unwrap();
    // After several blanks comes what it does.
    let lines = by_hand.lines().map_while(|line| line.trim().strip_prefix("./bypass-ipvs "));
    let lines: Vec<Vec<&str>> =
        lines.map(|line| line.split("   ").next().unwrap().split_whitespace().collect()).collect();
    assert_eq!(lines.len(), 4, "{by_hand}");
    // What the exit codes say of a check, it tells with these options.
    assert_eq!(lines[2], ["--keep-sessions", "--check"]);
    for args in lines {
        assert_eq!(hook(&args).code, Some(0), "{args:?}");
    }
}

/// `--dry-run` and `--check` print, so a standard output that is full is among the ends.
#[test]
fn help_lists_every_exit_code() {
    let help = hook(&["--help"]).stdout;
    let (_, listed) = help.split_once("\nExit codes:\n").unwrap();
    // `Changes` is an answer of gen-conf's alone.
    for exit in Exit::ALL.into_iter().filter(|&exit| exit != Exit::Changes) {
        let code = format!("  {}  ", exit as u8);
        assert!(listed.lines().any(|line| line.starts_with(&code)), "no {exit:?}: {listed}");
    }
}

#[test]
fn wrong_command_lines_are_told_on_standard_error_and_in_syslog() {
    if !inside("command_line::wrong_command_lines_are_told_on_standard_error_and_in_syslog") {
        return;
    }
    let log = DevLog::new();
    for (args, words) in [
        (&[][..], "required arguments were not provided"),
        (&["-a"], "a value is required"),
        (&["-a", "mail.domain.ru"], "`mail.domain.ru` is not an IPv4 or IPv6 address"),
        (&["-a", VIP, "-r", "192.168.3.256"], "`192.168.3.256` is not an IPv4 or IPv6 address"),
        (&["-a", "127.0.0.1"], "127.0.0.1 is a loopback address"),
        (&["-r", "224.0.0.18"], "224.0.0.18 is a multicast address"),
        (&["-a", VIP, "--check", VIP], "cannot be used with"),
        (&["--check", VIP, "--dry-run"], "cannot be used with"),
        (&["-d", VIP], "unexpected argument '-d'"),
        (&[VIP], "unexpected argument"),
        (&["-a", VIP, "--nft"], "a value is required"),
        (&["-a", "1.2.3.4\n<0>all is lost"], "is not an IPv4 or IPv6 address"),
    ] {
        let Run { code, stdout, stderr } = hook(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("bypass-ipvs: error: "), "{args:?}: {stderr}");
        assert!(!stderr.contains("error: error:"), "{args:?}: {stderr}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
        let message = log.only_message();
        assert_eq!(message.priority, DAEMON_ERR, "{args:?}");
        assert!(message.text.contains(words), "{args:?}: {message:?}");
    }
    assert_guarded(VIP, false);
}

/// Whoever asks for JSON reads it, and must not get nothing with exit code 0.
#[test]
fn json_without_check_is_refused() {
    if !inside("command_line::json_without_check_is_refused") {
        return;
    }
    without_log();
    for args in [["--json", "-a", VIP].as_slice(), &["--json", "--dry-run", "-a", VIP]] {
        let told = hook(args);
        assert_eq!(told.code, Some(2), "{args:?}: {told:?}");
    }
    assert_guarded(VIP, false);
}

#[test]
fn arguments_that_are_no_text_are_refused() {
    if !inside("command_line::arguments_that_are_no_text_are_refused") {
        return;
    }
    let log = DevLog::new();
    let mut command = Command::new(PROGRAM);
    command.arg("-a").arg(OsStr::from_bytes(b"192.168.3.\xff"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let refused = run(command);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("invalid UTF-8"), "{refused:?}");
    assert!(log.only_message().text.contains("invalid UTF-8"));
}

#[test]
fn dry_run_prints_nfts_own_language() {
    let Run { code, stdout, stderr } =
        hook(&["--dry-run", "-a", VIP, "-r", VIP6, "--nft", "/nonexistent"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_data_eq!(
        stdout,
        str![[r#"
add table ip lvskit
add chain ip lvskit vip-192.168.3.100 { type nat hook prerouting priority -100; policy accept; }
flush chain ip lvskit vip-192.168.3.100
add chain ip lvskit serve-192.168.3.100
flush chain ip lvskit serve-192.168.3.100
add set ip lvskit clients-192.168.3.100 { type ether_addr; size 65535; flags dynamic,timeout; timeout 10s; }
add set ip lvskit balancers-192.168.3.100 { type ether_addr; size 65535; flags dynamic,timeout; timeout 10s; }
add rule ip lvskit vip-192.168.3.100 ip daddr != 192.168.3.100 accept comment "lvskit 5c89fbada046cdb3 1/9"
add rule ip lvskit vip-192.168.3.100 tcp dport 1-65535 tcp flags & (fin|syn|rst|ack) == syn goto serve-192.168.3.100 comment "lvskit 5c89fbada046cdb3 2/9"
add rule ip lvskit vip-192.168.3.100 udp dport 1-65535 goto serve-192.168.3.100 comment "lvskit 5c89fbada046cdb3 3/9"
add rule ip lvskit serve-192.168.3.100 fib daddr . iif type local ether saddr @balancers-192.168.3.100 redirect comment "lvskit 5c89fbada046cdb3 4/9"
add rule ip lvskit serve-192.168.3.100 fib daddr . iif type local update @clients-192.168.3.100 { ether saddr } comment "lvskit 5c89fbada046cdb3 5/9"
add rule ip lvskit serve-192.168.3.100 fib daddr . iif type local accept comment "lvskit 5c89fbada046cdb3 6/9"
add rule ip lvskit serve-192.168.3.100 ether saddr @clients-192.168.3.100 fib daddr type local accept comment "lvskit 5c89fbada046cdb3 7/9"
add rule ip lvskit serve-192.168.3.100 update @balancers-192.168.3.100 { ether saddr } comment "lvskit 5c89fbada046cdb3 8/9"
add rule ip lvskit serve-192.168.3.100 redirect comment "lvskit 5c89fbada046cdb3 9/9"
add table ip6 lvskit
add chain ip6 lvskit vip-fd00-3--100 { type nat hook prerouting priority -100; policy accept; }
flush chain ip6 lvskit vip-fd00-3--100
add chain ip6 lvskit serve-fd00-3--100
flush chain ip6 lvskit serve-fd00-3--100
add set ip6 lvskit clients-fd00-3--100 { type ether_addr; size 65535; flags dynamic,timeout; timeout 10s; }
add set ip6 lvskit balancers-fd00-3--100 { type ether_addr; size 65535; flags dynamic,timeout; timeout 10s; }
add rule ip6 lvskit vip-fd00-3--100 ip6 daddr != fd00:3::100 accept comment "lvskit fb56cb7a42bff03c 1/9"
add rule ip6 lvskit vip-fd00-3--100 tcp dport 1-65535 tcp flags & (fin|syn|rst|ack) == syn goto serve-fd00-3--100 comment "lvskit fb56cb7a42bff03c 2/9"
add rule ip6 lvskit vip-fd00-3--100 udp dport 1-65535 goto serve-fd00-3--100 comment "lvskit fb56cb7a42bff03c 3/9"
add rule ip6 lvskit serve-fd00-3--100 fib daddr . iif type local ether saddr @balancers-fd00-3--100 redirect comment "lvskit fb56cb7a42bff03c 4/9"
add rule ip6 lvskit serve-fd00-3--100 fib daddr . iif type local update @clients-fd00-3--100 { ether saddr } comment "lvskit fb56cb7a42bff03c 5/9"
add rule ip6 lvskit serve-fd00-3--100 fib daddr . iif type local accept comment "lvskit fb56cb7a42bff03c 6/9"
add rule ip6 lvskit serve-fd00-3--100 ether saddr @clients-fd00-3--100 fib daddr type local accept comment "lvskit fb56cb7a42bff03c 7/9"
add rule ip6 lvskit serve-fd00-3--100 update @balancers-fd00-3--100 { ether saddr } comment "lvskit fb56cb7a42bff03c 8/9"
add rule ip6 lvskit serve-fd00-3--100 redirect comment "lvskit fb56cb7a42bff03c 9/9"

"#]]
        .raw()
    );
}

#[test]
fn a_standard_output_that_takes_nothing() {
    if !inside("command_line::a_standard_output_that_takes_nothing") {
        return;
    }
    let log = DevLog::new();
    assert_eq!(hook(&["-a", VIP]).code, Some(0));
    log.messages();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let closed = || std::io::pipe().unwrap().1;
    for args in
        [["--dry-run", "-a", VIP].as_slice(), &["--check", VIP], &["--check", VIP, "--json"]]
    {
        for (stdout, words) in
            [(Stdio::from(full()), "No space left on device"), (closed().into(), "Broken pipe")]
        {
            let mut command = Command::new(PROGRAM);
            command.args(args).stdout(stdout).stderr(Stdio::piped());
            let told = run(command);
            assert_eq!(told.code, Some(6), "{args:?}: {told:?}");
            assert!(told.stderr.contains(words), "{args:?}: {told:?}");
            let message = log.only_message();
            assert_eq!(message.priority, DAEMON_ERR);
            assert!(message.text.contains(words), "{message:?}");
        }
    }
}
