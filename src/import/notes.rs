//! What an import has to say: assumptions, differences, what it left out. What is the same for
//! several lines or nodes is said once.

use std::collections::HashSet;
use std::fmt::Display;

use crate::conf::grammar::Place;

/// How many lines or nodes a remark names; of more it says how many there are.
const NAMED: usize = 4;

/// Remarks for standard error. Never a password.
#[derive(Debug, Default)]
pub(super) struct Notes {
    all: Vec<Note>,
    /// What was told of a keyword in a line, or of one that a block lacks.
    differences: HashSet<(String, String)>,
}

#[derive(Debug)]
struct Note {
    /// Lines or nodes; none for a remark about the whole.
    about: Vec<String>,
    words: String,
}

impl Notes {
    /// A remark about the whole.
    pub(super) fn add(&mut self, words: impl Display) {
        self.note(None, words.to_string());
    }

    /// A remark about a line of a file.
    pub(super) fn at(&mut self, at: &Place, words: impl Display) {
        self.note(Some(at.to_string()), words.to_string());
    }

    /// A remark about a keyword in a line, or one that is missing in the block that begins there: what
    /// becomes of it, so that nothing else need be told of that.
    pub(super) fn difference(&mut self, at: &Place, keyword: &str, words: impl Display) {
        self.at(at, words);
        self.differences.insert((at.to_string(), keyword.to_owned()));
    }

    /// Whether that was told already.
    pub(super) fn is_told(&self, at: &Place, keyword: &str) -> bool {
        self.differences.contains(&(at.to_string(), keyword.to_owned()))
    }

    /// A remark about a node.
    pub(super) fn of(&mut self, node: &str, words: impl Display) {
        self.note(Some(node.to_owned()), words.to_string());
    }

    fn note(&mut self, about: Option<String>, words: String) {
        let is_whole = |note: &Note| note.about.is_empty();
        let same = |note: &&mut Note| note.words == words && is_whole(note) == about.is_none();
        match self.all.iter_mut().find(same) {
            None => self.all.push(Note { about: about.into_iter().collect(), words }),
            Some(note) => {
                if let Some(about) = about.filter(|about| !note.about.contains(about)) {
                    note.about.push(about);
                }
            }
        }
    }

    /// The remarks, a line each, in the order in which they came up.
    pub(super) fn into_lines(self) -> Vec<String> {
        let line = |Note { about, words }: Note| match about.len() {
            0 => words,
            count if count <= NAMED => format!("{}: {words}", about.join(", ")),
            count => {
                let named = about[..NAMED - 1].join(", ");
                format!("{named} and {} more: {words}", count + 1 - NAMED)
            }
        };
        self.all.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once() {
        let mut notes = Notes::default();
        for node in ["a", "b", "a", "c", "d", "e"] {
            notes.of(node, "differs");
            notes.add("all");
        }
        notes.of("a", "is alone");
        assert_eq!(notes.into_lines(), ["a, b, c and 2 more: differs", "all", "a: is alone"]);
    }
}
