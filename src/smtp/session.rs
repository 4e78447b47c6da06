//! One attempt: connect, let the dialogue speak, stop at the first failure. Every wait is bounded
//! twice, by the connect timeout and by the deadline of the run.

use std::time::Duration;

use super::compat;
use super::deadline::Deadline;
use super::esmtp::{self, Plan};
use super::failure::Failure;
use super::helo::HeloName;
use super::report::Report;
use super::step::Step;
use super::target::Target;
use super::tls::Handshake;
use super::trace::Trace;
use super::wire::Wire;

/// keepalived's default for `connect_timeout`.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The port of SMTP (RFC 5321 section 4.5.4.2).
pub const DEFAULT_PORT: u16 = 25;

/// The port of mail in TLS from the first byte (RFC 8314 section 3.3).
pub const TLS_PORT: u16 = 465;

/// What a server must do to be up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// What SMTP_CHECK wants, with this name in HELO.
    Compat(HeloName),
    /// What RFC 5321 and a plan want.
    Rfc(Box<Plan>),
}

impl Rules {
    fn prepared(&self) -> Result<Rules, Failure> {
        match self {
            Rules::Compat(helo_name) => Ok(Rules::Compat(helo_name.clone())),
            Rules::Rfc(plan) => Ok(Rules::Rfc(Box::new(plan.prepared()?))),
        }
    }
}

/// Whom to talk to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The server, and where to come from.
    pub target: Target,
    /// What to say and to expect.
    pub rules: Rules,
    /// The limit for connecting, then for each single read or write ([`Rules::Compat`]) or for
    /// each whole reply ([`Rules::Rfc`]). Not zero.
    pub connect_timeout: Duration,
}

impl Session {
    /// How often one attempt can wait for a whole connect timeout: to connect, then for each reply
    /// and each handshake of the longest dialogue that its rules allow. With [`Rules::Compat`] a
    /// reply counts as one read.
    pub fn waits(&self) -> u32 {
        let connect = 1;
        connect
            + match &self.rules {
                Rules::Compat(_) => 3,
                Rules::Rfc(plan) => plan.waits(),
            }
    }

    /// Holds one dialogue with the server. The report says how far it came.
    ///
    /// # Errors
    /// The server is down, for the first reason that showed. Unlike SMTP_CHECK, which then keeps
    /// its last verdict, reasons on this side count too (no permission to connect, say).
    pub fn attempt(
        &self,
        handshake: Handshake,
        deadline: &Deadline,
        trace: &mut Trace,
        report: &mut Report,
    ) -> Result<(), Failure> {
        *report = Report::default();
        let verdict = self.converse(handshake, deadline, trace, report);
        report.end();
        verdict
    }

    fn converse(
        &self,
        handshake: Handshake,
        deadline: &Deadline,
        trace: &mut Trace,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let rules = self.rules.prepared()?;
        trace.note(format_args!("connect to {}", self.target.server));
        report.begin(Step::Connect);
        let until = deadline.within(self.connect_timeout);
        let stream = self.target.connect(&until).map_err(|failure| match failure {
            Failure::ConnectTimeout => deadline.or(failure),
            other => other,
        })?;
        trace.note("connected");
        let wire = Wire::new(stream, until, self.target.lets_server_close());
        let patience = self.connect_timeout;
        match &rules {
            Rules::Compat(helo_name) => {
                compat::converse(wire, helo_name, patience, deadline, trace, report)
            }
            Rules::Rfc(plan) => {
                esmtp::converse(wire, plan, handshake, patience, deadline, trace, report)
            }
        }
    }
}
