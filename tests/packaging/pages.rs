//! The pages: each link leads somewhere, in the repository and where the package puts them, and README
//! stays one that is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built::{installed, run};

/// Bytes. Beyond that nobody reads to the end.
const README_LIMIT: usize = 12_000;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages of the repository, by their path in it.
pub fn pages() -> Vec<PathBuf> {
    let listed = run(Command::new("git").arg("-C").arg(repository()).args(["ls-files", "*.md"]));
    listed.lines().map(PathBuf::from).collect()
}

/// The targets of the page's links, without those on the web, as (file, anchor).
fn links(text: &str) -> Vec<(&str, &str)> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let local = targets.map(|(target, _)| target).filter(|target| !target.contains("://"));
    local.map(|target| target.split_once('#').unwrap_or((target, ""))).collect()
}

/// The anchors that GitHub and others make of the page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// The links of `page` below `root` that lead nowhere.
pub fn broken(root: &Path, page: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(page)).unwrap();
    let leads = |&(file, anchor): &(&str, &str)| {
        let target = match file {
            "" => root.join(page),
            file => root.join(page).parent().unwrap().join(file),
        };
        target.exists()
            && (anchor.is_empty()
                || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor))
    };
    let lost = links(&text).into_iter().filter(|link| !leads(link));
    lost.map(|(file, anchor)| format!("{}: {file}#{anchor}", page.display())).collect()
}

#[test]
fn every_link_of_the_repository_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 5, "{pages:?}");
    let lost: Vec<_> = pages.iter().flat_map(|page| broken(repository(), page)).collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_link_of_the_installed_pages_leads_somewhere() {
    let root = installed().join("usr/share/doc/lvskit");
    let lost: Vec<_> = pages().iter().flat_map(|page| broken(&root, page)).collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn readme_is_short_and_leads_to_every_page_by_one_link() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.len() < README_LIMIT, "{} bytes", readme.len());
    let linked: BTreeSet<_> = links(&readme).into_iter().map(|(file, _)| Path::new(file)).collect();
    let pages = pages();
    let lost: Vec<_> = pages.iter().filter(|page| !linked.contains(page.as_path())).collect();
    assert_eq!(lost, [Path::new("README.md")]);
}
