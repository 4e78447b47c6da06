//! YAML as a tree in which every value knows its place. Values stay as they are written: whether
//! `0123` is a number or a password is for the key to say, not for YAML.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::NonFiniteFloatPolicy;

use super::{Problem, syntax};

/// The most values of an inventory, those of aliases each time.
const MOST_VALUES: usize = 500_000;

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `~` or nothing at all.
    Null,
    /// A value as it is written, without its quotes.
    Scalar(String),
    Sequence(Vec<Node>),
    /// In the order of the text; no key stands twice.
    Mapping(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) at: Range<usize>,
    pub(super) name: String,
}

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    if let Some(problem) = syntax::no_inventory(text) {
        return Err(problem);
    }
    match serde_saphyr::from_str_with_options::<Raw>(text, options()) {
        Ok(raw) => {
            let root = raw.resolve(text)?;
            let foreign = match root.kind {
                Kind::Mapping(_) => None,
                _ => syntax::keepalived_conf(text),
            };
            foreign.map_or(Ok(root), Err)
        }
        Err(error) => Err(syntax::of(text, &error)),
    }
}

/// Room for the largest cluster that can be rendered; and values that are no numbers stay as they are written.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: MOST_VALUES, max_events: 4 * MOST_VALUES },
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    }
}

/// What serde sees; its plain scalars are put back into their written form by [`Raw::resolve`].
struct Raw(Spanned<RawKind>);

enum RawKind {
    /// Quoted, or plain and a string in YAML's eyes.
    Text(String),
    /// Plain, and a number, truth value or null in YAML's eyes.
    Plain,
    Sequence(Vec<Raw>),
    Mapping(Vec<(Raw, Raw)>),
}

impl Raw {
    fn resolve(self, text: &str) -> Result<Node, Problem> {
        // Of an alias, the place where the value is written.
        let at = syntax::span(self.0.defined);
        let kind = match self.0.value {
            RawKind::Text(value) => Kind::Scalar(value),
            RawKind::Plain => match text.get(at.clone()).unwrap_or_default().trim() {
                "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
                written => Kind::Scalar(written.to_owned()),
            },
            RawKind::Sequence(items) => Kind::Sequence(
                items.into_iter().map(|item| item.resolve(text)).collect::<Result<_, _>>()?,
            ),
            RawKind::Mapping(entries) => Kind::Mapping(
                (entries.into_iter())
                    .map(|(key, value)| Ok((key.named(text)?, value.resolve(text)?)))
                    .collect::<Result<_, _>>()?,
            ),
        };
        let at = if text.get(at.clone()).is_some() { at } else { text.len()..text.len() };
        Ok(Node { at, kind })
    }

    /// A key, as it is written.
    fn named(self, text: &str) -> Result<Key, Problem> {
        let at = syntax::span(self.0.defined);
        let name = match self.0.value {
            RawKind::Text(name) => name,
            RawKind::Plain => text.get(at.clone()).unwrap_or_default().trim().to_owned(),
            RawKind::Sequence(_) | RawKind::Mapping(_) => {
                if text.get(..at.start).is_some_and(|before| before.ends_with('{')) {
                    return Err(syntax::template(at));
                }
                let help =
                    "write a name before the colon; a value with `{{` or `[` belongs into quotes";
                return Err(syntax::problem(at, "a list or a section where a name belongs", help));
            }
        };
        Ok(Key { at, name })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, value: &str) -> Result<RawKind, E> {
        Ok(RawKind::Text(value.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_unit<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawKind, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(RawKind::Sequence(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawKind, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(RawKind::Mapping(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar<'a>(node: &'a Node, key: &str) -> &'a str {
        let Kind::Mapping(entries) = &node.kind else { panic!("{node:?}") };
        let (_, value) = entries.iter().find(|(k, _)| k.name == key).unwrap();
        let Kind::Scalar(text) = &value.kind else { panic!("{value:?}") };
        text
    }

    #[test]
    fn values_stay_as_written() {
        let text = "a: 0123\nb: yes\nc: \"0x1f\"\nd: 1.50\ne: &x 'it''s'\nf: *x\ng: 2026-11-23\n";
        let tree = parse(text).unwrap();
        for (key, value) in [
            ("a", "0123"),
            ("b", "yes"),
            ("c", "0x1f"),
            ("d", "1.50"),
            ("e", "it's"),
            ("f", "it's"),
            ("g", "2026-11-23"),
        ] {
            assert_eq!(scalar(&tree, key), value);
        }
    }

    #[test]
    fn places_are_bytes_even_after_other_alphabets() {
        let text = "# узлы\nключ: значение\n";
        let Kind::Mapping(entries) = parse(text).unwrap().kind else { panic!() };
        assert_eq!(&text[entries[0].0.at.clone()], "ключ");
        assert_eq!(&text[entries[0].1.at.clone()], "значение");
    }

    #[test]
    fn broken_yaml_is_one_problem_with_a_place() {
        let text = "# ж\na: [1\nb: 2\n";
        assert!(&text[parse(text).unwrap_err().at.start..].starts_with(": 2"));
        assert!(parse("a: 1\na: 2\n").unwrap_err().title.contains("`a` stands twice"));
        assert!(parse("  \n").unwrap_err().title.contains("empty"));
        assert!(parse("a: 1\n---\nb: 2\n").unwrap_err().title.contains("second YAML document"));
        let help = |text: &str| parse(text).unwrap_err().help;
        for open in ["a: [1\nb: 2\n", "a: {b: 1\nc: 2\n", "a: \"x\nb: 1\n", "a: 'x", "a: {b: 1]"] {
            assert!(help(open).contains("`{`, `[` or quote"), "{open}");
        }
        assert!(
            !help("a: b: c\n").contains("closed") && !help("a: {}\n\tb: 2\n").contains("closed")
        );
        for json in
            ["{\"a\": 1 \"b\": 2}", "\n {\n\t\"a\": [1,\n\t\"b\": 2\n}\n", "{\"a\": {\"b\": 1}"]
        {
            let help = help(json);
            assert!(help.contains("not closed") && !help.contains("tabs"), "{json}: {help}");
        }
        for template in ["a: {{ x }}\n", "{a: {b: {{ x }}}}\n"] {
            assert!(parse(template).unwrap_err().help.contains("template"), "{template}");
        }
    }
}
