//! `inhibit_on_failure`: whether a server that fails stays in its table with weight 0, where its sessions go on,
//! or leaves it.

use super::grammar::Statement;
use super::statement::Settings;

/// The statement.
pub const INHIBIT: &str = "inhibit_on_failure";

/// Whether a server stays: what its own block says, else what its service's says, else not (keepalived's
/// check_data.c fills in what real servers leave open).
pub fn stays(service: Option<bool>, server: Option<bool>) -> bool {
    server.or(service).unwrap_or(false)
}

/// What a block of a file says of a flag, by the last of its lines: on without a word behind it, and with any
/// but these.
pub fn flag(block: &[Statement], keyword: &str) -> Option<bool> {
    let last = block.iter().rev().find(|one| one.keyword() == keyword)?;
    let word = last.values().first();
    Some(!word.is_some_and(|word| ["off", "no", "false"].contains(&word.as_str())))
}

/// What a section of the inventory says.
pub fn said(settings: &Settings) -> Option<bool> {
    settings.has(INHIBIT).then(|| settings.value(INHIBIT) != Some("false"))
}
