//! Mistakes of form that keep the whole file from being read, told at the line where somebody made them. What
//! reads YAML notices many of them lines later, and calls them by names that only it has.

mod noticed;

use std::ops::Range;

use serde_saphyr::{Error, Location};

use super::Problem;
use super::keys::values::VAULT;
use super::lints::shape::YAML;

/// Where to find an inventory that is right.
pub(super) const EXAMPLE: &str =
    "start from the example in lvskit's documentation, keepalived/inventory.yml";

/// keepalived.conf's blocks, by which one is known.
const BLOCKS: [&str; 6] = [
    "global_defs",
    "vrrp_instance",
    "vrrp_sync_group",
    "virtual_server",
    "vrrp_script",
    "real_server",
];

pub(super) fn problem(
    at: Range<usize>,
    title: impl Into<String>,
    help: impl Into<String>,
) -> Problem {
    Problem { at, title: title.into(), help: help.into(), lint: &YAML }
}

/// What no reader of YAML needs to look at.
pub(super) fn no_inventory(text: &str) -> Option<Problem> {
    let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines = || text.lines().map(|line| line.trim_start_matches('\u{feff}'));
    if !lines().any(|line| said(&line) && line.trim() != "---") {
        return Some(problem(0..0, "the inventory is empty", EXAMPLE));
    }
    // YAML would take it for one long value, and say that a section is missing.
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with(VAULT) {
        return Some(problem(
            start..start + VAULT.len(),
            "the inventory is still encrypted by Ansible Vault",
            "let Ansible decrypt it: `ansible-vault view FILE | lvskit gen-conf -i - ...`",
        ));
    }
    None
}

/// keepalived's own file in place of an inventory: what is no section, or can't be read.
pub(super) fn keepalived_conf(text: &str) -> Option<Problem> {
    let block = text.lines().find(|line| {
        let mut words = line.split_whitespace();
        let (first, rest) = (words.next(), words.last());
        first.is_some_and(|first| BLOCKS.contains(&first) && line.starts_with(first))
            && rest == Some("{")
    })?;
    Some(problem(
        at(text, block),
        "this is a keepalived.conf, not an inventory",
        "let lvskit make an inventory of it: `lvskit import FILE...`",
    ))
}

/// The place of a part of the text.
fn at(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// What is wrong with the form of a text that can't be read.
pub(super) fn of(text: &str, error: &Error) -> Problem {
    if let Some(problem) = keepalived_conf(text) {
        return problem;
    }
    let error = error.without_snippet();
    let found = error.location().map_or(0..0, |location| place(text, location));
    let template = text.get(..found.start).is_some_and(|before| before.ends_with('{'))
        && text.get(found.start..).is_some_and(|rest| rest.starts_with('{'));
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            let title = format!("`{key}` stands twice in the same section");
            return problem(found, title, "remove one of them");
        }
        Error::MultipleDocuments { .. } => {
            let help = "write one inventory in one file, without `---` between its parts";
            return problem(found, "a second YAML document", help);
        }
        Error::UnknownAnchor { .. } => {
            let help = "write the value itself, or in quotes if it begins with `*`; an alias needs `&NAME` \
                        before it in the file";
            return problem(
                found,
                "`*` begins the name of a value that was not named before",
                help,
            );
        }
        _ if noticed::is_too_large(error) => {
            let help = "make several inventories of it; with fewer aliases (`*NAME`) and brackets it is shorter";
            return problem(found, "the inventory has too many values, or too deep ones", help);
        }
        _ if noticed::is_tag(error) => return tag(text, found),
        _ if template => {
            return self::template(found);
        }
        _ => {}
    }
    if noticed::is_directive(error)
        && let Some(line) = text.lines().find(|line| line.starts_with('%'))
    {
        let help = "remove the line, or write a value that begins with `%` in quotes";
        let title = "a line that begins with `%`, which inventories do not have";
        return problem(at(text, line), title, help);
    }
    if text.get(found.clone()).is_some_and(|value| value.starts_with('!')) {
        return tag(text, found);
    }
    if let Some(problem) = tab(text).or_else(|| no_colon(text, found.start)) {
        return problem;
    }
    let noticed = noticed::of(error);
    let own = noticed.help.filter(|_| !is_json(text));
    problem(found.clone(), noticed.title, own.unwrap_or_else(|| help(text, found.start)))
}

/// A template that nobody filled in.
pub(super) fn template(at: Range<usize>) -> Problem {
    let help = "fill the template in before, or write the value in quotes";
    problem(at, "`{{` begins no value", help)
}

fn tag(text: &str, found: Range<usize>) -> Problem {
    let line = &text[text[..found.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1)..];
    let line = line.lines().next().unwrap_or_default();
    let word = line.split([' ', ',', '{', '[', ']', '}']).find(|word| word.starts_with('!'));
    let word = word.unwrap_or("!");
    let at = line.find(word).map_or(found, |_| {
        let start = line.as_ptr() as usize - text.as_ptr() as usize + line.find(word).unwrap_or(0);
        start..start + word.len()
    });
    let help = match word {
        "!vault" => {
            "name a file that has the password: `auth_pass: {file: PATH}`; or let Ansible decrypt the \
             inventory before"
        }
        _ => {
            "write a value that begins with `!` in quotes, or remove the tag: the key decides what its value is"
        }
    };
    problem(at, "a value with a YAML tag (`!NAME`), which inventories do not have", help)
}

/// A tab where blanks make the structure.
fn tab(text: &str) -> Option<Problem> {
    if is_json(text) {
        return None;
    }
    let indents = |line: &&str| line[..line.len() - line.trim_start().len()].contains('\t');
    let filled = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let line = text.lines().filter(filled).find(indents)?;
    let tab = line.find('\t')?;
    let start = at(text, line).start + tab;
    Some(problem(
        start..start + 1,
        "a tab in the indentation",
        "write blanks, as in the other lines",
    ))
}

/// A key without a colon, or a colon without a blank, in the line that was noticed or the one before.
fn no_colon(text: &str, noticed: usize) -> Option<Problem> {
    let before = text.get(..noticed)?;
    let number = before.matches('\n').count();
    let candidates = [number, number.saturating_sub(1)];
    candidates.into_iter().find_map(|number| {
        let line = text.lines().nth(number)?;
        let said = line.trim().trim_start_matches("- ");
        let end = said.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
        let (key, rest) = said.split_at(end);
        let known = super::keys::sections().any(|(_, table)| table.key(key).is_some());
        if !known {
            return None;
        }
        let whole = at(text, said);
        if let Some(value) = rest.strip_prefix(':').filter(|value| !value.starts_with([' ', '\t']))
        {
            let help = format!("write a blank after the colon: `{key}: {}`", value.trim());
            let place = whole.start + end..whole.start + end + 1;
            return (!value.is_empty()).then(|| problem(place, "a colon without a blank", help));
        }
        let value = rest.trim();
        let lacks = rest.starts_with(' ') && !value.is_empty() && !value.starts_with(':');
        lacks.then(|| {
            let help = format!("write a colon: `{key}: {value}`");
            problem(whole.start..whole.start + key.len(), format!("no colon after `{key}`"), help)
        })
    })
}

fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// What to do about a syntax error at a place. What was opened and not closed is noticed further down, often
/// lines later.
fn help(text: &str, at: usize) -> &'static str {
    let before = text.get(..at).unwrap_or(text);
    let opened = before.contains(['{', '[', '"', '\'']);
    match (is_json(text), opened) {
        (true, _) => {
            "correct the JSON; perhaps a comma is missing, or a `{`, `[` or quote further up is not closed"
        }
        (false, true) => {
            "indent it as the lines of the same section, and look for a `{`, `[` or quote further up that \
             is not closed"
        }
        (false, false) => "indent it as the lines of the same section, with blanks",
    }
}

/// Where something stands in the text; behind its end where what reads YAML does not say.
pub(super) fn span(location: Location) -> Range<usize> {
    match (location.span().byte_offset(), location.span().byte_len()) {
        (Some(start), Some(length)) => start as usize..(start + length) as usize,
        _ => usize::MAX..usize::MAX,
    }
}

fn place(text: &str, location: Location) -> Range<usize> {
    let bytes = span(location);
    if text.get(bytes.clone()).is_some() {
        return bytes;
    }
    // The scanner knows characters, not bytes.
    let start = location.span().offset() as usize;
    let byte = text.char_indices().nth(start).map_or(text.len(), |(byte, _)| byte);
    byte..byte
}
