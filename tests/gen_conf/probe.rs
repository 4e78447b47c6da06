//! `type: smtp-check`: what the probe can do and keepalived can't use is refused, with what to write
//! instead.

use crate::blocks::values;
use crate::place::{NODES, Place, edited};
use crate::problems::{CHECK, Case, Told};

pub const CASES: &[Case] = &[
    Case(
        CHECK,
        "check: {type: smtp-check, misc_dynamic: true, options: [^--drain-file /run//lvskit/drain]}",
        Told("/run/lvskit/drain is `drain_file`, which drains the node", "drain-192.168.3.101"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, misc_dynamic: true, options: [^--drain-file /run/lvskit/drain-1]}",
        Told(
            "that of 4 servers, and its file would drain them all",
            "own `check`, below `real_server`",
        ),
    ),
    Case(
        "weight: 1\n    check:\n      type: SMTP_CHECK #",
        "nodes: [server01.domain.ru, server02.domain.ru]\n    check:\n      \
         options: ^--drain-file=/run/x\n      misc_dynamic: true\n      type: smtp-check #",
        Told(
            "that of 2 servers, and its file would drain them all",
            "own `check`, below `real_server`",
        ),
    ),
    // Weights
    Case(
        CHECK,
        "check: {type: smtp-check, compat: false, options: [--starttls, ^--dynamic]}",
        Told("a weight counts as a failure", "`misc_dynamic: true` in the place of `--dynamic`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^--dynamic --latency-weight 100:0.1:2]}",
        Told("a weight counts as a failure", "`misc_dynamic: true` in the place of `--dynamic`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^--latency-weight 100:0.1:2]}",
        Told("not provided: --dynamic", "write `misc_dynamic: true`: without it"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, misc_dynamic: true, options: [^--dynamic]}",
        Told("'--dynamic' cannot be used multiple times", "smtp-check --help"),
    ),
    // Families, ports, short names
    Case(
        CHECK,
        "check: {type: smtp-check, bindto: ^'fd00::1'}",
        Told("from an IPv6 address no IPv4 address can be reached", "write an IPv4 address"),
    ),
    Case(
        CHECK,
        "check: {type: TCP_CHECK, bindto: ^'fd00::1'}",
        Told("from an IPv6 address no IPv4 address can be reached", "write an IPv4 address"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^-p 587]}",
        Told("'--port <PORT>' cannot be used multiple times", "write `connect_port: ...`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [--retry 2, ^-v]}",
        Told("`-v` tells nobody", "by hand"),
    ),
    // What SMTP_CHECK has not
    Case(
        CHECK,
        "check: {type: smtp-check, options: [--retry 2, ^--tls --verify --cert-days=3]}",
        Told(
            "`--tls`, `--verify`, `--cert-days` need `compat: false`",
            "write `compat: false` in the check",
        ),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: ^--lmtp}",
        Told("`--lmtp` needs `compat: false`", "write `compat: false` in the check"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, compat: false, options: [^--starttls --rcpt-to a@b.ru --tls]}",
        Told("'--starttls' cannot be used with '--tls'", "see `smtp-check --help`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, compat: false, options: [^--rcpt-to a@b.ru]}",
        Told("arguments were not provided: --mail-from <ADDR>", "see `smtp-check --help`"),
    ),
    // Ways to tell
    Case(
        CHECK,
        "check: {type: smtp-check, options: [--retry 2, ^--nagios]}",
        Told("keepalived does not read exit codes as Nagios", "remove `--nagios`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^--json]}",
        Told("`--json` tells nobody", "by hand"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: ^--verbose}",
        Told("`-v` tells nobody", "by hand"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^--help]}",
        Told("check nothing", "see `smtp-check --help`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [^-V]}",
        Told("check nothing", "see `smtp-check --help`"),
    ),
    // Rights that the probe's user has not
    Case(
        CHECK,
        "check: {type: smtp-check, fwmark: ^7}",
        Told("lvskit, lacks CAP_NET_ADMIN", "MISC_CHECK with `user: root`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, bind_port: ^1023}",
        Told("lvskit, lacks CAP_NET_BIND_SERVICE", "one from 1024 on"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, options: [--retry 2, ^--bind-port=25]}",
        Told("lvskit, lacks CAP_NET_BIND_SERVICE", "one from 1024 on"),
    ),
    // Lines that would stand twice
    Case(
        CHECK,
        "check: {type: smtp-check, raw: ^user root}",
        Told("`user` is rendered already", "`type: MISC_CHECK`"),
    ),
    Case(
        CHECK,
        "check: {type: smtp-check, raw: ^'@server01 \"misc_timeout\" 9'}",
        Told("`misc_timeout` is rendered already", "`type: MISC_CHECK`"),
    ),
];

/// The check's own lines in the first node's file, from `misc_path` on; `options` stand in place of
/// the article's check.
fn rendered(check: &str) -> Vec<String> {
    let text = Place::with(edited(&[(CHECK, check)])).rendered(NODES[0]);
    values(&text, "misc_path")
}

#[test]
fn a_server_is_drained_by_a_file_of_its_own() {
    let option = "--drain-file /run/lvskit/drain-192.168.3.101";
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
