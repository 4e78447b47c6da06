//! Runs another program the way an unattended root program must: by its absolute path, with an
//! empty environment, with a deadline, and with every word that it says kept.

mod end;
mod pipes;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use self::end::{Ended, bury};
use self::pipes::{End, KEPT, talk};
use crate::exit::Exit;

/// Why a program could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The file is missing or can't be executed.
    #[error("{program}: can't be started: {source}")]
    Start {
        /// The absolute path.
        program: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("{program}: no answer within {limit:?}, killed")]
    Deadline {
        /// The absolute path.
        program: PathBuf,
        /// The limit that passed.
        limit: Duration,
    },
    /// It ended with an error; its own words follow.
    #[error("{program}: {status}: {stderr}")]
    Failed {
        /// The absolute path.
        program: PathBuf,
        /// Exit code or signal.
        status: ExitStatus,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// It wrote more than is kept: half an answer is none.
    #[error("{program}: wrote more than {KEPT} bytes; what came after them is lost")]
    Cut {
        /// The absolute path.
        program: PathBuf,
    },
    /// Talking to it failed.
    #[error("{program}: {source}")]
    Pipe {
        /// The absolute path.
        program: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl ChildError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            ChildError::Start { .. } => Exit::Missing,
            ChildError::Deadline { .. } => Exit::Timeout,
            ChildError::Failed { .. } | ChildError::Cut { .. } | ChildError::Pipe { .. } => {
                Exit::Refused
            }
        }
    }
}

/// Runs `program` with `args`, feeds it `input` and returns what it wrote to standard output.
///
/// `program` must be an absolute path; PATH is never searched. The program and anything that it
/// writes get `limit`; after that it is killed.
pub fn run(
    program: &Path,
    args: &[&str],
    input: &[u8],
    limit: Duration,
) -> Result<String, ChildError> {
    both(program, args, input, limit).map(|[stdout, _]| stdout)
}

/// The same; also returns what it wrote to standard error.
pub fn both(
    program: &Path,
    args: &[&str],
    input: &[u8],
    limit: Duration,
) -> Result<[String; 2], ChildError> {
    let mut command = Command::new(program);
    command.args(args).env_clear().env("LC_ALL", "C");
    let end = ended(command, program, input, limit)?;
    let program = program.to_owned();
    match end.status.success() {
        true if end.cut => Err(ChildError::Cut { program }),
        true => Ok([end.stdout, end.stderr]),
        false => Err(ChildError::Failed { program, status: end.status, stderr: end.stderr }),
    }
}

/// What a program wrote, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a program that belongs to whoever runs this one, such as ssh: with the same environment, and
/// without input. A failed program has an answer too.
///
/// # Errors
/// When it can't be started or talked to, does not end within `limit`, or writes more than 4 MiB.
pub fn asked(program: &Path, args: &[String], limit: Duration) -> Result<Said, ChildError> {
    let mut command = Command::new(program);
    command.args(args);
    let end = ended(command, program, b"", limit)?;
    if end.cut {
        return Err(ChildError::Cut { program: program.to_owned() });
    }
    Ok(Said { status: end.status, stdout: end.stdout, stderr: end.stderr })
}

/// Starts a command and waits for its end, at most for `limit`; then it is killed.
fn ended(
    mut command: Command,
    program: &Path,
    input: &[u8],
    limit: Duration,
) -> Result<End, ChildError> {
    let start = |source| ChildError::Start { program: program.to_owned(), source };
    if !program.is_absolute() {
        return Err(start(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path")));
    }
    let ended = Ended::listen().map_err(start)?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let outcome = talk(&mut child, &ended, input, Instant::now() + limit);
    if !matches!(outcome, Ok(Some(_))) {
        // Already gone is as good as killed.
        let _ = child.kill();
        bury(&mut child);
    }
    let program = program.to_owned();
    match outcome {
        Err(source) => Err(ChildError::Pipe { program, source }),
        Ok(None) => Err(ChildError::Deadline { program, limit }),
        Ok(Some(end)) => Ok(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn sh(script: &str, input: &[u8], limit: Duration) -> Result<String, ChildError> {
        run(Path::new("/bin/sh"), &["-c", script], input, limit)
    }

    #[test]
    fn output_comes_back_and_large_input_does_not_block() {
        let input = vec![b'x'; 1 << 20];
        assert_eq!(sh("/bin/cat", &input, PATIENCE).unwrap().len(), input.len());
    }

    #[test]
    fn a_program_that_does_not_read_is_judged_by_its_exit_code() {
        assert_eq!(sh("echo done", &vec![b'x'; 1 << 20], PATIENCE).unwrap(), "done\n");
    }

    #[test]
    fn its_own_words_are_kept() {
        let error = sh("echo no such table >&2; exit 3", b"", PATIENCE).unwrap_err();
        assert_eq!(error.exit(), Exit::Refused);
        assert!(error.to_string().ends_with("exit status: 3: no such table"), "{error}");
    }

    #[test]
    fn output_that_is_cut_is_told() {
        let flood = format!("/usr/bin/head -c {} /dev/zero", KEPT + 1);
        let error = sh(&flood, b"", PATIENCE).unwrap_err();
        assert!(error.to_string().contains("wrote more than 4194304 bytes"), "{error}");
        let error = sh(&format!("{flood} >&2; exit 3"), b"", PATIENCE).unwrap_err();
        assert!(error.to_string().ends_with("... (cut)"));
        let whole = format!("/usr/bin/head -c {KEPT} /dev/zero");
        assert_eq!(sh(&whole, b"", PATIENCE).unwrap().len(), KEPT);
    }

    #[test]
    fn a_hung_program_is_killed_even_if_it_closed_its_pipes() {
        for script in ["exec sleep 600", "exec <&- >&- 2>&-; exec sleep 600"] {
            let error = sh(script, b"", Duration::from_millis(200)).unwrap_err();
            assert_eq!(error.exit(), Exit::Timeout, "{script}: {error}");
        }
    }

    #[test]
    fn the_path_is_never_searched() {
        let error = run(Path::new("sh"), &[], b"", PATIENCE).unwrap_err();
        assert_eq!(error.exit(), Exit::Missing);
        assert!(run(Path::new("/nonexistent/nft"), &[], b"", PATIENCE).is_err());
    }
}
