//! Differences as text for people and as JSON for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Difference;
use super::difference::Change;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// As text: the names of the files, then block by block what only one of them says, with its line. Empty
/// where there is no difference.
pub(crate) fn text(names: [&str; 2], differences: &[Difference]) -> String {
    let mut out = String::new();
    if differences.is_empty() {
        return out;
    }
    // Writing to a string can't fail.
    let _ = writeln!(out, "--- {}\n+++ {}", names[0], names[1]);
    let mut rest: Vec<&Difference> = differences.iter().collect();
    while let Some(first) = rest.first().copied() {
        let (block, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|one| one.around == first.around);
        if !first.around.is_empty() {
            let _ = writeln!(out, "@@ {} @@", first.around.join(" / "));
        }
        for Difference { change, at, line, is_block, .. } in block {
            let (sign, name) = match change {
                Change::Removed => ('-', names[0]),
                Change::Added => ('+', names[1]),
            };
            let braces = if *is_block { " { ... }" } else { "" };
            let _ = match *at.file == *name {
                true => writeln!(out, "{sign}{line}{braces}    # line {}", at.line),
                // A file that is included.
                false => writeln!(out, "{sign}{line}{braces}    # {at}"),
            };
        }
        rest = others;
    }
    out
}

/// As JSON: `{"format", "changed", "differences": [{"change", "blocks", "statement", "block", "file",
/// "line"}]}`.
pub(crate) fn json(differences: &[Difference]) -> Value {
    let one = |one: &Difference| {
        json!({
            "change": match one.change {
                Change::Removed => "removed",
                Change::Added => "added",
            },
            "blocks": one.around,
            "statement": one.line,
            "block": one.is_block,
            "file": &*one.at.file,
            "line": one.at.line,
        })
    };
    let all: Vec<Value> = differences.iter().map(one).collect();
    json!({ "format": FORMAT, "changed": !all.is_empty(), "differences": all })
}
