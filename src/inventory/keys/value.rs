//! What a key's value can be: in words, and in code. `schema` says the same for editors.

use super::form::Form;
use super::values::{Kind, words};
use super::wrong::{Read, invalid, wrong};
use super::{CHECKS, Check, Table, numbers};
use crate::cluster::{Choice, Release};

/// What a key's value can be.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// `true`: the keyword alone; `false`: nothing.
    Flag,
    /// `true` or `false`, which keepalived is told.
    Bool,
    /// A whole number, from and to.
    Int(i64, i64),
    /// Seconds; from, to and in steps of, in microseconds.
    Seconds(u64, u64, u64),
    /// A text of a kind.
    Kind(&'static Kind),
    /// Words of a shape.
    Form(&'static Form),
    /// `true`: the keyword alone; `false`: nothing; else a value.
    FlagOr(&'static Value),
    /// `false`: nothing; else a value.
    FalseOr(&'static Value),
    /// One of these words.
    OneOf(&'static [Choice]),
    /// A release of keepalived.
    Release,
    /// The absolute path of a program, and its arguments.
    Program,
    /// A program; or a section of it and a user.
    Command,
    /// Lines of keepalived.conf: one text, or a list.
    Lines,
    /// One value, or a list of them; as a statement, a block with an item a line.
    OneOrMore(&'static Value),
    /// A section.
    Section(&'static Table),
    /// One section, or a list of them.
    Sections(&'static Table),
    /// A list of sections.
    List(&'static Table),
    /// A number that is added to a priority, and perhaps `reverse`; from and to.
    Weight(i64, i64),
    /// Sections by name.
    Named(&'static Table),
    /// Lists of lines by name.
    NamedLines,
    /// The name of a type of check.
    CheckType,
    /// A check of any type.
    Checks,
    /// One of several kinds.
    AnyOf(&'static [Value]),
}

/// From 1 µs to the longest timer that keepalived accepts, 4294 s.
pub const TIMER: Value = Value::Seconds(1, 4_294_000_000, 1);

/// A timer that may be 0.
pub const TIMER_OR_0: Value = Value::Seconds(0, 4_294_000_000, 1);

/// Whole seconds up to the longest timer, 0 included.
pub const WHOLE_SECONDS: Value = Value::Int(0, 4294);

/// 1–65535.
pub const PORT: Value = Value::Int(1, 65_535);

/// A number that fits into 32 bits, without 0.
pub const COUNT: Value = Value::Int(1, 4_294_967_295);

/// A number that fits into 32 bits.
pub const COUNT_OR_0: Value = Value::Int(0, 4_294_967_295);

/// A number that fits into 31 bits.
pub const SIGNED_COUNT: Value = Value::Int(0, 2_147_483_647);

impl Value {
    /// Reads one value of a key called `name`, for a release: as it is written into keepalived.conf.
    ///
    /// # Errors
    /// Whatever the schema and the help say that it can't be.
    pub fn read(&self, name: &str, text: &str, target: Release) -> Read<String> {
        match self {
            Value::Flag | Value::Bool => match text {
                "true" | "false" => Ok(text.to_owned()),
                _ => wrong(format!("`{text}` is neither true nor false"), "write true or false"),
            },
            Value::Int(from, to) => numbers::whole(text, name, *from..=*to),
            Value::Seconds(from, to, step) => numbers::seconds(text, name, *from..=*to, *step),
            Value::Kind(kind) => (kind.read)(text),
            Value::Form(form) => {
                let written = words(text)?;
                // As keepalived sees them, without the quotes that some need.
                let plain: Vec<&str> = text.split_whitespace().collect();
                match (form.fits)(&plain.join(" ")) {
                    true => Ok(written),
                    false => invalid(name, text, form.shown),
                }
            }
            Value::FlagOr(inner) => match text {
                "true" | "false" => Ok(text.to_owned()),
                _ => inner.read(name, text, target),
            },
            Value::FalseOr(inner) if text == "false" => Ok(text.to_owned()),
            Value::FalseOr(inner) | Value::OneOrMore(inner) => inner.read(name, text, target),
            Value::OneOf(choices) => {
                let mut known = choices.iter().filter(|choice| choice.since <= target);
                match known.clone().any(|choice| choice.name == text) {
                    true => Ok(text.to_owned()),
                    false => {
                        let names: Vec<&str> = known.by_ref().map(|choice| choice.name).collect();
                        invalid(name, text, one_of(&names))
                    }
                }
            }
            Value::Release => match text.parse::<Release>() {
                Ok(release) => Ok(release.to_string()),
                Err(_) => invalid(name, text, self.shown()),
            },
            Value::CheckType => match Check::named(text) {
                Some(_) => Ok(text.to_owned()),
                None => invalid(name, text, self.shown()),
            },
            Value::Weight(from, to) => numbers::weight(text, name, *from..=*to),
            Value::Program | Value::Command => (super::values::PROGRAM.read)(text),
            Value::AnyOf(values) => {
                let mut outcomes = values.iter().map(|value| value.read(name, text, target));
                let first = outcomes.next().unwrap_or_else(|| invalid(name, text, self.shown()));
                first.or_else(|first| outcomes.find(Result::is_ok).unwrap_or(Err(first)))
            }
            Value::Lines
            | Value::Section(_)
            | Value::Sections(_)
            | Value::List(_)
            | Value::Named(_)
            | Value::NamedLines
            | Value::Checks => invalid(name, text, self.shown()),
        }
    }

    /// Whether a text can be one value, whatever the release.
    pub fn accepts(&self, text: &str) -> bool {
        self.read("", text, Release::NEWEST).is_ok()
    }

    /// Whether it is written as several words, as they are.
    pub fn has_words(&self) -> bool {
        match self {
            Value::Form(_) | Value::FlagOr(_) => true,
            Value::Kind(kind) => kind.several,
            _ => false,
        }
    }

    /// In a few words.
    pub fn shown(&self) -> String {
        match self {
            Value::Flag | Value::Bool => "true or false".into(),
            Value::Int(from, to) => format!("a whole number from {from} to {to}"),
            Value::Seconds(from, to, step) => {
                let [from, to, step] = [from, to, step].map(|micros| *micros as f64 / 1e6);
                let steps =
                    if step > 1e-6 { format!(" in steps of {step}") } else { String::new() };
                match from {
                    1e-6 => {
                        format!("seconds, more than 0 and at most {to}, such as 5 or 0.5{steps}")
                    }
                    _ => format!("seconds from {from} to {to}{steps}"),
                }
            }
            Value::Kind(kind) => kind.shown.into(),
            Value::Form(form) => form.shown.into(),
            Value::FlagOr(inner) => format!("true, false, or {}", inner.shown()),
            Value::FalseOr(inner) => format!("false, or {}", inner.shown()),
            Value::OneOf(choices) => {
                one_of(&choices.iter().map(|choice| choice.name).collect::<Vec<_>>())
            }
            Value::Release => one_of(&Release::ALL.map(Release::number)),
            Value::Program => super::values::PROGRAM.shown.into(),
            Value::Command => "an absolute path and arguments, or {command, user}".into(),
            Value::Lines => "a text of lines, or a list of them".into(),
            Value::OneOrMore(inner) => format!("{}; or a list of them", inner.shown()),
            Value::Section(table) => format!("a section: {}", names(table)),
            Value::Sections(table) => format!("a section, or a list of them: {}", names(table)),
            Value::List(table) => format!("a list of sections: {}", names(table)),
            Value::Weight(from, to) => format!("a number from {from} to {to}, and perhaps reverse"),
            Value::Named(table) => format!("sections by name: {}", names(table)),
            Value::NamedLines => "lines by name".into(),
            Value::CheckType => one_of(&CHECKS.iter().map(Check::name).collect::<Vec<_>>()),
            Value::Checks => "a section with `type`, or a list of them; see check.TYPE".into(),
            Value::AnyOf(values) => {
                values.iter().map(Value::shown).collect::<Vec<_>>().join("; or ")
            }
        }
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [only] => (*only).to_owned(),
        _ => format!("one of {}", names.join(", ")),
    }
}

fn names(table: &Table) -> String {
    let names: Vec<&str> = table.keys().map(|key| key.name).take(8).collect();
    let more = if table.keys().count() > names.len() { " and more" } else { "" };
    format!("{}{more}", names.join(", "))
}
