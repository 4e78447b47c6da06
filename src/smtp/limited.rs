//! A TCP connection with an end to every wait. The limit is kept below whatever speaks through it,
//! so that many small reads (a TLS handshake, say) can't add up to more than was allowed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};

use super::deadline::Deadline;

/// A TCP connection whose reads and writes fail with [`ErrorKind::TimedOut`] once a limit passed.
#[derive(Debug)]
pub struct Limited {
    pub(super) stream: TcpStream,
    pub(super) until: Deadline,
    lets_server_close: bool,
    /// Read only what is there already.
    pub(super) at_once: bool,
    pub(super) first: Vec<u8>,
}

/// How many of the first bytes are kept: as many as a reply's code has.
const FIRST: usize = 3;

impl Limited {
    /// Ends every wait at that deadline; [`close`](Self::close) may wait for the server to be first.
    pub fn new(stream: TcpStream, until: Deadline, lets_server_close: bool) -> Limited {
        Limited { stream, until, lets_server_close, at_once: false, first: Vec::new() }
    }

    /// Whether the first bytes, since TLS was to begin, are the code of a reply in plain text.
    pub fn heard_a_reply(&self) -> bool {
        self.first.len() == FIRST && self.first.iter().all(u8::is_ascii_digit)
    }

    /// Repeats a read or write while signals interrupt it. Linux reports a wait in vain as EAGAIN
    /// (socket(7), SO_RCVTIMEO).
    fn wait(
        &mut self,
        mut call: impl FnMut(&mut TcpStream, Duration) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = self.until.left();
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            match call(&mut self.stream, left) {
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                result => return result,
            }
        }
    }

    /// Waits for the server's end, if it is to close first; as long as the limit allows.
    pub fn close(&mut self) {
        let mut rest = [0; 512];
        while self.lets_server_close && self.read(&mut rest).is_ok_and(|count| count > 0) {}
    }
}

impl Read for Limited {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.at_once {
            let there = recv(self.stream.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT);
            return there.map_err(io::Error::from);
        }
        let count = self.wait(|stream, left| {
            stream.set_read_timeout(Some(left)).and_then(|()| stream.read(room))
        })?;
        let kept = count.min(FIRST - self.first.len());
        self.first.extend_from_slice(&room[..kept]);
        Ok(count)
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(|stream, left| {
            stream.set_write_timeout(Some(left)).and_then(|()| stream.write(bytes))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
