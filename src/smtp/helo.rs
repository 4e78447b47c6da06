//! The name a probe introduces itself with. It becomes part of a command line to a mail server,
//! so nothing may pass here that could end that line or make it too long.

use std::fmt;
use std::str::FromStr;

/// keepalived's own default for SMTP_CHECK (keepalived.conf(5), `helo_name`).
pub const DEFAULT: &str = "smtpchecker.keepalived.org";

/// The longest name, in bytes (RFC 5321 section 4.5.3.1.2).
pub const LONGEST: usize = 255;

/// The argument of HELO: a domain, or an address literal in brackets.
///
/// Only the characters are checked, not whether the domain exists: letters, digits, `-`, `.` and
/// the `_` that real host names have; in brackets all printable ASCII but `[`, `\` and `]`
/// (RFC 5321 sections 4.1.2 and 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeloName(String);

/// The text can't be a HELO name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeloNameError {
    /// Neither a domain nor an address literal.
    #[error(
        "neither a domain (letters, digits, '-', '.', '_') nor an address literal like [192.0.2.1]"
    )]
    Characters,
    /// Longer than [`LONGEST`].
    #[error("{0} characters, but at most {LONGEST} are allowed")]
    TooLong(usize),
}

impl FromStr for HeloName {
    type Err = HeloNameError;

    fn from_str(text: &str) -> Result<HeloName, HeloNameError> {
        if text.len() > LONGEST {
            return Err(HeloNameError::TooLong(text.chars().count()));
        }
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (inside, allowed): (&str, fn(u8) -> bool) = match literal {
            Some(inside) => (inside, |byte| matches!(byte, b'!'..=b'Z' | b'^'..=b'~')),
            None => (text, |byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
        };
        if inside.is_empty() || !inside.bytes().all(allowed) {
            return Err(HeloNameError::Characters);
        }
        Ok(HeloName(text.to_owned()))
    }
}

impl Default for HeloName {
    fn default() -> HeloName {
        HeloName(DEFAULT.to_owned())
    }
}

impl fmt::Display for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_address_literals_are_names() {
        let longest = "a".repeat(LONGEST);
        for name in [
            DEFAULT,
            "localhost",
            "mx_1.example.org",
            "[192.0.2.1]",
            "[IPv6:2001:db8::1]",
            &longest,
        ] {
            assert_eq!(name.parse::<HeloName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn nothing_that_could_end_the_command_is_a_name() {
        for text in [
            "",
            "a b",
            "a\r\nQUIT",
            "a\0",
            "a\t",
            "müller.example",
            "[]",
            "[a",
            "a]",
            "[a]b]",
            "[a b]",
            "[a\\b]",
            "a;b",
        ] {
            assert_eq!(text.parse::<HeloName>(), Err(HeloNameError::Characters), "{text:?}");
        }
    }

    #[test]
    fn a_long_name_is_refused() {
        let text = "a".repeat(LONGEST + 1);
        assert_eq!(text.parse::<HeloName>(), Err(HeloNameError::TooLong(256)));
    }
}
