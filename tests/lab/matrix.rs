//! The lab on other releases: each brings its own kernel, keepalived, nft and Postfix, in a root of
//! its own that `tests/deps matrix` makes. Our programs are this build's. They must be linked statically
//! (`make matrix` does that), as an older release has an older C library.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{kernel, settings};

/// What runs if the caller names nothing.
const SCENARIOS: &[&str] = &["converged", "link_death", "probe", "switch"];

/// Runs the scenarios on this machine's release, then on each of the others; the last lines say how
/// it went.
pub fn run(names: &[&str]) -> Result<()> {
    let names = if names.is_empty() { SCENARIOS } else { names };
    let words: Vec<&str> = ["test"].iter().chain(names).copied().collect();
    let mut seen = Vec::new();
    for root in roots()? {
        println!("lab: {}", release(&root)?);
        seen.push((release(&root)?, kernel::boot(&root, &words)));
    }
    println!();
    for (release, outcome) in &seen {
        match outcome {
            Ok(()) => println!("lab: {release}: all passed"),
            Err(error) => println!("lab: {release}: FAILED: {error:#}"),
        }
    }
    ensure!(seen.iter().all(|(_, outcome)| outcome.is_ok()), "it failed on a release");
    Ok(())
}

/// This machine's files, and the other releases'.
fn roots() -> Result<Vec<PathBuf>> {
    let folder = Path::new(kernel::STATE).join("roots");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut others: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // What tests/lab_roots is still making begins with a dot.
    others.retain(|root| {
        root.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
    });
    ensure!(!others.is_empty(), "nothing in {}; run tests/deps matrix", folder.display());
    others.sort();
    let chosen = |root: &PathBuf| match settings::text("RELEASES") {
        None => true,
        Some(words) => words.split('+').any(|word| root.ends_with(word)),
    };
    Ok([PathBuf::from("/")].into_iter().chain(others).filter(chosen).collect())
}

/// The name that a release gives itself.
pub fn release(root: &Path) -> Result<String> {
    let file = root.join("etc/os-release");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    Ok(name.with_context(|| file.display().to_string())?.trim_matches('"').to_owned())
}
