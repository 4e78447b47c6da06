//! Reads the keys that become statements of the same name, by their tables: what each may be, and
//! how it is written in keepalived.conf.

use std::ops::Range;
use std::str::FromStr;

use super::keys::track::{COMMAND_LINE, COMMAND_USER};
use super::keys::{COMMAND, Key, Role, Table, Value};
use super::lints::reading;
use super::problems::{Placed, Problems};
use super::raw;
use super::read::{Section, items};
use super::tree::{Kind, Node};
use crate::conf::placeholder::{ADDRESS, NODE};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::LONGEST;

/// The longest address in words, and the longest name of a host, bytes.
const LONGEST_ADDRESS: usize = 39;
const LONGEST_NAME: usize = 253;

/// Reads the keys of a section that become statements.
pub(super) fn read(section: &Section<'_>, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    for key in section.table().keys().filter(|key| key.role != Role::Ours) {
        let Some((at, node)) = section.node(*key) else { continue };
        fits(section, *key, &at.at, problems);
        if let Some((value, statements)) = statements(*key, node, problems) {
            settings.set(key.name, value, statements);
        }
    }
    settings
}

/// Notes a key that has no effect beside another one.
fn fits(section: &Section<'_>, key: Key, at: &Range<usize>, problems: &mut Problems) {
    let Some((name, wanted)) = key.only_with else { return };
    let other = section.table().key(name).and_then(|other| section.node(*other));
    if let Some((_, Node { kind: Kind::Scalar(text), .. })) = other
        && !wanted.contains(&text.as_str())
    {
        problems.add(
            at.clone(),
            format!("`{}` has no effect with `{name}: {text}`", key.name),
            format!("write `{name}: {}`, or remove `{}`", wanted.join("` or `"), key.name),
        );
    }
}

/// What settings say under a key.
pub(super) fn get<T: FromStr>(settings: &Settings, key: Key<T>) -> Option<T> {
    settings.value(key.name)?.parse().ok()
}

/// Notes a line that a section does not say itself, in its place among what it says.
pub(super) fn add<T>(settings: &mut Settings, table: &Table, key: Key<T>, line: String) {
    settings.set_in_order(key.name, Statement::line(line), |key| table.place(key));
}

/// What settings say under a key, and where that stands in their section; `None` where sections of its kind
/// have no such key.
pub(super) fn placed<T: FromStr>(
    section: &Section<'_>,
    settings: &Settings,
    key: Key<T>,
) -> Option<Placed<T>> {
    section.table().key(key.name)?;
    let (_, node) = section.node(key)?;
    Some(Placed { at: node.at.clone(), value: get(settings, key)? })
}

/// What a key says: its value, if it is a single one, and its statements; `None` if it is wrong, or says
/// nothing.
fn statements(
    key: Key,
    node: &Node,
    problems: &mut Problems,
) -> Option<(Option<String>, Vec<Statement>)> {
    let keyword = key.keyword_in(problems.target());
    let line = |value: String| {
        let line = Statement::line(format!("{keyword} {value}"));
        Some((Some(value), vec![line]))
    };
    let blocks = |blocks: Vec<Statement>| Some((None, blocks));
    match &key.value {
        Value::Flag | Value::FlagOr(_) => match problems.written(key, node)?.value {
            value if value == "false" => None,
            value if value == "true" => blocks(vec![Statement::line(keyword)]),
            value => line(value),
        },
        Value::OneOrMore(_) => {
            let lines = items(node).iter();
            let lines = lines.map(|item| Some(Statement::line(problems.written(key, item)?.value)));
            blocks(vec![Statement::block(keyword, lines.collect::<Option<_>>()?)])
        }
        Value::Lines => {
            blocks(vec![Statement::block(keyword, raw::lines(node, key.name, problems)?)])
        }
        Value::Sections(table) => {
            let all = items(node).iter().map(|item| {
                let section = Section::open(item, table, key.name, item.at.clone(), problems)?;
                let settings = read(&section, problems);
                let raw = raw::read(&section, problems);
                section.close(problems);
                Some(Statement::block(keyword, settings.into_statements(raw)))
            });
            blocks(all.collect::<Option<_>>()?)
        }
        Value::Command if matches!(node.kind, Kind::Mapping(_)) => {
            line(command(key.name, node, problems)?)
        }
        Value::Command | Value::Program => line(program(problems.written(key, node)?, problems)),
        _ => line(problems.written(key, node)?.value),
    }
}

/// A command whose section also says whom it runs as.
fn command(name: &str, node: &Node, problems: &mut Problems) -> Option<String> {
    let section = Section::open(node, &COMMAND, name, node.at.clone(), problems)?;
    let command = section.written(COMMAND_LINE, problems).pop();
    let user = section.written(COMMAND_USER, problems).pop();
    section.close(problems);
    let command = program(command?, problems);
    Some(match user {
        Some(user) => format!("{command} {}", user.value),
        None => command,
    })
}

/// A command as it is written. Warns of a word that only a shell knows: keepalived has none, and hands it to the
/// program, which fails. Single quotes keep their content together, as a script of `sh -c`.
fn program(command: Placed<String>, problems: &mut Problems) -> String {
    let shells = |word: &&str| {
        ["|", "||", "&", "&&", ";"].contains(word)
            || [">", "<", "2>", "&>"].iter().any(|redirection| word.starts_with(redirection))
            || word.ends_with(';')
            || word.starts_with("~/")
            || word.contains('`')
            || word.contains("$(")
    };
    let longer = command.value.matches(ADDRESS).count() * LONGEST_ADDRESS
        + command.value.matches(NODE).count() * LONGEST_NAME;
    if longer > 0 && command.value.len() + longer > LONGEST {
        problems.add(
            command.at.clone(),
            "a command that grows too long with what its placeholders stand for",
            "shorten it; keepalived cuts lines at 1024 bytes",
        );
    }
    let outside = command.value.trim_matches('"').split('\'').step_by(2);
    if let Some(word) = outside.flat_map(str::split_whitespace).find(shells) {
        problems.case(
            &reading::SHELL_WORDS,
            command.at,
            format!("keepalived runs commands without a shell: `{word}` is an argument to it"),
        );
    }
    command.value
}
