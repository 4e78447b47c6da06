//! Prints what became of the files: a line each, with `--diff` what is different; or JSON.

use std::io::{Result, Write};

use serde_json::{Value, json};

use super::change::Change;
use super::options::{Format, GenConf};

/// What JSON says of an inventory that was refused.
pub(super) fn refused(findings: &[Value], out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}", in_json(&[], findings))?;
    out.flush()
}

pub(super) fn changes(
    args: &GenConf,
    changes: &[Change<'_>],
    findings: &[Value],
    out: &mut impl Write,
) -> Result<()> {
    match args.format() {
        Format::Json => writeln!(out, "{}", in_json(changes, findings))?,
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

fn in_json(changes: &[Change<'_>], findings: &[Value]) -> Value {
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
    let changed = changes.iter().any(|change| change.changed);
    json!({ "changed": changed, "files": files, "findings": findings })
}
