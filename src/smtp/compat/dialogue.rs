//! The dialogue of SMTP_CHECK as a state machine: bytes in, commands out, no socket in sight.
//!
//! ```text
//! greeting, exactly 220  →  HELO name
//! reply, exactly 250     →  QUIT
//! reply, any line        →  up
//! ```
//!
//! Always HELO, one line per reply; a server that needs more than that (a multi-line greeting,
//! say) is down for SMTP_CHECK and therefore here.

use super::code;
use super::line::LineBuffer;
use crate::smtp::failure::Failure;
use crate::smtp::helo::HeloName;
use crate::smtp::printable::printable;
use crate::smtp::step::Step;

/// The line that the dialogue waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// [`Step::Greeting`]
    Greeting,
    /// [`Step::Helo`]
    Helo,
    /// [`Step::Quit`]
    Quit,
}

impl From<Awaited> for Step {
    fn from(awaited: Awaited) -> Step {
        match awaited {
            Awaited::Greeting => Step::Greeting,
            Awaited::Helo => Step::Helo,
            Awaited::Quit => Step::Quit,
        }
    }
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Read once more.
    Read,
    /// Send this command, then read.
    Send(String),
    /// The server is up; there is nothing left to say.
    Done,
}

/// One dialogue with one server, from the greeting on. It begins with a read.
#[derive(Debug)]
pub struct Dialogue<'a> {
    helo_name: &'a HeloName,
    awaited: Awaited,
    line: LineBuffer,
}

impl<'a> Dialogue<'a> {
    /// A dialogue that will say HELO with this name.
    pub fn new(helo_name: &'a HeloName) -> Dialogue<'a> {
        Dialogue { helo_name, awaited: Awaited::Greeting, line: LineBuffer::default() }
    }

    /// The line it waits for now.
    pub fn awaited(&self) -> Awaited {
        self.awaited
    }

    /// How many bytes the next read may ask for: 1 to 511. To ask for fewer or to look ahead can
    /// change the verdict.
    pub fn room(&self) -> usize {
        self.line.room()
    }

    /// Takes what one read gave; nothing means that the server closed the connection.
    ///
    /// # Errors
    /// The server is down: the connection was closed, or the line has the wrong code.
    pub fn receive(&mut self, read: &[u8]) -> Result<Action, Failure> {
        if read.is_empty() {
            return Err(Failure::Read(
                self.awaited.into(),
                "connection closed by the server".to_owned(),
            ));
        }
        match self.line.push(read) {
            Some(line) => self.judge(&line),
            None => Ok(Action::Read),
        }
    }

    /// Judges a whole line and moves on to the next.
    fn judge(&mut self, line: &[u8]) -> Result<Action, Failure> {
        let code = code::code(line);
        let printable = || printable(line);
        match self.awaited {
            Awaited::Greeting if code == Some(220) => {
                self.awaited = Awaited::Helo;
                Ok(Action::Send(format!("HELO {}\r\n", self.helo_name)))
            }
            Awaited::Greeting => Err(Failure::Greeting(printable())),
            Awaited::Helo if code == Some(250) => {
                self.awaited = Awaited::Quit;
                Ok(Action::Send("QUIT\r\n".to_owned()))
            }
            Awaited::Helo => Err(Failure::Helo(printable())),
            Awaited::Quit => Ok(Action::Done),
        }
    }
}

#[cfg(test)]
mod tests;
