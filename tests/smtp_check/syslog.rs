//! Why a server is down, in the log of a node whose keepalived throws away what the probe prints.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};

use super::certificates::Authority;
use super::common::netns::inside;
use super::dev::{DAEMON_ERR, DAEMON_NOTICE, DevLog, without_log};
use super::run::{PROGRAM, good, run};
use super::server::Step::{self, Hear, Tls};
use super::server::{FakeServer, say};

/// Whoever keepalived runs the probe as.
const USER: u32 = 7104;

/// Where the package makes a folder for that user.
const STATE: &str = "/run/keepalived-lvskit/smtp-check";

fn bad(reply: &str) -> Vec<Step> {
    vec![say(format!("{reply}\r\n")), Hear, say("221 bye\r\n")]
}

/// A /run of the test's own, with the folder that tmpfiles.d makes.
fn machine() {
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    mount(None::<&str>, "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    fs::create_dir_all(STATE).unwrap();
    std::os::unix::fs::chown(STATE, Some(USER), Some(USER)).unwrap();
}

/// A log that everybody may write to, as the real one.
fn dev_log() -> DevLog {
    let log = DevLog::new();
    fs::set_permissions("/dev/log", Permissions::from_mode(0o666)).unwrap();
    log
}

/// A server that plays one script after the other.
fn server(scripts: Vec<Vec<Step>>) -> FakeServer {
    FakeServer::start(TcpListener::bind("127.0.0.1:0").unwrap(), scripts)
}

/// Runs the probe as that user, by name; its exit code.
fn check(server: &FakeServer, options: &str) -> Option<i32> {
    let program = Path::new("/run/smtp-check");
    if !program.exists() {
        for (from, to) in [(PROGRAM.to_owned(), ""), (format!("{PROGRAM}-tls"), "-tls")] {
            fs::copy(from, format!("/run/smtp-check{to}")).unwrap();
        }
        fs::set_permissions("/run", Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["127.0.0.1", "--retry", "0", "-p", &server.address().port().to_string()]);
    command.args(options.split_whitespace()).uid(USER).gid(USER);
    run(command).status.code()
}

#[test]
fn what_changes_is_logged_once() {
    if !inside("syslog::what_changes_is_logged_once") {
        return;
    }
    machine();
    let log = dev_log();
    let (busy, full) = (bad("421 busy"), bad("452 full"));
    let server = server(vec![good(), busy.clone(), busy, full, good(), good()]);
    let mut lines = Vec::new();
    for code in [0, 1, 1, 1, 0, 0] {
        assert_eq!(check(&server, "--syslog"), Some(code));
        lines.push(log.messages());
    }
    let counts: Vec<_> = lines.iter().map(Vec::len).collect();
    assert_eq!(counts, [0, 1, 0, 1, 1, 0], "{lines:?}");
    let [down, changed, up] = [&lines[1][0], &lines[3][0], &lines[4][0]];
    assert_eq!((down.priority, up.priority), (DAEMON_ERR, DAEMON_NOTICE));
    let pid = down.tag.strip_prefix("smtp-check[").and_then(|tag| tag.strip_suffix(']'));
    assert!(pid.is_some_and(|pid| pid.parse::<u32>().is_ok()), "{down:?}");
    let server = server.address();
    let reason = |reply: &str| format!("{server} down: Bad greeting from server: \"{reply}\"");
    assert_eq!((&down.text, &changed.text), (&reason("421 busy"), &reason("452 full")));
    assert!(up.text.starts_with(&format!("{server} up again after ")), "{up:?}");
    assert!(up.text.ends_with("it was down: Bad greeting from server: \"452 full\""), "{up:?}");
}

#[test]
fn checks_of_one_server_are_told_apart_and_without_the_option_nothing_is_logged() {
    if !inside(
        "syslog::checks_of_one_server_are_told_apart_and_without_the_option_nothing_is_logged",
    ) {
        return;
    }
    machine();
    let log = dev_log();
    let tls = vec![Tls(Authority::new().server(30)), say("554 no\r\n"), Hear, say("221 a\r\n")];
    let plain = server(vec![bad("554 no")]);
    for options in ["--syslog", "--syslog --compat", "--syslog --nagios", "--syslog --json"] {
        assert!(check(&plain, options).is_some_and(|code| code > 0), "{options}");
        assert_eq!(log.messages().len(), 1, "{options}");
    }
    let tls = server(vec![tls]);
    assert_eq!(check(&tls, "--syslog --tls"), Some(1));
    assert_eq!(log.messages().len(), 1);
    assert_eq!(check(&tls, "--syslog --tls"), Some(1));
    assert_eq!(log.messages(), []);
    assert_eq!(check(&plain, ""), Some(1));
    assert_eq!(log.messages(), []);
}

#[test]
fn a_server_that_flaps_is_logged_a_few_times_only() {
    if !inside("syslog::a_server_that_flaps_is_logged_a_few_times_only") {
        return;
    }
    machine();
    let log = dev_log();
    let scripts = (0..40).map(|turn| if turn % 2 == 0 { bad("554 no") } else { good() }).collect();
    let server = server(scripts);
    for turn in 0..40 {
        assert_eq!(check(&server, "--syslog"), Some(1 - turn % 2));
    }
    let count = log.messages().len();
    assert!((2..=8).contains(&count), "{count}");
}

#[test]
fn without_the_folder_each_failure_is_logged() {
    if !inside("syslog::without_the_folder_each_failure_is_logged") {
        return;
    }
    machine();
    fs::remove_dir(STATE).unwrap();
    let log = dev_log();
    let server = server(vec![bad("554 no"), bad("554 no"), good()]);
    for (code, count) in [(1, 1), (1, 1), (0, 0)] {
        assert_eq!(check(&server, "--syslog"), Some(code));
        assert_eq!(log.messages().len(), count);
    }
}

/// Neither a log that nobody reads nor none at all changes a verdict or keeps keepalived waiting.
#[test]
fn no_state_of_the_log_changes_a_verdict() {
    if !inside("syslog::no_state_of_the_log_changes_a_verdict") {
        return;
    }
    machine();
    let log = dev_log();
    log.fill();
    let verdicts = |text: &str| {
        let server = server(vec![bad(text), good()]);
        assert_eq!(check(&server, "--syslog"), Some(1));
        assert_eq!(check(&server, "--syslog"), Some(0));
    };
    verdicts("554 full");
    drop(log);
    without_log();
    verdicts("554 none");
}

/// By the one who may write there, whatever it is.
#[test]
fn a_fifo_in_the_place_of_the_state_keeps_nobody_waiting() {
    if !inside("syslog::a_fifo_in_the_place_of_the_state_keeps_nobody_waiting") {
        return;
    }
    machine();
    let log = dev_log();
    let server = server(vec![bad("554 no"), bad("554 other"), good()]);
    assert_eq!(check(&server, "--syslog"), Some(1));
    let [state] = &fs::read_dir(STATE).unwrap().collect::<Vec<_>>()[..] else { panic!("one file") };
    let state = state.as_ref().unwrap().path();
    fs::remove_file(&state).unwrap();
    nix::unistd::mkfifo(&state, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(check(&server, "--syslog"), Some(1));
    assert_eq!(log.messages().len(), 2);
}
