//! A real LMTP server, Postfix's own smtp-sink: the verdicts, and the commands that it hears.

use std::process::Command;

use super::common::netns::inside;
use super::real::{Machine, program, read, until, verdict};

#[test]
fn real_lmtp() {
    let Some(sink) = program("/usr/sbin/smtp-sink") else { return };
    if !inside("lmtp::real_lmtp") {
        return;
    }
    let machine = Machine::new(&["lvskit"]);
    let mut command = Command::new(sink);
    command.args(["-u", "lvskit", "-v", "-L", "127.0.0.1:24", "100"]);
    let _sink = machine.start("smtp-sink", &mut command);
    let log = machine.path("smtp-sink.log");
    until(|| read(&log), || verdict(24, "--lmtp") == "up");
    assert_eq!(verdict(24, "--lmtp --expect-capability PIPELINING"), "up");
    assert_eq!(verdict(24, "--lmtp --mail-from <> --rcpt-to a@b.example"), "up");
    let told = verdict(24, "");
    assert!(told.starts_with("down: Bad HELO reply from server: \"500 "), "{told}");

    until(|| read(&log), || read(&log).matches(": disconnect").count() >= 4);
    let log = read(&log);
    let commands = ["LHLO", "MAIL", "RCPT", "RSET", "EHLO", "HELO", "QUIT"];
    let said = log.lines().filter_map(|line| line.split_once("smtp-sink: ")?.1.split(' ').next());
    let said: Vec<&str> = said.filter(|word| commands.contains(word)).collect();
    let expected = "LHLO QUIT LHLO QUIT LHLO MAIL RCPT RSET QUIT EHLO HELO QUIT"
        .split(' ')
        .collect::<Vec<_>>();
    assert_eq!(said, expected, "{log}");
    assert!(!log.contains("lost") && !log.contains("unexpected EOF"), "{log}");
}
