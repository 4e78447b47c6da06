//! `--compat`: the verdicts of SMTP_CHECK on servers that misbehave.

use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::run::{self, command, finish, good, replies, run};
use super::server::Step::{self, Close, Drip, HalfClose, Hear, Pause, Reset};
use super::server::{FakeServer, say};

/// The verdict with `--compat`.
fn verdict(server: SocketAddr, options: &str) -> String {
    run::verdict(server, &format!("--compat {options}"))
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
                server.meets(1);
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
    let drip = Drip(b"220 a\r\n".to_vec(), Duration::from_millis(500));
    let server = FakeServer::local(vec![drip, Hear, say("250 b\r\n"), Hear, say("221 c\r\n")]);
    assert_eq!(verdict(server.address(), "--retry 0 --connect-timeout 2"), "up");
}

#[test]
fn a_drip_without_end_ends_at_the_deadline() {
    let drip = Drip(vec![b'x'; 1000], Duration::from_millis(20));
    let server = FakeServer::local(vec![drip]);
    let options = "--connect-timeout 10 --deadline 1";
    assert_eq!(verdict(server.address(), options), "down: Deadline of 1 s reached");
    server.meets(1);
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
    let output = run(run::command(server.address(), "--compat -v --helo-name me"));
    assert_eq!(output.stdout, format!("{} up\n", server.address()).as_bytes());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told: Vec<_> = stderr.lines().filter_map(|line| line.split_once(' ')).collect();
    assert!(told.iter().all(|(time, _)| time.starts_with('+')), "{stderr}");
    let told: Vec<_> = told.iter().map(|(_, text)| *text).collect();
    assert_eq!(
        told,
        [
            "*: deadline 41 s; at most 2 x 4 waits of 5 s, 1 s between attempts",
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

/// SMTP_CHECK reads on as long as no line ends; what is shown of that has an end.
#[test]
fn a_flood_is_not_shown_without_end() {
    let server = FakeServer::local(vec![say(vec![0; 4 << 20])]);
    let mut shown = tempfile::tempfile().unwrap();
    let mut command = command(server.address(), "--compat -v --retry 0 --connect-timeout 1");
    // A file: whoever reads a pipe might not read on.
    command.stdout(Stdio::null()).stderr(shown.try_clone().unwrap());
    assert_eq!(finish(command.spawn().unwrap()).status.code(), Some(1));
    let mut told = String::new();
    shown.rewind().unwrap();
    shown.read_to_string(&mut told).unwrap();
    assert!(told.len() < 300_000, "{}", told.len());
    assert!(told.ends_with("* the rest is not shown, it is more than 262144 bytes\n"));
}
