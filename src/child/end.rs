//! The end of a child: its signal, and what is left of one that was killed.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};

/// How often a program that closed its output is asked whether it has ended, where its signal does
/// not come.
const TICK: Duration = Duration::from_millis(5);

/// Hears that a child ended, as long as it lives.
///
/// Whoever ignores SIGCHLD passes that on to the programs that it starts, and then the kernel forgets
/// children before anybody could ask for their exit codes. With a handler it remembers them.
pub(super) struct Ended {
    signal: signal_hook::SigId,
    heard: UnixStream,
}

impl Ended {
    pub(super) fn listen() -> io::Result<Ended> {
        let (heard, told) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        Ok(Ended { signal: pipe::register(SIGCHLD, told)?, heard })
    }

    /// Waits until some child may have ended, at most a [`TICK`].
    pub(super) fn wait(&self) -> io::Result<()> {
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
pub(super) fn bury(child: &mut Child) {
    let deadline = Instant::now() + Duration::from_millis(500);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(TICK);
    }
}
