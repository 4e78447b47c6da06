//! The probe as a process: attempts, deadlines, signals, outputs that nobody reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::run::{HANGS, PROGRAM, command, finish, good, run, verdict};
use super::server::Step::{self, Hear};
use super::server::{FakeServer, say};

/// A server that serves nobody, politely.
fn bad() -> Vec<Step> {
    vec![say("554 no\r\n"), Hear, say("221 bye\r\n")]
}

#[test]
fn silence_ends_at_the_deadline() {
    let server = FakeServer::local(vec![]);
    let options = "--connect-timeout 10 --deadline 0.3";
    assert_eq!(verdict(server.address(), options), "down: Deadline of 0.3 s reached");
    assert_eq!(server.connections(), 1);
}

#[test]
fn no_attempt_begins_after_the_deadline() {
    let server = FakeServer::local(vec![say("554 no\r\n")]);
    let options = "--retry 4294967295 --delay-before-retry 0.1 --deadline 1";
    let verdict = verdict(server.address(), options);
    assert!(verdict.starts_with("down: "), "{verdict}");
    assert!((1..=10).contains(&server.connections()), "{}", server.connections());
}

#[test]
fn each_retry_is_a_new_connection() {
    let server = FakeServer::local(bad());
    let options = "--retry 2 --delay-before-retry 0.1";
    assert_eq!(verdict(server.address(), options), r#"down: Bad greeting from server: "554 no""#);
    assert_eq!(server.connections(), 3);
}

#[test]
fn one_good_attempt_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = FakeServer::start(listener, vec![vec![say("421 busy\r\n")], good()]);
    assert_eq!(verdict(server.address(), "--delay-before-retry 0"), "up");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_refused_connection_is_down() {
    // The near end of a connection is a port that is taken, yet nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let verdict = verdict(taken.local_addr().unwrap(), "--delay-before-retry 0.1");
    assert!(verdict.starts_with("down: Could not connect to server: "), "{verdict}");
}

#[test]
fn ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        // Written past the test harness, which would hide it.
        let _ = writeln!(io::stderr(), "SKIPPED ipv6: this machine has no ::1");
        return;
    };
    let server = FakeServer::start(listener, vec![good()]);
    assert_eq!(verdict(server.address(), "--retry 0"), "up");
}

/// Runs the program with an output that takes nothing and returns its exit code.
fn code_with(
    output: impl Into<Stdio>,
    verbose: impl Into<Stdio>,
    script: Vec<Step>,
) -> Option<i32> {
    let server = FakeServer::local(script);
    let mut command = command(server.address(), "-v --retry 0");
    command.stdin(Stdio::null()).stdout(output).stderr(verbose);
    finish(command.spawn().expect("the program starts")).status.code()
}

#[test]
fn an_output_that_nobody_reads_changes_no_verdict() {
    let full = || -> File { OpenOptions::new().write(true).open("/dev/full").unwrap() };
    let broken = || io::pipe().unwrap().1;
    assert_eq!(code_with(Stdio::null(), Stdio::null(), good()), Some(0));
    assert_eq!(code_with(Stdio::null(), Stdio::null(), bad()), Some(1));
    assert_eq!(code_with(full(), full(), good()), Some(0));
    assert_eq!(code_with(full(), full(), bad()), Some(1));
    assert_eq!(code_with(broken(), broken(), good()), Some(0));
    assert_eq!(code_with(broken(), broken(), bad()), Some(1));
}

#[test]
fn closed_outputs_change_no_verdict() {
    for (script, code) in [(good(), 0), (bad(), 1)] {
        let server = FakeServer::local(script);
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec "$@" <&- >&- 2>&-"#, "sh", PROGRAM, "127.0.0.1", "-v", "-p"]);
        shell.arg(server.address().port().to_string()).args(["--retry", "0"]);
        assert_eq!(run(shell).status.code(), Some(code));
    }
}

#[test]
fn sigterm_is_never_a_good_verdict() {
    let server = FakeServer::local(vec![]);
    let child = command(server.address(), "--connect-timeout 15").spawn().unwrap();
    let start = Instant::now();
    while server.connections() == 0 && start.elapsed() < HANGS {
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(finish(child).status.signal(), Some(Signal::SIGTERM as i32));
}
