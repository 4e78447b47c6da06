//! Where the inventory comes from, and what is said about it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::options::Format;
use crate::exit::Exit;
use crate::inventory::{self, Checked, Problem, Source};
use crate::output::{Failure, Or, coloured, say};

/// The largest inventory that is read, in bytes; far above any cluster's.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How much of a password's file is read, in bytes.
const LONGEST_SECRET: u64 = 4096;

/// Reads the inventory; `-` is standard input. What is no UTF-8 is a wrong inventory, as wrong YAML is.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let bytes = bytes(file).or_exit(Exit::File)?;
    text(file, bytes).or_exit(Exit::No)
}

/// Never more than a byte above the largest.
fn bytes(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    }
    .with_context(|| format!("error: {}: can't be read", file.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= LARGEST, "error: {}: larger than 4 MiB", file.display());
    Ok(bytes)
}

fn text(file: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&b| b == b'\n');
        anyhow!(
            "error: {}:{}: invalid UTF-8: an inventory is UTF-8 text",
            file.display(),
            line.count()
        )
    })
}

/// An inventory as it was checked, and everything that was found in it, for programs.
pub(super) struct Told {
    /// What it says, or what is wrong with it.
    pub(super) checked: Result<Checked>,
    pub(super) findings: Vec<serde_json::Value>,
}

/// Makes a checked cluster of the inventory, or tells everything that is wrong with it. Warnings, and hints
/// if they are wanted, are told at once: they stop nothing.
pub(super) fn check(file: &Path, text: &str, hints: bool, format: Format) -> Told {
    let colour = coloured(&std::io::stderr());
    let name = file.to_string_lossy();
    let report = |problems: &[Problem]| inventory::report(&name, text, problems, colour);
    let for_programs = |problems: &[Problem]| match format {
        Format::Json => inventory::report_json(&name, text, problems),
        Format::Text => Vec::new(),
    };
    let checked = match inventory::parse(text, &|source| secret(file, source)) {
        Ok(checked) => checked,
        Err(problems) => {
            let count = match problems.len() {
                1 => "1 problem".to_owned(),
                several => format!("{several} problems"),
            };
            let report = report(&problems);
            let error =
                anyhow!("{report}\n\nerror: {}: {count}; nothing was written", file.display());
            return Told { checked: Err(error), findings: for_programs(&problems) };
        }
    };
    let mut shown = checked.warnings.clone();
    if hints {
        shown.extend(checked.hints.iter().cloned());
    }
    if !shown.is_empty() {
        say(report(&shown));
    }
    let findings =
        [&checked.warnings, &checked.hints].into_iter().flat_map(|all| for_programs(all));
    Told { findings: findings.collect(), checked: Ok(checked) }
}

/// Fetches a password that the inventory only points to; a file's path may be relative to it.
fn secret(inventory: &Path, source: &Source) -> Result<String, String> {
    match source {
        Source::Env(name) => {
            std::env::var(name).map_err(|_| format!("there is no environment variable {name}"))
        }
        Source::File(path) => {
            let path = inventory.parent().unwrap_or(Path::new("")).join(path);
            let mut text = String::new();
            let read = File::open(&path)
                .and_then(|file| file.take(LONGEST_SECRET).read_to_string(&mut text));
            read.map(|_| text).map_err(|error| format!("{}: {error}", path.display()))
        }
    }
}
