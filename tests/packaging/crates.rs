//! What the programs contain: a bill of materials that scanners can read, and every licence's text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::built::installed;

const PYTHON: &str = "target/cyclonedx/bin/python";

/// CycloneDX's own library with the published schema, and nothing beyond it.
const VALIDATE: &str = "import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)";

fn validated(file: &Path) -> Output {
    let mut python = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(PYTHON));
    python.args(["-c", VALIDATE]).arg(file);
    python.output().expect("tests/deps crates installs CycloneDX's library")
}

fn bill() -> (std::path::PathBuf, Value) {
    let file = installed().join("usr/share/doc/lvskit/lvskit.cdx.json");
    let text = fs::read_to_string(&file).unwrap();
    (file, serde_json::from_str(&text).unwrap())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

#[test]
fn the_bill_of_materials_is_cyclonedx() {
    let (file, mut bill) = bill();
    let output = validated(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    bill["components"][0]["type"] = "crate".into();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.json");
    fs::write(&wrong, bill.to_string()).unwrap();
    assert!(!validated(&wrong).status.success(), "the validator takes everything");
}

#[test]
fn it_lists_what_is_linked_and_nothing_that_only_builds_or_tests() {
    let (_, bill) = bill();
    assert_eq!(text(&bill["metadata"]["component"], "version"), env!("CARGO_PKG_VERSION"));
    let components = bill["components"].as_array().unwrap();
    let names: Vec<_> = components.iter().map(|one| text(one, "name")).collect();
    for linked in ["clap", "openssl", "openssl-sys", "serde-saphyr", "libc", "rust-std"] {
        assert!(names.contains(&linked), "{linked} is not in {names:?}");
    }
    for other in ["lvskit", "proptest", "snapbox", "clap_mangen", "serde_derive", "cc", "musl"] {
        assert!(!names.contains(&other), "{other} is in no program");
    }
    // As Cargo.lock pins them: nothing else can be built.
    let lock = include_str!("../../Cargo.lock");
    for one in components.iter().filter(|one| text(one, "name") != "rust-std") {
        let (name, version) = (text(one, "name"), text(one, "version"));
        let sum = text(&one["hashes"][0], "content");
        let pinned = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        let (_, package) = lock.split_once(&pinned).unwrap_or_else(|| panic!("no {pinned}"));
        let package = package.split("\n\n").next().unwrap();
        assert!(package.contains(&format!("checksum = \"{sum}\"")), "{name} {version}: {package}");
    }
    let references: BTreeMap<_, _> = bill["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "ref"), one["dependsOn"].as_array().unwrap()))
        .collect();
    assert_eq!(references.len(), components.len() + 1);
    for used in references.values().flat_map(|used| used.iter()) {
        assert!(references.contains_key(used.as_str().unwrap()), "{used} is no component");
    }
    let used = |by: &str, name: &str| {
        let mut all = references.iter().filter(|(reference, _)| reference.contains(by));
        all.any(|(_, used)| used.iter().any(|one| one.as_str().unwrap().contains(name)))
    };
    assert!(used("cargo/lvskit@", "cargo/clap@") && used("cargo/openssl@", "cargo/openssl-sys@"));
}

#[test]
fn every_crate_s_licence_is_there_with_its_text() {
    let (file, bill) = bill();
    let notices = fs::read_to_string(file.with_file_name("THIRD-PARTY.txt")).unwrap();
    let (list, texts) = notices.split_once("\n-----").unwrap();
    for one in bill["components"].as_array().unwrap() {
        let name = format!("{} {}", text(one, "name"), text(one, "version"));
        let licence = text(&one["licenses"][0], "expression");
        assert!(list.contains(&format!("\n{name}: {licence}")), "{name} is not listed");
        let heads = |line: &str| {
            let names = line.strip_suffix(':').unwrap_or_default();
            names.split(", ").any(|head| head == name)
        };
        assert!(texts.lines().any(heads), "{name} has no text");
    }
    for phrase in [
        "Permission is hereby granted, free of charge",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "Redistribution and use in source and binary forms",
        "Copyright",
    ] {
        assert!(texts.contains(phrase), "{phrase}");
    }
}

/// What `make deny` says at length, of all crates that are linked.
#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let rules = include_str!("../../packaging/deny.toml");
    let allowed = rules.split_once("\nallow = [\n").unwrap().1.split_once("\n]").unwrap().0;
    let allowed: Vec<_> = allowed.lines().map(|line| line.split('"').nth(1).unwrap()).collect();
    for one in bill().1["components"].as_array().unwrap() {
        let licence = text(&one["licenses"][0], "expression");
        // Of alternatives one will do.
        for part in licence.split(" AND ") {
            let mut words = part.split([' ', '(', ')']);
            assert!(words.any(|word| allowed.contains(&word)), "{}: {licence}", text(one, "name"));
        }
    }
}

/// The fuzz targets are a crate of their own, with a lock that only `make fuzz` reads.
#[test]
fn the_fuzz_targets_are_locked_to_what_the_library_uses() {
    let section = |text: &'static str, start: &str, end: &str| {
        let (_, below) = text.split_once(start).expect(start);
        below.split(end).next().unwrap()
    };
    let manifest = section(include_str!("../../Cargo.toml"), "\n[dependencies]\n", "\n[");
    let lock = include_str!("../fuzz/Cargo.lock");
    let locked = section(lock, "name = \"lvskit\"\n", "\n\n");
    let needed =
        |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.contains("optional");
    for line in manifest.lines().filter(needed) {
        let (name, _) = line.split_once([' ', '=']).expect(line);
        assert!(locked.contains(&format!(" \"{name}\",\n")), "{name}: run `make fuzz`");
    }
}
