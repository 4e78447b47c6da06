//! Where passwords come from: the inventory itself, a file beside it, or the environment, so that an
//! inventory can be shown around. Reading them is the caller's business.

use super::keys::instance::{AUTH_PASS, ENV, FILE};
use super::keys::{SECRET, values};
use super::problems::{Placed, Problems};
use super::read::Section;
use super::tree::{Key, Kind, Node};
use crate::conf::word::Word;

/// A place outside the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The first line of a file.
    File(String),
    /// An environment variable.
    Env(String),
}

/// Fetches a secret from outside; the error says what is wrong with the place, never what is there.
pub type Secrets<'a> = &'a dyn Fn(&Source) -> Result<String, String>;

/// For inventories that name no sources.
pub fn no_secrets(source: &Source) -> Result<String, String> {
    Err(format!("{source:?} can't be read here"))
}

/// `auth_pass`: the password, or a section that says where it is.
pub(super) fn auth_pass(
    key: &Key,
    node: &Node,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Option<Placed<Word>> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return problems.get(AUTH_PASS, node);
    }
    let section = Section::open(node, &SECRET, "auth_pass", key.at.clone(), problems)?;
    let file = section.get(FILE, problems);
    let env = section.get(ENV, problems);
    section.close(problems);
    let (at, source) = match (file, env) {
        (Some(file), None) => (file.at, Source::File(file.value)),
        (None, Some(env)) => (env.at, Source::Env(env.value)),
        _ => {
            let title = "a password from one place";
            problems.add(key.at.clone(), title, "write `file: PATH` or `env: NAME`");
            return None;
        }
    };
    let found = secrets(&source).and_then(|text| {
        values::password(text.lines().next().unwrap_or_default()).map_err(|found| found.title)
    });
    match found {
        Ok(value) => Some(Placed { at, value }),
        Err(title) => {
            problems.add(at, title, "put up to 8 characters there, readable for you alone");
            None
        }
    }
}
