//! Whom the programs of a file run as: what script_user says for all of them is said at each.

use crate::conf::grammar::Statement;

/// Blocks with a program that have a statement `user`.
const BLOCKS: [&str; 3] = ["vrrp_script", "MISC_CHECK", "MISC_CHECKER"];

/// Pipes that keepalived makes; they belong to that user too.
const PIPES: [&str; 3] = ["notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"];

/// Statements with a program.
const COMMANDS: [&str; 16] = [
    "notify",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "notify_deleted",
    "notify_master_rx_lower_pri",
    "notify_up",
    "notify_down",
    "quorum_up",
    "quorum_down",
    "startup_script",
    "shutdown_script",
    "notify_fifo_script",
    "vrrp_notify_fifo_script",
    "lvs_notify_fifo_script",
];

/// The statement that says it for all of a file; of several the last counts.
pub(crate) fn script_user(tree: &[Statement]) -> Option<&Statement> {
    let blocks = tree.iter().filter(|one| one.keyword() == "global_defs");
    blocks.flat_map(Statement::inner).rfind(|one| one.keyword() == "script_user")
}

/// Whether a statement has a program, or a pipe, and does not say whose it is.
pub(crate) fn is_silent(statement: &Statement) -> bool {
    let keyword = statement.keyword();
    match &statement.block {
        Some(block) => BLOCKS.contains(&keyword) && block.iter().all(|one| one.keyword() != "user"),
        None => statement.values().len() == 1 && (is_command(keyword) || PIPES.contains(&keyword)),
    }
}

/// Whether a statement of that name has the line of a program, and perhaps a user.
pub(crate) fn is_command(keyword: &str) -> bool {
    COMMANDS.contains(&keyword)
}

/// The same statements; each program that does not say so runs as `user`.
pub(crate) fn with_users(tree: &[Statement], user: &[String]) -> Vec<Statement> {
    tree.iter().map(|one| with_user(one, user)).collect()
}

/// The same statements; each program says whom it runs as, if script_user does.
pub(super) fn said_everywhere(tree: &[Statement]) -> Vec<Statement> {
    match script_user(tree).map(Statement::values) {
        Some(user) if !user.is_empty() => with_users(tree, user),
        _ => tree.to_vec(),
    }
}

fn with_user(statement: &Statement, user: &[String]) -> Statement {
    let mut statement = statement.clone();
    if let Some(block) = &mut statement.block {
        *block = with_users(block, user);
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
