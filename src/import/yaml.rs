//! Values of YAML, and those that stand in one line, with quotes only where YAML needs them.

use std::net::IpAddr;

use crate::inventory::keys::Table;

/// The longest section or list that stands in one line.
const FLOW_LENGTH: usize = 88;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A number, a truth value: never in quotes.
    Plain(String),
    /// A text: in quotes where it would be something else without.
    Text(String),
    /// Lines, each its own.
    Lines(Vec<String>),
    List(Vec<Yaml>),
    Map(Map),
}

/// Keys and values, in order.
pub(super) type Map = Vec<(String, Yaml)>;

impl Yaml {
    pub(super) fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    pub(super) fn plain(value: impl ToString) -> Yaml {
        Yaml::Plain(value.to_string())
    }

    /// The item alone where there is one, else a list.
    pub(super) fn one_or_more(mut items: Vec<Yaml>) -> Yaml {
        match (items.len(), items.pop()) {
            (1, Some(item)) => item,
            (_, last) => Yaml::List(items.into_iter().chain(last).collect()),
        }
    }

    /// In one line; `None` where that can't be, or would be too long.
    pub(super) fn flow(&self) -> Option<String> {
        let text = match self {
            Yaml::Plain(text) => text.clone(),
            Yaml::Text(text) => scalar(text),
            Yaml::Lines(lines) => match lines.as_slice() {
                [line] => scalar(line),
                _ => return None,
            },
            Yaml::List(items) => {
                let items: Vec<String> = items.iter().map(Yaml::flow).collect::<Option<_>>()?;
                format!("[{}]", items.join(", "))
            }
            Yaml::Map(map) => {
                let entry = |(key, value): &(String, Yaml)| {
                    Some(format!("{}: {}", scalar(key), value.flow()?))
                };
                let entries: Vec<String> = map.iter().map(entry).collect::<Option<_>>()?;
                format!("{{{}}}", entries.join(", "))
            }
        };
        let is_scalar = matches!(self, Yaml::Plain(_) | Yaml::Text(_) | Yaml::Lines(_));
        (is_scalar || text.len() <= FLOW_LENGTH).then_some(text)
    }

    /// Whether it has nothing but scalars and lists of them.
    pub(super) fn is_flat(&self) -> bool {
        match self {
            Yaml::Map(map) => map.iter().all(|(_, value)| match value {
                Yaml::Map(_) => false,
                Yaml::List(items) => !items.iter().any(|item| matches!(item, Yaml::Map(_))),
                _ => true,
            }),
            _ => true,
        }
    }
}

/// A map in the order of a table.
pub(super) fn in_order(mut map: Map, table: &Table) -> Map {
    map.sort_by_key(|(key, _)| table.place(key).unwrap_or(usize::MAX));
    map
}

/// Adds a key and its value.
pub(super) fn set(map: &mut Map, key: &str, value: Yaml) {
    map.push((key.to_owned(), value));
}

/// A text as YAML reads it back.
pub(crate) fn scalar(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./@+%= -".contains(&b);
    let begins = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/');
    let bytes = text.as_bytes();
    let good = bytes.iter().copied().all(plain)
        && bytes.first().copied().is_some_and(begins)
        && !text.ends_with(' ')
        && !is_something_else(text);
    if good {
        text.to_owned()
    } else if text.contains(|c: char| c.is_control() || c == '\u{85}' || c == '\u{2028}') {
        // JSON's escapes are YAML's.
        serde_json::Value::from(text).to_string()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Whether YAML, 1.1 or 1.2, takes a plain text for a number, a truth value, a date or nothing.
fn is_something_else(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let numeric = |b: u8| b.is_ascii_hexdigit() || b"xXoO_.+-".contains(&b);
    let address = text.split('/').next().is_some_and(|first| first.parse::<IpAddr>().is_ok());
    WORDS.contains(&text.to_ascii_lowercase().as_str())
        || text.parse::<f64>().is_ok()
        || !address && text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_yaml_needs_it() {
        for (text, written) in [
            ("mail_relay", "mail_relay"),
            ("unix_adm@domain.ru", "unix_adm@domain.ru"),
            ("192.168.3.100/24", "192.168.3.100/24"),
            ("eth0 weight -10", "eth0 weight -10"),
            ("fd00::1", "'fd00::1'"),
            ("0123", "'0123'"),
            ("1e3", "'1e3'"),
            ("2026-11-24", "'2026-11-24'"),
            ("no", "'no'"),
            ("", "''"),
            ("it's", "'it''s'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("-a", "'-a'"),
            ("a ", "'a '"),
            ("a\tb", r#""a\tb""#),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
