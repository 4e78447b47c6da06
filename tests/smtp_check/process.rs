//! The probe as a process: attempts, deadlines, signals, outputs that nobody reads.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::common::patience::within;
use super::run::{HANGS, PROGRAM, command, finish, good, run, verdict};
use super::server::Step::{self, Hear};
use super::server::{FakeServer, say};

/// Less than the code of a program with all its symbols: what is cut behind that is missed by nobody.
const KEPT: usize = 300_000;

/// What does TLS for the program.
const TLS: &str = "smtp-check-tls";

/// A server that serves nobody, politely.
fn bad() -> Vec<Step> {
    vec![say("554 no\r\n"), Hear, say("221 bye\r\n")]
}

#[test]
fn silence_ends_at_the_deadline() {
    let server = FakeServer::local(vec![]);
    let options = "--connect-timeout 10 --deadline 1";
    assert_eq!(verdict(server.address(), options), "down: Deadline of 1 s reached");
    server.meets(1);
}

/// An attempt takes no time here, so those that fit are counted by their pauses.
#[test]
fn no_attempt_begins_after_the_deadline() {
    let server = FakeServer::local(bad());
    let options = "--retry 4294967295 --delay-before-retry 0.1 --deadline 1";
    assert_eq!(verdict(server.address(), options), r#"down: Bad greeting from server: "554 no""#);
    assert!((2..=10).contains(&server.connections()), "{}", server.connections());
}

#[test]
fn each_retry_is_a_new_connection() {
    let server = FakeServer::local(bad());
    let options = "--retry 2 --delay-before-retry 0.1";
    assert_eq!(verdict(server.address(), options), r#"down: Bad greeting from server: "554 no""#);
    server.meets(3);
}

#[test]
fn one_good_attempt_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = FakeServer::start(listener, vec![vec![say("421 busy\r\n")], good()]);
    assert_eq!(verdict(server.address(), "--delay-before-retry 0"), "up");
    server.meets(2);
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
        // Not before, either: a reader that is only slow gets it all.
        assert!(start.elapsed() >= Duration::from_secs(1), "{options}: {:?}", start.elapsed());
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
    within(HANGS, || (server.connections() > 0).then_some(()));
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

/// A server that can't be asked what it is, because nothing may be asked.
fn nobody() -> (TcpStream, String) {
    // The near end of a connection is a port that is taken, yet nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    (taken, port)
}

/// TLS is another program's, which runs under the same name.
#[test]
fn only_tls_needs_openssl() {
    for (options, tls) in [("", false), ("--compat", false), ("--tls", true)] {
        let server = FakeServer::local(vec![]);
        let mut child = waiting(&server, options);
        let pid = child.id();
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        assert!(!maps.contains("libssl"), "{options}: {maps}");
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        assert_eq!(children.split_whitespace().count(), usize::from(tls), "{options}");
        for grandchild in children.split_whitespace() {
            let exe = fs::read_link(format!("/proc/{grandchild}/exe")).unwrap();
            assert_eq!(exe.file_name().unwrap(), TLS);
            let words = fs::read(format!("/proc/{grandchild}/cmdline")).unwrap();
            assert!(words.starts_with(PROGRAM.as_bytes()), "{}", words.escape_ascii());
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// A probe in a folder of its own, beside what `put` puts where its other half belongs.
struct Half {
    folder: TempDir,
}

impl Half {
    fn new(put: impl FnOnce(&Path)) -> Half {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(PROGRAM, folder.path().join("smtp-check")).unwrap();
        put(&folder.path().join(TLS));
        Half { folder }
    }

    /// Exit code, and all that was printed.
    fn told(&self, port: &str, options: &str) -> (Option<i32>, String) {
        let mut command = Command::new(self.folder.path().join("smtp-check"));
        command.args(["127.0.0.1", "--retry", "0", "-p", port]).args(options.split_whitespace());
        let output = run(command);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

fn put(file: &Path, content: &[u8]) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
}

/// Whatever stands where the program with TLS should: down, with what to do, and nobody was asked.
#[test]
fn whatever_is_in_the_place_of_the_program_with_tls_is_never_up() {
    let whole = fs::read(Path::new(PROGRAM).with_file_name(TLS)).unwrap();
    let script = |body: &str| format!("#!/bin/sh\n{body}\n").into_bytes();
    let mut foreign = whole.clone();
    // e_machine of an ELF header: a processor that nobody has.
    foreign[18..20].copy_from_slice(&[0x12, 0x34]);
    let (start, verdict) = ("can't be started", "gave no verdict (");
    let cases: Vec<(&str, Half, &str)> = vec![
        ("missing", Half::new(|_| {}), start),
        ("empty", Half::new(|file| put(file, b"")), start),
        ("zeros", Half::new(|file| put(file, &[0; 8192])), start),
        ("cut to 64 bytes", Half::new(|file| put(file, &whole[..64])), ""),
        ("cut to a page", Half::new(|file| put(file, &whole[..4096])), ""),
        ("cut in its code", Half::new(|file| put(file, &whole[..KEPT])), ""),
        (
            "zeros from there on",
            {
                let kept = KEPT;
                let zeros = vec![0; whole.len() - kept];
                Half::new(|file| put(file, &[&whole[..kept], &zeros].concat()))
            },
            "",
        ),
        ("another processor's", Half::new(|file| put(file, &foreign)), start),
        ("not executable", Half::new(|file| fs::write(file, &whole).unwrap()), start),
        ("a directory", Half::new(|file| fs::create_dir(file).unwrap()), start),
        ("a copy of smtp-check", Half::new(|file| put(file, &fs::read(PROGRAM).unwrap())), verdict),
        ("a link to smtp-check", Half::new(|file| symlink("smtp-check", file).unwrap()), verdict),
        ("a link to nothing", Half::new(|file| symlink("nothing", file).unwrap()), start),
        ("true", Half::new(|file| symlink("/bin/true", file).unwrap()), verdict),
        ("text", Half::new(|file| put(file, b"exit 0\n")), start),
        ("a script", Half::new(|file| put(file, &script("echo 127.0.0.1:25 up"))), verdict),
        ("no interpreter", Half::new(|file| put(file, b"#!/nonexistent\n")), start),
        (
            "another version",
            Half::new(|file| {
                let sign = r#"printf 'up\n\0000.0.9 %s 0\n' "$LVSKIT_SMTP_CHECK_TICKET""#;
                put(file, &script(sign));
            }),
            "is of version 0.0.9, smtp-check of ",
        ),
        (
            "a signature of another run",
            Half::new(|file| put(file, &script(r"printf 'up\n\0000.1.0 7.1 0\n'"))),
            verdict,
        ),
        (
            "a program that lacks a library",
            Half::new(|file| put(file, &script("exit 127"))),
            "gave no verdict (exit status: 127)",
        ),
        ("killed", Half::new(|file| put(file, &script("kill -9 $$"))), "(signal: 9"),
    ];
    let (_taken, port) = nobody();
    for (what, half, reason) in cases {
        for (options, code, start) in [
            ("--starttls", 1, "smtp-check: error: /"),
            ("--tls --json", 1, "smtp-check: error: /"),
            ("--tls --dynamic", 1, "smtp-check: error: /"),
            ("--starttls --nagios", 3, "SMTP UNKNOWN - /"),
        ] {
            let (got, text) = half.told(&port, options);
            assert_eq!(got, Some(code), "{what}, {options}: {text}");
            let line = text.lines().find(|line| line.starts_with(start));
            let line = line.unwrap_or_else(|| panic!("{what}, {options}: {text}"));
            assert!(
                line.contains(reason) && line.contains("install lvskit again"),
                "{what}: {line}"
            );
            assert!(!text.contains(" up"), "{what}, {options}: {text}");
        }
        let server = FakeServer::local(good());
        let port = server.address().port().to_string();
        assert_eq!(half.told(&port, "").0, Some(0), "{what}");
        assert_eq!(half.told(&port, "--compat").0, Some(0), "{what}");
    }
}

/// However it hangs, with its output open or closed, or talks without an end.
#[test]
fn a_program_with_tls_that_hangs_or_never_stops_ends_at_the_deadline() {
    for (body, reason) in [
        ("exec sleep 600", "did not answer within 1.25 s"),
        ("exec >&-; exec sleep 600", "gave no verdict (signal: 9"),
        ("exec yes", "did not answer within 1.25 s"),
    ] {
        let half = Half::new(|file| put(file, format!("#!/bin/sh\n{body}\n").as_bytes()));
        // One that waits for it hangs.
        let (code, text) = half.told("9", "--tls --deadline 0.5");
        assert_eq!(code, Some(1), "{body}: {text}");
        assert!(text.contains(reason), "{body}: {text}");
    }
}

/// What keepalived or a wrapper around it blocks stays blocked in its children.
#[test]
fn blocked_signals_end_the_probe_all_the_same() {
    for options in ["--deadline 0.5 -v", "--deadline 0.5 -v --tls"] {
        let server = FakeServer::local(good());
        let (_reader, writer) = full_pipe();
        let mut command = Command::new("python3");
        let block = "import os, signal, sys; \
                     signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGTERM]); \
                     os.execv(sys.argv[1], sys.argv[1:])";
        command.args(["-c", block, PROGRAM, "127.0.0.1", "--retry", "0", "-p"]);
        command.arg(server.address().port().to_string()).args(options.split(' '));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        assert_eq!(finish(command.spawn().unwrap()).status.code(), Some(1), "{options}");
    }
}
