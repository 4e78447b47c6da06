//! Which way the library's modules point: no two files use each other, so that each can be read, tested and
//! changed with what it uses alone.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// src/lib.rs: the list of subcommands, which uses every module.
const ROOT: &str = "lib";

type Uses = BTreeMap<String, BTreeSet<String>>;

/// Every module's file, by its path in the library.
fn modules() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().with_extension("");
            let parts: Vec<_> = name.iter().map(|part| part.to_str().unwrap()).collect();
            if matches!(parts[0], "bin" | ROOT) || parts.last() == Some(&"tests") {
                continue;
            }
            let parts = parts.strip_suffix(&["mod"]).unwrap_or(&parts);
            found.insert(parts.join("::"), fs::read_to_string(path).unwrap());
        }
    }
    assert!(found.len() > 100, "only {} modules", found.len());
    found
}

/// The source without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path in `tree`, one of `use`: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap();
        return found.push(format!("{prefix}{name}"));
    };
    let inner = rest.strip_suffix('}').unwrap();
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[start..at].trim().is_empty() {
                    paths(&format!("{prefix}{head}"), &inner[start..at], found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The paths that a module names: in its `use` lines, and in its code by `crate::` and `super::`.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = String::new();
    for (at, piece) in code.split("use ").enumerate() {
        let begins =
            at > 0 && ["crate::", "super::", "self::"].iter().any(|to| piece.starts_with(to));
        match piece.split_once(';').filter(|_| begins) {
            Some((tree, after)) => {
                paths("", tree, &mut found);
                rest += after;
            }
            None => rest += piece,
        }
    }
    let letters = |letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':');
    let words = rest.split(letters).filter(|word| word.contains("::"));
    found.extend(words.map(str::to_owned));
    found
}

/// The module that a path leads to, as `from` sees it.
fn target(from: &str, path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut base: Vec<&str> = from.split("::").collect();
    let mut parts: Vec<&str> = path.split("::").collect();
    match parts[0] {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while parts.get(1) == Some(&"super") {
                parts.remove(0);
                base.pop();
            }
        }
        _ => return None,
    }
    base.extend(&parts[1..]);
    while !base.is_empty() && !modules.contains_key(&base.join("::")) {
        base.pop();
    }
    Some(if base.is_empty() { ROOT.to_owned() } else { base.join("::") })
}

/// What each module uses. That a module names its own parts is how it shows them, and does not count.
fn uses() -> Uses {
    let modules = modules();
    let of = |(name, text): (&String, &String)| {
        let targets = named(&code(text)).into_iter();
        let targets = targets.filter_map(|path| target(name, &path, &modules));
        let parts = format!("{name}::");
        (name.clone(), targets.filter(|to| to != name && !to.starts_with(&parts)).collect())
    };
    let mut uses: Uses = modules.iter().map(of).collect();
    uses.insert(ROOT.to_owned(), modules.into_keys().collect());
    uses
}

/// Whether `to` can be reached from `from`.
fn reaches(uses: &Uses, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
    uses[from]
        .iter()
        .any(|next| next == to || (seen.insert(next.clone()) && reaches(uses, next, to, seen)))
}

#[test]
fn no_files_use_each_other() {
    let uses = uses();
    let mut wrong = Vec::new();
    for (from, targets) in &uses {
        for to in targets {
            if reaches(&uses, to, from, &mut BTreeSet::new()) {
                wrong.push(format!("{from} uses {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "circles:\n{}", wrong.join("\n"));
}

/// The test above sees what it looks for.
#[test]
fn paths_are_found_in_use_lines_and_in_code() {
    let text =
        "use super::{a, b::{c, d as e}};\nfn f() -> crate::vip::Vip { super::super::g::h() }\n";
    let found = named(&code(text));
    assert_eq!(
        found,
        ["super::a", "super::b::c", "super::b::d", "crate::vip::Vip", "super::super::g::h"]
    );
    let modules = ["vip", "x", "x::a", "x::y"].map(|name| (name.to_owned(), String::new()));
    let modules = BTreeMap::from(modules);
    let to = |path| target("x::y", path, &modules);
    assert_eq!(to("super::a"), Some("x::a".to_owned()));
    assert_eq!(to("crate::vip::Vip"), Some("vip".to_owned()));
    assert_eq!(to("super::super::vip::V"), Some("vip".to_owned()));
    assert_eq!(to("crate::Command"), Some(ROOT.to_owned()));
    assert_eq!(to("std::fs"), None);
}
