//! The command `lvskit status`: reads, writes, and with `--watch` again each second.

use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::time::Duration;

use super::options::Options;
use super::{Status, ask_journal, collect, every, prometheus, text};
use crate::exit::Exit;
use crate::output::{self, Failure, coloured};

/// How long `--watch` waits between two screens.
const SECOND: Duration = Duration::from_secs(1);

/// Clears a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Who may read a file of metrics: node_exporter runs as its own user.
const MODE: u32 = 0o644;

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Options, out: &mut impl Write) -> Exit {
    let outcome = match &args.output {
        _ if args.all => {
            every::shown(args).and_then(|(text, exit)| output::print(&text, out).map(|()| exit))
        }
        _ if args.watch => watch(args, out).map(|()| Exit::Ok),
        Some(file) => output::publish(file, &shown(args, false), MODE).map(|()| Exit::Ok),
        None => output::print(&shown(args, coloured(&stdout())), out).map(|()| Exit::Ok),
    };
    output::end(outcome)
}

/// The JSON schema of `lvskit status --json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Status);
    format!("{:#}\n", schema.to_value())
}

fn shown(args: &Options, coloured: bool) -> String {
    let (mut status, wanted, _) = collect(&args.places.to_read());
    // Not each second, and not for metrics, which have no transitions.
    if !args.watch && !args.prometheus {
        ask_journal(&mut status, &wanted);
    }
    if args.json {
        json(&status)
    } else if args.prometheus {
        prometheus::metrics(&status)
    } else {
        text::screen(&status, coloured)
    }
}

fn json(status: &Status) -> String {
    // Only maps whose keys are no text could fail, and there are none.
    serde_json::to_string_pretty(status).unwrap_or_default() + "\n"
}

/// Draws the screen until somebody ends it, or nobody reads it any more.
fn watch(args: &Options, out: &mut impl Write) -> Result<(), Failure> {
    let (coloured, terminal) = (coloured(&stdout()), stdout().is_terminal());
    loop {
        let screen = shown(args, coloured);
        let screen = if terminal { format!("{CLEAR}{screen}") } else { screen + "\n" };
        match out.write_all(screen.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            drawn => output::printed(drawn)?,
        }
        std::thread::sleep(SECOND);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::files;

    #[test]
    fn a_file_is_replaced_and_everybody_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lvskit.prom");
        for text in ["a 1\n", "b 2\n"] {
            files::publish(&file, text.as_bytes(), MODE).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
            let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, MODE);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(files::publish(Path::new("/nonexistent/x.prom"), b"", MODE).is_err());
    }

    #[test]
    fn the_schema_describes_what_is_written() {
        let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
        let text = schema.to_string();
        for name in ["format", "instances", "guards", "sync_daemons", "connections_per_second"] {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
        assert!(!text.contains("auth_pass"), "passwords are no part of it");
    }
}
