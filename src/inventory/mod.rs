//! The inventory: one YAML file that says each fact of a cluster once.
//!
//! - `tree` reads YAML into a tree in which everything knows its place, `syntax` tells why it can't be read;
//! - [`keys`] are the tables of all keys and what their values can be, which everything below goes by;
//! - `read` takes sections apart, `problems` collects what is wrong instead of stopping at the first;
//! - `settings` and `raw` read what keepalived.conf has in the same words;
//! - `detection`, `node`, `instance`, `address`, `track`, `server`, `real_server`, `served`, `check`, `timers` and `probe` read
//!   the rest;
//! - `places` remembers where keys stand, `links` what checks have to do with other parts, `foreign` knows keepalived's words that are no keys;
//! - `member` works out each node's part, `schema` makes a [`Cluster`];
//! - [`lints`] is everything that can be found, and checks what no single value shows;
//! - `report` prints problems with their place and source line; [`schema_json`] and [`explain`] tell
//!   editors and people what there is.

mod address;
mod check;
mod detection;
pub mod explain;
mod foreign;
mod instance;
pub mod keys;
mod links;
pub mod lints;
mod member;
mod node;
mod places;
mod probe;
mod problems;
mod raw;
mod read;
mod real_server;
mod refusal;
mod report;
mod schema;
pub mod schema_json;
mod secret;
mod served;
mod server;
mod settings;
mod syntax;
mod timers;
mod track;
mod tree;

use std::ops::Range;

use crate::cluster::Cluster;
pub use foreign::anywhere as help_of;
pub use lints::{Lint, Severity};
pub use secret::{Secrets, Source, no_secrets};

/// Something wrong in an inventory, and what to do about it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its place in the text, in bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// How to put it right; may be empty.
    pub help: String,
    /// What kind of finding it is.
    pub lint: &'static Lint,
}

impl PartialEq for Problem {
    fn eq(&self, other: &Problem) -> bool {
        let parts = |one: &Problem| (one.at.clone(), one.title.clone(), one.help.clone());
        parts(self) == parts(other) && self.lint.id == other.lint.id
    }
}

impl Eq for Problem {}

/// An inventory without mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it says.
    pub cluster: Cluster,
    /// What works, but seldom as it was meant.
    pub warnings: Vec<Problem>,
    /// What is worth a look.
    pub hints: Vec<Problem>,
    /// What is worth knowing: a line for each instance.
    pub notes: Vec<String>,
}

/// Reads and checks an inventory; `secrets` fetches passwords that it only points to.
///
/// # Errors
/// Every problem that was found, in the order of the text.
pub fn parse(text: &str, secrets: Secrets<'_>) -> Result<Checked, Vec<Problem>> {
    let Draft { cluster, problems, warnings, hints } = draft(text, secrets);
    match cluster {
        Some(cluster) if problems.is_empty() => {
            let notes = schema::notes(&cluster);
            Ok(Checked { cluster, warnings, hints, notes })
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
    /// What is worth a look.
    pub hints: Vec<Problem>,
}

/// Reads an inventory as far as that goes, for who wants to see what its mistakes leave.
pub fn draft(text: &str, secrets: Secrets<'_>) -> Draft {
    let root = match tree::parse(text) {
        Ok(root) => root,
        Err(problem) => {
            let (warnings, hints) = Default::default();
            return Draft { cluster: None, problems: vec![problem], warnings, hints };
        }
    };
    let mut problems = problems::Problems::default();
    let cluster = schema::cluster(&root, secrets, &mut problems);
    lints::apply_allow(&root, &mut problems);
    let [errors, warnings, hints] = [Severity::Error, Severity::Warning, Severity::Hint]
        .map(|severity| problems.take(severity));
    Draft { cluster, problems: errors, warnings, hints }
}

/// Writes problems the way compilers do: `file:line:col`, the source line, the
/// help. Each ends in its name, but those of the form. The
/// passwords of the inventory are masked. With `colour`, for a terminal.
pub fn report(file: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    report::render(file, text, problems, colour)
}

/// The same for programs: objects with `id`, `severity`, `file`, `line`, `column`, `title` and `help`.
pub fn report_json(file: &str, text: &str, problems: &[Problem]) -> Vec<serde_json::Value> {
    report::json(file, text, problems)
}
