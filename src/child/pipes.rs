//! The three pipes of a child, fed and drained at once until its end or a deadline.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ExitStatus};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::end::Ended;

/// The most that is kept of a program's output, in bytes per stream; the rest is read and dropped,
/// and told.
pub(super) const KEPT: usize = 4 * 1024 * 1024;

/// How a program ended, and what it wrote.
pub(super) struct End {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    /// Whether that is only the beginning.
    pub(super) cut: bool,
    pub(super) stderr: String,
}

/// What is kept of a stream.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
}

/// Feeds and drains the three pipes at once, so that neither side can block the other. `None` at
/// the deadline.
pub(super) fn talk(
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
