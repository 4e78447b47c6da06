//! The other ways to tell a verdict: JSON, Nagios, weights. Codes and lines must agree.

use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lvskit::smtp::tls::certificate::rfc3339;
use nix::sys::stat::Mode;
use openssl::ssl::SslVersion;
use serde_json::Value;

use super::certificates::Authority;
use super::run::{PROGRAM, command, good, run};
use super::server::Step::{self, Hear, Pause, Tls};
use super::server::{FakeServer, say};

/// Exit code and output of a run.
fn told(script: Vec<Step>, options: &str) -> (i32, String) {
    let server = FakeServer::local(script);
    let output = run(command(server.address(), &format!("--retry 0 {options}")));
    assert!(output.stderr.is_empty(), "{}", output.stderr.escape_ascii());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.matches('\n').count(), 1, "{stdout:?}");
    (output.status.code().unwrap(), stdout)
}

fn bad() -> Vec<Step> {
    vec![say("554 a|b\r\n"), Hear, say("221 bye\r\n")]
}

/// What a shell reads to tell a verdict from the exit code of an empty file.
#[test]
fn a_confirmed_exit_code_is_said_and_nothing_else() {
    assert_eq!(told(good(), "--confirm"), (0, "smtp-check 0\n".to_owned()));
    assert_eq!(told(bad(), "--confirm"), (1, "smtp-check 1\n".to_owned()));
    let dynamic = "--confirm --dynamic --latency-weight 7:60:61";
    assert_eq!(told(good(), dynamic), (9, "smtp-check 9\n".to_owned()));
    assert_eq!(told(bad(), "--confirm --starttls"), (1, "smtp-check 1\n".to_owned()));
}

#[test]
fn json() {
    let script = vec![
        say("220 mx ESMTP\r\n"),
        Hear,
        say("250-mx\r\n250 STARTTLS\r\n"),
        Hear,
        say("220 go\r\n"),
        Tls(Authority::new().server(30)),
        Hear,
        say("250-mx\r\n250-SIZE 100\r\n250 8BITMIME\r\n"),
        Hear,
        say("221 bye\r\n"),
    ];
    let (code, line) = told(script, "--json --starttls");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &value["verdict"]), (0, &Value::from("up")), "{line}");
    assert_eq!(value["greeting"], "220 mx ESMTP");
    assert_eq!(value["capabilities"], serde_json::json!(["SIZE 100", "8BITMIME"]));
    assert_eq!(value["tls"]["version"], "TLSv1.3");
    assert_eq!(value["tls"]["verified"], false);
    assert_eq!(value["tls"]["subject"], "CN=mx.example.org");
    assert_eq!(value["tls"]["names"], serde_json::json!(["mx.example.org", "127.0.0.1"]));
    assert_eq!(value["tls"]["issuer"], "CN=lvskit test authority");
    assert_eq!(value["tls"]["days_left"], 30);
    assert_eq!((&value["attempts"], &value["kind"]), (&Value::from(1), &Value::Null));
    let end = value["tls"]["not_after"].as_str().unwrap();
    assert!(end.starts_with("20") && end.ends_with('Z'), "{end}");
    let steps = value["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, ["connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "quit"]);
    assert!(steps.iter().all(|step| step["ms"].as_f64().unwrap() > 0.0), "{line}");

    let (code, line) = told(bad(), "--json");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &value["verdict"]), (1, &Value::from("down")), "{line}");
    assert_eq!(value["reason"], "Bad greeting from server: \"554 a|b\"");
    assert_eq!(value["kind"], "reply");
    assert_eq!(value["tls"], Value::Null);
    let server = FakeServer::local(bad());
    let again = run(command(server.address(), "--json --retry 2 --delay-before-retry 0"));
    assert!(String::from_utf8(again.stdout).unwrap().contains(r#""attempts":3"#));
    assert_eq!(told(good(), "--json --compat").0, 0);
}

/// Who is told that a certificate is bad wants to know until when it was good.
#[test]
fn json_tells_of_a_certificate_that_was_refused() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("ca.pem");
    authority.write(&file);
    for (days, version, name, reason) in [
        (-3, None, "127.0.0.1", "certificate has expired"),
        (-3, Some(SslVersion::TLS1_2), "127.0.0.1", "certificate has expired"),
        (30, None, "mx.example.com", "not for mx.example.com"),
    ] {
        let script = vec![Tls(authority.limited(days, version))];
        let options = format!("--json --tls --ca-file {} --verify-name {name}", file.display());
        let (code, line) = told(script, &options);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((code, &value["verdict"]), (1, &Value::from("down")), "{line}");
        assert!(value["reason"].as_str().unwrap().ends_with(reason), "{line}");
        let expected = version.map_or("TLSv1.3", |_| "TLSv1.2");
        assert_eq!(value["tls"]["version"], expected);
        assert_eq!(value["tls"]["verified"], false);
        assert_eq!(value["kind"], "certificate");
        assert_eq!(value["tls"]["days_left"], days);
        let end = value["tls"]["not_after"].as_str().unwrap();
        // Half a day later, a little while ago.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let latest = now + days * 86400 + 43200;
        assert!(end <= &*rfc3339(latest) && end >= &*rfc3339(latest - 60), "{line}");
    }
    // Nothing is known of a handshake that did not come so far.
    let (_, line) = told(vec![say("220 mx\r\n")], "--json --tls");
    assert!(line.contains(r#""tls":null"#), "{line}");
}

#[test]
fn nagios() {
    let slow = || [vec![Pause(Duration::from_millis(300))], good()].concat();
    for (script, options, code, word) in [
        (good(), "", 0, "OK"),
        (good(), "--compat", 0, "OK"),
        (good(), "--warn-latency 5 --crit-latency 9", 0, "OK"),
        (slow(), "--warn-latency 0.2 --crit-latency 9", 1, "WARNING"),
        (slow(), "--warn-latency 0.1 --crit-latency 0.2", 2, "CRITICAL"),
        (bad(), "", 2, "CRITICAL"),
    ] {
        let (got, line) = told(script, &format!("--nagios {options}"));
        assert_eq!(got, code, "{line}");
        assert!(line.starts_with(&format!("SMTP {word} - 127.0.0.1:")), "{line}");
        let (_, data) = line.split_once(" | time=").unwrap();
        assert_eq!(data.matches(';').count(), 4, "{line}");
        assert_eq!(line.matches('|').count(), 1, "{line}");
    }
    assert_eq!(told(good(), "--nagios --warn-latency 9 --crit-latency 9").0, 0);
    for (words, reason) in [
        (&["--nagios", "mail.example.org"][..], "names are not looked up"),
        (
            &["192.0.2.1", "--nagios", "--warn-latency", "9", "--crit-latency", "2"],
            "--warn-latency is above --crit-latency",
        ),
    ] {
        let mut wrong = Command::new(PROGRAM);
        wrong.args(words);
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(3));
        let line = String::from_utf8(output.stdout).unwrap();
        assert!(line.starts_with("SMTP UNKNOWN - ") && line.contains(reason), "{line}");
    }
}

#[test]
fn weights() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("drain");
    let drain = format!("--dynamic --drain-file {}", marker.display());
    assert_eq!(told(good(), "--dynamic").0, 0);
    assert_eq!(told(bad(), "--dynamic").0, 1);
    assert_eq!(told(good(), "--dynamic --latency-weight 100:5:9").0, 102);
    assert_eq!(told(good(), "--dynamic --latency-weight 253:5:9 --compat").0, 255);
    let slow = [vec![Pause(Duration::from_millis(200))], good()].concat();
    assert_eq!(told(slow, "--dynamic --latency-weight 100:0:0.1").0, 3);
    assert_eq!(told(good(), &drain).0, 0);
    std::fs::write(&marker, "update of the kernel\n").unwrap();
    let (code, line) = told(good(), &format!("{drain} --latency-weight 100:5:9"));
    assert!(line.ends_with(" up, weight 0 (drained)\n"), "{line}");
    assert_eq!(code, 2);
    assert_eq!(told(bad(), &drain).0, 1);
    std::fs::write(&marker, "0\n").unwrap();
    assert_eq!(told(good(), &drain).0, 0);
}

/// Nobody waits for what is no file, and nobody guesses what can't be looked at.
#[test]
fn a_drain_file_that_cannot_be_read_drains_and_the_verdict_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let (code, line) = told(good(), &format!("--dynamic --drain-file {}", fifo.display()));
    assert!(line.ends_with(" up, weight 0 (drain file: not a regular file)\n"), "{line}");
    assert_eq!(code, 2);

    // Root may look into any folder, but not without the rights that make it root.
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    let server = FakeServer::local(good());
    let asked = command(server.address(), "--retry 0 --dynamic --drain-file");
    let rights: &[&str] = match nix::unistd::geteuid().is_root() {
        true => &["setpriv", "--bounding-set=-dac_override,-dac_read_search"],
        false => &["env"],
    };
    let mut command = Command::new(rights[0]);
    command.args(&rights[1..]).arg(asked.get_program()).args(asked.get_args());
    command.arg(closed.join("drain"));
    let output = run(command);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains(" up, weight 0 (drain file: Permission denied"), "{line}");
    assert_eq!(output.status.code(), Some(2));
}

/// No way of telling turns a server that nobody asked into one that is up.
#[test]
fn what_could_not_be_asked_is_never_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = taken.local_addr().unwrap();
    for (options, code) in [("", 1), ("--json", 1), ("--dynamic", 1), ("--nagios", 2)] {
        let output = run(command(server, &format!("--retry 0 {options}")));
        assert_eq!(output.status.code(), Some(code), "{options}");
    }
}
