//! One attempt on a socket: connect, let the dialogue speak, stop at the first failure. All
//! waiting happens here, and every wait is bounded twice: by the connect timeout, which starts
//! anew with each read as it does in SMTP_CHECK, and by the deadline of the run.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::deadline::Deadline;
use super::dialogue::{Action, Awaited, Dialogue};
use super::failure::Failure;
use super::helo::HeloName;
use super::line;
use super::trace::Trace;

/// keepalived's default for `connect_timeout`.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The port of SMTP (RFC 5321 section 4.5.4.2).
pub const DEFAULT_PORT: u16 = 25;

/// Whom to talk to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The server's address and port.
    pub server: SocketAddr,
    /// The name to say HELO with.
    pub helo_name: HeloName,
    /// The limit for connecting and for each single read or write. Not zero.
    pub connect_timeout: Duration,
}

impl Session {
    /// Holds one dialogue with the server.
    ///
    /// # Errors
    /// The server is down, for the first reason that showed. Unlike SMTP_CHECK, which then keeps
    /// its last verdict, reasons on this side count too (no permission to connect, say).
    pub fn attempt(&self, deadline: &Deadline, trace: &mut Trace) -> Result<(), Failure> {
        trace.note(format_args!("connect to {}", self.server));
        let mut stream = self.connect(deadline)?;
        trace.note("connected");
        let mut dialogue = Dialogue::new(&self.helo_name);
        let mut buffer = [0; line::CAPACITY];
        loop {
            let room = &mut buffer[..dialogue.room()];
            let count = self.read(&mut stream, room, dialogue.awaited(), deadline)?;
            trace.server(&buffer[..count]);
            match dialogue.receive(&buffer[..count])? {
                Action::Read => {}
                Action::Send(command) => {
                    trace.client(command.as_bytes());
                    self.write(&mut stream, command.as_bytes(), deadline)?;
                }
                Action::Done => return Ok(()),
            }
        }
    }

    fn connect(&self, deadline: &Deadline) -> Result<TcpStream, Failure> {
        let limit = deadline.allow(self.connect_timeout)?;
        TcpStream::connect_timeout(&self.server, limit).map_err(|err| {
            if err.kind() == ErrorKind::TimedOut {
                timeout(deadline, Failure::ConnectTimeout)
            } else {
                Failure::Connect(err.to_string())
            }
        })
    }

    /// Reads once, after waiting for the first byte. Linux reports a wait in vain as EAGAIN
    /// (socket(7), SO_RCVTIMEO).
    fn read(
        &self,
        stream: &mut TcpStream,
        room: &mut [u8],
        awaited: Awaited,
        deadline: &Deadline,
    ) -> Result<usize, Failure> {
        loop {
            let limit = deadline.allow(self.connect_timeout)?;
            match stream.set_read_timeout(Some(limit)).and_then(|()| stream.read(room)) {
                Ok(count) => return Ok(count),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Err(timeout(deadline, Failure::ReadTimeout(awaited)));
                }
                Err(err) => return Err(Failure::Read(awaited, err.to_string())),
            }
        }
    }

    /// Writes once. A command that was only partly taken counts as sent, as in SMTP_CHECK; the
    /// server's silence will tell.
    fn write(
        &self,
        stream: &mut TcpStream,
        command: &[u8],
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        loop {
            let limit = deadline.allow(self.connect_timeout)?;
            match stream.set_write_timeout(Some(limit)).and_then(|()| stream.write(command)) {
                Ok(0) => return Err(Failure::Write("nothing was taken".to_owned())),
                Ok(_) => return Ok(()),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Err(timeout(deadline, Failure::WriteTimeout));
                }
                Err(err) => return Err(Failure::Write(err.to_string())),
            }
        }
    }
}

/// Why a wait was in vain: the deadline if it has passed, otherwise `own`.
fn timeout(deadline: &Deadline, own: Failure) -> Failure {
    deadline.allow(Duration::ZERO).err().unwrap_or(own)
}
