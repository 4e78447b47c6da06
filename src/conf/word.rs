//! One word of keepalived.conf. keepalived's parser has no escape inside quotes, ends a word at
//! blanks, starts a comment at `#` and `!` and a block at `{` wherever these stand outside quotes,
//! and replaces `$NAME` even inside: whatever can't be written safely is refused here.

use std::fmt;
use std::str::FromStr;

/// The longest word, in bytes: keepalived cuts lines at 1024 without a word of warning.
pub const LONGEST: usize = 900;

/// A text that keepalived reads back as exactly one word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

/// Why a text can't stand in keepalived.conf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// keepalived has no empty words.
    #[error("is empty")]
    Empty,
    /// Longer than [`LONGEST`].
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
    /// A character that keepalived.conf can't hold.
    #[error(
        "contains {0:?}, which keepalived.conf can't hold; use printable characters without \" and \\"
    )]
    Character(char),
    /// A brace alone opens or ends a block, in quotes too.
    #[error("is a brace, which keepalived takes for a block even in quotes")]
    Brace,
    /// `$` before a letter, `_` or `{` is a variable in keepalived.conf.
    #[error("contains `$` before a letter, `_` or `{{`, which keepalived replaces as a variable")]
    Variable,
}

impl Word {
    /// The text without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Word, WordError> {
        if text.is_empty() {
            return Err(WordError::Empty);
        }
        if matches!(text, "{" | "}") {
            return Err(WordError::Brace);
        }
        if text.len() > LONGEST {
            return Err(WordError::TooLong);
        }
        let refused =
            |c: &char| !(matches!(c, ' '..='~') || is_letter(*c)) || matches!(c, '"' | '\\');
        if let Some(c) = text.chars().find(refused) {
            return Err(WordError::Character(c));
        }
        let variable = |pair: &[u8]| {
            pair[0] == b'$' && (pair[1].is_ascii_alphabetic() || matches!(pair[1], b'_' | b'{'))
        };
        if text.as_bytes().windows(2).any(variable) {
            return Err(WordError::Variable);
        }
        Ok(Word(text.to_owned()))
    }
}

/// Whether a character beyond ASCII can be seen for what it is: keepalived takes any byte, but people read the file.
fn is_letter(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    matches!(c, '\u{a1}'..='\u{fffd}') && !c.is_whitespace() && !hidden
}

impl fmt::Display for Word {
    /// Writes the word as keepalived reads it: bare where that is safe, else in double quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |b: u8| b.is_ascii_alphanumeric() || b"_.:/@+,=%-".contains(&b);
        if self.0.bytes().all(bare) && !self.0.starts_with('@') {
            f.write_str(&self.0)
        } else {
            write!(f, "\"{}\"", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_where_safe_quoted_where_needed() {
        for (text, written) in [
            ("mrelay", "mrelay"),
            ("unix_adm@domain.ru", "unix_adm@domain.ru"),
            ("@home", "\"@home\""),
            ("a b", "\"a b\""),
            ("pa#ss", "\"pa#ss\""),
            ("pa!ss", "\"pa!ss\""),
            ("{x}", "\"{x}\""),
            ("5$", "\"5$\""),
            ("~SEQ", "\"~SEQ\""),
            ("it's", "\"it's\""),
            ("почта", "\"почта\""),
        ] {
            assert_eq!(text.parse::<Word>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_keepalived_can_not_read_back_is_refused() {
        for text in [
            "",
            "a\"b",
            "a\\b",
            "a\nb",
            "a\0b",
            "\u{7f}",
            "a\u{200b}b",
            "a\u{a0}b",
            "a\u{202e}b",
            "{",
            "}",
            "$HOME",
            "${x}",
            "a$_b",
        ] {
            assert!(text.parse::<Word>().is_err(), "{text:?}");
        }
        assert!("x".repeat(LONGEST + 1).parse::<Word>().is_err());
    }
}
