//! What the dialogue speaks through: TCP, then perhaps TLS on it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::deadline::Deadline;
use super::failure::Failure;
use super::limited::Limited;
use super::step::Step;
use super::tls::{Channel, Handshake, Info, Options, Refused};

/// The way to the server, from the connection on.
#[derive(Debug)]
pub enum Wire {
    /// TCP and nothing else.
    Plain(Limited),
    /// TLS on TCP.
    Tls(Box<dyn Channel>),
}

impl Wire {
    /// Speaks through this connection, until that deadline; at its [`close`](Self::close) the
    /// server may have to be first.
    pub fn new(stream: TcpStream, until: Deadline, lets_server_close: bool) -> Wire {
        Wire::Plain(Limited::new(stream, until, lets_server_close))
    }

    fn below(&mut self) -> &mut Limited {
        match self {
            Wire::Plain(limited) => limited,
            Wire::Tls(channel) => channel.below(),
        }
    }

    /// Sets the limit for all that follows.
    pub fn limit(&mut self, until: Deadline) {
        self.below().until = until;
    }

    /// Reads what is there already, and waits for nothing; 0 if there is nothing. In TLS that is what
    /// the server said, and not what TLS itself has to tell (session tickets, RFC 8446 section 4.6.1).
    ///
    /// # Errors
    /// [`Failure::Read`]
    pub fn read_early(&mut self, room: &mut [u8], step: Step) -> Result<usize, Failure> {
        self.below().at_once = true;
        let read = match self {
            Wire::Plain(limited) => limited.read(room),
            Wire::Tls(channel) => channel.read(room),
        };
        self.below().at_once = false;
        match read {
            Err(err) if err.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(err) => Err(Failure::Read(step, err.to_string())),
            Ok(count) => Ok(count),
        }
    }

    /// Reads once; 0 means that the server closed the connection.
    ///
    /// # Errors
    /// [`Failure::Read`], [`Failure::ReadTimeout`], or [`Failure::Deadline`] if `deadline` passed.
    pub fn read(
        &mut self,
        room: &mut [u8],
        step: Step,
        deadline: &Deadline,
    ) -> Result<usize, Failure> {
        let read = match self {
            Wire::Plain(limited) => limited.read(room),
            Wire::Tls(channel) => channel.read(room),
        };
        read.map_err(|err| match err.kind() {
            ErrorKind::TimedOut => deadline.or(Failure::ReadTimeout(step)),
            _ => Failure::Read(step, err.to_string()),
        })
    }

    /// Writes once, and returns how many bytes were taken: at least one.
    ///
    /// # Errors
    /// [`Failure::Write`], [`Failure::WriteTimeout`], or [`Failure::Deadline`] if `deadline`
    /// passed.
    pub fn write(&mut self, bytes: &[u8], deadline: &Deadline) -> Result<usize, Failure> {
        let written = match self {
            Wire::Plain(limited) => limited.write(bytes),
            Wire::Tls(channel) => channel.write(bytes),
        };
        match written {
            Ok(0) => Err(Failure::Write("nothing was taken".to_owned())),
            Ok(count) => Ok(count),
            Err(err) if err.kind() == ErrorKind::TimedOut => {
                Err(deadline.or(Failure::WriteTimeout))
            }
            Err(err) => Err(Failure::Write(err.to_string())),
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub fn write_all(&mut self, mut bytes: &[u8], deadline: &Deadline) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let count = self.write(bytes, deadline)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Begins TLS, which it must not have yet; and what the handshake came to.
    ///
    /// # Errors
    /// Those of the handshake.
    pub fn secure(
        self,
        handshake: Handshake,
        options: &Options,
        deadline: &Deadline,
    ) -> Result<(Wire, Info), Refused> {
        match self {
            Wire::Plain(mut limited) => {
                limited.first.clear();
                let (channel, info) = handshake(limited, options, deadline)?;
                Ok((Wire::Tls(channel), info))
            }
            Wire::Tls(_) => Err(Failure::Local("TLS in TLS".to_owned()).into()),
        }
    }

    /// Ends a connection on which everything was said.
    pub fn close(self) {
        match self {
            Wire::Plain(mut limited) => limited.close(),
            Wire::Tls(mut channel) => {
                channel.close();
                channel.below().close();
            }
        }
    }
}
