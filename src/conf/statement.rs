//! A statement of keepalived.conf, checked and quoted, and how it is written: one on each line, since
//! keepalived silently ignores what follows the first.

use std::fmt::{self, Display, Formatter, Write};

/// Four blanks a level, as keepalived's own samples and the article have it.
const INDENT: &str = "    ";

/// A line, and what its braces enclose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As it is written, without indentation.
    pub line: String,
    /// What stands in its block, if it opens one.
    pub block: Option<Vec<Statement>>,
}

/// The statements of a block that come from keys of an inventory, by these keys, in the order of
/// the documentation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings(Vec<Setting>);

/// What an inventory says under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    key: &'static str,
    /// Its value, if it is a single one.
    value: Option<String>,
    statements: Vec<Statement>,
}

impl Statement {
    /// A line alone.
    pub fn line(line: impl Into<String>) -> Statement {
        Statement { line: line.into(), block: None }
    }

    /// `keyword value`
    pub fn set(keyword: &str, value: impl Display) -> Statement {
        Statement::line(format!("{keyword} {value}"))
    }

    /// A block with one item a line.
    pub fn list(head: impl Into<String>, items: &[impl Display]) -> Statement {
        let line = |item: &_| Statement::line(format!("{item}"));
        Statement::block(head, items.iter().map(line).collect())
    }

    /// A block.
    pub fn block(head: impl Into<String>, block: Vec<Statement>) -> Statement {
        Statement { line: head.into(), block: Some(block) }
    }

    /// The words of its line, but for an `@ID`: behind that it is for some nodes only.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.line.split_whitespace().skip_while(|word| word.starts_with('@'))
    }

    /// Writes it, `depth` levels deep.
    fn write(&self, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
        if self.line.starts_with("real_server ") {
            f.write_char('\n')?;
        }
        let indent = |f: &mut Formatter<'_>| (0..depth).try_for_each(|_| f.write_str(INDENT));
        indent(f)?;
        let Some(block) = &self.block else { return writeln!(f, "{}", self.line) };
        writeln!(f, "{} {{", self.line)?;
        block.iter().try_for_each(|inner| inner.write(f, depth + 1))?;
        indent(f)?;
        writeln!(f, "}}")
    }
}

/// With a line's end.
impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Settings {
    /// Notes the value and the statements of a key.
    pub fn set(&mut self, key: &'static str, value: Option<String>, statements: Vec<Statement>) {
        self.0.push(Setting { key, value, statements });
    }

    /// Notes the statement of a key in its place among the others, which `rank` says.
    pub fn set_in_order(
        &mut self,
        key: &'static str,
        statement: Statement,
        rank: impl Fn(&str) -> Option<usize>,
    ) {
        let later = |own: &Setting| rank(own.key) > rank(key);
        let at = self.0.iter().position(later).unwrap_or(self.0.len());
        self.0.insert(at, Setting { key, value: None, statements: vec![statement] });
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|own| own.key != key);
    }

    /// Whether a key is set.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// The statements of a key.
    pub fn statements(&self, key: &str) -> &[Statement] {
        self.find(key).map_or(&[], |own| &own.statements)
    }

    /// The value of a key that has a single one, as it is written; none for a flag.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.find(key)?.value.as_deref()
    }

    fn find(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|own| own.key == key)
    }

    /// These settings, and those of `other` in the place of theirs.
    pub fn overridden_by(&self, other: &Settings) -> Settings {
        let mut all = self.clone();
        for setting in &other.0 {
            match all.0.iter_mut().find(|own| own.key == setting.key) {
                Some(own) => own.clone_from(setting),
                None => all.0.push(setting.clone()),
            }
        }
        all
    }

    /// All statements, and `more` behind them.
    pub fn into_statements(self, more: Vec<Statement>) -> Vec<Statement> {
        self.0.into_iter().flat_map(|own| own.statements).chain(more).collect()
    }
}
