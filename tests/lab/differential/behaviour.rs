//! The words in which a behaviour is written down.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::common::server::Step::{self, Hear};
use crate::common::server::say;

/// How long a check waits for the connection and for each read. Far from every pause in a script,
/// because a machine may be slow.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A pause well within the timeout.
pub const SHORT: Duration = Duration::from_millis(600);

/// A pause well beyond it.
pub const LONG: Duration = Duration::from_secs(6);

/// What keepalived logs of a server that is up, and of one that is down.
pub const UP: &str = "succeed on service";
pub const GREETING: &str = "Bad greeting banner";
pub const HELO: &str = "Bad HELO response";
pub const READ: &str = "Read failure";
pub const TIMEOUT: &str = "Read timeout";
pub const CONNECT: &str = "Could not connect";
pub const CONNECT_LATE: &str = "Connection timeout";
pub const UNREACHABLE: &str = "Network unreachable";
/// What keepalived logs where this side refuses to connect; the line names no server.
pub const PUT_OFF: &str = "SMTP_CHECK socket bind failed. Rescheduling.";
/// Where what is logged depends on who is faster, or nothing is.
pub const ANYTHING: &str = "";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Up,
    Down,
    /// The check leaves things as they were, as one does that never ran: that it did shows
    /// elsewhere.
    None,
}

/// What both checks find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdicts {
    pub smtp_check: Verdict,
    pub probe: Verdict,
}

impl Verdicts {
    pub fn both(verdict: Verdict) -> Verdicts {
        Verdicts { smtp_check: verdict, probe: verdict }
    }

    pub fn agree(self) -> bool {
        self.smtp_check == self.probe
    }
}

/// What is found at an address.
#[derive(Debug, Clone)]
pub enum Place {
    /// A server that plays the first script to its first client and so on, and the last one to all
    /// further clients.
    Server(Vec<Vec<Step>>),
    /// One script for SMTP_CHECK, another for the probe.
    TwoFaces(Vec<Step>, Vec<Step>),
    /// A server, on another port.
    WrongPort,
    /// The packet filter does this to what comes.
    Filtered(&'static str),
    /// A route of this type.
    Route(&'static str),
}

/// One way of a server to behave.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub name: String,
    pub place: Place,
    pub expected: Verdicts,
    /// A part of what keepalived logs of SMTP_CHECK.
    pub logged: &'static str,
    /// An option for both checks, in keepalived's words, that an inventory doesn't have.
    pub option: Option<(&'static str, &'static str)>,
}

impl Behaviour {
    /// Whether SMTP_CHECK gets as far as to a connection that the server sees. With a route or an option
    /// that leaves it without a verdict this side refuses before that.
    pub fn is_met(&self) -> bool {
        let refused = self.option.is_some() && self.expected.smtp_check == Verdict::None;
        matches!(self.place, Place::Server(_) | Place::TwoFaces(..)) && !refused
    }

    /// Whether the only sign of SMTP_CHECK is that keepalived puts it off.
    pub fn is_put_off(&self) -> bool {
        self.expected.smtp_check == Verdict::None && !self.is_met()
    }
}

/// A server that both checks find up.
pub fn up(name: impl Into<String>, script: Vec<Step>) -> Behaviour {
    at(name, Place::Server(vec![script]), Verdicts::both(Verdict::Up), UP)
}

/// A server that both checks find down.
pub fn down(name: impl Into<String>, logged: &'static str, script: Vec<Step>) -> Behaviour {
    at(name, Place::Server(vec![script]), Verdicts::both(Verdict::Down), logged)
}

/// Anything else.
pub fn at(
    name: impl Into<String>,
    place: Place,
    expected: Verdicts,
    logged: &'static str,
) -> Behaviour {
    Behaviour { name: name.into(), place, expected, logged, option: None }
}

/// Behaviours that are checked in one way.
#[derive(Debug, Clone)]
pub struct Chapter {
    pub title: &'static str,
    pub ipv6: bool,
    /// Attempts after the first.
    pub retry: u32,
    pub behaviours: Vec<Behaviour>,
}

impl Chapter {
    pub fn new(title: &'static str, behaviours: Vec<Behaviour>) -> Chapter {
        Chapter { title, ipv6: false, retry: 0, behaviours }
    }

    /// The address of a behaviour in this chapter. Those with a route of their own lie apart: no
    /// route comes before that of a local network.
    pub fn address(&self, number: usize, place: usize) -> IpAddr {
        let route = matches!(self.behaviours[place].place, Place::Route(_));
        let (net, host) = (if route { 8 } else { 9 }, place + 1);
        match self.ipv6 {
            false => Ipv4Addr::new(10, net, number as u8, host as u8).into(),
            true => {
                Ipv6Addr::new(0xfd00, net.into(), number as u16, 0, 0, 0, 0, host as u16).into()
            }
        }
    }
}

/// A server that is good but for what it says.
pub fn replies(
    greeting: impl AsRef<[u8]>,
    helo: impl AsRef<[u8]>,
    quit: impl AsRef<[u8]>,
) -> Vec<Step> {
    vec![say(greeting), Hear, say(helo), Hear, say(quit)]
}

/// A server that greets in its own way and is good from then on.
pub fn greeting(steps: Vec<Step>) -> Vec<Step> {
    [steps, vec![Hear, say("250 b\r\n"), Hear, say("221 c\r\n")]].concat()
}

/// The same with the reply to HELO.
pub fn helo(steps: Vec<Step>) -> Vec<Step> {
    [vec![say("220 a\r\n"), Hear], steps, vec![Hear, say("221 c\r\n")]].concat()
}

/// The same with the reply to QUIT.
pub fn quit(steps: Vec<Step>) -> Vec<Step> {
    [vec![say("220 a\r\n"), Hear, say("250 b\r\n"), Hear], steps].concat()
}

pub fn good() -> Vec<Step> {
    replies("220 a\r\n", "250 b\r\n", "221 c\r\n")
}

/// A name for what a server says.
pub fn named(what: &str, said: &[u8]) -> String {
    format!("{what} \"{}\"", said.escape_ascii())
}
