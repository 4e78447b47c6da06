//! The grammar of keepalived.conf: from text to a tree of statements, as keepalived itself reads
//! it. What keepalived reads in another way than it looks, or each of its versions in its own, is
//! an error here. What the statements mean is for others to say.
//!
//! - `line` takes comments away, splits a line at its braces and into words;
//! - `definitions` are `$NAME=VALUE` and what becomes of `$NAME`, `sequence` is `~SEQ`;
//! - `reader` makes statements of lines, with conditions and included files;
//! - `files` reads what is included from disk.

mod definitions;
mod files;
mod line;
mod reader;
mod sequence;

use std::str::FromStr;
use std::sync::Arc;

pub use files::{Files, MATCHING, NEEDED, matching, read, text};
pub use reader::INCLUDE;

/// One statement, and its block where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub at: Place,
    /// Its words without quotes, at least one.
    pub words: Vec<String>,
    /// Its words as they are written, without comments, its definitions replaced.
    pub text: String,
    /// The blanks before it, where it begins its line.
    pub indent: Option<usize>,
    /// What stands between its braces.
    pub block: Option<Vec<Statement>>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// From 1 on.
    pub line: usize,
}

/// Why a text is no keepalived.conf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}; {help}")]
pub struct Error {
    /// Where.
    pub at: Place,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// What `include` reads.
pub trait Include {
    /// The files that a pattern matches, name and text, in their order.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    fn files(&mut self, wanted: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]>;

    /// Takes what is worth knowing of how a line was read.
    fn note(&mut self, _at: &Place, _words: String) {}
}

/// What a line with `include` names.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it stands.
    pub at: &'a Place,
    /// One of [`INCLUDE`].
    pub keyword: &'a str,
    /// A file, or a pattern for files, absolute or from the folder of the file where it stands.
    pub pattern: &'a str,
}

/// Refuses to include anything.
pub struct NoFiles;

impl Include for NoFiles {
    fn files(&mut self, wanted: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
        let pattern = wanted.pattern;
        Err([
            format!("`{pattern}` can't be included here"),
            "replace it with the text of that file".into(),
        ])
    }
}

/// Reads the text of a file named `file`. Lines that begin with `@ID` or `@^ID` are for the nodes
/// that have that `id` (`keepalived --config-id`), or for all but them.
///
/// # Errors
/// The first thing that keepalived would refuse, or not read as it is written.
pub fn parse(
    file: &str,
    text: &str,
    id: Option<&str>,
    include: &mut dyn Include,
) -> Result<Vec<Statement>, Error> {
    reader::Reader::new(id, include).read(file, text)
}

impl Statement {
    /// The first word, which says what kind of statement it is.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The words after the first.
    pub fn values(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The statements of its block; none where it has no block.
    pub fn inner(&self) -> &[Statement] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// The value of a keyword among some statements; of several the last counts, as for keepalived.
pub fn last<'a, T: FromStr>(
    block: impl IntoIterator<Item = &'a Statement, IntoIter: DoubleEndedIterator>,
    keyword: &str,
) -> Option<T> {
    let one = block.into_iter().rev().find(|one| one.keyword() == keyword)?;
    one.values().first()?.parse().ok()
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests;
