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
