//! What becomes of a command line: defaults, and every option in its place.

use clap::CommandFactory;

use super::*;
use crate::smtp::esmtp::Plan;
use crate::smtp::probe::DEFAULT_DELAY_BEFORE_RETRY;
use crate::smtp::session::{DEFAULT_CONNECT_TIMEOUT, TLS_PORT};
use crate::smtp::tls;

fn probe(words: &str) -> Probe {
    let words = ["smtp-check"].into_iter().chain(words.split_whitespace());
    Args::try_parse_from(words).unwrap().probe().unwrap()
}

fn plan(words: &str) -> Plan {
    match probe(words).session.rules {
        Rules::Rfc(plan) => *plan,
        compat @ Rules::Compat(_) => panic!("{compat:?}"),
    }
}

#[test]
fn the_definition_holds() {
    Args::command().debug_assert();
}

#[test]
fn defaults_are_those_of_smtp_check() {
    let probe = probe("192.0.2.1 --compat");
    assert_eq!(probe.session.target, Target::new("192.0.2.1:25".parse().unwrap()));
    assert_eq!(probe.session.rules, Rules::Compat(helo::DEFAULT.parse().unwrap()));
    assert_eq!(probe.session.connect_timeout, DEFAULT_CONNECT_TIMEOUT);
    assert_eq!(probe.retry, 1);
    assert_eq!(probe.delay_before_retry, DEFAULT_DELAY_BEFORE_RETRY);
    assert_eq!(probe.deadline, Duration::from_secs(41));
}

#[test]
fn every_option_of_smtp_check_arrives() {
    let probe = probe(
        "192.0.2.1 --compat --connect-ip ::1 --connect-port 587 --bindto ::2 --bind-port 7 \
         --bind-if eth0 --fwmark 8 --helo-name [192.0.2.9] --connect-timeout 0.25 --retry 3 \
         --delay-before-retry 0 --deadline 2.5",
    );
    let target = Target {
        server: "[::1]:587".parse().unwrap(),
        bind_ip: Some("::2".parse().unwrap()),
        bind_port: Some(7),
        bind_if: Some("eth0".to_owned()),
        fwmark: Some(8),
    };
    assert_eq!(probe.session.target, target);
    assert_eq!(probe.session.rules, Rules::Compat("[192.0.2.9]".parse().unwrap()));
    assert_eq!(probe.session.connect_timeout, Duration::from_millis(250));
    assert_eq!(probe.retry, 3);
    assert_eq!(probe.delay_before_retry, Duration::ZERO);
    assert_eq!(probe.deadline, Duration::from_millis(2500));
}

#[test]
fn the_deadline_follows_the_other_timers() {
    let message = "--mail-from <> --rcpt-to a@b";
    for (options, seconds) in [
        ("--compat --connect-timeout 2 --retry 0", 8),
        ("--compat", 2 * 4 * 5 + 1),
        // Connection, greeting, EHLO, HELO, QUIT.
        ("", 2 * 5 * 5 + 1),
        ("--retry 0 --lmtp -p 24", 4 * 5),
        ("--retry 0 --proxy v2", 4 * 5),
        // Connection, greeting, EHLO, STARTTLS, TLS, EHLO, QUIT.
        ("--retry 0 --starttls", 7 * 5),
        ("--retry 0 --tls", 6 * 5),
        (&format!("--retry 0 {message}"), 8 * 5),
        // XCLIENT, EHLO; then LOGIN's three replies.
        ("--retry 0 --xclient ADDR=192.0.2.1", 7 * 5),
        ("--retry 0 --auth-file f --tls", 9 * 5),
        ("--retry 0 --auth-file f --tls --xclient ADDR=192.0.2.1", 11 * 5),
        // And MAIL, RCPT, RSET.
        (&format!("--retry 0 --starttls {message}"), 10 * 5),
        (&format!("--retry 2 --connect-timeout 1 --starttls {message}"), 3 * 10 + 2),
    ] {
        let words = format!("192.0.2.1 {options}");
        assert_eq!(probe(&words).deadline, Duration::from_secs(seconds), "{options}");
    }
}

#[test]
fn tls_from_the_first_byte_has_a_port_of_its_own() {
    let port = |words| probe(words).session.target.server.port();
    assert_eq!(port("192.0.2.1 --tls"), TLS_PORT);
    assert_eq!(port("192.0.2.1 --tls -p 25"), 25);
    assert_eq!(port("192.0.2.1 --starttls"), 25);
    // LMTP has none, with or without TLS.
    let lmtp = |words: &str| Args::try_parse_from(words.split(' ')).is_ok();
    assert!(!lmtp("smtp-check 192.0.2.1 --tls --lmtp"));
    assert!(lmtp("smtp-check 192.0.2.1 --tls --lmtp -p 24"));
}

#[test]
fn a_proxy_header_speaks_for_whom_it_is_told() {
    let ends = |words: &str| plan(&format!("192.0.2.1 -p 26 {words}")).proxy.unwrap().ends;
    assert_eq!(ends("--proxy v1"), None);
    let source = "198.51.100.1:7";
    let end = |text: &str| text.parse().unwrap();
    assert_eq!(
        ends(&format!("--proxy v2 --proxy-source {source}")),
        Some((end(source), end("192.0.2.1:26")))
    );
    assert_eq!(
        ends("--proxy v2 --proxy-source [::1]:7 --proxy-destination [::2]:25"),
        Some((end("[::1]:7"), end("[::2]:25")))
    );
}

#[test]
fn everything_beyond_conflicts_with_compat() {
    let known: Vec<_> = Args::command().get_arguments().map(|arg| arg.get_id().clone()).collect();
    for name in BEYOND.iter().filter(|name| **name != "encryption") {
        assert!(known.iter().any(|id| id == name), "{name}");
    }
    assert_eq!(plan("192.0.2.1").tls, None);
}

#[test]
fn names_for_tls_follow_each_other() {
    let tls = |words: &str| plan(&format!("192.0.2.1 --starttls {words}")).tls.unwrap();
    assert_eq!(tls(""), tls::Options::default());
    let by_address = tls("--verify").verify.unwrap();
    let own = Peer::Ip("192.0.2.1".parse().unwrap());
    assert_eq!(by_address.peer, own);
    for words in
        ["::ffff:192.0.2.1 --tls --verify", "::1 --tls --verify --verify-name ::ffff:c000:201"]
    {
        assert_eq!(plan(words).tls.unwrap().verify.unwrap().peer, own, "{words}");
    }
    assert_eq!(tls("--verify").sni, None);
    assert_eq!(tls("--verify --verify-name mx.a").sni.unwrap(), "mx.a");
    assert_eq!(tls("--verify --verify-name mx.a --sni b").sni.unwrap(), "b");
    let file = tls("--ca-file ca.pem --verify-name 192.0.2.7");
    assert_eq!((file.sni, file.verify.unwrap().ca_file), (None, Some("ca.pem".into())));
}
