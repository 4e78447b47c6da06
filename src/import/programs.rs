//! Whom the programs of a file run as. gen-conf writes `script_user root`, so what a file says with
//! script_user for all of its programs is said at each of them.

use super::hooks;
use super::notes::Notes;
use crate::conf::grammar::{Place, Statement};
use crate::inventory::keys::{self, Value};

/// What gen-conf writes.
const ROOT: &str = "root";

/// Blocks with a program that have a statement `user`.
const BLOCKS: [&str; 3] = ["vrrp_script", "MISC_CHECK", "MISC_CHECKER"];

/// Pipes that keepalived makes; they belong to that user too.
const PIPES: [&str; 3] = ["notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"];

/// The statement that says it for all of a file; of several the last counts.
pub(super) fn script_user(tree: &[Statement]) -> Option<&Statement> {
    let blocks = tree.iter().filter(|one| one.keyword() == "global_defs");
    blocks.flat_map(Statement::inner).rfind(|one| one.keyword() == "script_user")
}

/// The same statements; each program says whom it runs as where that is not root.
pub(super) fn with_users(tree: &[Statement]) -> Vec<Statement> {
    match script_user(tree).map(Statement::values) {
        Some(user) if !user.is_empty() && user != [ROOT] => {
            tree.iter().map(|one| with_user(one, user)).collect()
        }
        _ => tree.to_vec(),
    }
}

fn with_user(statement: &Statement, user: &[String]) -> Statement {
    let mut statement = statement.clone();
    if let Some(block) = &mut statement.block {
        *block = block.iter().map(|one| with_user(one, user)).collect();
    }
    if !is_silent(&statement) {
        return statement;
    }
    match &mut statement.block {
        None => {
            statement.words.extend_from_slice(user);
            statement.text = format!("{} {}", statement.text, user.join(" "));
        }
        Some(block) => {
            let words: Vec<String> =
                ["user"].into_iter().map(str::to_owned).chain(user.iter().cloned()).collect();
            block.push(Statement {
                at: statement.at.clone(),
                text: words.join(" "),
                words,
                indent: block.first().and_then(|first| first.indent),
                block: None,
            });
        }
    }
    statement
}

/// Whether it has a program, or a pipe, and does not say whose it is.
fn is_silent(statement: &Statement) -> bool {
    let keyword = statement.keyword();
    match &statement.block {
        Some(block) => BLOCKS.contains(&keyword) && block.iter().all(|one| one.keyword() != "user"),
        None => statement.values().len() == 1 && (is_command(keyword) || PIPES.contains(&keyword)),
    }
}

fn is_command(keyword: &str) -> bool {
    let mut keys = keys::all();
    keys.any(|key| key.name == keyword && matches!(key.value, Value::Command))
}

/// Tells which scripts keepalived looks for itself; gen-conf wants to know where they are.
pub(super) fn tell_relative(tree: &[Statement], notes: &mut Notes) {
    let scripts = tree.iter().filter(|one| one.keyword() == "vrrp_script");
    for script in scripts.flat_map(Statement::inner).filter(|one| one.keyword() == "script") {
        let line = script.values().first().map_or("", String::as_str);
        let program = line.split_whitespace().next().unwrap_or_default();
        if !program.is_empty() && !program.contains('/') {
            notes.at(
                &script.at,
                format_args!(
                    "keepalived looks for {program} in its PATH, and gen-conf wants the absolute \
                     path: `command -v {program}` on the node tells it"
                ),
            );
        }
    }
}

/// Tells what becomes of script_user, or of the programs of a file without it; with `bypass`, hooks
/// give way to bypass-ipvs.
pub(super) fn tell(tree: &[Statement], bypass: bool, notes: &mut Notes) {
    match script_user(tree) {
        Some(said) if said.values() == [ROOT] => {}
        Some(said) => {
            let user = said.values().join(" ");
            let but = if bypass { "; bypass-ipvs runs as root" } else { "" };
            notes.at(
                &said.at,
                format_args!(
                    "script_user becomes root, and `user: {user}` is said at each program{but}"
                ),
            );
        }
        None => {
            let mut places = Vec::new();
            silent(tree, bypass, &mut places);
            for at in places {
                notes.at(
                    at,
                    "without script_user this ran as keepalived_script, where there is such a user; now \
                     it runs as root, unless `user` says otherwise",
                );
            }
        }
    }
}

/// Where programs are that do not say whom they run as.
fn silent<'a>(tree: &'a [Statement], bypass: bool, places: &mut Vec<&'a Place>) {
    for one in tree {
        if is_silent(one) && !(bypass && hooks::is_hook(one)) {
            places.push(&one.at);
        }
        silent(one.inner(), bypass, places);
    }
}
