//! Text of others, made fit for a terminal, a line and a table.

use serde_json::Value;

/// The longest text that is taken from another node, in characters.
const LONGEST: usize = 2000;

/// A text without what moves a cursor, begins a line or turns the direction of writing: such characters are
/// escaped as in Rust. At most 2,000 characters.
pub(crate) fn text(text: &str) -> String {
    short(text, LONGEST)
}

/// Why what another node wrote is no `what`: another program, or another version of this one.
pub(crate) fn not_ours(what: &str) -> String {
    format!("not a {what} of this version of lvskit: compare `lvskit --version` there and here")
}

/// The same as [`text`], with at most so many characters.
pub(crate) fn short(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (count, one) in text.chars().enumerate() {
        if count == longest {
            out.push_str("...");
            break;
        }
        match one {
            one if one.is_control() || is_invisible(one) => out.extend(one.escape_unicode()),
            one => out.push(one),
        }
    }
    out
}

/// Characters that have no width of their own or change what stands beside them (Unicode's bidirectional
/// controls, zero-width characters, line and paragraph separators, variation selectors, tags).
fn is_invisible(one: char) -> bool {
    matches!(
        one,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// All texts in a JSON value, names too.
pub(crate) fn value(value: Value) -> Value {
    match value {
        Value::String(one) => Value::String(text(&one)),
        Value::Array(all) => all.into_iter().map(self::value).collect(),
        Value::Object(all) => {
            all.into_iter().map(|(name, one)| (text(&name), self::value(one))).collect()
        }
        other => other,
    }
}

/// The JSON that a node wrote, made printable; what a login shell wrote before it is passed over.
///
/// # Errors
/// If there is none.
pub(crate) fn json(text: &str) -> Result<Value, String> {
    let whole = serde_json::from_str::<Value>(text);
    let line = || text.lines().rev().find(|line| line.starts_with('{'));
    let value = whole.or_else(|error| match line() {
        Some(line) => serde_json::from_str(line),
        None => Err(error),
    });
    value.map(self::value).map_err(|_| {
        let begins = short(text.trim_start(), 40);
        match begins.is_empty() {
            true => "it wrote nothing".to_owned(),
            false => format!("not JSON; it begins with `{begins}`"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(text("mail ä 漢"), "mail ä 漢");
        assert_eq!(text("\x1b[2J\r\n\u{9b}x"), "\\u{1b}[2J\\u{d}\\u{a}\\u{9b}x");
        assert_eq!(text("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(short("abcdef", 3), "abc...");
        let hostile = serde_json::json!({ "a\n": ["\x07", { "b": "\u{2066}" }], "n": 1 });
        let safe = serde_json::json!({ "a\\u{a}": ["\\u{7}", { "b": "\\u{2066}" }], "n": 1 });
        assert_eq!(value(hostile), safe);
    }
}
