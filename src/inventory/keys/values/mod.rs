//! Texts: names, addresses, paths, passwords. Each kind says in words, in a pattern and in code what it is;
//! what the code refuses, the pattern lets pass only where JSON schemas can't say it.

use super::wrong::Read;

/// A kind of text.
#[derive(Debug)]
pub struct Kind {
    /// In a few words.
    pub shown: &'static str,
    /// As JSON schemas have it (ECMA-262); it may let more through than `read`.
    pub pattern: &'static str,
    /// Whether it is written as several words, as they are.
    pub several: bool,
    /// Whether YAML may take one for a number or a truth value.
    pub numeric: bool,
    /// One that fits.
    pub good: &'static str,
    /// One that does not.
    pub bad: &'static str,
    /// What is written into keepalived.conf for a text.
    pub read: fn(&str) -> Read<String>,
}

/// What keeps a text from being a `Word`.
macro_rules! word {
    () => {
        r"(?![{}]$)(?!.*\$[A-Za-z_{])"
    };
}

mod hosts;
mod keepalived;
mod system;
mod text;

pub use self::hosts::{
    ADDRESS, BROADCAST, ENDPOINT, HELO, HOST, MAILBOX, NETWORK_KIND, PREFIXED, RELAY, UNICAST,
};
pub use self::keepalived::{FORWARDING, PASSWORD, TRACKED, VAULT, password};
pub use self::system::{INTERFACE, LABEL, PATH, PROGRAM, USER};
pub(super) use self::text::words;
pub use self::text::{FREE, NAME, REASON, TEXT, WORDS};

#[cfg(test)]
mod tests;
