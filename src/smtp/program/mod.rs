//! The program `smtp-check`: reads its command line, checks, and tells the verdict.

mod output;
mod process;
mod tls_program;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use self::output::Outcome;
use crate::exit::Exit;
use crate::log::Log;
use crate::smtp::options::Args;
use crate::smtp::tls::{self, Handshake};
use crate::smtp::{Report, Trace, weight};

/// Nagios' code for "could not find out".
const UNKNOWN: u8 = 3;

/// The whole program, with this way to hold a handshake. Errors go to the log.
pub fn main(handshake: Option<Handshake>) -> ExitCode {
    let ticket = tls_program::ticket();
    if ticket.is_some() && handshake.is_none() {
        // This file stands where the program with TLS should; the one that gave the ticket says so.
        return Exit::No.into();
    }
    let code = run(std::env::args_os(), handshake).unwrap_or_else(|err| {
        Log::open("smtp-check", false).error(&format!("{err:#}"));
        Exit::No as u8
    });
    if let Some(ticket) = ticket {
        print(tls_program::signature(&ticket, code).as_bytes());
    }
    code.into()
}

/// Runs `smtp-check` with these words, the program's name first. Returns the exit code. Without a
/// way to hold a handshake, and where the words ask for TLS, another program does the check.
///
/// # Errors
/// The command line is wrong, or that program is missing or not what it should be; there is no
/// verdict. With `--nagios` among the words that is told in Nagios' way, and no error here.
fn run(
    words: impl IntoIterator<Item = OsString>,
    handshake: Option<Handshake>,
) -> anyhow::Result<u8> {
    let words: Vec<_> = words.into_iter().collect();
    let for_nagios = words.iter().any(|word| word == "--nagios");
    match check(words, handshake, if for_nagios { UNKNOWN } else { Exit::No as u8 }) {
        Err(err) if for_nagios => {
            let reason = format!("{err:#}").lines().collect::<Vec<_>>().join(" ").replace('|', "/");
            print(format!("SMTP UNKNOWN - {reason}\n").as_bytes());
            Ok(UNKNOWN)
        }
        result => result,
    }
}

fn check(words: Vec<OsString>, handshake: Option<Handshake>, killed: u8) -> anyhow::Result<u8> {
    process::exit_on_sigterm(killed).context("SIGTERM can't be caught")?;
    let args = match Args::try_parse_from(&words) {
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
    let handshake = match handshake {
        None if args.encrypts() => {
            let (said, code) = tls_program::run(&words, probe.deadline)?;
            print(&said);
            return Ok(code);
        }
        handshake => handshake.unwrap_or(tls::absent),
    };
    let mut stderr = std::io::stderr();
    let mut trace = if args.verbose { Trace::to(&mut stderr) } else { Trace::silent() };
    let mut report = Report::default();
    let verdict = probe.run(handshake, &mut trace, &mut report);
    let outcome = Outcome {
        server: probe.session.target.server,
        verdict,
        report,
        deadline: probe.deadline,
        args: &args,
        drained: args.drain_file.as_deref().and_then(weight::drained),
    };
    let (line, code) = outcome.tell();
    print(line.as_bytes());
    if args.syslog {
        outcome.log(&words);
    }
    Ok(code)
}

/// The verdict stands in the exit code, whether or not anybody reads the line.
fn print(text: &[u8]) {
    let _ = std::io::stdout().write_all(text);
}
