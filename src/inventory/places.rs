//! Where a section's keys and their values stand, for checks that look at several sections: a
//! problem points at the key that it is about, not at the section.

use std::ops::Range;

use super::read::{Section, items};
use super::tree::Kind;

/// The places of a section's keys and values.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// Where the section is named.
    whole: Range<usize>,
    keys: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    name: String,
    at: Range<usize>,
    /// Its value, or the items of its list, as far as they are texts.
    values: Vec<(String, Range<usize>)>,
}

impl Places {
    pub(super) fn of(section: &Section<'_>) -> Places {
        let keys = section.entries().iter().map(|(key, node)| Place {
            name: key.name.clone(),
            at: key.at.clone(),
            values: (items(node).iter())
                .filter_map(|item| match &item.kind {
                    Kind::Scalar(text) => Some((text.clone(), item.at.clone())),
                    _ => None,
                })
                .collect(),
        });
        Places { whole: section.place(), keys: keys.collect() }
    }

    /// Where the section is named.
    pub(super) fn whole(&self) -> Range<usize> {
        self.whole.clone()
    }

    /// Whether the section has a key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Where a key stands; where there is none, where its section is named.
    pub(super) fn key(&self, name: &str) -> Range<usize> {
        self.find(name).map_or(&self.whole, |key| &key.at).clone()
    }

    /// Where the value of a key stands, or the first of its list.
    pub(super) fn value(&self, name: &str) -> Range<usize> {
        let first = self.find(name).and_then(|key| key.values.first());
        first.map_or_else(|| self.key(name), |(_, at)| at.clone())
    }

    /// Where the item of a key's list stands that begins with a word.
    pub(super) fn item(&self, name: &str, word: &str) -> Range<usize> {
        let begins = |(text, _): &&(String, Range<usize>)| text.split(' ').next() == Some(word);
        let item = self.find(name).and_then(|key| key.values.iter().find(begins));
        item.map_or_else(|| self.value(name), |(_, at)| at.clone())
    }

    /// The same of the last one.
    pub(super) fn last_item(&self, name: &str, word: &str) -> Range<usize> {
        let begins = |(text, _): &&(String, Range<usize>)| text.split(' ').next() == Some(word);
        let item = self.find(name).and_then(|key| key.values.iter().rev().find(begins));
        item.map_or_else(|| self.value(name), |(_, at)| at.clone())
    }

    fn find(&self, name: &str) -> Option<&Place> {
        self.keys.iter().find(|key| key.name == name)
    }
}
