//! When nft is missing, hangs, fails or may not do its work: an exit code for each, and a message
//! that says what an administrator can do, on standard error and in syslog.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::netns::inside;
use crate::common::patience::until;
use crate::dev::{DAEMON_ERR, DevLog, without_log};
use crate::hook::{
    Fake, PROGRAM, Run, VIP, VIP6, Watcher, assert_guarded, has_route, hook, powerless, run, silent,
};

/// Asserts a failure: its code, the words on standard error, the same words in one syslog message.
fn failed(log: &DevLog, run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{run:?}");
    assert!(run.stderr.starts_with("bypass-ipvs: error: "), "{run:?}");
    let message = log.only_message();
    assert_eq!(message.priority, DAEMON_ERR);
    for word in words {
        assert!(run.stderr.contains(word), "no {word:?}: {run:?}");
        assert!(message.text.contains(word), "no {word:?}: {message:?}");
    }
}

#[test]
fn no_nft() {
    if !inside("nft_failures::no_nft") {
        return;
    }
    let log = DevLog::new();
    let missing = "/nonexistent/nft";
    let words = [
        "could not put the guard of 192.168.3.100 in force",
        "/nonexistent/nft: can't be started: No such file",
        "install nftables",
        "--nft",
    ];
    for option in ["-a", "-r"] {
        failed(&log, &hook(&[option, VIP, "--nft", missing]), 7, &words);
    }
    // To look needs no nft.
    let check = hook(&["--check", VIP, "--nft", missing]);
    assert_eq!((check.code, check.stdout), (Some(1), format!("{VIP} missing\n")));

    let no_program = Fake::new("");
    fs::set_permissions(no_program.path(), PermissionsExt::from_mode(0o644)).unwrap();
    for path in [no_program.path().as_str(), "/"] {
        failed(&log, &hook(&["-a", VIP, "--nft", path]), 7, &[path, "can't be started"]);
    }
}

/// keepalived's PATH is whatever its service has; nobody may put another nft there.
#[test]
fn nft_is_never_searched_for() {
    if !inside("nft_failures::nft_is_never_searched_for") {
        return;
    }
    let log = DevLog::new();
    let fake = Fake::new("echo ran >\"$0.ran\"; exec /usr/sbin/nft \"$@\"");
    for relative in ["nft", "./nft", "../nft"] {
        let mut command = Command::new(PROGRAM);
        command
            .args(["-a", VIP, "--nft", relative])
            .env("PATH", fake.folder())
            .current_dir(fake.folder());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        failed(&log, &run(command), 7, &["not an absolute path", "--nft"]);
    }
    assert_eq!(fake.wrote("ran"), None);
    let absolute = hook(&["-a", VIP, "--nft", &fake.path()]);
    assert_eq!(absolute.code, Some(0), "{absolute:?}");
    assert!(fake.wrote("ran").is_some(), "the script works when it is named");
}

#[test]
fn what_nft_says_is_passed_on() {
    if !inside("nft_failures::what_nft_says_is_passed_on") {
        return;
    }
    let log = DevLog::new();
    let fake = Fake::new("echo 'Error: syntax error, unexpected ж' >&2; echo '  ^^^' >&2; exit 1");
    let words = [
        "could not put the guard of 192.168.3.100, fd00:3::100 in force",
        "exit status: 1",
        "Error: syntax error, unexpected ж",
        "^^^",
        "bypass-ipvs --dry-run",
    ];
    failed(&log, &hook(&["-a", VIP, VIP6, "--nft", &fake.path()]), 4, &words);
    let killed = Fake::new("kill -KILL $$");
    failed(&log, &hook(&["-a", VIP, "--nft", &killed.path()]), 4, &["signal: 9"]);
}

#[test]
fn nft_gets_the_rules_and_nothing_of_the_environment() {
    if !inside("nft_failures::nft_gets_the_rules_and_nothing_of_the_environment") {
        return;
    }
    without_log();
    let fake = Fake::new(
        "/bin/cat >\"$0.stdin\"; echo \"$*\" >\"$0.args\"; /usr/bin/env >\"$0.env\"
        exec /usr/sbin/nft -j -f \"$0.stdin\"",
    );
    let mut command = Command::new(PROGRAM);
    command.args(["-a", VIP, "--nft", &fake.path()]).env("LD_LIBRARY_PATH_OF_SOMEBODY", "x");
    command.env("LC_ALL", "ru_RU.UTF-8").stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = run(command);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert_eq!(fake.wrote("args").unwrap(), "-j -f -\n");
    let rules: serde_json::Value = serde_json::from_str(&fake.wrote("stdin").unwrap()).unwrap();
    // As on a node that has nothing: the table, two chains and their flushes, two sets, nine rules.
    assert_eq!(rules["nftables"].as_array().map(Vec::len), Some(16), "{rules}");
    let environment = fake.wrote("env").unwrap();
    // The shell adds PWD and `_`.
    let given: Vec<&str> = (environment.lines())
        .filter(|line| !["PWD=", "_=", "SHLVL=", "OLDPWD="].iter().any(|own| line.starts_with(own)))
        .collect();
    assert_eq!(given, ["LC_ALL=C"]);
}

#[test]
fn a_hung_nft_is_killed() {
    if !inside("nft_failures::a_hung_nft_is_killed") {
        return;
    }
    let log = DevLog::new();
    let fake = Fake::new("echo $$ >\"$0.pid\"; exec /bin/sleep 600");
    let hung = hook(&["-a", VIP, "--nft", &fake.path()]);
    failed(&log, &hung, 5, &["no answer within 10s, killed", "look for hung nft processes"]);
    let pid = fake.wrote("pid").unwrap();
    assert!(!fs::exists(format!("/proc/{}", pid.trim())).unwrap(), "{pid} lives on");
}

/// keepalived without `script_user root`, or in a container without the capability.
#[test]
fn without_cap_net_admin() {
    if !inside("nft_failures::without_cap_net_admin") {
        return;
    }
    let log = DevLog::new();
    let refused = run(powerless(&["-a", VIP]));
    let words = ["Operation not permitted", "script_user root", "CAP_NET_ADMIN"];
    failed(&log, &refused, 4, &words);
    assert_guarded(VIP, false);
    assert_eq!(hook(&["-a", VIP]).code, Some(0), "with the capability it works");
    assert_guarded(VIP, true);
}

/// One of a broken package, or a script that somebody put in its place for a while.
#[test]
fn an_nft_that_does_nothing_is_noticed() {
    if !inside("nft_failures::an_nft_that_does_nothing_is_noticed") {
        return;
    }
    let log = DevLog::new();
    let idle = Fake::new("exit 0");
    let words = [
        "the guard of 192.168.3.100 did not stay in force",
        "nft said that all is well, but the kernel says: 192.168.3.100 missing",
        "`nft --version`",
    ];
    failed(&log, &hook(&["-a", VIP, "--nft", &idle.path()]), 4, &words);
}

/// As some small distributions build it.
#[test]
fn an_nft_without_json_is_told_as_that() {
    if !inside("nft_failures::an_nft_without_json_is_told_as_that") {
        return;
    }
    let log = DevLog::new();
    // nft's own words (src/main.c).
    let plain = Fake::new("echo 'JSON support not compiled-in' >&2; exit 1");
    let words = ["JSON support not compiled-in", "without JSON support", "--nft"];
    failed(&log, &hook(&["-a", VIP, "--nft", &plain.path()]), 4, &words);
}

/// A firewall daemon may hold any table; root can't change it then.
#[test]
fn a_table_that_another_process_holds_is_told_with_its_holder() {
    if !inside("nft_failures::a_table_that_another_process_holds_is_told_with_its_holder") {
        return;
    }
    let log = DevLog::new();
    assert_eq!(hook(&["-a", VIP]).code, Some(0));
    log.messages();
    for table in ["ip", "ip6"] {
        let deleted = Command::new("nft").args(["delete", "table", table, "lvskit"]).output();
        assert!(deleted.is_ok());
    }
    // nft keeps its socket, and with it the table, as long as it waits for commands.
    let mut holder =
        Command::new("nft").arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut commands = holder.stdin.take().unwrap();
    let owned = "add table ip lvskit { flags owner; }\nadd chain ip lvskit vip-192.168.3.100\n";
    commands.write_all(owned.as_bytes()).unwrap();
    until(
        Duration::from_secs(20),
        || "nft -i does not own the table".to_owned(),
        || !hook(&["--check", VIP]).stdout.contains("missing"),
    );
    let name = format!("process {} (nft) holds table ip lvskit (flags owner)", holder.id());
    let words = ["could not put the guard of 192.168.3.100 in force", &name, "stop that process"];
    failed(&log, &hook(&["-a", VIP]), 4, &words);
    failed(&log, &hook(&["--purge", VIP]), 4, &words[1..]);
    let check = hook(&["--check", VIP]);
    let told = format!("{VIP} altered: process {} (nft) holds the table\n", holder.id());
    assert_eq!((check.code, check.stdout), (Some(1), told));
    drop(commands);
    holder.wait().unwrap();
    assert_eq!(hook(&["-a", VIP]).code, Some(0), "the table went with its holder");
    assert_guarded(VIP, true);
}

/// Whoever ignores SIGCHLD passes that on.
#[test]
fn a_parent_that_ignores_sigchld_changes_nothing() {
    if !inside("nft_failures::a_parent_that_ignores_sigchld_changes_nothing") {
        return;
    }
    let log = DevLog::new();
    silent();
    let ignoring = |args: &[&str]| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' CHLD; exec \"$0\" \"$@\"", PROGRAM]).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let done = run(ignoring(&["--keep-sessions", "-a", VIP]));
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert!(has_route());
    assert_eq!(hook(&["--keep-sessions", "--check", VIP]).code, Some(0));
    log.messages();
    let broken = Fake::new("exit 9");
    let failing = run(ignoring(&["-a", VIP6, "--nft", &broken.path()]));
    failed(&log, &failing, 4, &["exit status: 9"]);
    let mut watcher = ignoring(&["--watch", "-a", VIP6]);
    watcher.stdout(Stdio::null()).stderr(Stdio::null());
    let _watcher = Watcher::spawn(watcher);
    assert_eq!(log.wait_for_message(), format!("guard in force for {VIP6}, watched"));
    assert_guarded(VIP6, true);
}

/// The program is there; it is the process or the system that has no more of something.
#[test]
fn a_process_that_may_open_no_more_files_is_told_as_that() {
    if !inside("nft_failures::a_process_that_may_open_no_more_files_is_told_as_that") {
        return;
    }
    let log = DevLog::new();
    let limited = |files: u32, args: &[&str]| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}")).arg(PROGRAM).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        run(command)
    };
    // Three streams and the log leave one for a socket, but none for the pipes of nft.
    let words = ["/usr/sbin/nft: can't be started: Too many open files", "raise LimitNOFILE"];
    let refused = limited(6, &["-a", VIP]);
    failed(&log, &refused, 7, &words);
    assert!(!refused.stderr.contains("install nftables"), "{refused:?}");
    let words = ["can't open a netlink socket: Too many open files", "raise LimitNOFILE"];
    failed(&log, &limited(4, &["--check", VIP]), 4, &words);
}
