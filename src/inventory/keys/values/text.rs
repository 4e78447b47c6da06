//! Words and texts, as far as keepalived.conf can hold them: quotes, braces and `$` are its own.

use super::super::wrong::{Read, wrong};
use super::Kind;
use crate::conf::grammar::INCLUDE;
use crate::conf::word::Word;

/// One word, or a text that is quoted.
pub const TEXT: Kind = Kind {
    several: false,
    shown: "a text",
    pattern: concat!("^", word!(), r"[ !#-\[\]-~\u00a1-\ufffd]{1,900}$"),
    numeric: true,
    good: "some.example.org",
    bad: "some \"text",
    read: |text| word(text).map(|word| word.to_string()),
};

/// A reason, in words.
pub const REASON: Kind = Kind {
    several: false,
    shown: "a reason, in words",
    pattern: r"\S",
    numeric: true,
    good: "the other site's team asked for it",
    bad: " ",
    read: |text| match text.trim().is_empty() {
        true => wrong("an empty reason", "write why this is right here"),
        false => Ok(text.to_owned()),
    },
};

/// A name: one word.
pub const NAME: Kind = Kind {
    several: false,
    shown: "one word, such as mail_relay",
    pattern: concat!("^", word!(), r"[!#-\[\]-~\u00a1-\ufffd]{1,900}$"),
    numeric: true,
    good: "mail_relay",
    bad: "mail relay",
    read: |text| {
        if text.contains(char::is_whitespace) {
            return wrong(
                format!("`{text}` contains blanks"),
                "write one word, such as mail_relay",
            );
        }
        (TEXT.read)(text)
    },
};

/// Several words of one statement, as they are written.
pub const WORDS: Kind = Kind {
    several: true,
    shown: "one or more words",
    pattern: r"^(?=.*[^ ])(?!(.* )?[{}]( |$))(?!.*\$[A-Za-z_{])[ !#-\[\]-~\u00a1-\ufffd]{1,900}$",
    numeric: true,
    good: "1",
    bad: "some \"text",
    read: words,
};

/// A text of any characters: it is no part of keepalived.conf.
pub const FREE: Kind = Kind {
    several: false,
    shown: "a text",
    pattern: "",
    numeric: true,
    good: "pass.txt",
    bad: "",
    read: |text| Ok(text.to_owned()),
};

/// A text that can stand in keepalived.conf.
pub(super) fn word(text: &str) -> Read<Word> {
    text.parse().or_else(|error| wrong(format!("the value {error}"), "write another value"))
}

/// A text of ASCII characters: what mail servers and the kernel's tools take without being asked.
pub(super) fn ascii(text: &str) -> Read<String> {
    match text.chars().find(|c| !c.is_ascii()) {
        Some(c) => wrong(format!("the value contains {c:?}"), "use printable ASCII"),
        None => (TEXT.read)(text),
    }
}

pub(in super::super) fn words(text: &str) -> Read<String> {
    let words: Vec<String> =
        text.split_whitespace().map(|one| word(one).map(|w| w.to_string())).collect::<Read<_>>()?;
    if words.is_empty() {
        return wrong("no words", "write some, or remove the key");
    }
    word(text)?;
    if let [first, _] = words.as_slice()
        && INCLUDE.contains(&first.as_str())
    {
        // As an item of a list it would be a line of its own, and that line would be obeyed.
        return wrong(
            format!("`{text}` makes keepalived read another file"),
            "write another name; `raw` can include a file",
        );
    }
    Ok(words.join(" "))
}
