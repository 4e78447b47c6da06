//! What lvskit's commands write: results to standard output or a file, everything else to standard error; and how a
//! command ends that failed.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::exit::Exit;
use crate::files::{self, interrupt};

/// A failure as it is shown, and the exit code that tells its kind.
pub(crate) struct Failure(pub(crate) Exit, pub(crate) anyhow::Error);

pub(crate) trait Or<T> {
    /// A failure with this exit code.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T> Or<T> for Result<T> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure(exit, error))
    }
}

/// The exit code of a command, which shows why it failed. A signal that was caught meanwhile ends it here.
pub(crate) fn end(outcome: Result<Exit, Failure>) -> Exit {
    outcome.unwrap_or_else(|Failure(exit, error)| {
        interrupt::end();
        say(format_args!("{error:#}"));
        exit
    })
}

/// Shows an error; returns the exit code that goes with it.
pub(crate) fn fail(exit: Exit, what: impl Display) -> Exit {
    say(format_args!("error: {what}"));
    exit
}

/// Writes lines to standard error.
pub(crate) fn say(lines: impl Display) {
    // Nowhere left to report that standard error takes nothing.
    let _ = writeln!(io::stderr(), "{lines}");
}

/// Writes to standard output.
pub(crate) fn print(text: &str, out: &mut impl Write) -> Result<(), Failure> {
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// What came of writing to standard output.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.context("error: standard output").or_exit(Exit::File)
}

/// Replaces a file in one step.
pub(crate) fn publish(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    files::publish(file, text.as_bytes(), mode)
        .with_context(|| format!("error: {}", file.display()))
        .or_exit(Exit::File)
}

/// Whether to colour what goes there (<https://no-color.org>).
pub(crate) fn coloured(to: &impl IsTerminal) -> bool {
    to.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
