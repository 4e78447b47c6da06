//! The command line of `smtp-check`: read, check, tell.

pub mod args;
mod help;
mod output;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

pub use args::Args;

use self::output::Outcome;
use crate::smtp::{Report, Trace, weight};

/// Nagios' code for "could not find out".
const UNKNOWN: u8 = 3;

/// Runs `smtp-check` with these words, the program's name first. Returns the exit code.
///
/// # Errors
/// The command line is wrong; the server was not asked. With `--nagios` among the words that is
/// told in Nagios' way, and no error here.
pub fn run(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<u8> {
    let words: Vec<_> = words.into_iter().collect();
    let for_nagios = words.iter().any(|word| word == "--nagios");
    match check(words) {
        Err(err) if for_nagios => {
            let reason = format!("{err:#}").lines().collect::<Vec<_>>().join(" ").replace('|', "/");
            print(&format!("SMTP UNKNOWN - {reason}\n"));
            Ok(UNKNOWN)
        }
        result => result,
    }
}

fn check(words: Vec<OsString>) -> anyhow::Result<u8> {
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
    let mut stderr = std::io::stderr();
    let mut trace = if args.verbose { Trace::to(&mut stderr) } else { Trace::silent() };
    let mut report = Report::default();
    let verdict = probe.run(&mut trace, &mut report);
    let (line, code) = Outcome {
        server: probe.session.target.server,
        verdict,
        report,
        deadline: probe.deadline,
        args: &args,
        drained: args.drain_file.as_deref().is_some_and(weight::is_drained),
    }
    .tell();
    print(&line);
    Ok(code)
}

/// The verdict stands in the exit code, whether or not anybody reads the line.
fn print(line: &str) {
    let _ = std::io::stdout().write_all(line.as_bytes());
}
