//! The keepalived of Debian's releases as judges, and of the next one, which tests/keepalived_versions unpacks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::netns::Netns;

/// Each with its `target`.
const VERSIONS: [(&str, &str); 4] =
    [("2.1.5", "2.1.5"), ("2.2.7", "2.2"), ("2.3.3", "2.3"), ("2.3.4", "2.3")];

/// All that can be had: the next release of Debian moves on.
pub fn versions() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    VERSIONS.into_iter().filter(|(version, _)| {
        !Path::new(REPOSITORY).join(format!("target/keepalived/{version}.gone")).exists()
    })
}

/// It kills itself under -t when a script runs as another user (its issue 2617), so there `user`
/// is root.
pub const KILLS_ITSELF: &str = "2.2.7";

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

fn root(version: &str) -> PathBuf {
    Path::new(REPOSITORY).join("target/keepalived").join(version)
}

/// Why there are no other versions here, if there can't be any.
pub fn skipped() -> Option<String> {
    fs::read_to_string(root("skipped")).ok()
}

/// What a version's `keepalived -t` says to a text: exit code and words.
pub fn judge(netns: &Netns, version: &str, text: &str) -> (Option<i32>, String) {
    let root = root(version);
    assert!(root.is_dir(), "{} is missing: run tests/deps versions", root.display());
    let file = tempfile::Builder::new().suffix(".conf").tempfile_in(root.join("tmp")).unwrap();
    fs::write(file.path(), text).unwrap();
    let mut command = Command::new("chroot");
    command.arg(&root).args(["/usr/sbin/keepalived", "-t", "-f"]);
    command.arg(Path::new("/tmp").join(file.path().file_name().unwrap()));
    let output = netns.run(|| command.output()).unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// The interfaces that a file names: keepalived -t wants them all.
pub fn interfaces(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut block = "";
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [head, .., "{"] => block = head,
            ["}"] => block = "",
            [name, ..] if block == "track_interface" => drop(found.insert((*name).to_owned())),
            ["interface" | "lvs_sync_daemon" | "bind_if" | "garp_extra_if", name, ..] => {
                found.insert((*name).to_owned());
            }
            _ => {}
        }
        for pair in words.windows(2).filter(|pair| pair[0] == "dev") {
            found.insert(pair[1].to_owned());
        }
    }
    found
}

/// Every script as root. Returns how many were somebody else's.
pub fn as_root(text: &str) -> (String, usize) {
    let mut changed = 0;
    let line = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim_start().starts_with("user ") && line.trim() != "user root" {
            changed += 1;
            return format!("{indent}user root\n");
        }
        format!("{line}\n")
    };
    (text.lines().map(line).collect(), changed)
}
