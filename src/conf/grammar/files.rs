//! Files of keepalived.conf's grammar, read from disk: the first one, and what `include` names
//! beside it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Error, Include, Statement, parse};

/// The largest file that is read, in bytes; far above any cluster's.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads included files from disk, by name or by pattern.
pub struct Files;

/// The text of a file. Comments may be in any alphabet and encoding, words are ASCII in the end.
///
/// # Errors
/// When it can't be read, or is larger than 64 MiB.
pub fn text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("error: {}: can't be read", path.display()))?;
    ensure!(bytes.len() as u64 <= LARGEST, "error: {}: larger than 64 MiB", path.display());
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the text of the file `path`, and from disk what it includes. See [`parse`].
///
/// # Errors
/// As [`parse`], and when an included file can't be read.
pub fn read(path: &Path, text: &str, id: Option<&str>) -> Result<Vec<Statement>, Error> {
    parse(&path.to_string_lossy(), text, id, &mut Files)
}

impl Include for Files {
    fn files(&mut self, from: &Path, pattern: &str) -> Result<Vec<(String, String)>, [String; 2]> {
        let cure = || "keepalived looks for it from this file's folder on".to_owned();
        let wrong = |error: anyhow::Error| {
            let words = format!("{error:#}");
            [words.strip_prefix("error: ").unwrap_or(&words).to_owned(), cure()]
        };
        let all = from.parent().unwrap_or(Path::new("")).join(pattern);
        let paths = glob::glob(&all.to_string_lossy())
            .with_context(|| format!("`{pattern}` is no pattern of file names"))
            .map_err(wrong)?;
        let mut read = Vec::new();
        for path in paths {
            let path = path.context("can't be looked at").map_err(wrong)?;
            if !path.is_dir() {
                read.push((path.display().to_string(), text(&path).map_err(wrong)?));
            }
        }
        match read.is_empty() {
            true => Err([format!("no file is named `{pattern}`"), cure()]),
            false => Ok(read),
        }
    }
}
