//! The command line: what is refused, and that it is never taken for a server that is up.

use std::io;
use std::process::Command;

use super::run::{PROGRAM, finish, run};

#[test]
fn a_wrong_command_line_is_exit_code_1() {
    for (words, reason) in [
        (&[][..], "required"),
        (&["mail.example.org"], "names are not looked up"),
        (&["[::1]"], "not an IPv4 or IPv6 address"),
        (&["0.0.0.0"], "expected the address of one server"),
        (&["::"], "expected the address of one server"),
        (&["--connect-ip", "::ffff:0.0.0.0"], "expected the address of one server"),
        (&["fe80::1"], "name one, like fe80::1%eth0"),
        (&["--compat", "fe80::1"], "name one, like fe80::1%eth0"),
        (&["fe80::1%none0"], "no interface `none0`"),
        (&["192.0.2.1%lo"], "only a link-local"),
        (&["192.0.2.1", "192.0.2.2"], "unexpected argument"),
        (&["192.0.2.1", "--bogus"], "unexpected argument"),
        (&["192.0.2.1", "-p", "0"], "0 is not in 1..=65535"),
        (&["192.0.2.1", "-p", "65536"], "65536 is not in 1..=65535"),
        (&["192.0.2.1", "--connect-timeout", "0"], "must be greater than 0"),
        (&["192.0.2.1", "--connect-timeout", "0.0000001"], "at most 6 decimal places"),
        (&["192.0.2.1", "--connect-timeout", "5s"], "not a number of seconds"),
        (&["192.0.2.1", "--deadline", "0.0"], "must be greater than 0"),
        (&["192.0.2.1", "--delay-before-retry", ""], "not a number of seconds"),
        (&["192.0.2.1", "--retry", "4294967296"], "4294967296 is not in"),
        (&["192.0.2.1", "--retry", "-1"], "unexpected argument"),
        (&["--connect-ip", "mail.example.org"], "names are not looked up"),
        (&["192.0.2.1", "--bindto", "eth0"], "not an IPv4 or IPv6 address"),
        (&["192.0.2.1", "--bindto", "::1"], "one is IPv4, the other IPv6"),
        (&["192.0.2.1", "--bind-port", "0"], "0 is not in 1..=65535"),
        (&["192.0.2.1", "--bind-if", ""], "a name of 1 to 15 characters"),
        (&["192.0.2.1", "--bind-if", "abcdefghijklmnop"], "a name of 1 to 15 characters"),
        (&["192.0.2.1", "--fwmark", "-1"], "unexpected argument"),
        (&["192.0.2.1", "--compat", "--starttls"], "cannot be used with"),
        (&["192.0.2.1", "--compat", "--lmtp", "-p", "24"], "cannot be used with"),
        (&["192.0.2.1", "--compat", "--proxy", "v2"], "cannot be used with"),
        (&["192.0.2.1", "--starttls", "--tls"], "cannot be used with"),
        (&["192.0.2.1", "--verify"], "--starttls|--tls"),
        (&["192.0.2.1", "--cert-days", "3"], "--starttls|--tls"),
        (&["192.0.2.1", "--tls", "--verify-name", "a"], "means nothing without --verify"),
        (&["192.0.2.1", "--tls", "--sni", "192.0.2.1"], "not the name of a host"),
        (&["192.0.2.1", "--tls", "--tls-min", "0.9"], "possible values: 1.0, 1.1, 1.2, 1.3"),
        (&["192.0.2.1", "--tls", "--tls-level", "6"], "6 is not in 0..=5"),
        (&["192.0.2.1", "--tls", "--cert-days", "7,14"], "must be greater than the second"),
        (&["192.0.2.1", "--tls", "--key", "k"], "--cert <FILE>"),
        (&["192.0.2.1", "--tls", "--tlsa", "1 1 1 00"], "not for mail servers"),
        (&["192.0.2.1", "--tls", "--tlsa", "3 1 1 00"], "2 hexadecimal digits"),
        (&["192.0.2.1", "--tlsa", "3 0 0 00"], "--starttls|--tls"),
        (&["192.0.2.1", "--lmtp"], "--port"),
        (&["192.0.2.1", "--rcpt-to", "a@b"], "--mail-from"),
        (&["192.0.2.1", "--mail-from", "a@b", "--rcpt-to", "<>"], "must be an address"),
        (&["192.0.2.1", "--mail-from", "a@b>\r\nDATA"], "no mail address"),
        (&["192.0.2.1", "--expect-capability", "AUTH PLAIN"], "one word"),
        (&["192.0.2.1", "--proxy", "v3"], "possible values: v1, v2"),
        (&["192.0.2.1", "--proxy-source", "192.0.2.9:1"], "--proxy <VERSION>"),
        (&["192.0.2.1", "--proxy", "v1", "--proxy-source", "192.0.2.9"], "an address and a port"),
        (&["192.0.2.1", "--proxy", "v1", "--proxy-source", "[::1]:1"], "both be IPv4 or both IPv6"),
        (&["192.0.2.1", "--proxy", "v1", "--proxy-destination", "192.0.2.9:1"], "--proxy-source"),
        (&["192.0.2.1", "--xclient", "ADDR=mx"], "take an IPv4 or IPv6 address"),
        (&["192.0.2.1", "--xclient", "ADDR"], "expected NAME=VALUE"),
        (&["192.0.2.1", "--accept", "450"], "--rcpt-to"),
        (
            &["192.0.2.1", "--mail-from", "", "--rcpt-to", "a@b", "--accept", "450,421"],
            "421 is a server that is about to go",
        ),
        (&["192.0.2.1", "--mail-from", "", "--rcpt-to", "a@b", "--accept", "4"], "like 450"),
        (&["192.0.2.1", "--auth-file", "f"], "sends the password in plain text"),
        (&["192.0.2.1", "--auth-plaintext"], "--auth-file"),
        (&["192.0.2.1", "--tls", "--auth-file", "f", "--auth-plaintext"], "cannot be used with"),
        (&["192.0.2.1", "--compat", "--auth-file", "f"], "cannot be used with"),
        (&["192.0.2.1", "--latency-weight", "9:1:2"], "--dynamic"),
        (&["192.0.2.1", "--drain-file", "x"], "--dynamic"),
        (&["192.0.2.1", "--dynamic", "--latency-weight", "254:1:2"], "MAX is not in 1..=253"),
        (&["192.0.2.1", "--dynamic", "--latency-weight", "9:2:1"], "greater than FAST"),
        (&["192.0.2.1", "--dynamic", "--latency-weight", "+9:1:2"], "MAX is not in 1..=253"),
        (&["192.0.2.1", "--json", "--rcpt-to", "a@b"], "--mail-from"),
        (&["192.0.2.1", "--warn-latency", "1"], "--nagios"),
        (&["192.0.2.1", "--helo-name", "a b"], "neither a domain"),
        (&["192.0.2.1", "--helo-name", "a\r\nQUIT"], "neither a domain"),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        let output = run(command);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("smtp-check: error: "), "{words:?}: {stderr}");
        assert!(stderr.contains(reason), "{words:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_exit_code_0() {
    for (word, text) in [("--help", "Exit codes:"), ("--version", "smtp-check ")] {
        let mut command = Command::new(PROGRAM);
        command.arg(word);
        let output = run(command);
        assert_eq!(output.status.code(), Some(0), "{word}");
        assert!(String::from_utf8(output.stdout).unwrap().contains(text), "{word}");

        let mut command = Command::new(PROGRAM);
        command.arg(word).stdout(io::pipe().unwrap().1);
        assert_eq!(finish(command.spawn().unwrap()).status.code(), Some(0), "{word}");
    }
}
