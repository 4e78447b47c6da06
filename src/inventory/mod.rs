//! The inventory: one YAML file that says each fact of a cluster once.
//!
//! - `tree` reads YAML into a tree in which everything knows its place;
//! - `read` takes sections apart and collects every problem instead of stopping at the first;
//! - `values`, `numbers` and `keywords` check single values;
//! - `schema`, `instance` and `server` know the keys, and `schema` makes a [`Cluster`];
//! - `cross` checks what no single value shows;
//! - `report` prints problems with their place and source line.

mod cross;
mod instance;
mod keywords;
mod numbers;
mod read;
mod report;
mod schema;
mod server;
mod tree;
mod values;

use std::ops::Range;

use crate::cluster::Cluster;

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

/// Reads and checks an inventory.
///
/// # Errors
/// Every problem that was found, in the order of the text.
pub fn parse(text: &str) -> Result<Cluster, Vec<Problem>> {
    let root = tree::parse(text).map_err(|problem| vec![problem])?;
    let mut problems = read::Problems::default();
    let cluster = schema::cluster(&root, &mut problems);
    problems.into_result(cluster)
}

/// Writes problems the way compilers do: `file:line:col`, the source line, the cure. The
/// passwords of the inventory are masked. With `colour`, for a terminal.
pub fn report(file: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    report::render(file, text, problems, colour)
}
