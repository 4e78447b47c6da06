//! Files of keepalived.conf's grammar, read from disk: the first one, and what `include` names
//! beside it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use glob::MatchOptions;

use super::{Error, Include, Place, Statement, Wanted, parse};

/// The largest file that is read, in bytes; far above any cluster's.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Keywords whose files keepalived does not start without.
pub const NEEDED: [&str; 3] = ["includem", "includew", "includea"];

/// Patterns as glob(3) reads them for keepalived: `*` means no hidden file.
pub const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Reads included files from disk, by name or by pattern.
#[derive(Debug, Default)]
pub struct Files<'a> {
    /// The folder that stands for `/`; without one it is that of this machine.
    pub root: Option<&'a Path>,
    /// What is worth knowing of what was read, and where it was asked for.
    pub notes: Vec<(Place, String)>,
}

/// The text of a file. Comments may be in any encoding; what is no UTF-8 elsewhere, [`parse`]
/// refuses.
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
pub fn read(
    path: &Path,
    text: &str,
    id: Option<&str>,
    files: &mut Files<'_>,
) -> Result<Vec<Statement>, Error> {
    parse(&path.to_string_lossy(), text, id, files)
}

/// The files that a pattern names, in the order of their names; folders are none.
///
/// # Errors
/// If the pattern is invalid, or a folder can't be read.
pub fn matching(pattern: &Path) -> Result<Vec<PathBuf>> {
    let pattern = pattern.to_string_lossy();
    let paths = glob::glob_with(&pattern, MATCHING)
        .with_context(|| format!("`{pattern}` is an invalid pattern of file names"))?;
    let paths = paths.collect::<Result<Vec<PathBuf>, _>>().context("can't be looked at")?;
    Ok(paths.into_iter().filter(|path| !path.is_dir()).collect())
}

impl Include for Files<'_> {
    fn note(&mut self, at: &Place, words: String) {
        self.notes.push((at.clone(), words));
    }

    fn files(&mut self, wanted: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
        let Wanted { at, keyword, pattern } = wanted;
        let from_root = pattern.strip_prefix('/');
        let help = || match from_root {
            Some(_) => "name the directory that has the node's files with --root".to_owned(),
            None => "keepalived looks for it below this file's directory".to_owned(),
        };
        let wrong = |error: anyhow::Error| {
            let words = format!("{error:#}");
            [words.strip_prefix("error: ").unwrap_or(&words).to_owned(), help()]
        };
        let all = match (self.root, from_root) {
            (Some(root), Some(below)) => root.join(below.trim_start_matches('/')),
            _ => Path::new(&*at.file).parent().unwrap_or(Path::new("")).join(pattern),
        };
        let mut read = Vec::new();
        for path in matching(&all).map_err(wrong)? {
            read.push((path.display().to_string(), text(&path).map_err(wrong)?));
        }
        if read.is_empty() {
            // keepalived goes on without a plain file that is missing too, but who imports it misses
            // it.
            let needed = NEEDED.contains(&keyword) || !pattern.contains(['*', '?', '[']);
            let none = format!("no file is named `{pattern}`");
            if needed {
                return Err([none, help()]);
            }
            let hint = match (from_root, self.root) {
                (Some(_), None) => " from this machine; a node's own needs --root",
                _ => "",
            };
            self.notes.push((at.clone(), format!("{none}, so none is included{hint}")));
        } else if from_root.is_some() && self.root.is_none() {
            let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
            let names = names.join(", ");
            self.notes.push((
                at.clone(),
                format!("{names} of this machine was read; a node's own needs --root"),
            ));
        }
        Ok(read)
    }
}
