//! Runs another program the way an unattended root program must: by its absolute path, with an
//! empty environment, with a deadline, and with every word that it says kept.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};

use crate::exit::Exit;

/// The most that is kept of a program's output, in bytes per stream; the rest is read and dropped,
/// and told.
const KEPT: usize = 4 * 1024 * 1024;

/// How often a program that closed its output is asked whether it has ended, where its signal does
/// not come.
const TICK: Duration = Duration::from_millis(5);

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

/// Hears that a child ended, as long as it lives.
///
/// Whoever ignores SIGCHLD passes that on to the programs that it starts, and then the kernel forgets
/// children before anybody could ask for their exit codes. With a handler it remembers them.
struct Ended {
    signal: signal_hook::SigId,
    heard: UnixStream,
}

impl Ended {
    fn listen() -> io::Result<Ended> {
        let (heard, told) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        Ok(Ended { signal: pipe::register(SIGCHLD, told)?, heard })
    }

    /// Waits until some child may have ended, at most a [`TICK`].
    fn wait(&self) -> io::Result<()> {
        let tick = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(self.heard.as_fd(), PollFlags::POLLIN)], tick) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        match (&self.heard).read(&mut [0; 64]) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        unregister(self.signal);
    }
}

/// Waits for a killed program, but not for ever: one that hangs inside the kernel dies only when
/// the kernel lets go of it. It is left to init then.
fn bury(child: &mut Child) {
    let deadline = Instant::now() + Duration::from_millis(500);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(TICK);
    }
}

struct End {
    status: ExitStatus,
    stdout: String,
    /// Whether that is only the beginning.
    cut: bool,
    stderr: String,
}

/// What is kept of a stream.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
}

/// Feeds and drains the three pipes at once, so that neither side can block the other. `None` at
/// the deadline.
fn talk(
    child: &mut Child,
    ended: &Ended,
    input: &[u8],
    deadline: Instant,
) -> io::Result<Option<End>> {
    let mut stdin = child.stdin.take();
    let mut outputs = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Pipe>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Pipe>),
    ];
    let mut kept = [Kept::default(), Kept::default()];
    let mut unsent = input;
    while stdin.is_some() || outputs.iter().any(Option::is_some) {
        let ready = match wait(stdin.as_ref(), &outputs, deadline)? {
            None => return Ok(None),
            Some(ready) => ready,
        };
        if ready[0] {
            unsent = feed(&mut stdin, unsent)?;
        }
        for (at, output) in outputs.iter_mut().enumerate() {
            if ready[at + 1] && drain(output, &mut kept[at])? == 0 {
                *output = None;
            }
        }
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        ended.wait()?;
    };
    let cut = kept[0].cut;
    let [stdout, stderr] = kept.map(|Kept { bytes, cut }| {
        let more = if cut { "... (cut)" } else { "" };
        String::from_utf8_lossy(&bytes).into_owned() + more
    });
    Ok(Some(End { status, stdout, cut, stderr: stderr.trim_end().to_owned() }))
}

/// A readable pipe that can be polled.
trait Pipe: Read + AsFd {}
impl<T: Read + AsFd> Pipe for T {}

/// Waits until a pipe is ready; tells which of the three. `None` at the deadline.
fn wait(
    stdin: Option<&std::process::ChildStdin>,
    outputs: &[Option<Box<dyn Pipe>>; 2],
    deadline: Instant,
) -> io::Result<Option<[bool; 3]>> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(None);
    }
    let mut places = Vec::with_capacity(3);
    let mut fds = Vec::with_capacity(3);
    if let Some(pipe) = stdin {
        places.push(0);
        fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLOUT));
    }
    for (at, output) in outputs.iter().enumerate() {
        if let Some(pipe) = output {
            places.push(at + 1);
            fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        }
    }
    let millis = left.as_millis().saturating_add(1).min(i32::MAX as u128) as i32;
    match poll(&mut fds, PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut ready = [false; 3];
    for (place, fd) in places.into_iter().zip(&fds) {
        ready[place] = fd.any().unwrap_or(false);
    }
    Ok(Some(ready))
}

/// Writes a piece of the input that fits into a pipe without blocking; closes the pipe after the
/// last. A program that reads no further is no error: its exit code says what it thinks.
fn feed<'a>(
    stdin: &mut Option<std::process::ChildStdin>,
    unsent: &'a [u8],
) -> io::Result<&'a [u8]> {
    /// POSIX: a pipe that polls as writable takes this much at once (PIPE_BUF on Linux).
    const PIECE: usize = 4096;
    let Some(pipe) = stdin else { return Ok(unsent) };
    let piece = &unsent[..unsent.len().min(PIECE)];
    let sent = match pipe.write(piece) {
        Ok(sent) => sent,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => unsent.len(),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        Err(error) => return Err(error),
    };
    let rest = &unsent[sent..];
    if rest.is_empty() {
        *stdin = None;
    }
    Ok(rest)
}

/// Reads what is there; returns 0 at the end of the stream.
fn drain(output: &mut Option<Box<dyn Pipe>>, kept: &mut Kept) -> io::Result<usize> {
    let Some(pipe) = output else { return Ok(0) };
    let mut piece = [0; 16 * 1024];
    let read = match pipe.read(&mut piece) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(1),
        Err(error) => return Err(error),
    };
    let room = KEPT.saturating_sub(kept.bytes.len());
    kept.bytes.extend_from_slice(&piece[..read.min(room)]);
    kept.cut |= read > room;
    Ok(read)
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
