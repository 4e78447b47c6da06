//! An honest client's dialogue as a state machine: bytes in, commands out, no socket in sight.
//!
//! ```text
//! greeting → EHLO, or HELO where that is refused → XCLIENT and EHLO again
//!          → STARTTLS, handshake and EHLO again → AUTH → MAIL FROM → RCPT TO → RSET → QUIT → up
//! ```
//!
//! What was not asked for is left out. It never says a second thing before the first is answered,
//! so a reply that is there before its command is no reply: who sends it does not read, or reads
//! something else. Codes are exactly those of RFC 5321 section 4.3.2: a dialogue that is one reply
//! off ends with something other than 221, however its bytes arrived. Where TLS begins, early bytes
//! are an attack (RFC 3207 section 6, CVE-2011-0411).
//!
//! Whatever displeases it, it says QUIT and waits for the answer, so that no server has to log a
//! lost connection; but for 421, after which the server closes, for what is no reply, and for what
//! came early.

use std::collections::VecDeque;

use super::auth::{Credentials, Line};
use super::reply::{Malformed, Reply, ReplyBuffer};
use super::xclient::Attribute;
use crate::smtp::address::Address;
use crate::smtp::failure::Failure;
use crate::smtp::helo::HeloName;
use crate::smtp::printable::printable;
use crate::smtp::step::Step;

/// What to say, and what to expect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The name to say EHLO, HELO or LHLO with.
    pub helo_name: HeloName,
    /// Speak LMTP: LHLO, and never HELO (RFC 2033).
    pub lmtp: bool,
    /// A PROXY header was sent: a server that knows it knows EHLO too.
    pub proxied: bool,
    /// Whom to pretend to be, with XCLIENT; nobody else if empty.
    pub xclient: Vec<Attribute>,
    /// Ask for TLS (RFC 3207).
    pub starttls: bool,
    /// Who to log in as (RFC 4954), in TLS if there is TLS.
    pub credentials: Option<Credentials>,
    /// Text that a line of the greeting must contain.
    pub expect_greeting: Option<String>,
    /// Keywords that must be offered (RFC 5321 section 4.1.1.1), in TLS if there is TLS; upper
    /// and lower case are the same.
    pub expect_capabilities: Vec<String>,
    /// The sender of a message that is never sent.
    pub mail_from: Option<Address>,
    /// Its recipient. Without a sender this is ignored.
    pub rcpt_to: Option<Address>,
    /// Codes that are as good as 250 for the recipient: greylisting answers 450 or 451 to whom it
    /// does not know yet, and by that it is up.
    pub accept: Vec<u16>,
}

impl Script {
    /// Whether HELO follows where EHLO is refused.
    fn may_say_helo(&self) -> bool {
        !self.lmtp && !self.proxied
    }

    /// How often the longest dialogue waits, from the greeting on: for each reply, and for the
    /// handshake after STARTTLS.
    pub fn waits(&self) -> u32 {
        let hello = match self.starttls {
            true => 4, // EHLO, STARTTLS, the handshake, EHLO
            false => 1 + u32::from(self.may_say_helo()),
        };
        let message = match (&self.mail_from, &self.rcpt_to) {
            (None, _) => 0,
            (Some(_), None) => 2, // MAIL, RSET
            (Some(_), Some(_)) => 3,
        };
        let greeting_and_quit = 2;
        let xclient = if self.xclient.is_empty() { 0 } else { 2 }; // XCLIENT, EHLO
        greeting_and_quit + xclient + hello + message
    }
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Read once and [`push`](Dialogue::push) that.
    Read,
    /// Send this command.
    Send(String),
    /// Send this line, with its end, and tell nobody of its secret.
    SendSecret(Line),
    /// Begin TLS, then say [`secured`](Dialogue::secured).
    StartTls,
    /// There is nothing left to say.
    Done,
}

/// One dialogue with one server, from the greeting on.
#[derive(Debug)]
pub struct Dialogue<'a> {
    script: &'a Script,
    step: Step,
    replies: ReplyBuffer,
    pending: Option<String>,
    secure: bool,
    knows_ehlo: bool,
    pretends: bool,
    /// What is still to be said of AUTH.
    auth: VecDeque<Line>,
    greeting: Option<String>,
    capabilities: Vec<String>,
    failure: Option<Failure>,
}

impl<'a> Dialogue<'a> {
    /// A dialogue that waits for the greeting. With a failure that is known already, it only says
    /// QUIT after that.
    pub fn new(script: &'a Script, failure: Option<Failure>) -> Dialogue<'a> {
        Dialogue {
            script,
            step: Step::Greeting,
            replies: ReplyBuffer::default(),
            pending: None,
            secure: false,
            knows_ehlo: false,
            pretends: false,
            auth: VecDeque::new(),
            greeting: None,
            capabilities: Vec::new(),
            failure,
        }
    }

    /// What it waits for now.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The greeting, once it is there: code and first line.
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.as_deref()
    }

    /// What the server offered when it was asked last, each with its parameters.
    pub fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    /// Why the server is down, if that is known already although the dialogue goes on.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Takes what one read gave.
    pub fn push(&mut self, read: &[u8]) {
        self.replies.push(read);
    }

    /// Takes what was there already when a command was to be sent. Nothing useful comes afterwards.
    ///
    /// # Errors
    /// The server is down, unless nothing was there; for this reason, or for one that was known.
    pub fn early(&mut self, read: &[u8]) -> Result<(), Failure> {
        self.replies.push(read);
        if self.replies.is_empty() {
            return Ok(());
        }
        let rest = self.hide(self.replies.rest());
        let failure = match self.step {
            Step::Tls => Failure::Injected,
            Step::Ehlo | Step::Lhlo if self.script.proxied => Failure::NoProxy(rest),
            step => Failure::Early(step, rest),
        };
        Err(self.failure.get_or_insert(failure).clone())
    }

    /// What to do next, as far as the bytes go that have come.
    ///
    /// # Errors
    /// The server is down and can't be talked to any more.
    pub fn act(&mut self) -> Result<Action, Failure> {
        if let Some(command) = self.pending.take() {
            return Ok(Action::Send(command));
        }
        if self.step == Step::Greeting && self.replies.begins_with_tls_alert() {
            return Err(Failure::SpeaksTls(match self.script.proxied {
                true => "use --tls; it takes the PROXY header for a part of TLS",
                false => "begin TLS with --tls",
            }));
        }
        match self.replies.take() {
            Ok(None) => Ok(Action::Read),
            Ok(Some(mut reply)) => {
                reply.lines = reply.lines.into_iter().map(|line| self.hide(line)).collect();
                let action = self.judge(&reply)?;
                match action {
                    Action::Send(_) | Action::SendSecret(_) | Action::StartTls => self.early(&[])?,
                    Action::Read | Action::Done => {}
                }
                Ok(action)
            }
            Err(Malformed::Code(line)) => {
                let malformed = Malformed::Code(self.hide(line));
                Err(Failure::Malformed(self.step, malformed))
            }
            Err(malformed) => Err(Failure::Malformed(self.step, malformed)),
        }
    }

    /// A server's text, fit to be told.
    fn hide(&self, text: String) -> String {
        match &self.script.credentials {
            Some(credentials) => credentials.hide(&text),
            None => text,
        }
    }

    /// TLS was begun; what was said before it counts no more (RFC 3207 section 4.2).
    pub fn secured(&mut self, failure: Option<Failure>) {
        self.secure = true;
        self.capabilities.clear();
        self.failure = failure;
        let action = if self.failure.is_some() { self.quit() } else { self.hello() };
        if let Action::Send(command) = action {
            self.pending = Some(command);
        }
    }

    fn judge(&mut self, reply: &Reply) -> Result<Action, Failure> {
        let expected = self.expects(reply.code);
        match self.step {
            Step::Quit if self.failure.is_some() || expected => Ok(Action::Done),
            Step::Quit => Err(Failure::Reply(self.step, reply.summary())),
            Step::Ehlo if reply.is_permanent_failure() && self.may_say_helo() => {
                Ok(self.say(Step::Helo, format!("HELO {}", self.script.helo_name)))
            }
            // QUIT drops a transaction too (RFC 5321 section 4.1.1.10), so nothing hangs on RSET.
            Step::Rset if reply.code != 421 => Ok(self.quit()),
            _ if !expected => self.refused(reply),
            Step::Greeting => Ok(self.greeted(reply)),
            Step::Ehlo | Step::Lhlo => {
                self.knows_ehlo = true;
                self.capabilities = reply.lines.iter().skip(1).cloned().collect();
                Ok(self.introduced())
            }
            Step::XClient => {
                self.capabilities.clear();
                Ok(self.hello())
            }
            Step::Auth => Ok(self.next_of_auth().unwrap_or_else(|| self.message())),
            Step::StartTls => {
                self.step = Step::Tls;
                Ok(Action::StartTls)
            }
            Step::Mail => Ok(match &self.script.rcpt_to {
                Some(address) => self.say(Step::Rcpt, format!("RCPT TO:<{address}>")),
                None => self.say(Step::Rset, "RSET".to_owned()),
            }),
            Step::Rcpt => Ok(self.say(Step::Rset, "RSET".to_owned())),
            Step::Helo => Ok(self.introduced()),
            // Nothing else is waited for here; should it be, the server is asked no more.
            Step::Rset | Step::Connect | Step::Tls => Ok(self.quit()),
        }
    }

    /// Whether this code says that the server did what it was asked for (RFC 5321 section 4.3.2,
    /// RFC 3207 section 4).
    fn expects(&self, code: u16) -> bool {
        match self.step {
            Step::Greeting | Step::XClient | Step::StartTls => code == 220,
            Step::Auth => code == if self.auth.is_empty() { 235 } else { 334 },
            Step::Rcpt => matches!(code, 250 | 251) || self.script.accept.contains(&code),
            Step::Quit => code == 221,
            _ => code == 250,
        }
    }

    fn may_say_helo(&self) -> bool {
        self.script.may_say_helo() && !self.knows_ehlo
    }

    /// A server that says 421 closes the connection by itself (RFC 5321 section 3.8).
    fn refused(&mut self, reply: &Reply) -> Result<Action, Failure> {
        let failure = match self.step {
            Step::Ehlo | Step::Lhlo if self.script.proxied && reply.is_permanent_failure() => {
                Failure::NoProxy(reply.summary())
            }
            step @ (Step::Greeting | Step::Ehlo | Step::Lhlo)
                if self.script.proxied && (reply.is_permanent_failure() || reply.code == 421) =>
            {
                Failure::PerhapsNoProxy(step, reply.summary())
            }
            step => Failure::Reply(step, reply.summary()),
        };
        if reply.code == 421 { Err(failure) } else { Ok(self.fail(failure)) }
    }

    fn greeted(&mut self, reply: &Reply) -> Action {
        self.greeting = Some(reply.summary());
        if self.failure.is_some() {
            return self.quit();
        }
        let wanted = self.script.expect_greeting.as_ref().map(|text| printable(text.as_bytes()));
        match wanted.filter(|text| !reply.lines.iter().any(|line| line.contains(text))) {
            Some(text) => self.fail(Failure::Unexpected(text, reply.summary())),
            None => self.hello(),
        }
    }

    /// After EHLO, LHLO or HELO.
    fn introduced(&mut self) -> Action {
        if !self.script.xclient.is_empty() && !self.pretends {
            return self.pretend();
        }
        if self.script.starttls && !self.secure {
            return if self.offers("STARTTLS") {
                self.say(Step::StartTls, "STARTTLS".to_owned())
            } else {
                self.fail(Failure::NotOffered("STARTTLS".to_owned()))
            };
        }
        let expected = &self.script.expect_capabilities;
        if let Some(missing) = expected.iter().find(|keyword| !self.offers(keyword)) {
            return self.fail(Failure::NotOffered(missing.clone()));
        }
        let Some(credentials) = &self.script.credentials else { return self.message() };
        match credentials.lines(&self.parameters("AUTH")) {
            Some(lines) => {
                self.auth = lines.into();
                self.next_of_auth().unwrap_or_else(|| self.message())
            }
            None => self.fail(Failure::NotOffered("AUTH PLAIN or LOGIN".to_owned())),
        }
    }

    fn next_of_auth(&mut self) -> Option<Action> {
        let line = self.auth.pop_front()?;
        self.step = Step::Auth;
        Some(Action::SendSecret(line))
    }

    /// As whom to be judged, before anything hangs on it. The server begins anew after that.
    fn pretend(&mut self) -> Action {
        let offered = self.parameters("XCLIENT");
        let attributes = &self.script.xclient;
        let missing = attributes.iter().find(|one| !offered.contains(&one.name()));
        if let Some(missing) = missing {
            return self.fail(Failure::NotOffered(format!("XCLIENT {}", missing.name())));
        }
        self.pretends = true;
        let attributes: Vec<_> = attributes.iter().map(Attribute::to_string).collect();
        self.say(Step::XClient, format!("XCLIENT {}", attributes.join(" ")))
    }

    fn message(&mut self) -> Action {
        match &self.script.mail_from {
            Some(address) => self.say(Step::Mail, format!("MAIL FROM:<{address}>")),
            None => self.quit(),
        }
    }

    /// What follows an offered keyword; some servers write `AUTH=PLAIN` too.
    fn parameters(&self, keyword: &str) -> Vec<&str> {
        let lines = self.capabilities.iter().filter_map(|line| {
            let (word, rest) = line.split_once([' ', '='])?;
            word.eq_ignore_ascii_case(keyword).then_some(rest)
        });
        lines.flat_map(|rest| rest.split([' ', '='])).collect()
    }

    fn offers(&self, keyword: &str) -> bool {
        let first_words = self.capabilities.iter().filter_map(|line| line.split(' ').next());
        first_words.into_iter().any(|word| word.eq_ignore_ascii_case(keyword))
    }

    fn hello(&mut self) -> Action {
        let (step, verb) = match self.script.lmtp {
            true => (Step::Lhlo, "LHLO"),
            false => (Step::Ehlo, "EHLO"),
        };
        self.say(step, format!("{verb} {}", self.script.helo_name))
    }

    /// What went wrong first stays the reason.
    fn fail(&mut self, failure: Failure) -> Action {
        self.failure.get_or_insert(failure);
        self.quit()
    }

    fn quit(&mut self) -> Action {
        self.say(Step::Quit, "QUIT".to_owned())
    }

    fn say(&mut self, step: Step, command: String) -> Action {
        self.step = step;
        Action::Send(command + "\r\n")
    }
}

#[cfg(test)]
mod tests;
