//! A change as a unified diff, as `diff -u` writes it but without dates. Lines are compared as they
//! are and shown without their secrets, so that a new password is a change that nobody can read.

use std::fmt::Write;
use std::path::Path;

use similar::{ChangeTag, TextDiff};

use crate::files::Target;
use crate::secrets::Secrets;

/// Unchanged lines around each change.
const CONTEXT: usize = 3;

/// How the file at `path` becomes `new`; empty where it is so already.
pub(super) fn unified(path: &Path, target: &Target, new: &str) -> String {
    let mut out = String::new();
    if let Some((old, new)) = target.mode_change() {
        // Writing to a string can't fail.
        let _ = writeln!(out, "old mode {old:04o} {0}\nnew mode {new:04o} {0}", path.display());
    }
    // Whoever wrote the old file by hand may have written it in another encoding.
    let old = target.old().map(String::from_utf8_lossy);
    if old.as_deref() != Some(new) {
        let from = old.as_ref().map_or_else(|| Path::new("/dev/null"), |_| path);
        let _ = writeln!(out, "--- {}\n+++ {}", from.display(), path.display());
        hunks(old.as_deref().unwrap_or_default(), new, &mut out);
    }
    out
}

fn hunks(old: &str, new: &str, out: &mut String) {
    let secrets = Secrets::of(&[old, new]);
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            out.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            let line = secrets.mask(change.value());
            out.push_str(&line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}
