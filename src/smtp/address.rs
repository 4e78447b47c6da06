//! A sender or recipient for a dry run. It becomes part of a command to a mail server, so nothing
//! may pass here that could end that command.

use std::fmt;
use std::str::FromStr;

/// The longest address, in bytes: a path of 256 less its brackets (RFC 5321 section 4.5.3.1.3).
pub const LONGEST: usize = 254;

/// A mail address, the name `postmaster` (RFC 5321 section 4.5.1), or nothing: the sender of
/// bounces (section 4.5.5).
///
/// Only the characters are checked: printable ASCII but blanks and angle brackets, with a `@`
/// that is neither first nor last. Quoted local parts with blanks are not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// The text can't be an [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of the form that is accepted.
    #[error("no mail address like probe@example.org, without blanks, in ASCII")]
    Form,
    /// Longer than [`LONGEST`].
    #[error("{0} characters, but at most {LONGEST} are allowed")]
    TooLong(usize),
}

impl Address {
    /// Whether it is nobody's: good for a sender, but not for a recipient.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads an address with or without its angle brackets.
    fn from_str(text: &str) -> Result<Address, AddressError> {
        let inside = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let address = inside.unwrap_or(text);
        if address.len() > LONGEST {
            return Err(AddressError::TooLong(address.chars().count()));
        }
        let allowed = |byte| matches!(byte, b'!'..=b'~') && !b"<>".contains(&byte);
        let parts = address.rsplit_once('@');
        let complete = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let special = address.is_empty() || address.eq_ignore_ascii_case("postmaster");
        if !address.bytes().all(allowed) || !(complete || special) {
            return Err(AddressError::Form);
        }
        Ok(Address(address.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_or_without_brackets() {
        for (text, address) in [
            ("a@b", "a@b"),
            ("<a@b.example>", "a@b.example"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            ("\"a@b\"@c", "\"a@b\"@c"),
            ("Postmaster", "Postmaster"),
            ("<>", ""),
            ("", ""),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), address);
        }
        assert!("<>".parse::<Address>().unwrap().is_empty());
    }

    #[test]
    fn nothing_that_could_end_the_command_is_an_address() {
        for text in
            ["a", "@b", "a@", "a b@c", "a@b\r\nQUIT", "a@b>", "<a@b", "a@b\0", "ä@b", "a@b> X=1"]
        {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Form), "{text:?}");
        }
        let long = format!("a@{}", "b".repeat(LONGEST));
        assert_eq!(long.parse::<Address>(), Err(AddressError::TooLong(256)));
    }
}
