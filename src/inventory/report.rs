//! Prints problems so that a person finds the place at once and a program finds `file:line:col`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::keys;
use super::tree::{self, Key, Kind, Node};
use super::{Problem, Severity, lints};
use crate::secrets::Secrets;

/// The most problems that are shown: whoever has more reads these first.
const MOST: usize = 100;

/// What the keys of passwords have in their names.
const MARK: &str = "auth";

/// The only `auth_type`, which is no secret.
const TYPE: &str = "PASS";

pub(super) fn render(file: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let tree = tree::parse(text).ok();
    let shown = mask_passwords(text, tree.as_ref());
    // What commands are told to log in with. Comments count where they are shown, but what they say
    // of passwords is no word to be hidden in messages.
    let written = Secrets::of(&[text]);
    let said = tree.as_ref().map(|tree| Secrets::of(&[&lines_of(tree)]));
    let shown = written.star(&shown);
    let words = |text: &str| said.as_ref().unwrap_or(&written).star(text);
    let mut lines = Lines { text: &shown, start: 0, number: 1 };
    let mut reports: Vec<String> = (problems.iter().take(MOST))
        .map(|problem| {
            let (line, number, at) = lines.of(&problem.at);
            let annotation = AnnotationKind::Primary.span(at);
            let snippet =
                Snippet::source(line).line_start(number).path(file).annotation(annotation);
            let level = match problem.lint.severity {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
                Severity::Hint => Level::NOTE.with_name("hint"),
            };
            let name = match lints::is_shape(problem.lint) {
                true => String::new(),
                false => format!(" [{}]", problem.lint.id),
            };
            let title = format!("{}{name}", words(&problem.title));
            let mut group: Group<'_> = level.primary_title(title).element(snippet);
            if !problem.help.is_empty() {
                group = group.element(Level::HELP.message(words(&problem.help)));
            }
            renderer.render(&[group])
        })
        .collect();
    if problems.len() > MOST {
        reports.push(format!("... and {} more", problems.len() - MOST));
    }
    reports.join("\n\n")
}

/// The problems for programs, in their order: name, severity, place, title and help, passwords masked.
pub(super) fn json(file: &str, text: &str, problems: &[Problem]) -> Vec<Value> {
    let tree = tree::parse(text).ok();
    let said = Secrets::of(&[&tree.as_ref().map_or(String::new(), lines_of), text]);
    let mut lines = Lines { text, start: 0, number: 1 };
    let one = |problem: &Problem| {
        let (line, number, at) = lines.of(&problem.at);
        json!({
            "id": problem.lint.id,
            "severity": problem.lint.severity.word(),
            "file": file,
            "line": number,
            "column": line.get(..at.start).map_or(1, |before| before.chars().count() + 1),
            "title": said.star(&problem.title),
            "help": said.star(&problem.help),
        })
    };
    problems.iter().map(one).collect()
}

/// Every key of the tree, and every value behind its key, one a line, without comments.
fn lines_of(tree: &Node) -> String {
    fn add(key: &str, node: &Node, lines: &mut String) {
        match &node.kind {
            Kind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
                // Whoever forgets a blank or a colon has a password in it.
                lines.push_str(&format!("{}\n", key.name));
                add(&key.name, value, lines);
            }),
            Kind::Sequence(items) => items.iter().for_each(|item| add(key, item, lines)),
            Kind::Scalar(text) => lines.push_str(&format!("{key}: {text}\n")),
            Kind::Null => {}
        }
    }
    let mut lines = String::new();
    add("", tree, &mut lines);
    lines
}

fn is_secret(key: &Key) -> bool {
    key.name.to_ascii_lowercase().contains(MARK)
}

/// A text, and the line that was asked for last.
struct Lines<'a> {
    text: &'a str,
    start: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The line where a place begins, its number, and the part of the place that is in it: the rest
    /// of a long section would only hide it. Places come in the order of the text, so that each
    /// line is looked at once.
    fn of(&mut self, place: &Range<usize>) -> (&'a str, usize, Range<usize>) {
        let at = place.start.min(self.text.len());
        if at < self.start {
            (self.start, self.number) = (0, 1);
        }
        while let Some(length) = self.text[self.start..at].find('\n') {
            self.start += length + 1;
            self.number += 1;
        }
        let rest = &self.text[self.start..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let from = at - self.start;
        let to = (place.end.max(at) - self.start).clamp(from, line.len().max(from));
        (line, self.number, from..to)
    }
}

/// Stars everything that may be a password, byte by byte, so that every place stays the same: what
/// looks like one in the text, and what is one in the tree, wherever it is written.
fn mask_passwords<'a>(text: &'a str, tree: Option<&Node>) -> Cow<'a, str> {
    // Lower case has the same bytes' places; the marks are found however they are written.
    let lower = text.to_ascii_lowercase();
    if !lower.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut masked = mask_lines(text, &lower, tree.is_none());
    if let Some(tree) = tree {
        let tables = keys::all();
        let known: HashSet<&str> = tables.map(|key| key.name).collect();
        unmask_keys(tree, text, &known, &mut masked);
        mask_values(tree, false, &mut masked);
    }
    Cow::Owned(masked)
}

/// Shows the keys of the inventory again, where they are written as keys and stand below none of
/// authentication: they are no secrets, and a line without them tells nobody anything.
fn unmask_keys(node: &Node, text: &str, known: &HashSet<&str>, masked: &mut String) {
    match &node.kind {
        Kind::Mapping(entries) => {
            for (key, value) in entries {
                let written = text.get(key.at.clone()).unwrap_or_default();
                let is_it = written.trim_matches(['"', '\'']) == key.name;
                if is_it && known.contains(key.name.as_str()) {
                    masked.replace_range(key.at.clone(), written);
                }
                if !is_secret(key) {
                    unmask_keys(value, text, known, masked);
                }
            }
        }
        Kind::Sequence(items) => {
            items.iter().for_each(|item| unmask_keys(item, text, known, masked));
        }
        Kind::Scalar(_) | Kind::Null => {}
    }
}

/// Masks all words from one with `auth` in it to the end of its section, except keys that begin so;
/// and what an anchor names, since it may be a password's. Works on the text, not on the tree:
/// broken YAML and misspelt keys have passwords too. In `broken` text a section with braces may
/// go on at any indent.
fn mask_lines(text: &str, lower: &str, broken: bool) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut section: Option<Outer> = None;
    let mut depth = 0_usize;
    for (line, lower) in text.split_inclusive('\n').zip(lower.split_inclusive('\n')) {
        let indent = line.len() - line.trim_start().len();
        let item = line.trim_start().starts_with('-');
        let blank = line.trim().is_empty();
        section = section.filter(|outer| {
            blank
                || indent > outer.indent
                || item && !outer.item && indent == outer.indent
                || broken && depth > 0
        });
        let from = match (&section, lower.find(MARK).into_iter().chain(lower.find('&')).min()) {
            (Some(_), _) => 0,
            (None, Some(at)) => {
                section = Some(Outer { indent, item });
                at
            }
            (None, None) => line.len(),
        };
        masked.push_str(&line[..from]);
        mask_words(&line[from..], &mut masked);
        depth = line.chars().fold(depth, |depth, c| match c {
            '{' | '[' => depth + 1,
            '}' | ']' => depth.saturating_sub(1),
            _ => depth,
        });
    }
    masked
}

/// The line that a masked section begins with.
struct Outer {
    indent: usize,
    /// Whether it is an item of a list, so that the next one is another section.
    item: bool,
}

/// Masks everything below a key with `auth` in it, where it is written: behind an anchor too, or on
/// a line of its own in a flow mapping. Keys too, but for those of authentication.
fn mask_values(node: &Node, secret: bool, masked: &mut String) {
    match &node.kind {
        Kind::Mapping(entries) => {
            for (key, value) in entries {
                if secret && !is_secret(key) {
                    star(&key.at, masked);
                }
                mask_values(value, secret || is_secret(key), masked);
            }
        }
        Kind::Sequence(items) => items.iter().for_each(|item| mask_values(item, secret, masked)),
        Kind::Scalar(text) if secret && text != TYPE => star(&node.at, masked),
        Kind::Scalar(_) | Kind::Null => {}
    }
}

fn star(at: &Range<usize>, masked: &mut String) {
    let Some(written) = masked.get(at.clone()) else { return };
    let stars: String = (written.chars())
        .map(|c| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) })
        .collect();
    masked.replace_range(at.clone(), &stars);
}

/// Writes a line with stars for all words but the keys of authentication and its only type.
fn mask_words(line: &str, masked: &mut String) {
    let is_delimiter = |c: char| c.is_whitespace() || ":,{}[]\"'".contains(c);
    let mut rest = line;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(is_delimiter).unwrap_or(rest.len()));
        let is_key = after.trim_start_matches(['"', '\'']).starts_with(':');
        if word == TYPE || is_key && word.to_ascii_lowercase().starts_with(MARK) {
            masked.push_str(word);
        } else {
            masked.extend(std::iter::repeat_n('*', word.len()));
        }
        let (delimiters, next) =
            after.split_at(after.find(|c| !is_delimiter(c)).unwrap_or(after.len()));
        masked.push_str(delimiters);
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_never_show() {
        for (text, shown) in [
            (
                "{auth_type: PASS, auth_pass: mrelay}\nb: 1",
                "{auth_type: PASS, auth_pass: ******}\nb: 1",
            ),
            (
                "auth_pass: 'x y' # z\n  auth_x\n\n more\nb: 1",
                "auth_pass: '* *' * *\n  ******\n\n ****\nb: 1",
            ),
            ("x: &p geheim\na: {auth_pass: *p}\nb: 1", "x: ** ******\na: {auth_pass: **}\nb: 1"),
            ("x: &p\n- geheim\nauth_pass: *p", "x: **\n* ******\nauth_pass: **"),
            ("{auth_pass:\nge: heim, b: 1}", "{auth_pass:\n**: ****, *: *}"),
            ("{a: {auth_pass:\n\"ge\nheim\"},\nb: 1}", "{a: {auth_pass:\n***\n*****},\nb: 1}"),
            ("- &p geheim\n- x\n- auth: *p", "- ** ******\n- x\n- auth: **"),
            ("authentication: {auth_pas: ж:}", "authentication: {auth_pas: **:}"),
            ("AUTH_PASS: geheim", "AUTH_PASS: ******"),
            ("a: {\"auth_pass\": {x: y}}", "a: {\"auth_pass\": {*: *}}"),
            // Keys that there are stay, wherever they are no password.
            (
                "{\"authentication\": {\"auth_pass\": \"x\"},\n \"priority\": 300, \"z\": 1}",
                "{\"authentication\": {\"auth_pass\": ***},\n \"priority\": ***, \"*\": *}",
            ),
            (
                "- &n {name: a, x: b}\n- auth_pass: {name: geheim}",
                "- ** {name: *, *: *}\n- auth_pass: {****: ******}",
            ),
            ("a: &n {weight: x}\nb: {auth_pass: *n}", "a: ** {******: *}\nb: {auth_pass: **}"),
            ("a: &n {auth: {weight: x}}", "a: ** {auth: {******: *}}"),
            ("authentication: {name: x}", "authentication: {****: *}"),
        ] {
            let masked = mask_passwords(text, tree::parse(text).ok().as_ref());
            assert_eq!(masked, shown);
            assert_eq!(masked.len(), text.len());
        }
    }

    #[test]
    fn place_line_and_help_are_shown() {
        let problem = Problem {
            at: 3..4,
            title: "bad".into(),
            help: "do good".into(),
            lint: &lints::shape::YAML,
        };
        let report = render("x.yml", "a: 1\n", &[problem], false);
        for part in ["error: bad", "x.yml:1:4", "a: 1", "do good"] {
            assert!(report.contains(part), "{report}");
        }
    }

    #[test]
    fn places_at_the_very_end_are_shown_too() {
        for at in [5..5, 9..12, 0..5] {
            let problem =
                Problem { at, title: "bad".into(), help: String::new(), lint: &lints::shape::YAML };
            assert!(render("x.yml", "a: 1\n", &[problem], false).contains("x.yml:"));
        }
    }
}
