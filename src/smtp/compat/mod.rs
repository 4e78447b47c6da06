//! The verdict of keepalived's SMTP_CHECK, also on servers that misbehave: what it takes for a
//! line, for a code and for a good dialogue, with all its limits, and nothing beside.
//!
//! The bytes of one read go into a [`line::LineBuffer`], its line has a [`code::code`], and the
//! [`dialogue`] judges that; [`converse`] brings the bytes.

pub mod code;
pub mod dialogue;
pub mod line;

use std::time::Duration;

use self::dialogue::{Action, Dialogue};
use super::deadline::Deadline;
use super::failure::Failure;
use super::helo::HeloName;
use super::report::Report;
use super::trace::Trace;
use super::wire::Wire;

/// Holds the dialogue on a connection that was just made. As in SMTP_CHECK each single read and
/// write may take the `patience`, however many it needs; only the deadline limits their sum.
///
/// # Errors
/// The server is down, for the first reason that showed.
pub fn converse(
    mut wire: Wire,
    helo_name: &HeloName,
    patience: Duration,
    deadline: &Deadline,
    trace: &mut Trace,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut dialogue = Dialogue::new(helo_name);
    let mut buffer = [0; line::CAPACITY];
    loop {
        let step = dialogue.awaited().into();
        report.begin(step);
        let room = &mut buffer[..dialogue.room()];
        wire.limit(deadline.within(patience));
        let count = wire.read(room, step, deadline)?;
        trace.server(&buffer[..count]);
        match dialogue.receive(&buffer[..count])? {
            Action::Read => {}
            Action::Send(command) => {
                trace.client(command.as_bytes());
                wire.limit(deadline.within(patience));
                // A command that was only partly taken counts as sent, as in SMTP_CHECK; the
                // server's silence will tell.
                wire.write(command.as_bytes(), deadline)?;
            }
            Action::Done => {
                report.end();
                wire.close();
                return Ok(());
            }
        }
    }
}
