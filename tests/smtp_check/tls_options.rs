//! TLS beyond a handshake that succeeds: TLSA records, certificates of the probe's own, days left,
//! versions that nobody should speak any more.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use openssl::hash::{MessageDigest, hash};
use openssl::ssl::{SslContext, SslVerifyMode, SslVersion};
use openssl::x509::X509;

use super::certificates::{Authority, NAME};
use super::run::{command, run};
use super::server::Step::{self, Hear, Tls};
use super::server::{FakeServer, say};

/// A good server with TLS from the first byte.
fn server(context: SslContext) -> FakeServer {
    let script: Vec<Step> =
        vec![Tls(context), say("220 mx\r\n"), Hear, say("250 mx\r\n"), Hear, say("221 bye\r\n")];
    FakeServer::local(script)
}

/// Exit code and line, without the server's address.
fn told(server: SocketAddr, options: &[&str]) -> (i32, String) {
    let mut command = command(server, "--tls --retry 0");
    command.args(options);
    let output = run(command);
    let line = String::from_utf8(output.stdout).unwrap();
    let line = line.trim_end().replace(&format!("{server} "), "");
    (output.status.code().unwrap(), line)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The data of a record, made from RFC 6698's words and not from the probe's.
fn data(certificate: &X509, selector: u8, matching: u8) -> String {
    let content = match selector {
        0 => certificate.to_der().unwrap(),
        _ => certificate.public_key().unwrap().public_key_to_der().unwrap(),
    };
    match matching {
        0 => hex(&content),
        1 => hex(&hash(MessageDigest::sha256(), &content).unwrap()),
        _ => hex(&hash(MessageDigest::sha512(), &content).unwrap()),
    }
}

#[test]
fn a_certificate_is_that_of_its_tlsa_record() {
    let authority = Authority::new();
    let (context, certificate) = authority.chain(30);
    let (expired, old) = authority.chain(-3);
    let other = Authority::new();
    let record = |usage: u8, selector: u8, matching: u8, certificate: &X509| {
        format!("{usage} {selector} {matching} {}", data(certificate, selector, matching))
    };
    let down = |reason: &str| format!("down: Bad certificate: {reason}");
    let none = down("matches no TLSA record; the server's is 3 1 1 ");
    for selector in 0..=1 {
        for matching in 0..=2 {
            let own = record(3, selector, matching, &certificate);
            let issuer = record(2, selector, matching, authority.certificate());
            let wrong = record(3, selector, matching, other.certificate());
            let name = ["--verify-name", NAME];
            for (context, options, expected) in [
                (&context, vec!["--tlsa", &own], "up"),
                (&context, vec!["--tlsa", &wrong, "--tlsa", &own], "up"),
                (&context, vec!["--tlsa", &wrong], none.as_str()),
                // Names and times of the server's own don't count, those below an authority do.
                (&expired, vec!["--tlsa", &record(3, selector, matching, &old)], "up"),
                (&context, vec!["--tlsa", &issuer, name[0], name[1]], "up"),
                (&context, vec!["--tlsa", &issuer], "up"),
                (
                    &context,
                    vec!["--tlsa", &issuer, "--verify-name", "mx.example.com"],
                    &down("hostname mismatch"),
                ),
                (&expired, vec!["--tlsa", &issuer], &down("certificate has expired")),
                // A usage for the one is none for the other.
                (&context, vec!["--tlsa", &record(2, selector, matching, &certificate)], &none),
                (
                    &context,
                    vec!["--tlsa", &record(3, selector, matching, authority.certificate())],
                    &none,
                ),
            ] {
                let server = server(context.clone());
                let (code, line) = told(server.address(), &options);
                assert!(line.starts_with(expected), "{line:?}, not {expected:?}: {options:?}");
                assert_eq!(code, i32::from(expected != "up"), "{options:?}");
            }
        }
    }
    // An authority of the same name that is shown has not vouched for it.
    let (mut forged, _) = authority.issued(30);
    forged.add_extra_chain_cert(other.certificate().clone()).unwrap();
    let forged = server(forged.build());
    let issuer = record(2, 1, 1, other.certificate());
    let (code, line) = told(forged.address(), &["--tlsa", &issuer]);
    assert!(code == 1 && line.starts_with("down: Bad certificate: "), "{line}");
    // One that is not shown is not known. The record that is told can be published, and may be one
    // word, as gen-conf needs it.
    let alone = server(authority.server(30));
    let (code, line) = told(alone.address(), &["--tlsa", &issuer]);
    assert!(code == 1 && line.starts_with(&none), "{line}");
    let (_, published) = line.split_once("the server's is ").unwrap();
    for record in [published.to_owned(), published.replace(' ', ",")] {
        assert_eq!(told(alone.address(), &["--tlsa", &record]), (0, "up".to_owned()));
    }
}

#[test]
fn a_server_may_ask_for_a_certificate() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (own, stranger, certificate) = (path("own.pem"), path("stranger.pem"), path("cert.pem"));
    authority.write_server(30, own.as_ref());
    Authority::new().write_server(30, stranger.as_ref());
    authority.write(certificate.as_ref());
    let context = || {
        let (mut context, _) = authority.issued(30);
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        context.cert_store_mut().add_cert(authority.certificate().clone()).unwrap();
        context.build()
    };
    let mode = |file: &str, mode| fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    for file in [&own, &stranger] {
        mode(file, 0o600);
    }
    let local = |reason: &str| format!("down: Could not prepare the connection: {reason}");
    let missing = local("/nonexistent/cert.pem: No such file");
    let no_key = local(&format!("{certificate}: no private key in PEM"));
    let strangers = local(&format!("{stranger}: not the key of the certificate in {own}"));
    for (options, expected) in [
        (vec!["--cert", &own], "up"),
        (vec!["--cert", &own, "--key", &own], "up"),
        (vec![], "down: "),
        (vec!["--cert", &stranger], "down: "),
        (vec!["--cert", &own, "--key", &stranger], &strangers),
        (vec!["--cert", "/nonexistent/cert.pem"], &missing),
        (vec!["--cert", &own, "--key", &certificate], &no_key),
    ] {
        mode(&certificate, 0o600);
        let server = server(context());
        let (_, line) = told(server.address(), &options);
        assert!(line.starts_with(expected), "{line:?}, not {expected:?}: {options:?}");
    }
    mode(&own, 0o644);
    let server = server(context());
    let (_, line) = told(server.address(), &["--cert", &own]);
    assert_eq!(line, local(&format!("{own}: mode 644 keeps no secret: chmod 640, or 600")));
}

#[test]
fn a_certificate_that_ends_soon_is_warned_of() {
    let authority = Authority::new();
    let told = |days: i64, options: &[&str]| {
        let server = server(authority.server(days));
        told(server.address(), options)
    };
    for (days, nagios, plain, word) in
        [(30, 0, 0, "OK"), (10, 1, 0, "WARNING"), (3, 2, 1, "CRITICAL"), (-3, 2, 1, "CRITICAL")]
    {
        let (code, line) = told(days, &["--cert-days", "14,7", "--nagios"]);
        assert_eq!(code, nagios, "{line}");
        assert!(line.starts_with(&format!("SMTP {word} - ")), "{line}");
        assert_eq!(line.contains("in less than 14 days"), code == 1, "{line}");
        let (code, line) = told(days, &["--cert-days", "14,7"]);
        assert_eq!(code, plain, "{line}");
        assert_eq!(line.contains("warning: Bad certificate: expires on "), nagios == 1, "{line}");
        let (_, line) = told(days, &["--cert-days", "14,7", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["warning"].is_string(), nagios == 1, "{line}");
    }
}

/// What the system's policy forbids is spoken where that is asked for, and nowhere else.
#[test]
fn an_old_version_is_spoken_by_hand_alone() {
    let authority = Authority::new();
    let old = || {
        let (mut context, _) = authority.issued(30);
        context.set_max_proto_version(Some(SslVersion::TLS1)).unwrap();
        context.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
        context.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
        context.build()
    };
    for (options, expected) in [
        (vec![], "down: TLS handshake failed: "),
        (vec!["--tls-min", "1.1"], "down: TLS handshake failed: "),
        (vec!["--tls-min", "1.0"], "up"),
        (vec!["--tls-min", "1.0", "--tls-level", "0"], "up"),
        (vec!["--tls-min", "1.0", "--tls-level", "2"], "down: TLS handshake failed: "),
    ] {
        let server = server(old());
        let (_, line) = told(server.address(), &options);
        assert!(line.starts_with(expected), "{line:?}, not {expected:?}: {options:?}");
    }
}
