//! Reads the keys that become statements of the same name, by their tables: what each may be, and
//! how it is written in keepalived.conf.

use super::keys::form::Form;
use super::keys::{COMMAND, Key, Role, Value};
use super::read::{Placed, Problems, Read, Section, items, wrong};
use super::tree::{Kind, Node};
use super::{keywords, numbers, raw, values};
use crate::cluster::Release;
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// Reads all plain keys of a section.
pub(super) fn read(section: &Section<'_>, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    for key in section.table().keys().filter(|key| key.role == Role::Plain) {
        let Some((_, node)) = section.node(key.name) else {
            if key.default == "required" {
                section.required_node(key.name, problems);
            }
            continue;
        };
        if let Some(statements) = statements(key, node, problems) {
            settings.set(key.name, statements);
        }
    }
    settings
}

/// What a key says; `None` if it is wrong, or says nothing.
fn statements(key: &Key, node: &Node, problems: &mut Problems) -> Option<Vec<Statement>> {
    let keyword = match key.name_in_2_1_5 {
        Some(name) if problems.target() == Release::V2_1_5 => name,
        _ => key.name,
    };
    let line = |value: String| vec![Statement::line(format!("{keyword} {value}"))];
    match &key.value {
        Value::Flag => {
            let wanted = problems.value(node, key.name, keywords::yes_no)?;
            wanted.value.then(|| vec![Statement::line(keyword)])
        }
        Value::FlagOr(inner) => match &node.kind {
            Kind::Scalar(text) if text == "true" => Some(vec![Statement::line(keyword)]),
            Kind::Scalar(text) if text == "false" => None,
            _ => Some(line(
                problems.value(node, key.name, |text| scalar(inner, key.name, text))?.value,
            )),
        },
        Value::OneOrMore(inner) => {
            let lines = items(node).iter().map(|item| {
                let value = problems.value(item, key.name, |text| scalar(inner, key.name, text))?;
                Some(Statement::line(value.value))
            });
            Some(vec![Statement::block(keyword, lines.collect::<Option<_>>()?)])
        }
        Value::Lines => {
            Some(vec![Statement::block(keyword, raw::lines(node, key.name, problems)?)])
        }
        Value::Sections(table) => {
            let blocks = items(node).iter().map(|item| {
                let section = Section::open(item, table, key.name, item.at.clone(), problems)?;
                let settings = read(&section, problems);
                let raw = raw::read(&section, problems);
                section.close(problems);
                Some(Statement::block(keyword, settings.into_statements(raw)))
            });
            blocks.collect()
        }
        Value::Command => Some(line(command(key.name, node, problems)?)),
        Value::Program => {
            let program = problems.value(node, key.name, values::command)?;
            Some(line(without_shell(program, problems)))
        }
        value => {
            Some(line(problems.value(node, key.name, |text| scalar(value, key.name, text))?.value))
        }
    }
}

/// A command: its line, or a section that also says whom it runs as.
fn command(name: &'static str, node: &Node, problems: &mut Problems) -> Option<String> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        let command = problems.value(node, name, values::command)?;
        return Some(without_shell(command, problems));
    }
    let section = Section::open(node, &COMMAND, name, node.at.clone(), problems)?;
    let command = section.required("command", problems, values::command);
    let user = section.optional("user", problems, values::user);
    section.close(problems);
    let command = without_shell(command?, problems);
    Some(match user {
        Some(user) => format!("{command} {}", user.value),
        None => command,
    })
}

/// A command as it is written. Warns of a word that only a shell knows: keepalived has none, and hands it to the
/// program, which fails. Single quotes keep their content together, as a script of `sh -c`.
fn without_shell(command: Placed<Word>, problems: &mut Problems) -> String {
    let shells = |word: &&str| {
        ["|", "||", "&", "&&", ";"].contains(word)
            || [">", "<", "2>", "&>"].iter().any(|redirection| word.starts_with(redirection))
            || word.ends_with(';')
    };
    let outside = command.value.as_str().split('\'').step_by(2);
    if let Some(word) = outside.flat_map(str::split_whitespace).find(shells) {
        problems.warn(
            command.at,
            format!("keepalived runs commands without a shell: `{word}` is an argument to it"),
            "write a script of its own and name that, or /bin/sh -c '...'",
        );
    }
    command.value.to_string()
}

/// One value, as it is written behind its keyword.
pub(super) fn scalar(value: &Value, name: &str, text: &str) -> Read<String> {
    match value {
        Value::Bool => keywords::yes_no(text).map(|yes| yes.to_string()),
        Value::Int(from, to) => {
            numbers::number(text, name, *from..=*to).map(|number| number.to_string())
        }
        Value::Seconds(from, to) => {
            numbers::seconds_in(text, name, *from..=*to).map(|time| time.to_string())
        }
        Value::Words => values::words(text),
        Value::Form(form) => formed(form, name, text),
        Value::FlagOr(inner) => scalar(inner, name, text),
        Value::Forwarding => keywords::lb_kind(text).map(|kind| kind.to_string()),
        Value::Weight(from, to) => values::weight(text, *from..=*to),
        Value::Host => values::host(text).map(|word| word.to_string()),
        Value::Helo => values::helo_name(text).map(|word| word.to_string()),
        Value::Mailbox => values::mailbox(text).map(|word| word.to_string()),
        Value::Address => values::any_address(text).map(|address| address.to_string()),
        Value::Endpoint => values::endpoint(text),
        Value::Interface => values::interface(text).map(|word| word.to_string()),
        Value::Path => values::file(text).map(|word| word.to_string()),
        Value::Program => values::command(text).map(|word| word.to_string()),
        Value::User => values::user(text),
        Value::OneOf(words) if words.contains(&text) => Ok(text.to_owned()),
        Value::OneOf(words) => {
            wrong(format!("`{text}` is no {name}"), format!("write one of {}", words.join(", ")))
        }
        _ => values::word(text).map(|word| word.to_string()),
    }
}

/// Words of a shape.
fn formed(form: &Form, name: &str, text: &str) -> Read<String> {
    let words = values::words(text)?;
    // As keepalived sees them, without the quotes that some need.
    let plain: Vec<&str> = text.split_whitespace().collect();
    match (form.fits)(&plain.join(" ")) {
        true => Ok(words),
        false => wrong(format!("`{text}` is no {name}"), format!("write {}", form.shown)),
    }
}
