//! STARTTLS and TLS: a real handshake with a real server, and everything that can be wrong.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use openssl::ssl::{SslContext, SslVersion};
use tempfile::TempDir;

use super::certificates::{Authority, NAME};
use super::common::netns::inside;
use super::real::skipped;
use super::run::{PROGRAM, command, run, verdict};
use super::server::Step::{self, Close, Drip, Hear, Take, Tls};
use super::server::{FakeServer, say};

const OFFER: &str = "250-mx\r\n250 STARTTLS\r\n";

/// A good server with STARTTLS.
fn starttls(context: SslContext) -> Vec<Step> {
    [before_tls(), vec![Tls(context), Hear, say("250 mx\r\n"), Hear, say("221 bye\r\n")]].concat()
}

/// Its first half.
fn before_tls() -> Vec<Step> {
    vec![say("220 mx\r\n"), Hear, say(OFFER), Hear, say("220 go\r\n")]
}

/// A good server with TLS from the first byte.
fn tls(context: SslContext) -> Vec<Step> {
    vec![Tls(context), say("220 mx\r\n"), Hear, say("250 mx\r\n"), Hear, say("221 bye\r\n")]
}

/// Plays each script with these options and compares the beginning of the verdict. All at once.
fn expect_all(cases: Vec<(String, Vec<Step>, &str)>) {
    thread::scope(|scope| {
        for (options, script, expected) in cases {
            scope.spawn(move || {
                let server = FakeServer::local(script);
                let patience = if expected.contains("timeout") { "0.5" } else { "5" };
                let all = format!("{options} --retry 0 --connect-timeout {patience}");
                let verdict = verdict(server.address(), &all);
                assert!(verdict.starts_with(expected), "{verdict:?}, not {expected:?}: {options}");
            });
        }
    });
}

/// An authority, and a folder with its certificate in a file.
fn authority() -> (Authority, TempDir, String) {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("ca.pem");
    authority.write(&file);
    let file = file.display().to_string();
    (authority, folder, file)
}

#[test]
fn the_server_hears_a_second_ehlo() {
    let server = FakeServer::local(starttls(Authority::new().server(30)));
    assert_eq!(verdict(server.address(), "--starttls --helo-name me --sni a.example"), "up");
    let heard = ["EHLO me\r\n", "STARTTLS\r\n", "SNI a.example", "EHLO me\r\n", "QUIT\r\n"];
    assert_eq!(server.heard(), heard);

    let server = FakeServer::local(tls(Authority::new().server(30)));
    assert_eq!(verdict(server.address(), "--tls --helo-name me"), "up");
    assert_eq!(server.heard(), ["EHLO me\r\n", "QUIT\r\n"]);
}

#[test]
fn certificates() {
    let (authority, folder, file) = authority();
    let stranger = Authority::new();
    let good = || starttls(authority.server(30));
    let verify = format!("--starttls --ca-file {file}");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let fifo = folder.path().join("fifo.pem");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let named = format!("{verify} --verify-name {NAME}");
    let cases = vec![
        ("--starttls".to_owned(), starttls(stranger.server(-3)), "up"),
        (named.clone(), good(), "up"),
        (format!("--tls --ca-file {file} --verify-name {NAME}"), tls(authority.server(30)), "up"),
        (verify.clone(), good(), "up"),
        (
            format!("{verify} --verify-name mx.example.com"),
            good(),
            "down: Bad certificate: hostname mismatch: it is for mx.example.org, 127.0.0.1, \
             not for mx.example.com",
        ),
        (
            format!("{verify} --verify-name 127.0.0.2"),
            good(),
            "down: Bad certificate: IP address mismatch: it is for mx.example.org, 127.0.0.1, \
             not for 127.0.0.2",
        ),
        (named.clone(), starttls(stranger.server(30)), "down: Bad certificate: "),
        (
            named.clone(),
            starttls(authority.common_name_only()),
            "down: Bad certificate: hostname mismatch: it has no subjectAltName, so it is not for \
             mx.example.org; its subject, CN=mx.example.org, does not count (RFC 9525)",
        ),
        (
            format!("--starttls --verify --verify-name {NAME}"),
            good(),
            "down: Bad certificate: unable to get local issuer certificate",
        ),
        (
            named.clone(),
            starttls(authority.server(-3)),
            "down: Bad certificate: certificate has expired",
        ),
        (
            "--starttls --ca-file /nonexistent/ca.pem".to_owned(),
            good(),
            "down: Could not prepare the connection: /nonexistent/ca.pem: ",
        ),
        (
            format!("--starttls --ca-file {}", empty.display()),
            good(),
            "down: Could not prepare the connection: /",
        ),
        (
            format!("--starttls --ca-file {}", fifo.display()),
            good(),
            "down: Could not prepare the connection: /",
        ),
        ("--starttls --cert-days 0".to_owned(), good(), "up"),
        ("--starttls --cert-days 30".to_owned(), good(), "up"),
        ("--starttls --cert-days 31".to_owned(), good(), "down: Bad certificate: expires on "),
        (
            "--starttls --cert-days 0".to_owned(),
            starttls(authority.server(-3)),
            "down: Bad certificate: expired on ",
        ),
        (
            "--starttls --tls-min 1.3".to_owned(),
            starttls(authority.limited(30, Some(SslVersion::TLS1_2))),
            "down: TLS handshake failed: ",
        ),
        ("--starttls --tls-min 1.3".to_owned(), good(), "up"),
        (
            "--starttls --tls-min 1.2".to_owned(),
            starttls(authority.limited(30, Some(SslVersion::TLS1_2))),
            "up",
        ),
    ];
    expect_all(cases);
}

/// The certificate has 127.0.0.1, and that is who answers.
#[test]
fn an_ipv4_address_in_ipv6s_notation_is_verified_as_what_it_is() {
    let (authority, _folder, file) = authority();
    let server = FakeServer::local(starttls(authority.server(30)));
    let mut address = server.address();
    address.set_ip("::ffff:127.0.0.1".parse().unwrap());
    assert_eq!(verdict(address, &format!("--starttls --ca-file {file} --retry 0")), "up");
}

#[test]
fn a_farewell_is_said_where_only_the_certificate_is_old() {
    let old = Authority::new().server(1);
    let script = [before_tls(), vec![Tls(old.clone()), Hear, say("221 bye\r\n")]].concat();
    let server = FakeServer::local(script);
    let options = "--starttls --cert-days 14 --retry 0 --helo-name me";
    let told = verdict(server.address(), options);
    assert!(told.starts_with("down: Bad certificate: expires on "), "{told}");
    assert_eq!(server.heard(), ["EHLO me\r\n", "STARTTLS\r\n", "QUIT\r\n"]);

    let server = FakeServer::local(vec![Tls(old), say("220 a\r\n"), Hear, say("221 bye\r\n")]);
    let told = verdict(server.address(), "--tls --cert-days 14 --retry 0");
    assert!(told.starts_with("down: Bad certificate: expires on "), "{told}");
    assert_eq!(server.heard(), ["QUIT\r\n"]);
}

#[test]
fn servers_that_spoil_it() {
    // What follows answers the first bytes of the client's handshake.
    let with = |rest: Vec<Step>| [before_tls(), vec![Take(5)], rest].concat();
    let before = |reply: &str| vec![say("220 mx\r\n"), Hear, say(OFFER), Hear, say(reply)];
    let option = || "--starttls".to_owned();
    // A handshake record's header, and never its content.
    let record = [0x16, 3, 3, 0x10, 0];
    let drip = Drip([&record[..], &[0; 500]].concat(), Duration::from_millis(50));
    let alert = [0x15, 3, 3, 0, 2, 2, 40];
    expect_all(vec![
        (
            option(),
            vec![say("220 a\r\n"), Hear, say("250 STARTTLS\r\n"), Hear, say("221 a\r\n")],
            "down: STARTTLS is not offered",
        ),
        (
            option(),
            [before("454 4.7.0 no\r\n"), vec![Hear, say("221 a\r\n")]].concat(),
            "down: Bad STARTTLS reply from server: \"454 4.7.0 no\"",
        ),
        (option(), before("220 go\r\n250 evil\r\n"), "down: Plain text after the STARTTLS reply"),
        (option(), with(vec![say("250 evil\r\n")]), "down: "),
        (option(), with(vec![]), "down: Read timeout (TLS handshake)"),
        (option(), with(vec![say(record)]), "down: Read timeout (TLS handshake)"),
        (option(), with(vec![drip]), "down: Read timeout (TLS handshake)"),
        (option(), with(vec![Close]), "down: TLS handshake failed: "),
        (option(), with(vec![say(record), Close]), "down: TLS handshake failed: "),
        (option(), with(vec![say(alert), Close]), "down: TLS handshake failed: "),
        (option(), with(vec![say([0; 100])]), "down: TLS handshake failed: "),
        // Plain text where TLS is expected.
        (
            "--tls".to_owned(),
            vec![say("220 mx\r\n")],
            "down: TLS handshake failed: the server speaks plain SMTP here, not TLS",
        ),
        // A certificate that the server wants; TLS 1.3 tells of that after the handshake.
        (
            "--tls".to_owned(),
            vec![Tls(Authority::new().demanding(None))],
            "down: Read failure (greeting): the server's TLS alert: certificate required (it wants",
        ),
        (
            "--tls".to_owned(),
            vec![Tls(Authority::new().demanding(Some(SslVersion::TLS1_2)))],
            "down: TLS handshake failed: the server's TLS alert: handshake failure",
        ),
        // Silence after the handshake.
        (
            option(),
            [before_tls(), vec![Tls(Authority::new().server(30)), Hear]].concat(),
            "down: Read timeout (EHLO reply)",
        ),
        (
            option(),
            [before_tls(), vec![Tls(Authority::new().server(30)), Hear, Close]].concat(),
            "down: Read failure (EHLO reply)",
        ),
    ]);
}

/// CVE-2011-0411 and its kin, seen from the client: whatever is put between STARTTLS and the
/// handshake, or before what TLS protects, makes no server that is up.
#[test]
fn nothing_is_injected_before_tls() {
    let context = Authority::new().server(30);
    let greeted = || vec![say("220 mx\r\n"), Hear];
    let offered = |rest: Vec<Step>| [greeted(), vec![say(OFFER), Hear], rest].concat();
    let secured = |rest: Vec<Step>| [vec![Tls(context.clone())], rest].concat();
    let good = || secured(vec![Hear, say("250 mx\r\n"), Hear, say("221 bye\r\n")]);
    let with = |bytes: &str| offered([vec![say(bytes)], good()].concat());
    let pause = || Step::Pause(Duration::from_millis(100));
    let early = "down: Early STARTTLS reply";
    let injected = "down: Plain text after the STARTTLS reply";
    let alert = "\x15\x03\x03\0\x02\x01\x5a";
    expect_all(
        [
            // In the same segment: a reply, a piece of one, replies to all that follows, TLS's own.
            (with("220 go\r\n250 evil\r\n"), injected),
            (with("220 go\r\n2"), injected),
            (with("220 go\r\n250 evil\r\n221 evil\r\n"), injected),
            (with(&format!("220 go\r\n{alert}")), injected),
            // The reply itself in pieces.
            (
                offered([vec![say("220-go\r"), pause(), say("\n220 go\r\n\n")], good()].concat()),
                injected,
            ),
            // In a later segment.
            (
                offered([vec![say("220 go\r\n"), pause(), say("250 evil\r\n")], good()].concat()),
                "down: TLS handshake failed: ",
            ),
            // Before STARTTLS was said.
            ([greeted(), vec![say(format!("{OFFER}220 go\r\n"))], good()].concat(), early),
            // Behind the handshake, before EHLO was said in TLS: one reply off.
            (
                offered(
                    [
                        vec![say("220 go\r\n")],
                        secured(vec![say("250 evil\r\n"), Hear, say("250 mx\r\n"), Hear]),
                        vec![say("221 bye\r\n")],
                    ]
                    .concat(),
                ),
                "down: ",
            ),
        ]
        .map(|(script, expected)| ("--starttls".to_owned(), script, expected))
        .to_vec(),
    );
}

/// Seven waits, each of them too long for a seventh of four.
#[test]
fn the_default_deadline_has_room_for_the_handshake() {
    let late = |text: &str| vec![Step::Pause(Duration::from_millis(1050)), say(text)];
    let context = Authority::new().server(30);
    let script = [
        late("220 mx\r\n"),
        vec![Hear],
        late(OFFER),
        vec![Hear],
        late("220 go\r\n"),
        vec![Step::Pause(Duration::from_millis(1050)), Tls(context), Hear],
        late("250 mx\r\n"),
        vec![Hear],
        late("221 bye\r\n"),
    ]
    .concat();
    let server = FakeServer::local(script);
    let options = "--starttls --retry 0 --connect-timeout 1.5";
    assert_eq!(verdict(server.address(), options), "up");
}

#[test]
fn the_deadline_ends_a_handshake_too() {
    let server = FakeServer::local(before_tls());
    let options = "--starttls --connect-timeout 10 --deadline 1";
    assert_eq!(verdict(server.address(), options), "down: Deadline of 1 s reached");
}

/// OpenSSL's own variable stands in for the machine's store, which must not be changed.
#[test]
fn the_systems_store_is_trusted_where_no_file_is_given() {
    let (authority, _folder, file) = authority();
    for (server, verdict) in
        [(authority.server(30), "up"), (Authority::new().server(30), "down: Bad certificate: ")]
    {
        let server = FakeServer::local(starttls(server));
        let options = format!("--starttls --verify --verify-name {NAME} --retry 0");
        let mut command = command(server.address(), &options);
        command.env("SSL_CERT_FILE", &file);
        let told = String::from_utf8(run(command).stdout).unwrap();
        assert!(told.starts_with(&format!("{} {verdict}", server.address())), "{told}");
    }
}

/// Only a user who may not read it can be refused, and root may read everything.
#[test]
fn a_ca_file_that_may_not_be_read_is_told_as_that() {
    if !nix::unistd::geteuid().is_root() {
        return skipped("a_ca_file_that_may_not_be_read_is_told_as_that", "needs root");
    }
    let (authority, folder, file) = authority();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    for program in [PROGRAM.to_owned(), format!("{PROGRAM}-tls")] {
        let name = Path::new(&program).file_name().unwrap();
        std::fs::copy(&program, folder.path().join(name)).unwrap();
    }
    let server = FakeServer::local(starttls(authority.server(30)));
    let mut command = Command::new(folder.path().join("smtp-check"));
    command.args(["127.0.0.1", "--retry", "0", "--starttls", "--ca-file", &file, "-p"]);
    command.arg(server.address().port().to_string()).uid(65534).gid(65534);
    let told = String::from_utf8(run(command).stdout).unwrap();
    let reason = format!("down: Could not prepare the connection: {file}: Permission denied");
    assert!(told.contains(&reason) && told.contains("the user lvskit"), "{told}");
}

/// The system's store in a mount namespace: its folder of hashed names, and its bundle.
#[test]
fn the_systems_store_is_asked_by_name_and_its_bundle_for_the_rest() {
    const TEST: &str = "tls::the_systems_store_is_asked_by_name_and_its_bundle_for_the_rest";
    let (certs, bundle) = (Path::new("/etc/ssl/certs"), "ca-certificates.crt");
    let theirs = std::fs::canonicalize("/usr/lib/ssl/cert.pem").ok();
    if theirs.is_none_or(|theirs| theirs != certs.join(bundle)) {
        return skipped(TEST, "OpenSSL's bundle is elsewhere, so this is not Debian");
    }
    if !inside(TEST) {
        return;
    }
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    mount(None::<&str>, certs, Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    let [known, listed, stranger] = ["known", "listed", "stranger"].map(Authority::named);
    let told = |context: SslContext, name: &str| {
        let server = FakeServer::local(starttls(context));
        let options = format!("--starttls --verify --verify-name {name} --retry 0");
        let mut command = command(server.address(), &options);
        // Whoever runs the tests may have a store of its own.
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        let told = String::from_utf8(run(command).stdout).unwrap();
        told.trim_end().replace(&format!("{} ", server.address()), "")
    };
    // A FIFO in the place of the bundle: whoever reads it waits for ever.
    let fifo = certs.join(bundle);
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    known.write(&certs.join(known.hashed_name()));
    assert_eq!(told(known.server(30), NAME), "up");
    let told_of = |context, name| {
        let told = told(context, name);
        assert!(told.starts_with("down: Bad certificate: "), "{told}");
        told
    };
    assert!(told_of(known.server(-3), NAME).contains("certificate has expired"));
    assert!(told_of(known.server(30), "mx.example.com").contains("hostname mismatch"));
    std::fs::remove_file(&fifo).unwrap();
    listed.write(&fifo);
    assert_eq!(told(known.server(30), NAME), "up");
    assert_eq!(told(listed.server(30), NAME), "up");
    assert!(told_of(listed.server(-3), NAME).contains("certificate has expired"));
    assert!(told_of(listed.server(30), "mx.example.com").contains("hostname mismatch"));
    assert!(told_of(stranger.server(30), NAME).contains("unable to get local issuer certificate"));
}
