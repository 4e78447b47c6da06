//! The dialogue of an honest mail client (RFC 5321), with everything that SMTP_CHECK can't do:
//! replies of several lines, EHLO, TLS, a recipient tried, LMTP.
//!
//! Bytes become a [`reply::Reply`], the [`dialogue`] judges it; [`converse`] brings the bytes.

pub mod auth;
pub mod dialogue;
pub mod reply;
pub mod xclient;

use std::path::PathBuf;
use std::time::Duration;

use self::auth::{Credentials, HIDDEN};
use self::dialogue::{Action, Dialogue, Script};
use super::deadline::Deadline;
use super::failure::Failure;
use super::proxy::Proxy;
use super::report::Report;
use super::step::Step;
use super::tls::{self, Handshake};
use super::trace::Trace;
use super::wire::Wire;

/// Everything about one dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What to say.
    pub script: Script,
    /// How to use TLS: after STARTTLS where the script says that, else from the first byte
    /// (RFC 8314 section 3).
    pub tls: Option<tls::Options>,
    /// What to send before everything else.
    pub proxy: Option<Proxy>,
    /// Where the script's credentials are.
    pub auth_file: Option<PathBuf>,
}

impl Plan {
    /// The plan with what its files say. Before the server is asked: it has no fault in that.
    ///
    /// # Errors
    /// [`Failure::Local`]
    pub fn prepared(&self) -> Result<Plan, Failure> {
        let mut plan = self.clone();
        if let Some(file) = &self.auth_file {
            plan.script.credentials = Some(Credentials::read(file).map_err(Failure::Local)?);
        }
        Ok(plan)
    }

    /// How often the longest dialogue waits, for each reply and each handshake.
    pub fn waits(&self) -> u32 {
        let tls_first = self.tls.is_some() && !self.script.starttls;
        let auth = if self.auth_file.is_some() { 3 } else { 0 }; // LOGIN's three replies
        self.script.waits() + u32::from(tls_first) + auth
    }
}

/// How much one read may give, in bytes.
const READ: usize = 4096;

/// Holds the dialogue on a connection that was just made. Each step, a whole reply or a whole
/// handshake, may take the `patience`.
///
/// # Errors
/// The server is down, for the first reason that showed.
pub fn converse(
    mut wire: Wire,
    plan: &Plan,
    handshake: Handshake,
    patience: Duration,
    deadline: &Deadline,
    trace: &mut Trace,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut shell = Shell { plan, handshake, patience, deadline, trace, report };
    if let Some(header) = plan.proxy.as_ref().map(Proxy::header) {
        shell.trace.client(&header);
        wire.write_all(&header, deadline)?;
    }
    let mut early = None;
    if !plan.script.starttls && plan.tls.is_some() {
        (wire, early) = shell.secure(wire)?;
    }
    let mut dialogue = Dialogue::new(&plan.script, early);
    let end = shell.talk(wire, &mut dialogue);
    report.greeting = dialogue.greeting().map(str::to_owned);
    report.capabilities = dialogue.capabilities().to_vec();
    // What went wrong first is the reason, not how the farewell went.
    dialogue.failure().map_or(end, |failure| Err(failure.clone()))
}

/// What surrounds a dialogue.
struct Shell<'a, 'out> {
    plan: &'a Plan,
    handshake: Handshake,
    patience: Duration,
    deadline: &'a Deadline,
    trace: &'a mut Trace<'out>,
    report: &'a mut Report,
}

impl Shell<'_, '_> {
    fn begin(&mut self, wire: &mut Wire, step: Step) {
        self.report.begin(step);
        wire.limit(self.deadline.within(self.patience));
    }

    fn talk(&mut self, mut wire: Wire, dialogue: &mut Dialogue) -> Result<(), Failure> {
        self.begin(&mut wire, dialogue.step());
        let mut buffer = [0; READ];
        loop {
            match dialogue.act()? {
                Action::Read => {
                    let step = dialogue.step();
                    let count = wire.read(&mut buffer, step, self.deadline)?;
                    self.heard(step, &buffer[..count]);
                    if count == 0 {
                        return Err(Failure::Read(step, self.closed(step).to_owned()));
                    }
                    dialogue.push(&buffer[..count]);
                }
                Action::Send(command) => {
                    self.nothing_early(&mut wire, dialogue)?;
                    self.begin(&mut wire, dialogue.step());
                    self.trace.client(command.as_bytes());
                    wire.write_all(command.as_bytes(), self.deadline)?;
                }
                Action::SendSecret(line) => {
                    self.nothing_early(&mut wire, dialogue)?;
                    self.begin(&mut wire, dialogue.step());
                    self.trace.client(format!("{}{HIDDEN}\r\n", line.public).as_bytes());
                    let command = format!("{}{}\r\n", line.public, line.secret);
                    wire.write_all(command.as_bytes(), self.deadline)?;
                }
                Action::StartTls => {
                    self.nothing_early(&mut wire, dialogue)?;
                    let (secure, failure) = self.secure(wire)?;
                    wire = secure;
                    dialogue.secured(failure);
                }
                Action::Done => {
                    self.report.end();
                    wire.close();
                    return Ok(());
                }
            }
        }
    }

    /// What it may mean that the server closed the connection: after a PROXY header that it did not
    /// expect it may say nothing at all, and most with TLS don't send an alert either.
    fn closed(&self, step: Step) -> &'static str {
        match (&self.plan.proxy, step) {
            (Some(_), Step::Greeting) => {
                "connection closed by the server, perhaps because of the PROXY header or because it \
                 speaks TLS here"
            }
            _ => "connection closed by the server",
        }
    }

    /// Shows what came, but not where it may repeat a password.
    fn heard(&mut self, step: Step, bytes: &[u8]) {
        match step {
            Step::Auth => {
                self.trace.server(format!("({HIDDEN} {} bytes)", bytes.len()).as_bytes());
            }
            _ => self.trace.server(bytes),
        }
    }

    /// Makes sure that the server waits for what will be sent now. What is still on its way can't be
    /// seen here; a dialogue that is one reply off shows at its end.
    fn nothing_early(&mut self, wire: &mut Wire, dialogue: &mut Dialogue) -> Result<(), Failure> {
        let mut buffer = [0; READ];
        let count = wire.read_early(&mut buffer, dialogue.step())?;
        if count > 0 {
            self.heard(dialogue.step(), &buffer[..count]);
        }
        dialogue.early(&buffer[..count])
    }

    /// Begins TLS. A certificate that is only too old to be accepted leaves a connection on which
    /// the farewell can be said.
    fn secure(&mut self, mut wire: Wire) -> Result<(Wire, Option<Failure>), Failure> {
        self.begin(&mut wire, Step::Tls);
        let options = self.plan.tls.clone().unwrap_or_default();
        let secured = wire.secure(self.handshake, &options, self.deadline);
        let (wire, info) = secured.map_err(|refused| {
            if let Some(info) = &refused.info {
                self.trace.note(info);
            }
            self.report.tls = refused.info.map(|info| *info);
            refused.failure
        })?;
        self.trace.note(&info);
        let failure = info.check(options.cert_days.map(|days| days.critical)).err();
        self.report.tls = Some(info);
        Ok((wire, failure))
    }
}
