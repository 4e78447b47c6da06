//! The probe as a process: attempts, deadlines, signals, outputs that nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::run::{HANGS, PROGRAM, command, finish, good, run, verdict};
use super::server::Step::{self, Hear};
use super::server::{FakeServer, say};

/// What the program becomes for TLS.
const TLS: &str = "smtp-check-tls";

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

/// An attempt takes no time here, so those that fit are counted by their pauses.
#[test]
fn no_attempt_begins_after_the_deadline() {
    let server = FakeServer::local(bad());
    let options = "--retry 4294967295 --delay-before-retry 0.1 --deadline 1";
    let start = Instant::now();
    assert_eq!(verdict(server.address(), options), r#"down: Bad greeting from server: "554 no""#);
    assert!((2..=10).contains(&server.connections()), "{}", server.connections());
    assert!(start.elapsed() < HANGS / 2, "{:?}", start.elapsed());
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

/// A pipe that is full, and its other end, which nobody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[0; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

/// Whoever reads the output must not be able to keep keepalived waiting.
#[test]
fn an_output_that_takes_nothing_ends_soon_after_the_deadline() {
    for (options, verbose, code) in
        [("-v", true, 1), ("", false, 1), ("--tls -v", true, 1), ("--nagios", false, 3)]
    {
        let server = FakeServer::local(good());
        let (_reader, writer) = full_pipe();
        let mut command = command(server.address(), &format!("{options} --retry 0 --deadline 0.5"));
        match verbose {
            true => command.stderr(writer).stdout(Stdio::null()),
            false => command.stdout(writer).stderr(Stdio::null()),
        };
        let start = Instant::now();
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        assert_eq!(finish(child).status.code(), Some(code), "{options}");
        assert!((1..8).contains(&start.elapsed().as_secs()), "{options}: {:?}", start.elapsed());
    }
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

/// Asks a server that keeps silent, and waits until the program is connected to it.
fn waiting(server: &FakeServer, options: &str) -> Child {
    let mut command = command(server.address(), &format!("--connect-timeout 15 {options}"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while server.connections() == 0 && start.elapsed() < HANGS {
        thread::sleep(Duration::from_millis(5));
    }
    child
}

/// keepalived sends it at misc_timeout.
#[test]
fn sigterm_is_never_a_good_verdict() {
    for (options, code) in [
        ("", 1),
        ("--compat", 1),
        ("--dynamic --latency-weight 9:1:2", 1),
        ("--json", 1),
        ("--starttls", 1),
        ("--tls", 1),
        ("--nagios", 3),
        ("--nagios --starttls", 3),
    ] {
        let server = FakeServer::local(vec![]);
        let child = waiting(&server, options);
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let output = finish(child);
        assert_eq!(output.status.code(), Some(code), "{options}: {:?}", output.status);
        assert!(output.stdout.is_empty(), "{options}: {output:?}");
    }
}

/// Whoever started it waits for this process, and finds it by its name.
#[test]
fn tls_goes_on_in_the_same_process_under_the_same_name() {
    for (options, program) in [("", "smtp-check"), ("--compat", "smtp-check"), ("--tls", TLS)] {
        let server = FakeServer::local(vec![]);
        let mut child = waiting(&server, options);
        let of_process = |file: &str| format!("/proc/{}/{file}", child.id());
        let runs = fs::read_link(of_process("exe")).unwrap();
        assert_eq!(runs.file_name().unwrap(), program, "{options}");
        let words = fs::read(of_process("cmdline")).unwrap();
        assert!(words.starts_with(PROGRAM.as_bytes()), "{}", words.escape_ascii());
        let maps = fs::read_to_string(of_process("maps")).unwrap();
        assert!(program == TLS || !maps.contains("libssl"), "{options}: {maps}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Half an installation: down, with the reason, and nobody was asked.
#[test]
fn without_the_program_for_tls_a_server_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("smtp-check");
    fs::copy(PROGRAM, &alone).unwrap();
    let server = FakeServer::local(good());
    let port = server.address().port().to_string();
    let told = |options: &[&str]| {
        let mut command = Command::new(&alone);
        command.args(["127.0.0.1", "--retry", "0", "-p", &port]).args(options);
        let output = run(command);
        (output.status.code(), [output.stdout, output.stderr].concat())
    };
    for (options, code, start) in [
        (&["--starttls"][..], 1, "smtp-check: error: /"),
        (&["--tls", "--json"], 1, "smtp-check: error: /"),
        (&["--tls", "--dynamic"], 1, "smtp-check: error: /"),
        (&["--starttls", "--nagios"], 3, "SMTP UNKNOWN - /"),
    ] {
        let (got, text) = told(options);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(got, Some(code), "{options:?}: {text}");
        let expected =
            "/smtp-check-tls, which does TLS, can't be started: install lvskit again: No such";
        assert!(text.starts_with(start) && text.contains(expected), "{options:?}: {text}");
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(told(&[]).0, Some(0));
    assert_eq!(told(&["--compat"]).0, Some(0));
}
