//! Why a server is down, in the words keepalived logs for SMTP_CHECK, so that both can be searched
//! for in the same way.

use std::time::Duration;

use super::esmtp::reply::Malformed;
use super::step::Step;

/// Why an attempt failed. Everything that came from the server is already printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The connection was refused, or the server can't be reached; with the system's reason.
    #[error("Could not connect to server: {0}")]
    Connect(String),
    /// A socket could not be made as the options ask, so that nothing was sent; with the reason.
    /// SMTP_CHECK keeps its last verdict here; an exit code can't say that, so it is "down".
    #[error("Could not prepare the connection: {0}")]
    Local(String),
    /// There was no connection within the connect timeout.
    #[error("Connection timeout")]
    ConnectTimeout,
    /// The first line was not a 220; with that line.
    #[error("Bad greeting banner from server: \"{0}\"")]
    Greeting(String),
    /// The line after HELO was not a 250; with that line.
    #[error("Bad HELO response from server: \"{0}\"")]
    Helo(String),
    /// The server did not do what it was asked for; with the step and the reply.
    #[error("Bad {0} from server: \"{1}\"")]
    Reply(Step, String),
    /// What came is no reply.
    #[error("Malformed {0}: {1}")]
    Malformed(Step, Malformed),
    /// The server replied before it was asked, so it reads nothing, or another protocol; with the
    /// step and what came.
    #[error("Early {0} from server, before its command: \"{1}\"")]
    Early(Step, String),
    /// The server takes the PROXY header for a command; with what it says of it.
    #[error("The server does not take a PROXY header: \"{0}\"")]
    NoProxy(String),
    /// A refusal after a PROXY header: a server that does not know PROXY may answer so, and one that
    /// refuses for another reason too; with the step and the reply.
    #[error(
        "Bad {0} from server: \"{1}\" (perhaps because of the PROXY header: leave out --proxy, or try \
         --proxy v2)"
    )]
    PerhapsNoProxy(Step, String),
    /// The greeting lacks this text; with the greeting.
    #[error("No \"{0}\" in the greeting: \"{1}\"")]
    Unexpected(String, String),
    /// The server does not offer this.
    #[error("{0} is not offered")]
    NotOffered(String),
    /// Bytes in plain text where TLS was to begin (RFC 3207 section 6).
    #[error("Plain text after the STARTTLS reply, somebody is tampering")]
    Injected,
    /// There was no handshake; with the reason.
    #[error("TLS handshake failed: {0}")]
    Tls(String),
    /// A reply in plain text where TLS was to begin.
    #[error(
        "TLS handshake failed: the server speaks plain SMTP here, not TLS (begin TLS with --starttls)"
    )]
    NotTls,
    /// A TLS alert where a greeting was expected; with what to do.
    #[error("The server speaks TLS here, not plain SMTP ({0})")]
    SpeaksTls(&'static str),
    /// The certificate is not good enough; with the reason.
    #[error("Bad certificate: {0}")]
    Certificate(String),
    /// The connection ended or broke before the line was complete; with the reason.
    #[error("Read failure ({0}): {1}")]
    Read(Step, String),
    /// No byte came within the connect timeout.
    #[error("Read timeout ({0})")]
    ReadTimeout(Step),
    /// The command could not be sent; with the reason.
    #[error("Write failure: {0}")]
    Write(String),
    /// The system took no byte of the command within the connect timeout.
    #[error("Write timeout")]
    WriteTimeout,
    /// The limit for the whole run passed.
    #[error("Deadline of {} s reached", .0.as_secs_f64())]
    Deadline(Duration),
}

impl Failure {
    /// One or two lower-case words for the kind of failure, for programs to read; part of the interface.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Connect(_) => "connect",
            Failure::Local(_) => "local",
            Failure::ConnectTimeout => "connect-timeout",
            Failure::Greeting(_)
            | Failure::Helo(_)
            | Failure::Reply(..)
            | Failure::PerhapsNoProxy(..) => "reply",
            Failure::Malformed(..) => "malformed",
            Failure::Early(..) => "early-reply",
            Failure::NoProxy(_) => "no-proxy",
            Failure::Unexpected(..) => "greeting-text",
            Failure::NotOffered(_) => "not-offered",
            Failure::Injected => "injected",
            Failure::Tls(_) => "tls",
            Failure::NotTls => "not-tls",
            Failure::SpeaksTls(_) => "speaks-tls",
            Failure::Certificate(_) => "certificate",
            Failure::Read(..) => "read",
            Failure::ReadTimeout(_) => "read-timeout",
            Failure::Write(_) => "write",
            Failure::WriteTimeout => "write-timeout",
            Failure::Deadline(_) => "deadline",
        }
    }
}
