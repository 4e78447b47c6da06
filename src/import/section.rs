//! A block of keepalived.conf as a section of an inventory: its statements by the tables of keys,
//! and what has no key.

use super::yaml::Yaml;
use crate::conf::grammar::{Place, Statement};
use crate::inventory::keys::track::COMMAND_USER;
use crate::inventory::keys::{Key, Role, Table, Value};

/// What a block says under a key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) value: Yaml,
    pub(super) at: Place,
}

/// A block as a section.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Where the block begins.
    pub(super) at: Place,
    pub(super) entries: Vec<Entry>,
    /// What has no key.
    pub(super) raw: Vec<Statement>,
}

/// The statements of a block that nobody has taken yet.
pub(super) struct Body<'a>(Vec<&'a Statement>);

impl<'a> Body<'a> {
    pub(super) fn of(block: &'a Statement) -> Body<'a> {
        Body(block.inner().iter().collect())
    }

    /// The statements of several blocks that are one.
    pub(super) fn of_all(blocks: &[&'a Statement]) -> Body<'a> {
        Body(blocks.iter().flat_map(|block| block.inner()).collect())
    }

    /// Takes what stands under a keyword; of several the last, as keepalived does.
    pub(super) fn take(&mut self, keyword: &str) -> Option<&'a Statement> {
        self.take_all(keyword).pop()
    }

    /// Takes all statements with a keyword.
    pub(super) fn take_all(&mut self, keyword: &str) -> Vec<&'a Statement> {
        self.take_where(|one| one.keyword() == keyword)
    }

    /// Takes all statements of a kind.
    pub(super) fn take_where(&mut self, wanted: impl Fn(&Statement) -> bool) -> Vec<&'a Statement> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|one| wanted(one));
        self.0 = left;
        taken
    }

    /// Takes the single value of a keyword, of several the last; a statement with more values stays.
    pub(super) fn take_value(&mut self, keyword: &str) -> Option<(&'a str, &'a Place)> {
        let single = |one: &Statement| {
            one.keyword() == keyword && one.values().len() == 1 && one.block.is_none()
        };
        let found = self.take_where(single).pop()?;
        Some((found.values().first()?, &found.at))
    }

    /// Puts a statement back that turned out to be something else.
    pub(super) fn put_back(&mut self, statement: &'a Statement) {
        self.0.push(statement);
    }

    /// Whether a keyword is there.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.0.iter().any(|one| one.keyword() == keyword)
    }

    /// What is left, as a section: the plain keys of the table, and the rest.
    pub(super) fn section(self, table: &Table, at: &Place) -> Section {
        let mut section = Section { at: at.clone(), entries: Vec::new(), raw: Vec::new() };
        for statement in self.0 {
            section.add(table, statement);
        }
        section
    }
}

impl Section {
    pub(super) fn set(&mut self, key: &'static str, value: Yaml, at: &Place) {
        self.entries.push(Entry { key, value, at: at.clone() });
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Adds a statement, under its key where it has one.
    pub(super) fn add(&mut self, table: &Table, statement: &Statement) {
        let word = statement.keyword();
        let named = |key: &&Key| {
            let old = key.renamed.is_some_and(|(_, old)| old == word);
            key.role == Role::Plain && (key.keyword == word || old || key.also == Some(word))
        };
        let read = table.keys().find(named).and_then(|key| {
            Some((key, value(key, statement).or_else(|| as_it_is(key, statement))?))
        });
        let Some((key, value)) = read else {
            self.raw.push(statement.clone());
            return;
        };
        match self.entries.iter_mut().find(|entry| entry.key == key.name) {
            None => self.set(key.name, value, &statement.at),
            // Blocks such as `url` may stand several times; of other statements the last holds.
            Some(entry) => match (&mut entry.value, value) {
                (Yaml::List(items), Yaml::List(more))
                    if matches!(key.value, Value::Sections(_)) =>
                {
                    items.extend(more);
                }
                (_, _) => self.raw.push(statement.clone()),
            },
        }
    }

    /// As a map, in the order of the table, with what has no key at its end.
    pub(super) fn into_map(self, table: &Table) -> super::yaml::Map {
        let mut map: super::yaml::Map = Vec::new();
        for key in table.keys() {
            if let Some(entry) = self.get(key.name) {
                map.push((key.name.to_owned(), entry.value.clone()));
            }
        }
        if !self.raw.is_empty() {
            map.push(("raw".to_owned(), raw(&self.raw)));
        }
        map
    }
}

/// How far gen-conf indents a block.
const INDENT: usize = 4;

/// Statements as they are written.
pub(super) fn raw(statements: &[Statement]) -> Yaml {
    let mut lines = Vec::new();
    for statement in statements {
        write_raw(std::slice::from_ref(statement), (statement.indent, 0), 0, &mut lines);
    }
    Yaml::Lines(lines)
}

/// Writes statements as far to the right of their block as they were; `outer` is where that stood,
/// and where it stands now.
fn write_raw(
    statements: &[Statement],
    outer: (Option<usize>, usize),
    deeper: usize,
    lines: &mut Vec<String>,
) {
    for statement in statements {
        let moved = match (statement.indent, outer.0) {
            (Some(own), Some(outer)) if own >= outer + deeper.min(1) => own - outer,
            _ => deeper,
        };
        let blanks = outer.1 + moved;
        let indent = " ".repeat(blanks);
        match &statement.block {
            None => lines.push(format!("{indent}{}", statement.text)),
            Some(block) => {
                lines.push(format!("{indent}{} {{", statement.text));
                write_raw(block, (statement.indent, blanks), INDENT, lines);
                lines.push(format!("{indent}}}"));
            }
        }
    }
}

/// The value of a statement under its key; `None` where the key can't say it.
fn value(key: &Key, statement: &Statement) -> Option<Yaml> {
    let words = statement.values();
    match (&key.value, &statement.block) {
        (Value::OneOrMore(inner), Some(block)) if words.is_empty() => {
            let item = |one: &Statement| match one.block {
                None => scalar(inner, &one.words),
                Some(_) => None,
            };
            Some(Yaml::one_or_more(block.iter().map(item).collect::<Option<_>>()?))
        }
        (Value::Lines, Some(block)) if words.is_empty() => {
            let flat = block.iter().all(|one| one.block.is_none());
            flat.then(|| Yaml::Lines(block.iter().map(|one| one.text.clone()).collect()))
        }
        (Value::Sections(table), Some(_)) if words.is_empty() => {
            let section = Body::of(statement).section(table, &statement.at);
            Some(Yaml::List(vec![Yaml::Map(section.into_map(table))]))
        }
        (_, Some(_)) => None,
        (Value::Flag, None) => words.is_empty().then(|| Yaml::plain(true)),
        (Value::FlagOr(_), None) if words.is_empty() => Some(Yaml::plain(true)),
        (Value::Bool, None) => match words {
            [] => Some(Yaml::plain(true)),
            [word] if matches!(word.as_str(), "true" | "on" | "yes") => Some(Yaml::plain(true)),
            [word] if matches!(word.as_str(), "false" | "off" | "no") => Some(Yaml::plain(false)),
            _ => None,
        },
        (Value::Command, None) => match words {
            [command] => scalar(&Value::Program, std::slice::from_ref(command)),
            [command, user @ ..] => {
                let command = scalar(&Value::Program, std::slice::from_ref(command))?;
                let user = scalar(&COMMAND_USER.value, user)?;
                Some(Yaml::Map(vec![("command".into(), command), ("user".into(), user)]))
            }
            [] => None,
        },
        (value, None) => scalar(value, words),
    }
}

/// What a section can't do without stays in its place, though gen-conf will refuse it and say why.
/// keepalived takes the first word.
fn as_it_is(key: &Key, statement: &Statement) -> Option<Yaml> {
    let word = statement.values().first().filter(|_| statement.block.is_none())?;
    (key.is_required()).then(|| Yaml::text(word))
}

/// One value that the reader of inventories accepts, and gen-conf writes as it stands here.
fn scalar(value: &Value, words: &[String]) -> Option<Yaml> {
    let text = match words {
        [word] => word.clone(),
        [_, _, ..] if value.has_words() => {
            if words.iter().any(|word| word.is_empty() || word.contains([' ', '\t'])) {
                return None;
            }
            words.join(" ")
        }
        _ => return None,
    };
    if !value.accepts(&text) {
        return None;
    }
    Some(match value {
        Value::Int(..) | Value::Seconds(..) => Yaml::Plain(text),
        _ if (value.has_words() || matches!(value, Value::Weight(..)))
            && text.parse::<i64>().is_ok_and(|n| n.to_string() == text) =>
        {
            Yaml::Plain(text)
        }
        _ => Yaml::Text(text),
    })
}
