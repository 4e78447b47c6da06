//! What only one of two files says, found block by block.

use std::collections::{BTreeSet, HashMap};

use super::normal::{Normal, normal};
use crate::conf::grammar::{Place, Statement};
use crate::secrets::Secrets;

/// What is left out of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Options<'a> {
    /// Statements that have one of these texts in them.
    pub(crate) without: &'a [&'a str],
    /// This option and its value, in the command lines of that program.
    pub(crate) without_option: Option<(&'a str, &'a str)>,
}

/// Which of two files says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The first.
    Removed,
    /// The second.
    Added,
}

/// A statement that only one of two files has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) change: Change,
    pub(crate) at: Place,
    /// In one spelling, without passwords.
    pub(crate) line: String,
    /// Whether it is a block.
    pub(crate) is_block: bool,
    /// The heads of the blocks around it, outermost first.
    pub(crate) around: Vec<String>,
    /// Where the innermost of them begins, in the first file that has it.
    pub(crate) within: Option<Place>,
}

impl Difference {
    /// The first word.
    pub(crate) fn keyword(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

/// What two files say differently, in the order of the files.
pub(crate) fn differences(
    before: &[Statement],
    after: &[Statement],
    options: &Options<'_>,
) -> Vec<Difference> {
    let (mut before, mut after) = (normal(before), normal(after));
    for side in [&mut before, &mut after] {
        without(side, options.without);
        if let Some((program, option)) = options.without_option {
            without_option(side, program, option);
        }
    }
    let mut found = Found::default();
    found.blocks(&before, &after, &mut Vec::new());
    if found.0.is_empty() {
        return Vec::new();
    }
    let mut lines = String::new();
    collect(&before, &mut lines);
    collect(&after, &mut lines);
    let secrets = Secrets::of(&[&lines]);
    found.0.into_iter().map(|found| found.shown(&secrets)).collect()
}

/// Removes statements with these texts, and the blocks that are empty without them.
fn without(all: &mut Vec<Normal>, texts: &[&str]) {
    if texts.is_empty() {
        return;
    }
    all.retain_mut(|one| {
        if texts.iter().any(|text| one.line.contains(text)) {
            return false;
        }
        let Some(block) = &mut one.block else { return true };
        let before = block.len();
        without(block, texts);
        !block.is_empty() || block.len() == before
    });
}

/// Takes an option and its value out of the command lines of a program.
fn without_option(all: &mut [Normal], program: &str, option: &str) {
    let option = format!(" {option} ");
    for one in all {
        without_option(one.block.as_deref_mut().unwrap_or_default(), program, option.trim());
        if !one.line.contains(program) {
            continue;
        }
        while let Some((before, rest)) = one.line.split_once(&option) {
            let (_, after) = rest.split_once(' ').unwrap_or((rest, ""));
            one.line = format!("{before} {after}");
        }
    }
}

fn collect(all: &[Normal], lines: &mut String) {
    for one in all {
        lines.push_str(&one.line);
        lines.push('\n');
        collect(one.block.as_deref().unwrap_or_default(), lines);
    }
}

/// A statement and the blocks around it, before it is written.
struct Raw<'a> {
    change: Change,
    one: &'a Normal,
    around: Vec<&'a Normal>,
}

impl Raw<'_> {
    fn shown(self, secrets: &Secrets) -> Difference {
        let Raw { change, one, around } = self;
        Difference {
            change,
            at: one.at.clone(),
            line: secrets.mask(&one.line).into_owned(),
            is_block: one.block.is_some(),
            around: around.iter().map(|block| secrets.mask(&block.line).into_owned()).collect(),
            within: around.last().map(|block| block.at.clone()),
        }
    }
}

#[derive(Default)]
struct Found<'a>(Vec<Raw<'a>>);

impl<'a> Found<'a> {
    fn add(&mut self, change: Change, one: &'a Normal, around: &[&'a Normal]) {
        self.0.push(Raw { change, one, around: around.to_vec() });
    }

    /// Compares the statements of two blocks, equal ones first: of two blocks with one head, one may be
    /// the same as another's.
    fn blocks(&mut self, before: &'a [Normal], after: &'a [Normal], around: &mut Vec<&'a Normal>) {
        let mut left: HashMap<String, Vec<&Normal>> = HashMap::new();
        for one in after.iter().rev() {
            left.entry(one.name()).or_default().push(one);
        }
        let mut rest = Vec::new();
        for one in before {
            let like = left.get_mut(&one.name());
            let same = like.and_then(|like| {
                let at = like.iter().rposition(|other| *other == one)?;
                Some(like.remove(at))
            });
            if same.is_none() {
                rest.push(one);
            }
        }
        for one in rest {
            let other = left.get_mut(&one.name()).and_then(Vec::pop);
            match (&one.block, other) {
                (Some(block), other) if other.is_some() || one.is_list() => {
                    let other = other.and_then(|other| other.block.as_deref()).unwrap_or(&[]);
                    around.push(one);
                    self.blocks(block, other, around);
                    around.pop();
                }
                _ => self.add(Change::Removed, one, around),
            }
        }
        if around.last().is_none_or(|block| block.holds_settings()) {
            self.overridden(before, after, around);
        }
        // In the order of the file.
        let is_left = |one: &&Normal| {
            left.get(&one.name()).is_some_and(|all| all.iter().any(|it| std::ptr::eq(*it, *one)))
        };
        for one in after.iter().filter(is_left) {
            match &one.block {
                Some(block) if one.is_list() => {
                    around.push(one);
                    self.blocks(&[], block, around);
                    around.pop();
                }
                _ => self.add(Change::Added, one, around),
            }
        }
    }

    /// What stands on both sides several times, and has another one last: that is the one that counts.
    fn overridden(&mut self, before: &'a [Normal], after: &'a [Normal], around: &[&'a Normal]) {
        fn of<'a>(all: &'a [Normal], keyword: &str) -> Vec<&'a Normal> {
            all.iter().filter(|one| one.block.is_none() && one.keyword() == keyword).collect()
        }
        let keywords: BTreeSet<&str> = before.iter().map(Normal::keyword).collect();
        for keyword in keywords {
            let (one, other) = (of(before, keyword), of(after, keyword));
            let (Some(first), Some(second)) = (one.last(), other.last()) else { continue };
            let same = one.len() == other.len() && one.iter().all(|line| other.contains(line));
            if same && first != second {
                self.add(Change::Removed, first, around);
                self.add(Change::Added, second, around);
            }
        }
    }
}
