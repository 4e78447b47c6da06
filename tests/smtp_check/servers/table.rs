//! The table of expected verdicts: its checks are made, and it is written again with what came of them.
//!
//! A line that begins with a number is of the server on that port. Below it each check is a line
//! `smtp-check OPTIONS => CODE LINE`, after a `!` where it can't end politely.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::run::{PROGRAM, run};

/// How many servers are asked at once.
const AT_ONCE: usize = 12;

/// Where checks come from after which a server may have to log a broken connection.
pub const RUDE: &str = "127.0.0.66";

/// The same text with the exit code and line of each check as they are now. In options `{word}`
/// stands for what `words` have for it.
pub fn made_again(text: &str, words: &[(&str, String)]) -> String {
    let mut port = "";
    let lines: Vec<(&str, &str)> = text
        .lines()
        .map(|line| {
            let word = line.split(' ').next().unwrap_or_default();
            if word.parse::<u16>().is_ok() {
                port = word;
            }
            (port, line)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let made = Mutex::new(vec![String::new(); lines.len()]);
    let make = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((port, line)) = lines.get(number) else { return };
            let line = match line.split_once(" => ") {
                Some((check, _)) => format!("{check} => {}", told(port, check, words)),
                None => (*line).to_owned(),
            };
            made.lock().unwrap()[number] = line + "\n";
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(make))));
    made.into_inner().unwrap().concat()
}

/// Exit code and line, without the server's address.
fn told(port: &str, check: &str, words: &[(&str, String)]) -> String {
    let (mark, options) = check.split_once("smtp-check").unwrap();
    let meant = |options: String, (name, word): &(&str, String)| {
        options.replace(&format!("{{{name}}}"), word)
    };
    let options = words.iter().fold(options.to_owned(), meant);
    let mut command = Command::new(PROGRAM);
    command.args(["127.0.0.1", "-p", port, "--retry", "0"]).args(options.split_whitespace());
    if !options.contains("--connect-timeout") {
        command.args(["--connect-timeout", "15", "--deadline", "18"]);
    }
    if mark.contains('!') && !options.contains("--bindto") {
        command.args(["--bindto", RUDE]);
    }
    let output = run(command);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let line = text.trim_end().replace(&format!("127.0.0.1:{port} "), "");
    format!("{} {line}", output.status.code().unwrap())
}
