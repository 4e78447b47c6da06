//! XCLIENT (postfix.org/XCLIENT_README.html): a server that trusts the probe judges it as if it were
//! somebody else, so that a check can be that of a customer's address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What a server may take, all that Postfix knows.
const NAMES: [&str; 8] = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"];

/// The longest value, in bytes.
const LONGEST: usize = 255;

/// One thing to pretend, `ADDR=192.0.2.1` for instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    name: &'static str,
    value: String,
}

/// The text is no [`Attribute`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// Not `NAME=VALUE`.
    #[error("expected NAME=VALUE, like ADDR=192.0.2.1, with one of {}", NAMES.join(", "))]
    Form,
    /// An address that is none.
    #[error("ADDR and DESTADDR take an IPv4 or IPv6 address")]
    Address,
    /// Empty, too long, or not printable.
    #[error("expected 1 to {LONGEST} printable ASCII characters")]
    Value,
}

impl Attribute {
    /// The server offers it in its reply to EHLO under this name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl FromStr for Attribute {
    type Err = AttributeError;

    /// Reads `NAME=VALUE`; upper and lower case of the name are the same.
    fn from_str(text: &str) -> Result<Attribute, AttributeError> {
        let (name, value) = text.split_once('=').ok_or(AttributeError::Form)?;
        let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        let name = known.ok_or(AttributeError::Form)?;
        let printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if value.is_empty() || value.len() > LONGEST || !printable {
            return Err(AttributeError::Value);
        }
        let value = match (name, value.parse::<IpAddr>()) {
            ("ADDR" | "DESTADDR", Ok(IpAddr::V6(address))) => format!("IPV6:{address}"),
            ("ADDR" | "DESTADDR", Err(_)) => return Err(AttributeError::Address),
            _ => value.to_owned(),
        };
        Ok(Attribute { name, value })
    }
}

/// As it is sent, in xtext (RFC 3461 section 4): nothing in it can end the command.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}=", self.name)?;
        for byte in self.value.bytes() {
            match byte {
                b'+' | b'=' | b' ' => write!(f, "+{byte:02X}")?,
                _ => write!(f, "{}", char::from(byte))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sent_in_xtext() {
        for (text, sent) in [
            ("ADDR=192.0.2.1", "ADDR=192.0.2.1"),
            ("addr=2001:db8::1", "ADDR=IPV6:2001:db8::1"),
            ("name=[UNAVAILABLE]", "NAME=[UNAVAILABLE]"),
            ("LOGIN=a+b=c d", "LOGIN=a+2Bb+3Dc+20d"),
            ("Helo=mx.example.org", "HELO=mx.example.org"),
        ] {
            assert_eq!(text.parse::<Attribute>().unwrap().to_string(), sent);
        }
    }

    #[test]
    fn nothing_that_could_end_the_command_is_a_value() {
        use AttributeError::*;
        for (text, error) in [
            ("ADDR", Form),
            ("=a", Form),
            ("SIZE=1", Form),
            ("NAME=", Value),
            ("NAME=a\r\nQUIT", Value),
            ("NAME=ä", Value),
            ("ADDR=mx.example.org", Address),
        ] {
            assert_eq!(text.parse::<Attribute>(), Err(error), "{text:?}");
        }
        let long = format!("NAME={}", "a".repeat(LONGEST + 1));
        assert_eq!(long.parse::<Attribute>(), Err(Value));
    }
}
