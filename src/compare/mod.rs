//! The meaning of two keepalived.conf files side by side. What makes no difference to keepalived is left
//! out: order of statements, blank lines, indentation, quotes, spellings of numbers and addresses, older
//! names of keywords, statements that say keepalived's own default, one block written as several.
//!
//! `lvskit import` proves its inventory with it, `lvskit diff --meaning` and `lvskit gen-conf --check
//! --meaning` show people what is left.
//!
//! - `normal` writes a file's statements in one spelling, `users` says at each program whom it runs as;
//! - `difference` holds two files in that spelling against each other;
//! - `shown` writes the differences as text and as JSON, without passwords.

mod difference;
mod normal;
mod shown;
mod users;

pub(crate) use difference::{Change, Difference, Options, differences};
pub(crate) use shown::{json, text};
pub(crate) use users::{is_command, is_silent, script_user, with_users};

use crate::conf::grammar::{Place, Statement};
use normal::Normal;

/// What two files say differently, in the order of the files: each as keepalived runs it, whom its programs
/// run as included.
pub(crate) fn meaning(before: &[Statement], after: &[Statement]) -> Vec<Difference> {
    // Mostly they say the same in the same words, which is soon seen.
    if same_words(before, after) {
        return Vec::new();
    }
    let options = Options::default();
    differences(&users::said_everywhere(before), &users::said_everywhere(after), &options)
}

fn same_words(before: &[Statement], after: &[Statement]) -> bool {
    let same = |(one, other): (&Statement, &Statement)| {
        one.words == other.words
            && one.block.is_some() == other.block.is_some()
            && same_words(one.inner(), other.inner())
    };
    before.len() == after.len() && before.iter().zip(after).all(same)
}

/// The head and the place of each named block of a file, in one spelling: what `differences` pairs by.
pub(crate) fn named_blocks(tree: &[Statement]) -> Vec<(String, String, Place)> {
    let blocks = normal::normal(tree).into_iter().filter(Normal::is_named);
    blocks.map(|one| (one.name(), one.line.clone(), one.at)).collect()
}
