//! Where the inventory comes from, and what is said about it.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use crate::cluster::Cluster;
use crate::inventory;

/// The largest inventory that is read, in bytes; far above any cluster's.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads the inventory; `-` is standard input. Never more than a byte above the largest.
pub(super) fn read(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    }
    .with_context(|| format!("error: {}: can't be read", file.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= LARGEST, "error: {}: larger than 4 MiB", file.display());
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&b| b == b'\n');
        anyhow!("error: {}:{}: this is no UTF-8 text", file.display(), line.count())
    })
}

/// Makes a checked cluster of the inventory, or tells everything that is wrong with it.
pub(super) fn check(file: &Path, text: &str) -> Result<Cluster> {
    inventory::parse(text).map_err(|problems| {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let report = inventory::report(&file.to_string_lossy(), text, &problems, colour);
        let count = match problems.len() {
            1 => "1 problem".to_owned(),
            several => format!("{several} problems"),
        };
        anyhow!("{report}\n\nerror: {}: {count}; nothing was written", file.display())
    })
}
