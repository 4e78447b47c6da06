//! Files compared by what they mean to keepalived instead of by their bytes: `lvskit diff --meaning`, and
//! `lvskit gen-conf --check --meaning`.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use crate::compare::{self, Difference};
use crate::conf::grammar::{self, NoFiles, Statement};
use crate::exit::Exit;
use crate::output::{Failure, Or, say};

/// How a file on disk differs from what was rendered for it.
pub(super) fn rendered(path: &Path, text: &str) -> Result<Vec<Difference>, Failure> {
    let old = on_disk(path, None)?;
    let name = path.to_string_lossy();
    let new = grammar::parse(&name, text, None, &mut NoFiles)
        .map_err(|error| anyhow!("error: {error}"))
        .or_exit(Exit::No)?;
    Ok(compare::meaning(&old, &new))
}

/// The statements of a file; where there is none, nothing.
pub(super) fn on_disk(path: &Path, id: Option<&str>) -> Result<Vec<Statement>, Failure> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error)
            .with_context(|| format!("error: {}: can't be read", path.display()))
            .or_exit(Exit::File),
        Ok(_) => parsed(path, &grammar::text(path).or_exit(Exit::File)?, id),
    }
}

/// The statements of a text and of what it includes.
pub(super) fn parsed(path: &Path, text: &str, id: Option<&str>) -> Result<Vec<Statement>, Failure> {
    let mut files = grammar::Files::default();
    let tree = grammar::read(path, text, id, &mut files)
        .map_err(|error| anyhow!("error: {error}"))
        .or_exit(Exit::No)?;
    for (at, words) in files.notes {
        say(format_args!("note: {at}: {words}"));
    }
    Ok(tree)
}
