//! The verdicts of an honest client, each as the bytes that lead to it.

mod properties;

use super::*;
use crate::smtp::esmtp::reply::{LONGEST_LINE, Malformed};

/// What became of a dialogue: what the server heard, and the verdict, unless it still waits.
type End = (Vec<String>, Option<Result<(), Failure>>);

/// Plays pieces to a dialogue. A handshake is one that succeeds, unless bytes are in its way.
fn play<C: AsRef<[u8]>>(script: &Script, pieces: &[C]) -> End {
    let mut dialogue = Dialogue::new(script, None);
    let mut pieces = pieces.iter().filter(|piece| !piece.as_ref().is_empty());
    let mut heard = Vec::new();
    let end = loop {
        match dialogue.act() {
            Ok(Action::Read) => match pieces.next() {
                Some(piece) => dialogue.push(piece.as_ref()),
                None => return (heard, None),
            },
            Ok(Action::Send(command)) => heard.push(command.replace("\r\n", "")),
            Ok(Action::SendSecret(line)) => heard.push(format!("{}{}", line.public, line.secret)),
            Ok(Action::StartTls) => {
                heard.push("(TLS)".to_owned());
                dialogue.secured(None);
            }
            Ok(Action::Done) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    (heard, Some(dialogue.failure().map_or(end, |failure| Err(failure.clone()))))
}

/// Plays it and wants these commands, `me` left out, and this verdict.
fn expect(script: &Script, pieces: &[&str], heard: &str, verdict: Result<(), Failure>) {
    let (commands, end) = play(script, pieces);
    assert_eq!(commands.join(" ").replace(" me", ""), heard, "{pieces:?}");
    assert_eq!(end, Some(verdict), "{pieces:?}");
}

fn script() -> Script {
    Script { helo_name: "me".parse().unwrap(), ..Script::default() }
}

fn bad(step: Step, reply: &str) -> Result<(), Failure> {
    Err(Failure::Reply(step, reply.to_owned()))
}

const BYE: &str = "221 2.0.0 Bye\r\n";

#[test]
fn greetings() {
    for greeting in ["220 a\r\n", "220-a\r\n220 b\r\n", "220\r\n", "220\n"] {
        expect(&script(), &[greeting, "250 a\r\n", BYE], "EHLO QUIT", Ok(()));
    }
    for (greeting, summary) in [
        ("554 no\r\n", "554 no"),
        ("354 a\r\n", "354 a"),
        ("450-\r\n450 b\r\n", "450 b"),
        ("221 closing\r\n", "221 closing"),
        ("250 odd\r\n", "250 odd"),
    ] {
        expect(&script(), &[greeting, BYE], "QUIT", bad(Step::Greeting, summary));
    }
    // It closes the connection by itself.
    expect(&script(), &["421 busy\r\n"], "", bad(Step::Greeting, "421 busy"));
    let malformed = Failure::Malformed(Step::Greeting, Malformed::Code("HTTP/1.1".to_owned()));
    expect(&script(), &["HTTP/1.1\r\n"], "", Err(malformed));
    let endless = "x".repeat(LONGEST_LINE);
    let malformed = Failure::Malformed(Step::Greeting, Malformed::LongLine);
    expect(&script(), &[&endless], "", Err(malformed));
}

#[test]
fn helo_follows_where_ehlo_is_refused() {
    for refused in ["502 5.5.2 what\r\n", "500 a\r\n", "550-a\r\n550 b\r\n"] {
        expect(&script(), &["220 a\r\n", refused, "250 a\r\n", BYE], "EHLO HELO QUIT", Ok(()));
    }
    let twice = ["220 a\r\n", "500 a\r\n", "501 b\r\n", BYE];
    expect(&script(), &twice, "EHLO HELO QUIT", bad(Step::Helo, "501 b"));
    expect(&script(), &["220 a\r\n", "451 a\r\n", BYE], "EHLO QUIT", bad(Step::Ehlo, "451 a"));
    expect(&script(), &["220 a\r\n", "421 a\r\n"], "EHLO", bad(Step::Ehlo, "421 a"));
}

/// A dialogue that is one reply off must not end well.
#[test]
fn each_step_has_codes_of_its_own() {
    let (start, ehlo) = ("220 a\r\n", "250 a\r\n");
    for reply in ["221 a", "220 a", "251 a", "235 a"] {
        let line = format!("{reply}\r\n");
        expect(&script(), &[start, &line, BYE], "EHLO QUIT", bad(Step::Ehlo, reply));
        let helo = [start, "500 a\r\n", &line, BYE];
        expect(&script(), &helo, "EHLO HELO QUIT", bad(Step::Helo, reply));
    }
    for reply in ["220 a", "250 a", "354 a", "421 a", "500 a"] {
        let line = format!("{reply}\r\n");
        expect(&script(), &[start, ehlo, &line], "EHLO QUIT", bad(Step::Quit, reply));
    }
    let from = Script { mail_from: Some("".parse().unwrap()), ..script() };
    let odd = [start, ehlo, "221 a\r\n", BYE];
    expect(&from, &odd, "EHLO MAIL FROM:<> QUIT", bad(Step::Mail, "221 a"));
    let tls = Script { starttls: true, ..script() };
    let odd = [start, "250-a\r\n250 STARTTLS\r\n", "250 a\r\n", BYE];
    expect(&tls, &odd, "EHLO STARTTLS QUIT", bad(Step::StartTls, "250 a"));
}

#[test]
fn a_reply_before_its_command_is_none() {
    let early = |step, text: &str| Err(Failure::Early(step, text.to_owned()));
    let canned = "220 a\r\n250 b\r\n221 c\r\n";
    expect(&script(), &[canned], "", early(Step::Ehlo, "250 b"));
    expect(&script(), &["220-a\r\n2", "20 a\r\n2"], "", early(Step::Ehlo, "2"));
    let ahead = "250 a\r\n221 c\r\n";
    expect(&script(), &["220 a\r\n", ahead], "EHLO", early(Step::Quit, "221 c"));
    // What was wrong before stays the reason.
    expect(&script(), &["554 no\r\n250 a\r\n"], "", bad(Step::Greeting, "554 no"));
    // After the last reply nothing is said, so nothing is early.
    expect(&script(), &["220 a\r\n", "250 a\r\n", "221 a\r\n221 b\r\n"], "EHLO QUIT", Ok(()));
    // Found in the socket when the command is to be sent.
    let script = script();
    let mut dialogue = Dialogue::new(&script, None);
    assert_eq!(dialogue.early(b""), Ok(()));
    assert_eq!(dialogue.early(b"250 "), early(Step::Greeting, "250 "));
}

#[test]
fn who_takes_a_proxy_header_for_a_command_is_told_so() {
    let proxied = Script { proxied: true, ..script() };
    let no_proxy = |text: &str| Err(Failure::NoProxy(text.to_owned()));
    let unknown = ["220 a\r\n", "500 what\r\n", "250-a\r\n250 b\r\n"];
    expect(&proxied, &unknown, "EHLO QUIT", no_proxy("500 what"));
    let at_once = ["220 a\r\n500 what\r\n"];
    expect(&proxied, &at_once, "", no_proxy("500 what"));
    expect(&proxied, &["220 a\r\n", "250 a\r\n", BYE], "EHLO QUIT", Ok(()));
    let busy = ["220 a\r\n", "451 a\r\n", BYE];
    expect(&proxied, &busy, "EHLO QUIT", bad(Step::Ehlo, "451 a"));
}

/// Exim and Postfix refuse who speaks before the greeting; so may a server that is only busy.
#[test]
fn a_refusal_after_a_proxy_header_names_it() {
    let proxied = Script { proxied: true, ..script() };
    let perhaps = |step, text: &str| Failure::PerhapsNoProxy(step, text.to_owned());
    for reply in ["554 SMTP synchronization error", "421 4.3.2 All busy"] {
        let line = format!("{reply}\r\n");
        let heard = if reply.starts_with("421") { "" } else { "QUIT" };
        let failure = perhaps(Step::Greeting, reply);
        assert!(failure.to_string().contains("--proxy"), "{failure}");
        expect(&proxied, &[&line, BYE], heard, Err(failure));
        expect(&script(), &[&line, BYE], heard, bad(Step::Greeting, reply));
    }
    let later = ["220 a\r\n", "421 a\r\n"];
    expect(&proxied, &later, "EHLO", Err(perhaps(Step::Ehlo, "421 a")));
    expect(&proxied, &["451 a\r\n", BYE], "QUIT", bad(Step::Greeting, "451 a"));
}

#[test]
fn a_tls_alert_instead_of_a_greeting_is_known() {
    let proxied = Script { proxied: true, ..script() };
    let alert: [&[u8]; 2] = [b"\x15", b"\x03\x01\x00\x02\x02\x46"];
    for (script, advice) in [(script(), "begin TLS with --tls"), (proxied, "PROXY header")] {
        let (heard, end) = play(&script, &alert);
        let Some(Err(failure)) = end else { panic!("{end:?}") };
        assert!(heard.is_empty() && failure.to_string().contains(advice), "{failure}");
        assert_eq!(failure.kind(), "speaks-tls");
    }
    // Not after the greeting.
    let (_, end) = play(&script(), &[&b"220 a\r\n"[..], b"\x15\x03\r\n"]);
    assert!(matches!(end, Some(Err(Failure::Malformed(Step::Ehlo, _)))), "{end:?}");
}

#[test]
fn the_waits_are_those_of_the_longest_dialogue() {
    let tls = |script| Script { starttls: true, ..script };
    let from = |script| Script { mail_from: Some("".parse().unwrap()), ..script };
    let to = |script| Script { rcpt_to: Some("a@b".parse().unwrap()), ..from(script) };
    let lmtp = Script { lmtp: true, ..script() };
    let proxied = Script { proxied: true, ..script() };
    for (script, waits) in [
        (script(), 4),
        (lmtp.clone(), 3),
        (proxied, 3),
        (from(script()), 6),
        (to(script()), 7),
        (tls(script()), 6),
        (tls(to(script())), 9),
        (tls(to(lmtp)), 9),
    ] {
        assert_eq!(script.waits(), waits, "{script:?}");
    }
}

#[test]
fn the_farewell_counts_unless_something_else_did() {
    let until_quit = ["220 a\r\n", "250 a\r\n", "500 a\r\n"];
    expect(&script(), &until_quit, "EHLO QUIT", bad(Step::Quit, "500 a"));
    expect(&script(), &["554 no\r\n", "500 a\r\n"], "QUIT", bad(Step::Greeting, "554 no"));
}

#[test]
fn lmtp_never_says_helo() {
    let lmtp = Script { lmtp: true, ..script() };
    expect(&lmtp, &["220 a\r\n", "250-a\r\n250 b\r\n", BYE], "LHLO QUIT", Ok(()));
    expect(&lmtp, &["220 a\r\n", "500 a\r\n", BYE], "LHLO QUIT", bad(Step::Lhlo, "500 a"));
}

#[test]
fn expectations() {
    let greeting = |text: &str| Script { expect_greeting: Some(text.to_owned()), ..script() };
    let good = ["220-a\r\n220 b ESMTP\r\n", "250 a\r\n", BYE];
    expect(&greeting("b ESM"), &good, "EHLO QUIT", Ok(()));
    let unexpected = Failure::Unexpected("ab".to_owned(), "220 a".to_owned());
    expect(&greeting("ab"), &[good[0], BYE], "QUIT", Err(unexpected));
    expect(&greeting("Bob's"), &["220 Bob's\r\n", "250 a\r\n", BYE], "EHLO QUIT", Ok(()));

    let offer = |names: &[&str]| Script {
        expect_capabilities: names.iter().map(|name| (*name).to_owned()).collect(),
        ..script()
    };
    let good = ["220 a\r\n", "250-PIPELINING\r\n250-size 100\r\n250 HELP\r\n", BYE];
    expect(&offer(&["SIZE", "help"]), &good, "EHLO QUIT", Ok(()));
    // The first line is the server's name and no offer.
    let missing = Err(Failure::NotOffered("PIPELINING".to_owned()));
    expect(&offer(&["SIZE", "PIPELINING"]), &good, "EHLO QUIT", missing);
    let missing = Err(Failure::NotOffered("SIZ".to_owned()));
    expect(&offer(&["SIZ"]), &good, "EHLO QUIT", missing);
}

#[test]
fn starttls() {
    let tls = Script { starttls: true, ..script() };
    let offer = "250-a\r\n250-STARTTLS\r\n250 SIZE\r\n";
    let good = ["220 a\r\n", offer, "220 go\r\n", "250 a\r\n", BYE];
    expect(&tls, &good, "EHLO STARTTLS (TLS) EHLO QUIT", Ok(()));
    let none = Err(Failure::NotOffered("STARTTLS".to_owned()));
    expect(&tls, &["220 a\r\n", "250 STARTTLS\r\n", BYE], "EHLO QUIT", none.clone());
    expect(&tls, &["220 a\r\n", "500 a\r\n", "250 a\r\n", BYE], "EHLO HELO QUIT", none);
    let refused = bad(Step::StartTls, "454 4.7.0 no");
    expect(&tls, &["220 a\r\n", offer, "454 4.7.0 no\r\n", BYE], "EHLO STARTTLS QUIT", refused);
    // After TLS, HELO is no way out.
    let worse = ["220 a\r\n", offer, "220 go\r\n", "500 a\r\n", BYE];
    expect(&tls, &worse, "EHLO STARTTLS (TLS) EHLO QUIT", bad(Step::Ehlo, "500 a"));
    // CVE-2011-0411, seen from the client.
    for early in ["220 go\r\n250 evil\r\n", "220 go\r\n2"] {
        let injected = Err(Failure::Injected);
        expect(&tls, &["220 a\r\n", offer, early], "EHLO STARTTLS", injected);
    }
}

#[test]
fn what_was_offered_before_tls_counts_no_more() {
    let script =
        Script { starttls: true, expect_capabilities: vec!["AUTH".to_owned()], ..script() };
    let before = ["220 a\r\n", "250-a\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", "220 go\r\n"];
    let without = [&before[..], &["250-a\r\n250 SIZE\r\n", BYE]].concat();
    let missing = Err(Failure::NotOffered("AUTH".to_owned()));
    expect(&script, &without, "EHLO STARTTLS (TLS) EHLO QUIT", missing);
    let with = [&before[..], &["250-a\r\n250 AUTH\r\n", BYE]].concat();
    expect(&script, &with, "EHLO STARTTLS (TLS) EHLO QUIT", Ok(()));
}

fn credentials() -> Option<Credentials> {
    Some(Credentials::parse(b"tim\nsecret\n").unwrap())
}

#[test]
fn auth_follows_the_last_ehlo() {
    let auth = Script { credentials: credentials(), ..script() };
    let plain = "AUTH PLAIN AHRpbQBzZWNyZXQ=";
    let offer = "250-a\r\n250 AUTH LOGIN PLAIN\r\n";
    let start = ["220 a\r\n", offer];
    let play = |script: &Script, rest: &[&str], heard: &str, verdict| {
        expect(script, &[&start[..], rest].concat(), heard, verdict);
    };
    let heard = format!("EHLO {plain} QUIT");
    play(&auth, &["235 2.7.0 ok\r\n", BYE], &heard, Ok(()));
    // The server may repeat what it was told; nobody else does.
    for (reply, told) in [
        ("535 5.7.8 no: AHRpbQBzZWNyZXQ=\r\n", "535 5.7.8 no: ***"),
        ("500 what is secret?\r\n", "500 what is ***?"),
        ("334 \r\n", "334"),
        ("250 ok\r\n", "250 ok"),
    ] {
        play(&auth, &[reply, BYE], &heard, bad(Step::Auth, told));
    }
    let malformed = Failure::Malformed(Step::Auth, Malformed::Code("***!".to_owned()));
    play(&auth, &["AHRpbQBzZWNyZXQ=!\r\n"], &format!("EHLO {plain}"), Err(malformed));

    let login = ["220 a\r\n", "250-a\r\n250 AUTH=LOGIN\r\n"];
    let asks = ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 ok\r\n", BYE];
    let heard = "EHLO AUTH LOGIN dGlt c2VjcmV0 QUIT";
    expect(&auth, &[&login[..], &asks].concat(), heard, Ok(()));
    let soon = [&login[..], &["235 ok\r\n", BYE]].concat();
    expect(&auth, &soon, "EHLO AUTH LOGIN QUIT", bad(Step::Auth, "235 ok"));
    let none = Err(Failure::NotOffered("AUTH PLAIN or LOGIN".to_owned()));
    let other = ["220 a\r\n", "250-a\r\n250 AUTH CRAM-MD5\r\n", BYE];
    expect(&auth, &other, "EHLO QUIT", none.clone());

    let tls = Script { starttls: true, ..auth };
    let before = ["220 a\r\n", "250-a\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", "220 go\r\n"];
    let inside = [&before[..], &["250-a\r\n250 AUTH PLAIN\r\n", "235 ok\r\n", BYE]].concat();
    expect(&tls, &inside, &format!("EHLO STARTTLS (TLS) EHLO {plain} QUIT"), Ok(()));
    let without = [&before[..], &["250 a\r\n", BYE]].concat();
    expect(&tls, &without, "EHLO STARTTLS (TLS) EHLO QUIT", none);
}

#[test]
fn xclient_comes_first_and_the_server_begins_anew() {
    let xclient = vec!["ADDR=192.0.2.1".parse().unwrap(), "NAME=a".parse().unwrap()];
    let script = Script { xclient, starttls: true, ..script() };
    let offer = "250-a\r\n250-STARTTLS\r\n250 XCLIENT NAME ADDR PROTO\r\n";
    let start = ["220 a\r\n", offer];
    let said = "EHLO XCLIENT ADDR=192.0.2.1 NAME=a";
    let good = [&start[..], &["220 a\r\n", offer, "220 go\r\n", "250 a\r\n", BYE]].concat();
    expect(&script, &good, &format!("{said} EHLO STARTTLS (TLS) EHLO QUIT"), Ok(()));
    let refused = [&start[..], &["550 5.7.0 no\r\n", BYE]].concat();
    expect(&script, &refused, &format!("{said} QUIT"), bad(Step::XClient, "550 5.7.0 no"));
    for (offer, missing) in
        [("250 XCLIENT ADDR\r\n", "XCLIENT NAME"), ("250 a\r\n", "XCLIENT ADDR")]
    {
        let missing = Err(Failure::NotOffered(missing.to_owned()));
        let offer = format!("250-a\r\n{offer}");
        expect(&script, &["220 a\r\n", &offer, BYE], "EHLO QUIT", missing);
    }
    // Who knows XCLIENT is asked for no HELO.
    let worse = [&start[..], &["220 a\r\n", "500 a\r\n", BYE]].concat();
    expect(&script, &worse, &format!("{said} EHLO QUIT"), bad(Step::Ehlo, "500 a"));
}

#[test]
fn other_codes_are_accepted_for_the_recipient_alone() {
    let from = Script { mail_from: Some("".parse().unwrap()), accept: vec![450, 451], ..script() };
    let script = Script { rcpt_to: Some("b@c".parse().unwrap()), ..from };
    let start = ["220 a\r\n", "250 a\r\n"];
    let (ok, later) = ("250 a\r\n", "450 4.2.0 later\r\n");
    let play = |rest: &[&str], heard, verdict| {
        expect(&script, &[&start[..], rest].concat(), heard, verdict);
    };
    let heard = "EHLO MAIL FROM:<> RCPT TO:<b@c> RSET QUIT";
    play(&[ok, later, ok, BYE], heard, Ok(()));
    play(&[ok, ok, ok, BYE], heard, Ok(()));
    let full = bad(Step::Rcpt, "452 a");
    play(&[ok, "452 a\r\n", BYE], "EHLO MAIL FROM:<> RCPT TO:<b@c> QUIT", full);
    play(&[later, BYE], "EHLO MAIL FROM:<> QUIT", bad(Step::Mail, "450 4.2.0 later"));
}

#[test]
fn lmtp_in_tls() {
    let script = Script { lmtp: true, starttls: true, ..script() };
    let offer = "250-a\r\n250 STARTTLS\r\n";
    let good = ["220 a\r\n", offer, "220 go\r\n", "250 a\r\n", BYE];
    expect(&script, &good, "LHLO STARTTLS (TLS) LHLO QUIT", Ok(()));
}

#[test]
fn a_message_is_tried_and_taken_back() {
    let from = Script { mail_from: Some("".parse().unwrap()), ..script() };
    let both = Script { rcpt_to: Some("b@c".parse().unwrap()), ..from.clone() };
    let start = ["220 a\r\n", "250 a\r\n"];
    let play = |script, rest: &[&str], heard, verdict| {
        expect(script, &[&start[..], rest].concat(), heard, verdict);
    };
    let ok = "250 2.1.0 Ok\r\n";
    play(&from, &[ok, ok, BYE], "EHLO MAIL FROM:<> RSET QUIT", Ok(()));
    play(&both, &[ok, ok, ok, BYE], "EHLO MAIL FROM:<> RCPT TO:<b@c> RSET QUIT", Ok(()));
    play(&both, &[ok, "251 a\r\n", ok, BYE], "EHLO MAIL FROM:<> RCPT TO:<b@c> RSET QUIT", Ok(()));
    let refused = bad(Step::Rcpt, "550 5.1.1 who");
    let heard = "EHLO MAIL FROM:<> RCPT TO:<b@c> QUIT";
    play(&both, &[ok, "550 5.1.1 who\r\n", BYE], heard, refused);
    let refused = bad(Step::Mail, "452 4.3.1 full");
    play(&both, &["452 4.3.1 full\r\n", BYE], "EHLO MAIL FROM:<> QUIT", refused);
    // QUIT takes it back as well.
    play(&from, &[ok, "500 a\r\n", BYE], "EHLO MAIL FROM:<> RSET QUIT", Ok(()));
    let going = bad(Step::Rset, "421 a");
    play(&from, &[ok, "421 a\r\n"], "EHLO MAIL FROM:<> RSET", going);
}

#[test]
fn a_failure_that_is_known_before_leads_to_quit() {
    let script = script();
    let mut dialogue = Dialogue::new(&script, Some(Failure::WriteTimeout));
    dialogue.push(b"220 a\r\n");
    assert_eq!(dialogue.act(), Ok(Action::Send("QUIT\r\n".to_owned())));
    assert_eq!(dialogue.greeting(), Some("220 a"));
    dialogue.push(b"221 a\r\n");
    assert_eq!(dialogue.act(), Ok(Action::Done));
    assert_eq!(dialogue.failure(), Some(&Failure::WriteTimeout));
}

#[test]
fn a_bad_greeting_is_no_reason_where_one_is_known() {
    let script = script();
    for (greeting, last) in [(&b"554 no\r\n"[..], false), (b"421 no\r\n", true)] {
        let mut dialogue = Dialogue::new(&script, Some(Failure::WriteTimeout));
        dialogue.push(greeting);
        assert_eq!(dialogue.act().is_err(), last);
        assert_eq!(dialogue.failure(), Some(&Failure::WriteTimeout));
    }
}
