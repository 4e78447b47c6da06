//! The steps of a check, in one list: a failure names the one it happened in, a report says how
//! long each took.

use std::fmt;

/// What a check waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The TCP connection.
    Connect,
    /// The server's first words (RFC 5321 section 4.3.1).
    Greeting,
    /// The reply to HELO (RFC 5321 section 4.1.1.1).
    Helo,
    /// The reply to EHLO (RFC 5321 section 4.1.1.1).
    Ehlo,
    /// The reply to LHLO (RFC 2033 section 4.1).
    Lhlo,
    /// The reply to XCLIENT (postfix.org/XCLIENT_README.html).
    XClient,
    /// The reply to STARTTLS (RFC 3207 section 4).
    StartTls,
    /// The TLS handshake.
    Tls,
    /// The reply to AUTH, or to what its exchange asks for (RFC 4954 section 4).
    Auth,
    /// The reply to MAIL FROM (RFC 5321 section 4.1.1.2).
    Mail,
    /// The reply to RCPT TO (RFC 5321 section 4.1.1.3).
    Rcpt,
    /// The reply to RSET (RFC 5321 section 4.1.1.5).
    Rset,
    /// The reply to QUIT (RFC 5321 section 4.1.1.10).
    Quit,
}

impl Step {
    /// Every step, in the order in which a check can come to them.
    pub const ALL: [Step; 13] = [
        Step::Connect,
        Step::Greeting,
        Step::Ehlo,
        Step::Lhlo,
        Step::Helo,
        Step::XClient,
        Step::StartTls,
        Step::Tls,
        Step::Auth,
        Step::Mail,
        Step::Rcpt,
        Step::Rset,
        Step::Quit,
    ];

    /// One lower-case word, for programs to read; part of the interface.
    pub fn key(self) -> &'static str {
        match self {
            Step::Connect => "connect",
            Step::Greeting => "greeting",
            Step::Helo => "helo",
            Step::Ehlo => "ehlo",
            Step::Lhlo => "lhlo",
            Step::XClient => "xclient",
            Step::StartTls => "starttls",
            Step::Tls => "tls",
            Step::Auth => "auth",
            Step::Mail => "mail",
            Step::Rcpt => "rcpt",
            Step::Rset => "rset",
            Step::Quit => "quit",
        }
    }
}

/// The words for people, those of keepalived's log where it has some.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Step::Connect => "connection",
            Step::Greeting => "greeting",
            Step::Helo => "HELO reply",
            Step::Ehlo => "EHLO reply",
            Step::Lhlo => "LHLO reply",
            Step::XClient => "XCLIENT reply",
            Step::StartTls => "STARTTLS reply",
            Step::Tls => "TLS handshake",
            Step::Auth => "AUTH reply",
            Step::Mail => "MAIL reply",
            Step::Rcpt => "RCPT reply",
            Step::Rset => "RSET reply",
            Step::Quit => "QUIT reply",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_key_of_its_own() {
        let keys: std::collections::HashSet<_> = Step::ALL.iter().map(|step| step.key()).collect();
        assert_eq!(keys.len(), Step::ALL.len());
    }
}
