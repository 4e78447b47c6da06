//! `type: smtp-check`: what the probe can do and keepalived can't use is refused, with what to write
//! instead.

use crate::blocks::values;
use crate::place::{NODES, Place, edited};
use crate::problems::CHECK;

/// The check's own lines in the first node's file, from `misc_path` on; `options` stand in place of
/// the article's check.
fn rendered(check: &str) -> Vec<String> {
    let text = Place::with(edited(&[(CHECK, check)])).rendered(NODES[0]);
    values(&text, "misc_path")
}

#[test]
fn a_server_is_drained_by_a_file_of_its_own() {
    let option = "--drain-file /run/keepalived-lvskit/drain-192.168.3.101";
    let check = format!("check: {{type: smtp-check, misc_dynamic: true, options: {option}}}");
    let servers = format!(
        "real_server: [{{node: {}, {check}}}, {{node: {}}}]\n    check: {{type: smtp-check}}",
        NODES[0], NODES[1]
    );
    let paths = rendered(&servers);
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths[0].contains(option) && !paths[1].contains("drain"), "{paths:?}");
    // The check of one server is its own, wherever it stands.
    let alone = rendered(&format!("nodes: {}\n    {check}", NODES[0]));
    assert!(alone.len() == 1 && alone[0].contains(option), "{alone:?}");
}

/// The article's check in the place of which `check` stands, with `around` in its virtual server.
fn with(around: &str, check: &str) -> String {
    edited(&[(CHECK, &format!("{around}\n    check: {check}"))])
}

/// As keepalived hands them down to its own checks; MISC_CHECK's own `retry` would repeat all attempts
/// of the probe.
#[test]
fn timers_are_inherited_as_keepalived_s_own_checks_inherit_them() {
    let three = "retry: 3\n    delay_before_retry: 2\n    connect_timeout: 2";
    let server = "real_server: [{node: server01.domain.ru, retry: 7}, {node: server02.domain.ru}]";
    let rest = "{type: smtp-check, options: [--retry 5]}";
    for (around, check, told) in [
        (
            three,
            "{type: smtp-check}",
            &["--connect-timeout 2 --retry 3 --delay-before-retry 2"][..],
        ),
        (three, "{type: smtp-check, retry: 0}", &["2 --retry 0 --delay-before-retry 2"]),
        ("retry: 3", rest, &["--port 25 --retry 5\""]),
        (&format!("retry: 3\n    {server}"), "{type: smtp-check}", &["--retry 7\"", "--retry 3\""]),
        (server, "{type: smtp-check, retry: 4}", &["--retry 4\"", "--retry 4\""]),
        (server, "{type: smtp-check}", &["--retry 7\"", "--port 25\""]),
    ] {
        let text = Place::with(with(around, check)).rendered(NODES[0]);
        let paths = values(&text, "misc_path");
        let end = |at: usize| told.get(at).unwrap_or(&told[0]).trim_end_matches('"');
        let own = |path: &str| path.replace(" --syslog --confirm\"", "");
        let ends = paths.iter().enumerate().all(|(at, path)| own(path).ends_with(end(at)));
        assert!(paths.len() >= told.len() && ends, "{check}, {around}: {paths:?}");
        let block = text.split("MISC_CHECK {").nth(1).unwrap().split('}').next().unwrap();
        assert_eq!(values(block, "retry"), ["0"], "{block}");
    }
}

/// keepalived must never kill the probe, which would have no verdict then.
#[test]
fn keepalived_waits_longer_than_the_probe_with_inherited_timers_too() {
    for around in ["retry: 3", "connect_timeout: 30", "delay_before_retry: 60", ""] {
        let inherited = Place::with(with(around, "{type: smtp-check}")).rendered(NODES[0]);
        let own = format!("{{type: smtp-check, {around}}}");
        let own = Place::with(with("", &own)).rendered(NODES[0]);
        assert_eq!(values(&inherited, "misc_timeout"), values(&own, "misc_timeout"), "{around}");
    }
}

/// Timers that are meant for other checks make no inventory wrong.
#[test]
fn inherited_timers_that_no_program_gets_have_an_end() {
    let run = Place::with(with("retry: 4294967295", "{type: smtp-check}")).run("--stdout");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("warning: one check could take "), "{}", run.stderr);
    assert!(run.stderr.contains("ended after 4292 s"), "{}", run.stderr);
    let paths = values(&run.stdout, "misc_path");
    assert!(
        paths.iter().all(|path| path.ends_with(" --deadline 4292 --syslog --confirm\"")),
        "{paths:?}"
    );
    assert!(values(&run.stdout, "misc_timeout").iter().all(|limit| limit == "4294"));
    let own = Place::with(with("", "{type: smtp-check, retry: 100, connect_timeout: 4294}"));
    assert_eq!(own.run("--stdout").code, Some(1));
}

/// The command by which keepalived runs the probe, up to the probe's own words.
const RUNNER: &str =
    "/bin/sh -fc 'set -- $($0 $@) 1 1; exit $2' /usr/libexec/keepalived/smtp-check ";

/// Each check is run by what takes no exit code that is not confirmed, with TLS and weights too: with
/// `misc_dynamic` an exit code of 127 would be a weight.
#[test]
fn the_probe_s_exit_code_has_to_be_confirmed() {
    for (check, words) in [
        ("{type: smtp-check}", "--compat ADDRESS --port 25 --syslog --confirm"),
        ("{type: smtp-check, syslog: false}", "--compat ADDRESS --port 25 --confirm"),
        ("{type: smtp-check, compat: false}", "ADDRESS --port 25 --syslog --confirm"),
        (
            "{type: smtp-check, compat: false, options: --tls}",
            "ADDRESS --port 25 --tls --syslog --confirm",
        ),
        (
            "{type: smtp-check, misc_dynamic: true, compat: false, options: --starttls}",
            "ADDRESS --port 25 --dynamic --starttls --syslog --confirm",
        ),
    ] {
        let text = Place::with(with("", check)).rendered(NODES[0]);
        let paths = values(&text, "misc_path");
        let addresses = (101..=104).map(|host| format!("192.168.3.{host}"));
        let expected: Vec<String> = addresses
            .map(|address| format!("\"{RUNNER}{}\"", words.replace("ADDRESS", &address)))
            .collect();
        assert_eq!(paths, expected, "{check}");
    }
}

#[test]
fn what_any_user_may_is_rendered() {
    let check = "check: {type: smtp-check, fwmark: 0, bind_port: 1024, raw: '# user root'}";
    let paths = rendered(check);
    assert!(paths.iter().all(|path| path.contains("--bind-port 1024 --fwmark 0")), "{paths:?}");
}

#[test]
fn it_is_bound_to_an_address_of_the_servers_family() {
    let text = include_str!("../../keepalived/samples/ipv6.yml");
    let check = "check: {type: SMTP_CHECK, connect_timeout: 2, retry: 1}";
    let (four, six) = text.rsplit_once(check).unwrap();
    for options in ["--bindto=fd00:3::1", "--bindto fd00:3::1"] {
        let probe = format!("check: {{type: smtp-check, options: [{options}]}}");
        let run = Place::with(format!("{four}{probe}{six}")).run("--stdout");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
}
