//! The verdict. As in SMTP_CHECK one good dialogue is enough, and each failed one may be repeated
//! from the connect on; unlike there, the run as a whole has an end.

use std::thread;
use std::time::Duration;

use super::deadline::Deadline;
use super::failure::Failure;
use super::report::Report;
use super::session::Session;
use super::tls::Handshake;
use super::trace::Trace;

/// keepalived's default for `retry` of an SMTP_CHECK.
pub const DEFAULT_RETRY: u32 = 1;

/// keepalived's default for `delay_before_retry`.
pub const DEFAULT_DELAY_BEFORE_RETRY: Duration = Duration::from_secs(1);

/// A check of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Each attempt.
    pub session: Session,
    /// How many attempts may follow a failed first one.
    pub retry: u32,
    /// The pause between two attempts.
    pub delay_before_retry: Duration,
    /// The limit for the whole run; see [`worst_case`](super::worst_case).
    pub deadline: Duration,
}

impl Probe {
    /// Finds out whether the server is up. Ends at the deadline, or earlier if no further attempt
    /// could begin before it. The report is of the last attempt.
    ///
    /// # Errors
    /// The server is down, with the reason of the last attempt.
    pub fn run(
        &self,
        handshake: Handshake,
        trace: &mut Trace,
        report: &mut Report,
    ) -> Result<(), Failure> {
        trace.note(format_args!(
            "deadline {} s; at most {} x {} waits of {} s, {} s between attempts",
            self.deadline.as_secs_f64(),
            u64::from(self.retry) + 1,
            self.session.waits(),
            self.session.connect_timeout.as_secs_f64(),
            self.delay_before_retry.as_secs_f64(),
        ));
        let deadline = Deadline::after(self.deadline);
        let mut attempt = 1_u32;
        loop {
            let verdict = self.session.attempt(handshake, &deadline, trace, report);
            report.attempt = attempt;
            let Err(failure) = verdict else { return Ok(()) };
            trace.note(&failure);
            if attempt > self.retry || deadline.left() <= self.delay_before_retry {
                return Err(failure);
            }
            attempt = attempt.saturating_add(1);
            thread::sleep(self.delay_before_retry);
        }
    }
}
