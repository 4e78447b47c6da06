//! A document of YAML as people write it: sections by indentation, short lists and sections in one line, comments
//! before what they belong to.

use std::fmt::Write;

use super::comments::Comments;
use super::yaml::{Map, Yaml, scalar};

/// The most entries of a section in one line, below a key.
const FLOW_ENTRIES: usize = 2;

/// A whole document; an empty line before each of its sections but the first, and comments before what they
/// belong to.
pub(super) fn document(map: &Map, comments: &Comments) -> String {
    let mut out = Writer { out: String::new(), comments, path: Vec::new() };
    let mut after_section = false;
    for (key, value) in map {
        let section = matches!(value, Yaml::Map(_) | Yaml::List(_)) && value_is_block(value, 0);
        if !out.out.is_empty() && (section || after_section) {
            out.out.push('\n');
        }
        out.entry(0, key, value);
        after_section = section;
    }
    out.out
}

/// Whether a value below a key stands in lines of its own.
fn value_is_block(value: &Yaml, depth: usize) -> bool {
    let fits = value.flow().is_some() && value.is_flat();
    match value {
        Yaml::Map(map) => !(fits && depth > 0 && map.len() <= FLOW_ENTRIES || map.is_empty()),
        Yaml::List(items) => {
            let sections = items.iter().any(|item| matches!(item, Yaml::Map(_)));
            !items.is_empty() && (!fits || sections)
        }
        Yaml::Lines(lines) => lines.len() > 1,
        _ => false,
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

struct Writer<'a> {
    out: String,
    comments: &'a Comments,
    /// Where it is.
    path: Vec<String>,
}

impl Writer<'_> {
    /// The comments of a place; those of what it has in lines of its own come later.
    fn comments(&mut self, depth: usize, value: Option<&Yaml>) {
        for text in self.comments.at(&self.path, value) {
            indent(&mut self.out, depth);
            let _ = writeln!(self.out, "# {text}");
        }
    }

    fn entry(&mut self, depth: usize, key: &str, value: &Yaml) {
        self.path.push(key.to_owned());
        self.comments(depth, Some(value).filter(|value| value_is_block(value, depth)));
        indent(&mut self.out, depth);
        self.key(depth, key, value);
        self.path.pop();
    }

    fn key(&mut self, depth: usize, key: &str, value: &Yaml) {
        self.out.push_str(&scalar(key));
        self.out.push(':');
        self.below(depth, value);
    }

    /// What follows the colon of a key.
    fn below(&mut self, depth: usize, value: &Yaml) {
        if !value_is_block(value, depth) {
            // A block is the only thing that has no flow.
            let _ = writeln!(self.out, " {}", value.flow().unwrap_or_default());
            return;
        }
        match value {
            Yaml::Map(map) => {
                self.out.push('\n');
                for (key, value) in map {
                    self.entry(depth + 1, key, value);
                }
            }
            Yaml::List(items) => {
                self.out.push('\n');
                for one in items {
                    self.item(depth + 1, one);
                }
            }
            Yaml::Lines(lines) => {
                self.out.push_str(" |\n");
                for line in lines {
                    indent(&mut self.out, depth + 1);
                    let _ = writeln!(self.out, "{line}");
                }
            }
            Yaml::Plain(_) | Yaml::Text(_) => {}
        }
    }

    /// An item of a list in lines.
    fn item(&mut self, depth: usize, value: &Yaml) {
        let flow = value.flow().filter(|_| value.is_flat());
        let services = match value {
            Yaml::Map(map) => self.comments.services(&self.path, map),
            _ => Vec::new(),
        };
        for service in &services {
            self.path.push(service.clone());
            self.comments(depth, Some(value).filter(|_| flow.is_none()));
            self.path.pop();
        }
        indent(&mut self.out, depth);
        self.out.push('-');
        match (value, flow) {
            (Yaml::Map(_), Some(flow)) => {
                let _ = writeln!(self.out, " {flow}");
            }
            (Yaml::Map(map), None) => {
                for (at, (key, value)) in map.iter().enumerate() {
                    match at {
                        0 => self.out.push(' '),
                        _ => {
                            for service in &services {
                                self.path.extend([service.clone(), key.clone()]);
                                let block = value_is_block(value, depth + 1);
                                self.comments(depth + 1, Some(value).filter(|_| block));
                                self.path.truncate(self.path.len() - 2);
                            }
                            indent(&mut self.out, depth + 1);
                        }
                    }
                    self.key(depth + 1, key, value);
                }
            }
            _ => self.below(depth + 1, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
        Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn documents_look_as_if_written_by_hand() {
        let texts = |all: &[&str]| Yaml::List(all.iter().copied().map(Yaml::text).collect());
        let node =
            |name: &str| map([("name", Yaml::text(name)), ("address", Yaml::text("10.0.0.1"))]);
        let wide = map([("a", Yaml::plain(1)), ("b", Yaml::plain(2)), ("c", Yaml::plain(3))]);
        let lines = Yaml::Lines(vec!["a {".into(), "  b".into(), "}".into()]);
        let Yaml::Map(map) = map([
            ("keep", Yaml::plain(false)),
            ("global_defs", map([("x", Yaml::text("z"))])),
            ("nodes", Yaml::List(vec![node("a"), node("b"), wide])),
            ("i", map([("m", map([("v", texts(&["10.0.0.2", "10.0.0.3"])), ("raw", lines)]))])),
            (
                "servers",
                Yaml::List(vec![map([
                    ("port", Yaml::plain(25)),
                    ("check", map([("type", Yaml::text("T")), ("retry", Yaml::plain(1))])),
                    ("none", Yaml::List(Vec::new())),
                ])]),
            ),
        ]) else {
            unreachable!()
        };
        let expected = "\
keep: false

global_defs:
  x: z

nodes:
  - {name: a, address: 10.0.0.1}
  - {name: b, address: 10.0.0.1}
  - {a: 1, b: 2, c: 3}

i:
  m:
    v: [10.0.0.2, 10.0.0.3]
    raw: |
      a {
        b
      }

servers:
  - port: 25
    check: {type: T, retry: 1}
    none: []
";
        assert_eq!(document(&map, &Comments::default()), expected);
    }
}
