//! Without `--compat`: servers that speak RFC 5321, well or badly, from outside.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use super::run::{command, run, verdict};
use super::server::Step::{self, Close, Drip, Hear, Pause, Reset, Take};
use super::server::{FakeServer, say};

const EHLO: &str = "250-mx\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 ENHANCEDSTATUSCODES\r\n";
const OK: &str = "250 2.0.0 Ok\r\n";
const BYE: &str = "221 2.0.0 Bye\r\n";

/// Says the first, then answers each line with the next.
fn answers(lines: &[&str]) -> Vec<Step> {
    let mut script = vec![say(lines[0])];
    script.extend(lines[1..].iter().flat_map(|line| [Hear, say(line)]));
    script
}

/// Plays each script and compares the beginning of the verdict, and the words heard. All at once.
fn expect_all(cases: &[(&str, Vec<Step>, &str, &[&str])]) {
    thread::scope(|scope| {
        for (options, script, expected, heard) in cases {
            scope.spawn(move || {
                let server = FakeServer::local(script.clone());
                let patience = if expected.contains("timeout") { "0.5" } else { "5" };
                let options =
                    format!("{options} --helo-name me --retry 0 --connect-timeout {patience}");
                let verdict = verdict(server.address(), &options);
                assert!(verdict.starts_with(expected), "{verdict:?}, not {expected:?}: {script:?}");
                let heard: Vec<_> = heard.iter().map(|line| format!("{line}\r\n")).collect();
                assert_eq!(server.heard(), heard, "{script:?}");
            });
        }
    });
}

#[test]
fn replies_of_several_lines() {
    let postscreen = vec![
        say("220-mx ESMTP\r\n"),
        Pause(Duration::from_millis(200)),
        say("220 mx ESMTP\r\n"),
        Hear,
        say(EHLO),
        Hear,
        say(BYE),
    ];
    let heard: &[&str] = &["EHLO me", "QUIT"];
    expect_all(&[
        ("", answers(&["220 a\r\n", EHLO, BYE]), "up", heard),
        ("", postscreen, "up", heard),
        ("", answers(&["220\r\n", "250\r\n", "221\r\n"]), "up", heard),
        (
            "",
            answers(&["220 a\r\n", "502 5.5.1 no\r\n", OK, BYE]),
            "up",
            &["EHLO me", "HELO me", "QUIT"],
        ),
        (
            "",
            answers(&["554 5.7.1 no\r\n", BYE]),
            "down: Bad greeting from server: \"554 5.7.1 no\"",
            &["QUIT"],
        ),
        ("", answers(&["421 busy\r\n"]), "down: Bad greeting from server: \"421 busy\"", &[]),
        (
            "",
            answers(&["220 a\r\n", "250-a\r\n251 b\r\n"]),
            "down: Malformed EHLO reply: one reply with codes 250 and 251",
            &["EHLO me"],
        ),
        (
            "",
            answers(&["220 a\r\n", EHLO, "500 a\r\n"]),
            "down: Bad QUIT reply from server: \"500 a\"",
            heard,
        ),
    ]);
}

#[test]
fn bytes_may_come_one_by_one() {
    let drip = |reply: &str| Drip(reply.as_bytes().to_vec(), Duration::from_millis(1));
    let script = vec![drip("220-mx\r\n220 ESMTP\r\n"), Hear, drip(EHLO), Hear, drip(BYE)];
    expect_all(&[("", script, "up", &["EHLO me", "QUIT"])]);
}

#[test]
fn silence_and_ends() {
    let heard: &[&str] = &["EHLO me"];
    expect_all(&[
        ("", vec![], "down: Read timeout (greeting)", &[]),
        ("", vec![say("220-a\r\n")], "down: Read timeout (greeting)", &[]),
        ("", vec![Close], "down: Read failure (greeting): connection closed", &[]),
        ("", vec![say("220 a\r\n"), Hear], "down: Read timeout (EHLO reply)", heard),
        (
            "",
            vec![say("220 a\r\n"), Hear, say("250-a\r\n"), Close],
            "down: Read failure (EHLO reply)",
            heard,
        ),
        (
            "",
            vec![say("220 a\r\n"), Hear, say(EHLO), Reset],
            "down: Read failure (QUIT reply)",
            heard,
        ),
        // What was wrong first is the reason, not that the farewell is not answered.
        ("", vec![say("554 no\r\n"), Hear], "down: Bad greeting from server", &["QUIT"]),
        ("", vec![say("554 no\r\n"), Close], "down: Bad greeting from server", &[]),
    ]);
    let server = FakeServer::local(vec![say("554 no\r\n"), Hear]);
    // One that waits longer than the deadline hangs.
    let verdict = verdict(server.address(), "--deadline 2 --connect-timeout 600");
    assert!(verdict.starts_with("down: Bad greeting from server"), "{verdict}");
}

#[test]
fn no_server_can_talk_for_ever() {
    let endless_line = vec![say(vec![b'x'; 1 << 20])];
    let endless_reply = vec![say("220-a\r\n".repeat(1 << 16))];
    let drip = vec![Drip(b"220-a\r\n".repeat(1000), Duration::from_millis(20))];
    expect_all(&[
        ("", endless_line, "down: Malformed greeting: a line of more than 512 bytes", &[]),
        ("", endless_reply, "down: Malformed greeting: more than 128 lines", &[]),
        // Unlike with --compat the connect timeout is for the whole reply.
        ("", drip, "down: Read timeout (greeting)", &[]),
        (
            "",
            answers(&["\0\x01\r\n"]),
            "down: Malformed greeting: no reply code in \"\\x00\\x01\"",
            &[],
        ),
    ]);
}

#[test]
fn expectations() {
    let good = || answers(&["220 mx ESMTP Postfix\r\n", EHLO, BYE]);
    let heard: &[&str] = &["EHLO me", "QUIT"];
    expect_all(&[
        ("--expect-greeting ESMTP", good(), "up", heard),
        ("--expect-capability size --expect-capability PIPELINING", good(), "up", heard),
        ("--expect-capability CHUNKING", good(), "down: CHUNKING is not offered", heard),
        (
            "--expect-greeting Exim",
            answers(&["220 mx ESMTP Postfix\r\n", BYE]),
            "down: No \"Exim\" in the greeting: \"220 mx ESMTP Postfix\"",
            &["QUIT"],
        ),
    ]);
}

#[test]
fn a_recipient_is_tried_and_taken_back() {
    let start = ["220 a\r\n", EHLO];
    let answers = |rest: &[&str]| answers(&[&start[..], rest].concat());
    let both = "--mail-from <> --rcpt-to a@b.example";
    let heard: &[&str] = &["EHLO me", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "RSET", "QUIT"];
    expect_all(&[
        (both, answers(&[OK, OK, OK, BYE]), "up", heard),
        (
            "--mail-from c@d.example",
            answers(&[OK, OK, BYE]),
            "up",
            &["EHLO me", "MAIL FROM:<c@d.example>", "RSET", "QUIT"],
        ),
        (
            both,
            answers(&[OK, "450 4.2.0 later\r\n", BYE]),
            "down: Bad RCPT reply from server: \"450 4.2.0 later\"",
            &["EHLO me", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "QUIT"],
        ),
        (
            both,
            answers(&["452 4.3.1 full\r\n", BYE]),
            "down: Bad MAIL reply from server: \"452 4.3.1 full\"",
            &["EHLO me", "MAIL FROM:<>", "QUIT"],
        ),
    ]);
}

#[test]
fn greylisting_can_be_good() {
    let lines = ["220 a\r\n", EHLO, OK, "450 4.2.0 later\r\n", OK, BYE];
    let accept = "--mail-from <> --rcpt-to a@b.example --accept 450,451";
    let heard: &[&str] = &["EHLO me", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "RSET", "QUIT"];
    expect_all(&[(accept, answers(&lines), "up", heard)]);
}

#[test]
fn rset_may_be_refused() {
    let lines = ["220 a\r\n", EHLO, OK, "502 5.5.1 what\r\n", BYE];
    let heard: &[&str] = &["EHLO me", "MAIL FROM:<>", "RSET", "QUIT"];
    expect_all(&[("--mail-from <>", answers(&lines), "up", heard)]);
}

/// Neither in what is shown nor in the verdict, whatever the server repeats; and not at all without a
/// file that keeps it.
#[test]
fn the_password_is_told_to_the_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth");
    fs::write(&file, "tim\nsecret\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let offer = |mechanism: &str| format!("250-mx\r\n250 AUTH {mechanism}\r\n");
    let repeats = "535 5.7.8 no AHRpbQBzZWNyZXQ= c2VjcmV0 secret\r\n";
    let plain: &[&str] = &["EHLO me\r\n", "AUTH PLAIN AHRpbQBzZWNyZXQ=\r\n", "QUIT\r\n"];
    let login: &[&str] = &["EHLO me\r\n", "AUTH LOGIN\r\n", "dGlt\r\n", "c2VjcmV0\r\n", "QUIT\r\n"];
    for (mechanism, replies, heard, code) in [
        ("PLAIN", &["235 2.7.0 ok\r\n", BYE][..], plain, 0),
        ("PLAIN", &[repeats, BYE], plain, 1),
        ("LOGIN", &["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 ok\r\n", BYE], login, 0),
        ("LOGIN", &["334 a\r\n", "334 a\r\n", repeats, BYE], login, 1),
    ] {
        let start = offer(mechanism);
        let lines = [&["220 a\r\n", start.as_str()][..], replies].concat();
        for output in ["-v", "-v --json", "-v --nagios"] {
            let server = FakeServer::local(answers(&lines));
            let options = format!(
                "{output} --retry 0 --helo-name me --auth-plaintext --auth-file {}",
                file.display()
            );
            let out = run(command(server.address(), &options));
            let bad = if output.contains("nagios") { 2 } else { 1 };
            assert_eq!(out.status.code(), Some(code * bad), "{out:?}");
            assert_eq!(server.heard(), heard);
            let told = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
            for secret in ["secret", "AHRpbQBzZWNyZXQ", "c2VjcmV0"] {
                assert!(!told.contains(secret), "{secret}: {told}");
            }
            assert!(told.contains("***"), "{told}");
        }
    }
    for (mode, reason) in [(0o644, "mode 644 keeps no secret"), (0o660, "mode 660 keeps no secret")]
    {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let server = FakeServer::local(answers(&["220 a\r\n"]));
        let options = format!("--retry 0 --auth-plaintext --auth-file {}", file.display());
        let expected =
            format!("down: Could not prepare the connection: {}: {reason}", file.display());
        let told = verdict(server.address(), &options);
        assert!(told.starts_with(&expected), "{told}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn lmtp() {
    let server = FakeServer::local(answers(&["220 a\r\n", EHLO, BYE]));
    assert_eq!(verdict(server.address(), "--lmtp --helo-name me"), "up");
    assert_eq!(server.heard(), ["LHLO me\r\n", "QUIT\r\n"]);
    let server = FakeServer::local(answers(&["220 a\r\n", "500 no\r\n", BYE]));
    let verdict = verdict(server.address(), "--lmtp --retry 0");
    assert_eq!(verdict, "down: Bad LHLO reply from server: \"500 no\"");
}

#[test]
fn a_proxy_header_comes_before_the_greeting() {
    for (version, length, header) in [
        ("v1", 15, "PROXY UNKNOWN\\r\\n"),
        ("v2", 16, "\\r\\n\\r\\n\\x00\\r\\nQUIT\\n \\x00\\x00\\x00"),
    ] {
        let mut script = vec![Take(length)];
        script.extend(answers(&["220 a\r\n", EHLO, BYE]));
        let server = FakeServer::local(script);
        let options = format!("--proxy {version} --helo-name me");
        assert_eq!(verdict(server.address(), &options), "up");
        assert_eq!(server.heard(), [header, "EHLO me\r\n", "QUIT\r\n"]);
    }
}

/// Nothing that was said before it was asked for is an answer.
#[test]
fn a_reply_before_its_command_is_none() {
    let pause = || Pause(Duration::from_millis(100));
    expect_all(&[
        (
            "",
            vec![say(["220 a\r\n", OK, BYE].concat())],
            "down: Early EHLO reply from server, before its command: \"250 2.0.0 Ok\"",
            &[],
        ),
        (
            "",
            vec![say("220 a\r\n"), Hear, say([EHLO, BYE].concat())],
            "down: Early QUIT reply from server, before its command: \"221 2.0.0 Bye\"",
            &["EHLO me"],
        ),
        (
            "--mail-from <>",
            vec![say("220 a\r\n"), Hear, say(EHLO), Hear, say(OK.repeat(3))],
            "down: Early RSET reply",
            &["EHLO me", "MAIL FROM:<>"],
        ),
        // One reply off from then on.
        (
            "",
            vec![say("220 a\r\n"), Hear, say(EHLO), Hear, say(OK), pause(), say(BYE)],
            "down: Bad QUIT reply from server: \"250 2.0.0 Ok\"",
            &["EHLO me", "QUIT"],
        ),
        ("", answers(&["221 closing\r\n", BYE]), "down: Bad greeting from server", &["QUIT"]),
        ("", answers(&["220 a\r\n", BYE, BYE]), "down: Bad EHLO reply", &["EHLO me", "QUIT"]),
    ]);
}

/// As Exim, Dovecot and aiosmtpd answer where they don't know PROXY: the header is a command to them,
/// and each further reply is that to the command before. Whether the first of these is there before
/// EHLO is said is chance.
#[test]
fn a_server_without_proxy_is_down() {
    for milliseconds in [0, 50] {
        let rest = answers(&["500 what\r\n", EHLO, OK, BYE]);
        let mut script = vec![say("220 a\r\n"), Pause(Duration::from_millis(milliseconds)), Hear];
        script.extend(rest);
        let server = FakeServer::local(script);
        let expected = "down: The server does not take a PROXY header: \"500 what\"";
        assert_eq!(verdict(server.address(), "--proxy v1 --retry 0"), expected);
    }
}

/// The header may be why, and need not be.
#[test]
fn a_refusal_after_a_proxy_header_names_it() {
    for (reply, heard) in
        [("554 5.5.0 no", &["PROXY UNKNOWN\\r\\n", "QUIT\r\n"][..]), ("421 no", &[])]
    {
        let line = format!("{reply}\r\n");
        let server = FakeServer::local([vec![Take(15)], answers(&[&line, BYE])].concat());
        let expected =
            format!("down: Bad greeting from server: \"{reply}\" (perhaps because of the PROXY");
        let said = verdict(server.address(), "--proxy v1 --retry 0");
        assert!(said.starts_with(&expected) && said.contains("--proxy v2"), "{said}");
        if !heard.is_empty() {
            assert_eq!(server.heard(), heard);
        }
    }
    let server = FakeServer::local(vec![Take(15), Close]);
    let said = verdict(server.address(), "--proxy v1 --retry 0");
    assert!(
        said.contains("perhaps because of the PROXY header or because it speaks TLS"),
        "{said}"
    );
}

/// A server that waits for TLS takes the header for a broken beginning of it.
#[test]
fn a_tls_alert_instead_of_a_greeting_is_a_port_for_tls() {
    let alert = "\x15\x03\x01\x00\x02\x02\x46";
    for (options, waits) in
        [("", vec![]), ("--proxy v1", vec![Take(15)]), ("--proxy v2", vec![Take(16)])]
    {
        let server = FakeServer::local([waits, vec![say(alert), Close]].concat());
        let said = verdict(server.address(), &format!("{options} --retry 0"));
        assert!(said.starts_with("down: The server speaks TLS here, not plain SMTP ("), "{said}");
        assert!(said.contains("--tls") && said.contains("PROXY") != options.is_empty(), "{said}");
    }
}

/// Each reply comes late, but in time, and so does a HELO after that.
#[test]
fn the_default_deadline_has_room_for_every_wait() {
    let late = |lines: &[&str]| -> Vec<Step> {
        let pause = || Pause(Duration::from_millis(1050));
        answers(lines)
            .into_iter()
            .flat_map(|step| match step {
                Step::Say(_) => vec![pause(), step],
                other => vec![other],
            })
            .collect()
    };
    let message = "--mail-from <> --rcpt-to a@b.example";
    thread::scope(|scope| {
        for (options, lines) in [
            ("", vec!["220 a\r\n", "500 a\r\n", OK, BYE]),
            ("", vec!["220 a\r\n", EHLO, BYE]),
            (message, vec!["220 a\r\n", EHLO, OK, OK, OK, BYE]),
            (message, vec!["220 a\r\n", "500 a\r\n", OK, OK, OK, OK, BYE]),
        ] {
            let script = late(&lines);
            scope.spawn(move || {
                let server = FakeServer::local(script);
                let options = format!("--retry 0 --connect-timeout 1.5 {options}");
                assert_eq!(verdict(server.address(), &options), "up", "{options}");
            });
        }
    });
}

/// A server that talks out of turn reads what it may think of as answers; a client that pipelines
/// would be what it refuses.
#[test]
fn commands_come_one_by_one() {
    let pause = || Pause(Duration::from_millis(150));
    let script = vec![say("220 a\r\n"), pause(), Hear, pause(), say(EHLO), pause(), Hear, say(BYE)];
    let server = FakeServer::local(script);
    let output = run(command(server.address(), "-v --helo-name me"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told: Vec<_> = stderr.lines().filter_map(|line| line.split_once(' ')).collect();
    let speakers: Vec<_> = told.iter().map(|(_, text)| &text[..2]).collect();
    assert_eq!(speakers, ["*:", "*:", "*:", "S:", "C:", "S:", "C:", "S:"]);
    assert_eq!(output.status.code(), Some(0));
}
