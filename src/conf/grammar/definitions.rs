//! `$NAME=VALUE`, and `$NAME` and `${NAME}` in later lines. A value of several lines, each but the
//! last ending with a backslash, stands for several lines.

use std::collections::HashMap;

use super::line::{LONGEST, Wrong};

/// How often `$NAME` is replaced in one line; more is a definition that contains itself.
const REPLACEMENTS: usize = 1000;

#[derive(Default)]
pub(super) struct Definitions(HashMap<String, Vec<String>>);

/// A definition whose value goes on in the next line.
pub(super) struct Unfinished {
    name: String,
    lines: Vec<String>,
}

/// What a line says.
pub(super) enum Line {
    /// It defined something.
    Definition(Option<Unfinished>),
    /// It is a line, with one replacement at most in it; after it come others.
    Text { text: String, replaced: bool, more: Vec<String> },
}

impl Definitions {
    /// Takes a line: a definition, or one in which the first round of `$NAME` is replaced.
    pub(super) fn take(&mut self, line: String) -> Result<Line, Wrong> {
        if let Some((name, value)) = definition(&line) {
            let Some(first) = value.strip_suffix('\\') else {
                self.0.insert(name.to_owned(), vec![value.to_owned()]);
                return Ok(Line::Definition(None));
            };
            let lines = vec![first.trim_end_matches([' ', '\t']).to_owned()];
            return Ok(Line::Definition(Some(Unfinished { name: name.to_owned(), lines })));
        }
        self.replace(line)
    }

    /// Takes the next line of a value; returns the definition if it is still unfinished.
    pub(super) fn go_on(&mut self, mut begun: Unfinished, line: &str) -> Option<Unfinished> {
        if let Some(line) = line.strip_suffix('\\') {
            begun.lines.push(line.to_owned());
            return Some(begun);
        }
        begun.lines.push(line.to_owned());
        begun.lines.retain(|line| !line.is_empty());
        self.0.insert(begun.name, begun.lines);
        None
    }

    /// Says what `${_PWD}` is in the lines that follow.
    pub(super) fn set_folder(&mut self, folder: String) {
        self.0.insert("_PWD".to_owned(), vec![folder]);
    }

    fn replace(&self, mut text: String) -> Result<Line, Wrong> {
        let (mut from, mut replaced, mut more) = (0, 0, Vec::<String>::new());
        while let Some(dollar) = text[from..].find('$').map(|at| from + at) {
            let Some((name, end)) = reference(&text, dollar) else {
                from = dollar + 1;
                continue;
            };
            let at_the_end = end == text.len();
            let Some(lines) = self.0.get(name) else {
                if name.starts_with('_') && PREDEFINED.contains(&name) {
                    return Err((
                        format!("`${name}` is keepalived's own and not supported here"),
                        "write its value instead",
                    ));
                }
                from = dollar + 1;
                continue;
            };
            if lines.len() > 1 && !at_the_end {
                // Several lines can only stand at the end of one.
                from = dollar + 1;
                continue;
            }
            replaced += 1;
            let value = lines.first().map_or("", String::as_str).to_owned();
            // The value is looked through too.
            text.replace_range(dollar..end, &value);
            // Those of a definition in a definition come before the rest of the outer one.
            let rest = lines.get(1..).unwrap_or_default();
            more.splice(0..0, rest.iter().cloned());
            from = dollar;
            if replaced > REPLACEMENTS || text.len() > LONGEST {
                return Err((
                    "a definition that grows longer than a line may be".into(),
                    "write a shorter one, which doesn't contain itself",
                ));
            }
        }
        Ok(Line::Text { text, replaced: replaced > 0, more })
    }
}

/// What keepalived defines by itself.
const PREDEFINED: [&str; 6] = ["_PWD", "_INSTANCE", "_RANDOM", "_HASH", "_BANG", "_ENV"];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn begins_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Name and value of `$NAME=VALUE`.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('$')?.split_once('=')?;
    let good = begins_name(name) && name.chars().all(is_name);
    good.then(|| (name, value.trim_start_matches([' ', '\t'])))
}

/// The name that a `$` stands before, and where the reference ends.
fn reference(text: &str, dollar: usize) -> Option<(&str, usize)> {
    let rest = &text[dollar + 1..];
    let braced = rest.starts_with('{');
    let start = usize::from(braced);
    let name = &rest[start..];
    if !begins_name(name) {
        return None;
    }
    let name = &name[..name.find(|c| !is_name(c)).unwrap_or(name.len())];
    let after = &rest[start + name.len()..];
    let end = dollar + 1 + start + name.len();
    if braced {
        // The predefined ones take parameters.
        let close = after.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
        let length = after.len() - close.len();
        let plain = length == 0 || PREDEFINED.contains(&name);
        return (plain && close.starts_with('}')).then_some((name, end + length + 1));
    }
    let ends = after.is_empty() || after.starts_with([' ', '\t', ',', ')']);
    ends.then_some((name, end))
}
