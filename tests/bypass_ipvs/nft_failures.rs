//! When nft is missing, hangs, fails or may not do its work: an exit code for each, and a message
//! that says what an administrator can do, on standard error and in syslog.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::common::netns::inside;
use crate::dev::{DAEMON_ERR, DevLog, without_log};
use crate::hook::{Fake, PROGRAM, Run, VIP, VIP6, assert_guarded, hook, powerless, run};

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
    let words = ["can't read the guard of 192.168.3.100", "install nftables"];
    failed(&log, &hook(&["--check", VIP, "--nft", missing]), 7, &words);

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
    let fake = Fake::new("echo ran >\"$0.ran\"");
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
    let words = ["can't read the guard of 192.168.3.100", "unexpected ж"];
    failed(&log, &hook(&["--check", VIP, "--nft", &fake.path()]), 4, &words);

    let killed = Fake::new("kill -KILL $$");
    failed(&log, &hook(&["-a", VIP, "--nft", &killed.path()]), 4, &["signal: 9"]);
}

#[test]
fn nft_gets_the_rules_and_nothing_of_the_environment() {
    if !inside("nft_failures::nft_gets_the_rules_and_nothing_of_the_environment") {
        return;
    }
    without_log();
    let fake =
        Fake::new("/bin/cat >\"$0.stdin\"; echo \"$*\" >\"$0.args\"; /usr/bin/env >\"$0.env\"");
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
