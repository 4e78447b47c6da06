//! `raw`: lines that go into keepalived.conf as they are, the way out for what has no key. They are
//! only kept from doing harm beyond their block: braces balance, quotes are closed, and no line is
//! longer than keepalived reads.

use std::ops::Range;

use super::keys::wrong::{Read, wrong};
use super::keys::{
    GLOBAL_DEFS, NODE_GLOBAL_DEFS, NODE_INSTANCE, RAW_LINES, Role, TOP, VRRP_INSTANCE,
};
use super::lints::reading;
use super::problems::Problems;
use super::read::{Section, items};
use super::tree::{Kind, Node};
use crate::conf::grammar::{self, Include, Wanted};
use crate::conf::statement::Statement;

/// The longest line, in bytes: keepalived cuts at 1024, indentation included.
const LONGEST: usize = 1000;

/// What may differ between nodes.
const OF_NODES: [&str; 4] = ["interface", "priority", "state", "router_id"];

/// The `raw` of a section; nothing where there is none.
pub(super) fn read(section: &Section<'_>, problems: &mut Problems) -> Vec<Statement> {
    let Some((key, node)) = section.node(RAW_LINES) else { return Vec::new() };
    let lines = lines(node, "raw", problems).unwrap_or_default();
    for keyword in contradicted(section, &lines) {
        let (title, help) = match (section.table().key(&keyword), of_all(section, &keyword)) {
            (None, Some((around, harm))) => (
                format!("`{keyword}` is for all nodes{harm}"),
                format!("write it as a key of {around}, for all nodes: `{keyword}: ...`"),
            ),
            _ => (
                format!("`{keyword}` in `raw` is a key too, and keepalived takes the last of two"),
                format!("write it as a key: `{keyword}: ...`"),
            ),
        };
        problems.found(&reading::RAW_OVERRULES, key.at.clone(), title, help);
    }
    lines
}

/// Keywords that gen-conf writes itself, from a key that is said or from what it reckons.
fn contradicted(section: &Section<'_>, lines: &[Statement]) -> Vec<String> {
    let text: Vec<&str> = lines.iter().map(|line| line.line.as_str()).collect();
    let statements = grammar::parse("raw", &text.join("\n"), Some(""), &mut Unread);
    let written = |one: &grammar::Statement| match section.table().key(one.keyword()) {
        Some(key) if one.block.is_none() => key.role != Role::Plain || section.has(*key),
        // A block adds to what the key says; at the top each has a name of its own.
        Some(key) => section.table().name != TOP.name && section.has(*key),
        None => of_all(section, one.keyword()).is_some(),
    };
    let all = statements.into_iter().flatten().filter(written);
    all.map(|one| one.keyword().to_owned()).collect()
}

/// Where a node's line belongs that all nodes must have alike, and what comes of it where they do not.
fn of_all(section: &Section<'_>, keyword: &str) -> Option<(&'static str, &'static str)> {
    let harm = ": those that differ would all be MASTER";
    let (around, harm, table) = match section.table().name {
        name if name == NODE_INSTANCE.name => ("the instance", harm, &VRRP_INSTANCE),
        name if name == NODE_GLOBAL_DEFS.name => ("`global_defs`", "", &GLOBAL_DEFS),
        _ => return None,
    };
    (table.key(keyword).is_some() && !OF_NODES.contains(&keyword)).then_some((around, harm))
}

/// Lines of keepalived.conf: one text, or a list of them.
pub(super) fn lines(node: &Node, name: &str, problems: &mut Problems) -> Option<Vec<Statement>> {
    let mut all: Vec<String> = Vec::new();
    for item in items(node) {
        let text = problems.value(item, name, |text| Ok(text.to_owned()))?;
        all.extend(text.value.trim_end().lines().map(str::to_owned));
    }
    // Its place is all of it: a brace too many has no better one.
    let whole: Range<usize> = match &node.kind {
        Kind::Sequence(items) => match (items.first(), items.last()) {
            (Some(first), Some(last)) => first.at.start..last.at.end,
            _ => node.at.clone(),
        },
        _ => node.at.clone(),
    };
    if let Err(found) = check(&all) {
        problems.add(whole, found.title, found.help);
        return None;
    }
    let blanks = |line: &&String| line.len() - line.trim_start().len();
    let margin = all.iter().filter(|line| !line.trim().is_empty()).map(|l| blanks(&l)).min();
    let cut = |line: String| line.get(margin.unwrap_or(0)..).unwrap_or("").trim_end().to_owned();
    Some(all.into_iter().map(cut).filter(|line| !line.is_empty()).map(Statement::line).collect())
}

fn check(lines: &[String]) -> Read<()> {
    let mut depth = 0_usize;
    for line in lines {
        if line.len() > LONGEST {
            return wrong(
                format!("a line of more than {LONGEST} bytes"),
                "keepalived cuts lines at 1024 bytes; make several of it",
            );
        }
        if let Some(c) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return wrong(format!("{c:?} in a line of keepalived.conf"), "take it out");
        }
        if line.trim_end().ends_with('\\') {
            return wrong("a line that ends with a backslash swallows the next one", "take it out");
        }
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                '#' | '!' if !quoted => break,
                '{' if !quoted => depth += 1,
                '}' if !quoted && depth == 0 => {
                    return wrong(
                        "a `}` that closes more than these lines open",
                        "write only what stands inside this block",
                    );
                }
                '}' if !quoted => depth -= 1,
                _ => {}
            }
        }
        if quoted {
            return wrong("a quote that is not closed", "close it in the same line");
        }
    }
    if depth > 0 {
        return wrong("a `{` that is not closed", "add the missing `}`");
    }
    // What a version of keepalived reads otherwise than it looks.
    match grammar::parse("raw", &lines.join("\n"), Some(""), &mut Unread) {
        Ok(_) => Ok(()),
        Err(error) => wrong(error.what, error.help),
    }
}

/// Files that `raw` includes are read on the nodes.
struct Unread;

impl Include for Unread {
    fn files(&mut self, _: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_its_block_is_let_through() {
        for (text, good) in [
            ("a b", true),
            ("a {\n b \"x}\"\n}", true),
            ("a { # }\n}", true),
            ("}", false),
            ("a {", false),
            ("} a {", false),
            ("a \"b", false),
            ("a\u{7}b", false),
            ("# {", true),
            ("a \"{\"", false),
            ("# a \\", false),
            ("include other.conf", true),
        ] {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            assert_eq!(check(&lines).is_ok(), good, "{text:?}");
        }
        assert!(check(&["x".repeat(LONGEST + 1)]).is_err());
    }
}
