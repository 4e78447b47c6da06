//! Prints what became of the files: a line each, with `--diff` what is different; or JSON.

use std::io::{Result, Write};

use serde_json::{Value, json};

use super::change::Change;
use crate::cli::lvskit::{Format, GenConf};

pub(super) fn changes(args: &GenConf, changes: &[Change<'_>], out: &mut impl Write) -> Result<()> {
    match args.format() {
        Format::Json => writeln!(out, "{}", in_json(changes))?,
        Format::Text => {
            for change in changes {
                let word = match (change.changed, args.check) {
                    (true, false) => "changed",
                    (true, true) => "would change",
                    (false, _) => "unchanged",
                };
                writeln!(out, "{word} {}", change.path.display())?;
                out.write_all(change.diff.as_deref().unwrap_or_default().as_bytes())?;
            }
        }
    }
    out.flush()
}

fn in_json(changes: &[Change<'_>]) -> Value {
    let files: Vec<Value> = (changes.iter())
        .map(|change| {
            let path = change.path.to_string_lossy();
            let mut file = json!({ "node": change.node, "path": path, "changed": change.changed });
            if let Some(diff) = &change.diff {
                file["diff"] = json!(diff);
            }
            file
        })
        .collect();
    json!({ "changed": changes.iter().any(|change| change.changed), "files": files })
}
