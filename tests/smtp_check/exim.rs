//! A real Exim: the verdicts, and what it logs. Exim drops a client that speaks before its turn,
//! and logs how each connection ended.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use nix::unistd::User;

use super::certificates::{Authority, NAME};
use super::common::netns::inside;
use super::real::{Machine, program, read, until, verdict};

const USER: &str = "Debian-exim";

#[test]
fn real_exim() {
    let Some(exim) = program("real_exim", "/usr/sbin/exim4") else { return };
    if !inside("exim::real_exim") {
        return;
    }
    let (machine, authority) = (Machine::new(&[USER]), Authority::new());
    let (chain, ca) = (machine.path("chain.pem"), machine.path("ca.pem"));
    authority.write_server(30, &chain);
    authority.write(&ca);
    let owner = User::from_name(USER).unwrap().unwrap();
    for folder in ["spool", "log"] {
        fs::create_dir(machine.path(folder)).unwrap();
    }
    for path in ["spool", "log", "chain.pem"] {
        let (uid, gid) = (owner.uid.as_raw(), owner.gid.as_raw());
        chown(machine.path(path), Some(uid), Some(gid)).unwrap();
    }
    let folder = machine.folder.path().display();
    let conf = machine.write(
        "exim.conf",
        &format!(
            "spool_directory = {folder}/spool\n\
             log_file_path = {folder}/log/%slog\n\
             pid_file_path = {folder}/exim.pid\n\
             log_selector = +all\n\
             primary_hostname = {NAME}\n\
             keep_environment =\n\
             disable_ipv6 = true\n\
             host_lookup =\n\
             rfc1413_hosts =\n\
             daemon_smtp_ports = 25 : 465\n\
             tls_on_connect_ports = 465\n\
             tls_advertise_hosts = *\n\
             tls_certificate = {chain}\n\
             tls_privatekey = {chain}\n\
             smtp_enforce_sync = true\n\
             acl_smtp_connect = connect\n\
             acl_smtp_rcpt = rcpt\n\
             begin acl\n\
             connect:\n  \
               defer hosts = 127.0.0.2\n  \
               accept\n\
             rcpt:\n  \
               defer local_parts = full\n  \
               accept domains = {NAME}\n  \
               deny message = no relay\n",
            chain = chain.display(),
        ),
    );
    let _exim = machine.start(Command::new(exim).arg("-C").arg(conf).arg("-bdf"));
    until(|| read(&machine.path("output")), || verdict(25, "") == "up");

    let trusted = format!("--ca-file {} --verify-name {NAME}", ca.display());
    let mail = format!("--mail-from <> --rcpt-to postmaster@{NAME}");
    let mut checks = 1;
    for (port, options) in [
        (25, "--compat"),
        (25, "--expect-greeting Exim --expect-capability PIPELINING"),
        (25, &mail),
        (25, &format!("--starttls --cert-days 14 {trusted}")),
        (25, &format!("--starttls {mail}")),
        (465, &format!("--tls {trusted}")),
    ] {
        assert_eq!(verdict(port, options), "up", "{port} {options}");
        checks += 1;
    }
    for (options, expected) in [
        (format!("--mail-from <> --rcpt-to full@{NAME}"), "RCPT reply from server: \"451 "),
        ("--mail-from a@b.example --rcpt-to a@b.example".into(), "RCPT reply from server: \"550 "),
    ] {
        let told = verdict(25, &options);
        assert!(told.starts_with(&format!("down: Bad {expected}")), "{options}: {told}");
        checks += 1;
    }
    // Its own words for a good end, once for each check; none of those for a bad one.
    let log = machine.path("log/mainlog");
    until(|| read(&log), || read(&log).matches("closed by QUIT").count() >= checks);
    let log = format!("{}{}", read(&log), read(&machine.path("log/paniclog")));
    for unwanted in
        ["lost", "unexpected disconnection", "synchronization", "TLS error", "timed out", "panic"]
    {
        assert!(!log.contains(unwanted), "{unwanted}: {log}");
    }
    let busy = verdict(25, "--bindto 127.0.0.2");
    assert!(busy.starts_with("down: Bad greeting from server: \"451 "), "{busy}");
}
