//! Real mail servers, on one machine of their own: `verdicts.txt` has what each of them is found to
//! be by each way to ask it. What they log of checks that can end politely has no fault in it.

mod dovecot;
mod exim;
mod haproxy;
mod opensmtpd;
mod postfix;
mod table;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use openssl::hash::{MessageDigest, hash};
use openssl::x509::X509;
use snapbox::{Assert, file};

use crate::certificates::{Authority, NAME};
use crate::common::netns::inside;
use crate::real::{Machine, read, skipped, unpacked, until, verdict};

/// The port of Dovecot's for Postfix's logins.
const AUTH: u16 = 12345;
const USER: &str = "probe";
const PASSWORD: &str = "not-a-secret";

/// What the servers are given.
struct Files {
    chain: PathBuf,
    ca: PathBuf,
}

#[test]
fn real_servers() {
    const TEST: &str = "servers::real_servers";
    if let Err(why) = unpacked() {
        return skipped(TEST, &why);
    }
    if !inside(TEST) {
        return;
    }
    let machine =
        Machine::new(&["dovecot", "dovenull", "opensmtpd", "opensmtpq", exim::USER, "lvskit"]);
    let authority = Authority::new();
    let files = Files { chain: machine.path("chain.pem"), ca: machine.path("ca.pem") };
    authority.write_server(30, &files.chain);
    authority.write(&files.ca);
    let _servers = [
        dovecot::start(&machine, &files),
        exim::start(&machine, &files),
        opensmtpd::start(&machine),
        haproxy::start(&machine, &files),
        machine.start(
            "aiosmtpd",
            Command::new("/usr/bin/python3")
                .arg(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/tests/smtp_check/servers/aiosmtpd_server.py"
                ))
                .arg(&files.chain)
                .args([USER, PASSWORD]),
        ),
    ];
    let _postfix = postfix::Postfix::start(&machine, &files);
    for (port, name) in [
        (25, "postfix.log"),
        (3587, "dovecot.log"),
        (1025, "exim.log"),
        (2025, "opensmtpd.log"),
        (4025, "aiosmtpd.log"),
        (5025, "haproxy.log"),
    ] {
        until(|| format!("{port}: {}", read(&machine.path(name))), || verdict(port, "") == "up");
    }
    let words = words(&machine, &files);
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp_check/servers/verdicts.txt");
    let made = table::made_again(&read(table.as_ref()), &words);
    Assert::new().action_env("SNAPSHOTS").normalize_paths(false).eq(made, file!["verdicts.txt"]);
    nothing_bad_is_logged(&machine);
}

/// Of checks that end politely; the others come from another address.
fn nothing_bad_is_logged(machine: &Machine) {
    let polite =
        |line: &&str| line.contains("[127.0.0.1]") && !line.contains(&format!("[{}]", table::RUDE));
    for (log, unwanted) in [
        (
            "postfix.log",
            &["lost connection", "HANGUP", "improper", "non-SMTP", "SSL_accept", "timeout"][..],
        ),
        (
            "exim/mainlog",
            &["lost", "unexpected disconnection", "synchronization", "TLS error", "timed out"],
        ),
    ] {
        let text = read(&machine.path(log));
        let lines: Vec<&str> = text.lines().filter(polite).collect();
        assert!(!lines.is_empty(), "{text}");
        let bad = |line: &&&str| unwanted.iter().any(|word| line.contains(word));
        assert_eq!(lines.iter().find(bad), None, "{log}");
    }
    // OpenSMTPD has the address in a session's first line only.
    let log = machine.path("opensmtpd.log");
    let text = read(&log);
    let begun = text.lines().filter(|line| line.contains(" connected address=127.0.0.1 "));
    let sessions: Vec<&str> = begun.filter_map(|line| line.split(' ').next()).collect();
    assert!(!sessions.is_empty(), "{text}");
    for session in sessions {
        let end = format!("{session} smtp disconnected reason=quit");
        until(|| format!("no {end}: {}", read(&log)), || read(&log).contains(&end));
    }
}

/// What stands in braces in the table.
fn words(machine: &Machine, files: &Files) -> Vec<(&'static str, String)> {
    let secret = machine.write("auth", &format!("{USER}\n{PASSWORD}\n"));
    let wrong = machine.write("wrong", &format!("{USER}\nwrong\n"));
    let client = machine.path("client.pem");
    fs::copy(&files.chain, &client).unwrap();
    for file in [&secret, &wrong, &client] {
        fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
    }
    let pem = fs::read(&files.chain).unwrap();
    let certificate = X509::from_pem(&pem).unwrap().to_der().unwrap();
    let digest = hash(MessageDigest::sha256(), &certificate).unwrap();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = |path: &PathBuf| path.display().to_string();
    vec![
        ("trusted", format!("--ca-file {} --verify-name {NAME}", files.ca.display())),
        ("mail", format!("--mail-from <> --rcpt-to postmaster@{NAME}")),
        ("auth", shown(&secret)),
        ("wrong", shown(&wrong)),
        ("client", shown(&client)),
        ("ca", shown(&files.ca)),
        ("tlsa", format!("3,0,1,{digest}")),
    ]
}
