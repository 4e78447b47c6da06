//! What a caller may change about a run without building again: `LVSKIT_LAB_...` variables of the
//! environment, which the virtual machine is given too.

use std::env;
use std::str::FromStr;

use anyhow::{Context, Result};

const PREFIX: &str = "LVSKIT_LAB_";

/// The variables that are set, as `NAME=VALUE`.
pub fn all() -> Vec<String> {
    let ours = env::vars().filter(|(name, _)| name.starts_with(PREFIX));
    ours.map(|(name, value)| format!("{name}={value}")).collect()
}

/// The number that `LVSKIT_LAB_{name}` says, or the usual one.
pub fn number<T: FromStr>(name: &str, usual: T) -> Result<T> {
    match text(name) {
        None => Ok(usual),
        Some(value) => value.parse().ok().with_context(|| format!("{PREFIX}{name}={value}")),
    }
}

/// Whether a variant of this name is wanted: `LVSKIT_LAB_VARIANTS` has one of its words, or none.
pub fn chosen(name: &str) -> bool {
    text("VARIANTS").is_none_or(|words| words.split('+').any(|word| name.contains(word)))
}

/// Whether `LVSKIT_LAB_{list}` names it, `+` between the names; what holds where nothing is said, `usual`.
pub fn named(list: &str, name: &str, usual: bool) -> bool {
    text(list).map_or(usual, |words| words.split('+').any(|word| word == name))
}

/// What `LVSKIT_LAB_{name}` says.
pub fn text(name: &str) -> Option<String> {
    env::var(format!("{PREFIX}{name}")).ok().filter(|value| !value.is_empty())
}
