//! Running the program, and reading its verdict.

use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::common::patience::within;
use super::server::Step::{self, Hear};
use super::server::say;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_smtp-check");

/// A run that lasts longer hangs.
pub const HANGS: Duration = Duration::from_secs(20);

/// Asks the server with these options.
pub fn command(server: SocketAddr, options: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg(server.ip().to_string()).arg("-p").arg(server.port().to_string());
    command.args(options.split_whitespace());
    command
}

/// Waits for the program; one that hangs is killed and fails the test.
pub fn finish(mut child: Child) -> Output {
    if within(HANGS, || child.try_wait().expect("a child can be waited for")).is_none() {
        let _ = child.kill();
        panic!("hangs: {:?}", child.wait_with_output());
    }
    child.wait_with_output().expect("a child's output can be read")
}

/// Runs the program to its end, with its output caught.
pub fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().expect("the program starts"))
}

/// Runs the program and returns its verdict without the server's address.
///
/// Exit code and line must agree.
pub fn verdict(server: SocketAddr, options: &str) -> String {
    let output = run(command(server, options));
    let stdout = String::from_utf8(output.stdout).expect("the verdict is ASCII");
    let verdict = stdout
        .strip_prefix(&format!("{server} "))
        .and_then(|rest| rest.strip_suffix('\n'))
        .unwrap_or_else(|| panic!("no verdict: {stdout:?}, {:?}", output.status))
        .to_owned();
    let code = if verdict == "up" { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{verdict}");
    assert!(verdict == "up" || verdict.starts_with("down: "), "{verdict}");
    assert!(output.stderr.is_empty(), "{}", output.stderr.escape_ascii());
    verdict
}

/// A well-behaved server, except for what it says.
pub fn replies(greeting: &str, helo: &str, quit: &str) -> Vec<Step> {
    vec![say(greeting), Hear, say(helo), Hear, say(quit)]
}

pub fn good() -> Vec<Step> {
    replies("220 a\r\n", "250 b\r\n", "221 c\r\n")
}
