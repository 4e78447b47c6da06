//! What is wrong with a value, and what to write instead.

/// Why a value is wrong, and what to write instead.
#[derive(Debug)]
pub struct Wrong {
    /// What is wrong.
    pub title: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// What a value reads as, or why it can't.
pub type Read<T> = Result<T, Wrong>;

/// A value that is wrong for a reason of its own.
pub(in crate::inventory) fn wrong<T>(title: impl Into<String>, help: impl Into<String>) -> Read<T> {
    Err(Wrong { title: title.into(), help: help.into() })
}

/// A value that is not what its key expects.
pub(in crate::inventory) fn invalid<T>(
    name: &str,
    text: &str,
    shown: impl std::fmt::Display,
) -> Read<T> {
    wrong(format!("invalid {name} `{text}`"), format!("write {shown}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn all<T>(read: impl Fn(&str) -> Read<T>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(read(text).is_ok(), "{text:?} was refused");
        }
        for text in bad {
            assert!(read(text).is_err(), "{text:?} was accepted");
        }
    }
}
