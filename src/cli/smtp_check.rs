//! The command line of `smtp-check`: read, check, tell.

pub mod args;
mod help;
mod output;
mod process;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

pub use args::Args;

use self::output::Outcome;
use crate::exit::Exit;
use crate::log::Log;
use crate::smtp::tls::{self, Handshake};
use crate::smtp::{Report, Trace, weight};

/// Nagios' code for "could not find out".
const UNKNOWN: u8 = 3;

/// The whole program, with this way to hold a handshake. Errors go to the log.
pub fn main(handshake: Option<Handshake>) -> ExitCode {
    match run(std::env::args_os(), handshake) {
        Ok(code) => code.into(),
        Err(err) => {
            Log::open("smtp-check", false).error(&format!("{err:#}"));
            Exit::No.into()
        }
    }
}

/// Runs `smtp-check` with these words, the program's name first. Returns the exit code. Without a
/// way to hold a handshake, and where the words ask for TLS, another program goes on instead.
///
/// # Errors
/// The command line is wrong, or that program is missing; the server was not asked. With `--nagios`
/// among the words that is told in Nagios' way, and no error here.
fn run(
    words: impl IntoIterator<Item = OsString>,
    handshake: Option<Handshake>,
) -> anyhow::Result<u8> {
    let words: Vec<_> = words.into_iter().collect();
    let for_nagios = words.iter().any(|word| word == "--nagios");
    match start(words, handshake, if for_nagios { UNKNOWN } else { Exit::No as u8 }) {
        Err(err) if for_nagios => {
            let reason = format!("{err:#}").lines().collect::<Vec<_>>().join(" ").replace('|', "/");
            print(&format!("SMTP UNKNOWN - {reason}\n"));
            Ok(UNKNOWN)
        }
        result => result,
    }
}

fn start(words: Vec<OsString>, handshake: Option<Handshake>, killed: u8) -> anyhow::Result<u8> {
    if handshake.is_none() && process::asks_for_tls(&words) {
        return Err(process::become_tls(&words));
    }
    process::exit_on_sigterm(killed).context("SIGTERM can't be caught")?;
    check(words, handshake.unwrap_or(tls::absent), killed)
}

fn check(words: Vec<OsString>, handshake: Handshake, killed: u8) -> anyhow::Result<u8> {
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(err) if err.use_stderr() => {
            let text = err.to_string();
            anyhow::bail!("{}", text.strip_prefix("error: ").unwrap_or(&text).trim_end());
        }
        Err(help) => {
            // Asked for and given, whether or not anybody reads it.
            let _ = help.print();
            return Ok(0);
        }
    };
    let probe = args.probe()?;
    process::exit_after(probe.deadline, killed).context("no alarm can be set")?;
    let mut stderr = std::io::stderr();
    let mut trace = if args.verbose { Trace::to(&mut stderr) } else { Trace::silent() };
    let mut report = Report::default();
    let verdict = probe.run(handshake, &mut trace, &mut report);
    let (line, code) = Outcome {
        server: probe.session.target.server,
        verdict,
        report,
        deadline: probe.deadline,
        args: &args,
        drained: args.drain_file.as_deref().and_then(weight::drained),
    }
    .tell();
    print(&line);
    Ok(code)
}

/// The verdict stands in the exit code, whether or not anybody reads the line.
fn print(line: &str) {
    let _ = std::io::stdout().write_all(line.as_bytes());
}
