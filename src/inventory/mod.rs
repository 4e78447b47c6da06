//! The inventory: one YAML file that says each fact of a cluster once.
//!
//! - `tree` reads YAML into a tree in which everything knows its place;
//! - [`keys`] are the tables of all keys and what their values can be, which everything below goes by;
//! - `read` takes sections apart and collects every problem instead of stopping at the first;
//! - `settings` and `raw` read what keepalived.conf has in the same words;
//! - `detection`, `node`, `instance`, `address`, `track`, `server`, `real_server`, `check`, `timers` and `probe` read
//!   the rest;
//! - `places` remembers where keys stand, `foreign` knows keepalived's words that are no keys;
//! - `member` works out each node's part, `schema` makes a [`Cluster`];
//! - `cross` checks what no single value shows;
//! - `report` prints problems with their place and source line; [`schema_json`] and [`explain`] tell
//!   editors and people what there is.

mod address;
mod check;
mod cross;
mod detection;
pub mod explain;
mod foreign;
mod instance;
pub mod keys;
mod member;
mod node;
mod places;
mod probe;
mod raw;
mod read;
mod real_server;
mod report;
mod schema;
pub mod schema_json;
mod secret;
mod server;
mod settings;
mod timers;
mod track;
mod tree;

use std::ops::Range;

use crate::cluster::Cluster;
pub use foreign::anywhere as cure_of;
pub use secret::{Secrets, Source, no_secrets};

/// Something wrong in an inventory, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its place in the text, in bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// How to put it right; may be empty.
    pub cure: String,
}

/// An inventory without mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it says.
    pub cluster: Cluster,
    /// What works, but seldom as it was meant.
    pub warnings: Vec<Problem>,
    /// What is worth knowing: a line for each instance.
    pub notes: Vec<String>,
}

/// Reads and checks an inventory; `secrets` fetches passwords that it only points to.
///
/// # Errors
/// Every problem that was found, in the order of the text.
pub fn parse(text: &str, secrets: Secrets<'_>) -> Result<Checked, Vec<Problem>> {
    let Draft { cluster, problems, warnings } = draft(text, secrets);
    match cluster {
        Some(cluster) if problems.is_empty() => {
            let notes = schema::notes(&cluster);
            Ok(Checked { cluster, warnings, notes })
        }
        _ => Err(problems),
    }
}

/// An inventory that may have mistakes.
pub struct Draft {
    /// What it says, without the values that could not be read; `None` where too little is left.
    pub cluster: Option<Cluster>,
    /// Every problem that was found, in the order of the text.
    pub problems: Vec<Problem>,
    /// What works, but seldom as it was meant.
    pub warnings: Vec<Problem>,
}

/// Reads an inventory as far as that goes, for who wants to see what its mistakes leave.
pub fn draft(text: &str, secrets: Secrets<'_>) -> Draft {
    let root = match tree::parse(text) {
        Ok(root) => root,
        Err(problem) => {
            return Draft { cluster: None, problems: vec![problem], warnings: Vec::new() };
        }
    };
    let mut problems = read::Problems::default();
    let cluster = schema::cluster(&root, secrets, &mut problems);
    let (problems, warnings) = problems.into_parts();
    Draft { cluster, problems, warnings }
}

/// How bad what is reported is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// It is written all the same.
    Warning,
}

/// Writes problems the way compilers do: `file:line:col`, the source line, the cure. The
/// passwords of the inventory are masked. With `colour`, for a terminal.
pub fn report(
    file: &str,
    text: &str,
    problems: &[Problem],
    severity: Severity,
    colour: bool,
) -> String {
    report::render(file, text, problems, severity, colour)
}
