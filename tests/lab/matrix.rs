//! The lab on other releases: each brings its own kernel, keepalived, nft and Postfix, in a root of
//! its own that `tests/deps matrix` makes. Our programs are this build's. They must be linked statically
//! (`make matrix` does that), as an older release has an older C library. A table ends it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{kernel, scenarios, settings};

/// What runs if the caller names nothing.
const SCENARIOS: &[&str] =
    &["converged", "link_death", "probe", "switch", "node_programs", "udp_flow", "reload"];

/// What is known of one release.
struct Column {
    /// The release and its versions.
    title: String,
    /// What the scenarios say of themselves, by their names.
    told: BTreeMap<String, String>,
    outcome: Result<()>,
}

/// Runs the scenarios on this machine's release, then on each of the others; the last lines say how
/// it went.
pub fn run(names: &[&str]) -> Result<()> {
    let names = if names.is_empty() { SCENARIOS } else { names };
    let words: Vec<&str> = ["test"].iter().chain(names).copied().collect();
    let mut columns = Vec::new();
    for root in roots()? {
        let title = release(&root)?;
        println!("lab: {title}");
        let mut column = Column { title, told: BTreeMap::new(), outcome: Ok(()) };
        let outcome = kernel::boot(&root, &words, |line| column.hear(line));
        column.outcome = outcome;
        columns.push(column);
    }
    println!();
    for column in &columns {
        println!("lab: {}", column.title);
        column.told.iter().for_each(|(name, told)| println!("  {name} ... {told}"));
        if let Err(error) = &column.outcome {
            println!("  FAILED: {error:#}");
        }
    }
    println!("\n{}", table(&columns));
    ensure!(columns.iter().all(|column| column.outcome.is_ok()), "it failed on a release");
    Ok(())
}

impl Column {
    fn hear(&mut self, line: &str) {
        if let Some(versions) = line.strip_prefix(scenarios::VERSIONS) {
            versions.clone_into(&mut self.title);
        }
        if let Some((name, told)) = line.split_once(" ... ")
            && scenarios::ALL.iter().any(|scenario| scenario.name == name)
        {
            self.told.insert(name.to_owned(), told.to_owned());
        }
    }

    /// `ok`, `FAILED` or nothing, without what follows.
    fn cell(&self, name: &str) -> &str {
        self.told.get(name).map_or("-", |told| told.split([',', ':']).next().unwrap_or(told))
    }
}

/// In Markdown: a line a scenario, a column a release.
fn table(columns: &[Column]) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut titles = vec!["scenario"];
    titles.extend(columns.iter().map(|column| column.title.as_str()));
    let mut text = line(&titles) + &format!("|{}\n", "---|".repeat(titles.len()));
    for scenario in scenarios::ALL {
        if columns.iter().any(|column| column.told.contains_key(scenario.name)) {
            let mut cells = vec![scenario.name];
            cells.extend(columns.iter().map(|column| column.cell(scenario.name)));
            text += &line(&cells);
        }
    }
    text
}

/// This machine's files, and the other releases'.
fn roots() -> Result<Vec<PathBuf>> {
    let folder = Path::new(kernel::STATE).join("roots");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut others: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // What tests/debian_roots is still making begins with a dot.
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
