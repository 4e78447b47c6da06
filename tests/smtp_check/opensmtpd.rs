//! A real OpenSMTPD: the verdicts, and what it logs. Without TLS: Debian 12's OpenSMTPD 6.8 fails in
//! each handshake, with OpenSSL's own client too.

use std::fs;
use std::process::Command;

use super::certificates::NAME;
use super::common::netns::inside;
use super::real::{Machine, program, read, until, verdict};

#[test]
fn real_opensmtpd() {
    let Some(smtpd) = program("real_opensmtpd", "/usr/sbin/smtpd") else { return };
    if !inside("opensmtpd::real_opensmtpd") {
        return;
    }
    let machine = Machine::new(&["opensmtpd", "opensmtpq"]);
    fs::create_dir_all("/var/lib/opensmtpd/empty").unwrap();
    let conf = machine.write(
        "smtpd.conf",
        &format!(
            "listen on lo port 25 hostname {NAME}\n\
             table known {{ \"postmaster\" = root }}\n\
             action deliver maildir virtual <known>\n\
             match from any for domain \"{NAME}\" action deliver\n"
        ),
    );
    let _smtpd = machine.start(Command::new(smtpd).arg("-d").arg("-f").arg(conf));
    let log = machine.path("output");
    until(|| read(&log), || verdict(25, "") == "up");

    let recipient = |name: &str| format!("--mail-from <> --rcpt-to {name}@{NAME}");
    let mut checks = 1;
    for options in [
        "--compat",
        "--expect-greeting OpenSMTPD --expect-capability SIZE",
        &recipient("postmaster"),
        "--helo-name [127.0.0.1]",
    ] {
        assert_eq!(verdict(25, options), "up", "{options}");
        checks += 1;
    }
    for (options, expected) in [
        (recipient("unknown").as_str(), "Bad RCPT reply from server: \"5"),
        ("--starttls", "STARTTLS is not offered"),
    ] {
        let told = verdict(25, options);
        assert!(told.starts_with(&format!("down: {expected}")), "{options}: {told}");
        checks += 1;
    }
    until(|| read(&log), || read(&log).matches("disconnected reason=").count() >= checks);
    let log = read(&log);
    let ends = log.lines().filter(|line| line.contains("disconnected reason="));
    assert!(ends.clone().all(|line| line.ends_with("reason=quit")), "{log}");
}
