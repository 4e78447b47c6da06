//! The probe as keepalived runs it: the real program against servers that misbehave, judged by
//! its exit code and by the line it prints.

#[path = "smtp_check/server.rs"]
mod server;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use server::Step::{self, Close, Drip, HalfClose, Hear, Pause, Reset};
use server::{FakeServer, say};

const PROGRAM: &str = env!("CARGO_BIN_EXE_smtp-check");

/// A run that lasts longer hangs.
const HANGS: Duration = Duration::from_secs(20);

/// Asks the server with these options.
fn command(server: SocketAddr, options: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg(server.ip().to_string()).arg("-p").arg(server.port().to_string());
    command.args(options.split_whitespace());
    command
}

/// Waits for the program; one that hangs is killed and fails the test.
fn finish(mut child: Child) -> Output {
    let start = Instant::now();
    while child.try_wait().expect("a child can be waited for").is_none() {
        if start.elapsed() > HANGS {
            let _ = child.kill();
            panic!("hangs: {:?}", child.wait_with_output());
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("a child's output can be read")
}

/// Runs the program to its end, with its output caught.
fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().expect("the program starts"))
}

/// Runs the program and returns its verdict without the server's address.
///
/// Exit code and line must agree.
fn verdict(server: SocketAddr, options: &str) -> String {
    let output = run(command(server, options));
    let stdout = String::from_utf8(output.stdout).expect("the verdict is ASCII");
    let verdict = stdout
        .strip_prefix(&format!("{server} "))
        .and_then(|rest| rest.strip_suffix('\n'))
        .unwrap_or_else(|| panic!("no verdict: {stdout:?}, {:?}", output.status))
        .to_owned();
    let code = if verdict == "up" { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{verdict}");
    assert!(verdict == "up" || verdict.starts_with("down: "), "{verdict}");
    assert!(output.stderr.is_empty(), "{}", output.stderr.escape_ascii());
    verdict
}

/// A well-behaved server, except for what it says.
fn replies(greeting: &str, helo: &str, quit: &str) -> Vec<Step> {
    vec![say(greeting), Hear, say(helo), Hear, say(quit)]
}

fn good() -> Vec<Step> {
    replies("220 a\r\n", "250 b\r\n", "221 c\r\n")
}

/// Plays each script to the program and compares the beginning of the verdict. All at once.
fn expect_all(cases: Vec<(Vec<Step>, &str)>) {
    thread::scope(|scope| {
        for (script, expected) in cases {
            scope.spawn(move || {
                let told = format!("{script:?}");
                let server = FakeServer::local(script);
                // Wait long only where the server will answer.
                let patience = if expected.contains("timeout") { "0.5" } else { "5" };
                let options = format!("--retry 0 --connect-timeout {patience}");
                let verdict = verdict(server.address(), &options);
                assert!(verdict.starts_with(expected), "{verdict:?}, not {expected:?}: {told}");
                assert_eq!(server.connections(), 1, "{told}");
            });
        }
    });
}

#[test]
fn greetings() {
    let accepted = ["220 host\r\n", "220 host\n", "220 \r\n", "220\n", "220 a\r\n220 b\r\n"];
    let refused = [
        "220\r\n",
        "220\thost\r\n",
        " 220 x\r\n",
        "+220\r\n",
        "+220\n",
        "2200\r\n",
        "22\r\n",
        "0x220\r\n",
        "221 x\r\n",
        "421 x\r\n",
        "554 x\r\n",
        "220-a\r\n220 a\r\n",
    ];
    let accepted = accepted.map(|greeting| (replies(greeting, "250 b\r\n", "221 c\r\n"), "up"));
    let refused = refused.map(|greeting| {
        (replies(greeting, "250 b\r\n", "221 c\r\n"), "down: Bad greeting banner from server: \"")
    });
    expect_all(accepted.into_iter().chain(refused).collect());
}

#[test]
fn replies_to_helo_and_quit() {
    let helo = |reply| replies("220 a\r\n", reply, "221 c\r\n");
    let quit = |reply| replies("220 a\r\n", "250 b\r\n", reply);
    let bad_helo = "down: Bad HELO response from server: \"";
    expect_all(vec![
        (helo("250\n"), "up"),
        (helo("250\r\n"), bad_helo),
        (helo("250-a\r\n250 b\r\n"), bad_helo),
        (helo("251 x\r\n"), bad_helo),
        (helo("500 x\r\n"), bad_helo),
        // A line after the greeting that comes in a read of its own.
        (helo("220 more\r\n"), "down: Bad HELO response from server: \"220 more\\r\""),
        (quit("500 what\r\n"), "up"),
        (quit("junk\n"), "up"),
    ]);
}

#[test]
fn how_the_bytes_arrive() {
    let pause = || Pause(Duration::from_millis(200));
    let then_good = |mut start: Vec<Step>| {
        start.extend([Hear, say("250 b\r\n"), Hear, say("221 c\r\n")]);
        start
    };
    let long_greeting = [&b"220 "[..], &[b'x'; 600], b"\r\n"].concat();
    let bad_greeting = "down: Bad greeting banner from server: \"";
    expect_all(vec![
        (vec![say("220-a\r\n"), pause(), say("220 a\r\n")], bad_greeting),
        (vec![say("220 a\r\n250 b\r\n221 c\r\n")], "down: Read timeout (HELO reply)"),
        (then_good(vec![say("2"), pause(), say("20 ho"), pause(), say("st\r\n")]), "up"),
        (vec![say("220 host")], "down: Read timeout (greeting)"),
        (vec![say("220 a\0b\r\n")], "down: Read timeout (greeting)"),
        (vec![say(long_greeting)], bad_greeting),
        (then_good(vec![say([b'A'; 511]), pause(), say("220 ok\r\n")]), "up"),
        (vec![say([b'A'; 510]), pause(), say("220 ok\r\n")], bad_greeting),
    ]);
}

#[test]
fn silence_and_ends() {
    let failure = |awaited: &str| format!("down: Read failure ({awaited}): ");
    let (greeting, helo, quit) =
        (failure("greeting"), failure("HELO reply"), failure("QUIT reply"));
    let until_helo = || vec![say("220 a\r\n"), Hear];
    let until_quit = |last: Step| vec![say("220 a\r\n"), Hear, say("250 b\r\n"), last];
    expect_all(vec![
        (vec![], "down: Read timeout (greeting)"),
        (until_helo(), "down: Read timeout (HELO reply)"),
        (until_quit(Hear), "down: Read timeout (QUIT reply)"),
        (vec![Close], &greeting),
        (vec![say("220 a"), Close], &greeting),
        (vec![say("220 a\r\n"), Hear, Close], &helo),
        (vec![say("220 a\r\n"), HalfClose], &helo),
        (vec![say("220 a\r\n"), Hear, say("250 b\r\n"), Hear, Close], &quit),
        (until_quit(Reset), &quit),
    ]);
}

#[test]
fn a_slow_drip_outlasts_the_connect_timeout() {
    let drip = Drip(b"220 a\r\n".to_vec(), Duration::from_millis(250));
    let server = FakeServer::local(vec![drip, Hear, say("250 b\r\n"), Hear, say("221 c\r\n")]);
    assert_eq!(verdict(server.address(), "--retry 0 --connect-timeout 1"), "up");
}

#[test]
fn a_drip_without_end_ends_at_the_deadline() {
    let drip = Drip(vec![b'x'; 1000], Duration::from_millis(20));
    let server = FakeServer::local(vec![drip]);
    let options = "--connect-timeout 10 --deadline 0.5";
    assert_eq!(verdict(server.address(), options), "down: Deadline of 0.5 s reached");
    assert_eq!(server.connections(), 1);
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
    let server = FakeServer::local(vec![say("554 no\r\n")]);
    let options = "--retry 2 --delay-before-retry 0.1";
    assert_eq!(
        verdict(server.address(), options),
        r#"down: Bad greeting banner from server: "554 no\r""#
    );
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

#[test]
fn the_server_hears_helo_and_quit() {
    let server = FakeServer::local(good());
    assert_eq!(verdict(server.address(), "--retry 0"), "up");
    assert_eq!(server.heard(), ["HELO smtpchecker.keepalived.org\r\n", "QUIT\r\n"]);

    let server = FakeServer::local(good());
    assert_eq!(verdict(server.address(), "--retry 0 --helo-name [192.0.2.1]"), "up");
    assert_eq!(server.heard(), ["HELO [192.0.2.1]\r\n", "QUIT\r\n"]);
}

#[test]
fn verbose_shows_every_read_and_every_command() {
    let server = FakeServer::local(good());
    let output = run(command(server.address(), "-v --helo-name me"));
    assert_eq!(output.stdout, format!("{} up\n", server.address()).as_bytes());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told: Vec<_> = stderr.lines().filter_map(|line| line.split_once(' ')).collect();
    assert!(told.iter().all(|(time, _)| time.starts_with('+')), "{stderr}");
    let told: Vec<_> = told.iter().map(|(_, text)| *text).collect();
    assert_eq!(
        told,
        [
            &format!("*: connect to {}", server.address()),
            "*: connected",
            r"S: 220 a\r\n",
            r"C: HELO me\r\n",
            r"S: 250 b\r\n",
            r"C: QUIT\r\n",
            r"S: 221 c\r\n",
        ]
    );
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
    let bad = || vec![say("554 no\r\n")];
    assert_eq!(code_with(Stdio::null(), Stdio::null(), good()), Some(0));
    assert_eq!(code_with(Stdio::null(), Stdio::null(), bad()), Some(1));
    assert_eq!(code_with(full(), full(), good()), Some(0));
    assert_eq!(code_with(full(), full(), bad()), Some(1));
    assert_eq!(code_with(broken(), broken(), good()), Some(0));
    assert_eq!(code_with(broken(), broken(), bad()), Some(1));
}

#[test]
fn closed_outputs_change_no_verdict() {
    for (script, code) in [(good(), 0), (vec![say("554 no\r\n")], 1)] {
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

#[test]
fn a_wrong_command_line_is_exit_code_1() {
    for (words, reason) in [
        (&[][..], "required"),
        (&["mail.example.org"], "names are not looked up"),
        (&["[::1]"], "not an IPv4 or IPv6 address"),
        (&["192.0.2.1", "192.0.2.2"], "unexpected argument"),
        (&["192.0.2.1", "--bogus"], "unexpected argument"),
        (&["192.0.2.1", "-p", "0"], "0 is not in 1..=65535"),
        (&["192.0.2.1", "-p", "65536"], "65536 is not in 1..=65535"),
        (&["192.0.2.1", "--connect-timeout", "0"], "must be greater than 0"),
        (&["192.0.2.1", "--connect-timeout", "0.0000001"], "at most 6 decimal places"),
        (&["192.0.2.1", "--connect-timeout", "5s"], "not a number of seconds"),
        (&["192.0.2.1", "--deadline", "0.0"], "must be greater than 0"),
        (&["192.0.2.1", "--delay-before-retry", ""], "not a number of seconds"),
        (&["192.0.2.1", "--retry", "4294967296"], "4294967296 is not in"),
        (&["192.0.2.1", "--retry", "-1"], "unexpected argument"),
        (&["192.0.2.1", "--helo-name", "a b"], "neither a domain"),
        (&["192.0.2.1", "--helo-name", "a\r\nQUIT"], "neither a domain"),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        let output = run(command);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("smtp-check: error: "), "{words:?}: {stderr}");
        assert!(stderr.contains(reason), "{words:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_exit_code_0() {
    for (word, text) in [("--help", "Exit codes:"), ("--version", "smtp-check ")] {
        let mut command = Command::new(PROGRAM);
        command.arg(word);
        let output = run(command);
        assert_eq!(output.status.code(), Some(0), "{word}");
        assert!(String::from_utf8(output.stdout).unwrap().contains(text), "{word}");

        let mut command = Command::new(PROGRAM);
        command.arg(word).stdout(io::pipe().unwrap().1);
        assert_eq!(finish(command.spawn().unwrap()).status.code(), Some(0), "{word}");
    }
}
