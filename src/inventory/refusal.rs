//! Why smtp-check refuses its options, by the kinds of clap's errors and in our own words.

use std::error::Error as _;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What is wrong.
    pub(super) title: String,
    /// What is wrong with which options, where that matters for the help.
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// An option, and the options that it can't be used with.
    Conflict(String, Vec<String>),
    /// An option that can be given once.
    Twice(String),
    Other,
}

impl Refusal {
    /// A refusal for a reason of the probe's own.
    pub(super) fn other(title: impl Into<String>) -> Refusal {
        Refusal { title: title.into(), kind: Kind::Other }
    }

    pub(super) fn of(error: &clap::Error) -> Refusal {
        let option = options(error, ContextKind::InvalidArg).into_iter().next().unwrap_or_default();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Refusal::other(
                "`--help` and `--version` check nothing, and are up whatever the server is",
            ),
            ErrorKind::UnknownArgument => {
                let near = options(error, ContextKind::SuggestedArg);
                let near = near.first().map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_default();
                Refusal::other(format!("smtp-check has no option `{option}`{near}"))
            }
            ErrorKind::ArgumentConflict => {
                let others = options(error, ContextKind::PriorArg);
                if others.iter().all(|other| *other == option) {
                    let title = format!("`{option}` can be given only once");
                    return Refusal { title, kind: Kind::Twice(option) };
                }
                let title = format!("`{option}` can't be used with {}", quoted(&others));
                Refusal { title, kind: Kind::Conflict(option, others) }
            }
            ErrorKind::MissingRequiredArgument => {
                let missing = quoted(&options(error, ContextKind::InvalidArg));
                Refusal::other(format!("these options of smtp-check need {missing} too"))
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let value = values(error, ContextKind::InvalidValue).concat();
                match value.as_str() {
                    "" => Refusal::other(format!("`{option}` needs a value")),
                    _ => Refusal::other(format!(
                        "invalid value `{value}` of `{option}`{}",
                        reason(error)
                    )),
                }
            }
            ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
                Refusal::other(format!("`{option}` has too many or too few values"))
            }
            _ => Refusal::other("smtp-check refuses these options"),
        }
    }
}

/// What the option's own parser says; that of a number says nothing that helps.
fn reason(error: &clap::Error) -> String {
    match error.source() {
        Some(source) if source.is::<ParseIntError>() || source.is::<ParseFloatError>() => {
            ": expected a number".to_owned()
        }
        Some(source) => format!(": {}", source.to_string().replace("..=", "-")),
        None => match values(error, ContextKind::ValidValue) {
            known if known.is_empty() => String::new(),
            known => format!(": expected one of {}", known.join(", ")),
        },
    }
}

fn values(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}

/// Names of options, without what their values are called; of a group, which clap writes as `<--a|--b>`, all.
fn options(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    let name = |shown: String| {
        let name = shown.split([' ', '=']).next().unwrap_or_default();
        name.trim_matches(['<', '>']).replace('|', "` or `")
    };
    values(error, kind).into_iter().map(name).collect()
}

pub(super) fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
