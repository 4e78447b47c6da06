//! What the programs contain beside lvskit's own code, as cargo knows it: a bill of materials for programs
//! (CycloneDX 1.5), and for people the licences with their texts, as the licences demand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// Names of the files that a crate has its licences in begin with one of these, in any case.
const LICENCES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// The C library of static programs; Rust brings it, and says nowhere which version it is.
const MUSL: &str = "Copyright (c) 2005-2020 Rich Felker, et al.";

/// Our own, of which the standard library and musl have the same.
const MIT: &str = include_str!("../LICENSE-MIT");
const APACHE: &str = include_str!("../LICENSE-APACHE");

const OWN: &str = env!("CARGO_PKG_NAME");

/// One crate, or what Rust links beside the crates.
struct Part {
    /// What the others name it by, unique among them: a package URL.
    id: String,
    name: String,
    version: Option<String>,
    licence: String,
    repository: Option<String>,
    sha256: Option<String>,
    texts: Vec<String>,
    /// The ids of those that it uses itself.
    uses: BTreeSet<String>,
}

impl Part {
    fn is_crate(&self) -> bool {
        self.id.starts_with("pkg:cargo/")
    }
}

/// Writes DIR/lvskit.cdx.json and DIR/THIRD-PARTY.txt, for a build of this target with these features.
pub fn write(dir: &Path, target: Option<&str>, no_default_features: bool) -> Result<()> {
    let rust = said(&std::env::var("RUSTC").unwrap_or("rustc".into()), &["-vV"])?;
    let fact = |name: &str| rust.lines().find_map(|line| line.strip_prefix(name));
    let host = fact("host: ").context("rustc -vV: no host")?;
    let release = fact("release: ").context("rustc -vV: no release")?;
    let target = target.unwrap_or(host);
    let features: &[&str] = if no_default_features { &["--no-default-features"] } else { &[] };
    let (mut own, mut parts) = crates(target, features)?;
    parts.push(besides("rust-std", Some(release), "MIT OR Apache-2.0", &[MIT, APACHE]));
    if target.ends_with("-musl") {
        let text = MIT.lines().map(|line| if line.starts_with("Copyright") { MUSL } else { line });
        parts.push(besides("musl", None, "MIT", &[&text.collect::<Vec<_>>().join("\n")]));
    }
    own.uses.extend(parts.iter().filter(|part| !part.is_crate()).map(|part| part.id.clone()));
    fs::create_dir_all(dir).with_context(|| format!("{}: can't be made", dir.display()))?;
    let write = |name: &str, text: String| {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("{}: can't be written", path.display()))
    };
    let bill = serde_json::to_string_pretty(&bill(&own, &parts, target))?;
    write("lvskit.cdx.json", bill + "\n")?;
    write("THIRD-PARTY.txt", notices(&own, &parts))
}

/// lvskit and the crates in its programs: none that only builds, and none of procedural macros.
fn crates(target: &str, features: &[&str]) -> Result<(Part, Vec<Part>)> {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let tree = ["tree", "--locked", "--edges", "no-build,no-dev,no-proc-macro", "--prefix", "none"];
    let tree = [&tree[..], &["--format", "{p}", "--target", target], features].concat();
    let tree = said(&cargo, &tree)?;
    let built: BTreeSet<(&str, &str)> =
        tree.lines().filter_map(|line| line.split_once(" v")).map(first_word).collect();

    let metadata = ["metadata", "--locked", "--format-version", "1", "--filter-platform", target];
    let metadata: Value =
        serde_json::from_str(&said(&cargo, &[&metadata[..], features].concat())?)?;
    let root = text(&metadata, "workspace_root")?;
    let lock = fs::read_to_string(Path::new(root).join("Cargo.lock"))?;
    let sums = checksums(&lock);

    let mut urls = BTreeMap::new();
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata: no packages")? {
        let (name, version) = (text(package, "name")?, text(package, "version")?);
        if built.contains(&(name, version)) {
            urls.insert(text(package, "id")?, format!("pkg:cargo/{name}@{version}"));
            packages.push(package);
        }
    }
    ensure!(packages.len() == built.len(), "cargo tree and cargo metadata name different crates");
    let uses = uses(&metadata, &urls)?;
    let mut parts = Vec::new();
    for package in packages {
        let (name, version) = (text(package, "name")?, text(package, "version")?);
        let manifest = PathBuf::from(text(package, "manifest_path")?);
        let texts = licence_texts(manifest.parent().unwrap_or(&manifest))?;
        ensure!(!texts.is_empty(), "{name} {version}: no licence file beside its Cargo.toml");
        let id = urls[text(package, "id")?].clone();
        parts.push(Part {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            // The slash is how crates said it before there were expressions.
            licence: text(package, "license")?.replace('/', " OR "),
            repository: package["repository"].as_str().map(str::to_owned),
            sha256: sums.get(&(name, version)).map(|sum| (*sum).to_owned()),
            texts,
            uses: uses.get(&id).cloned().unwrap_or_default(),
            id,
        });
    }
    parts.sort_by(|a, b| a.id.cmp(&b.id));
    let own = parts.iter().position(|part| part.name == OWN).context("lvskit is not there")?;
    Ok((parts.remove(own), parts))
}

fn first_word<'a>((name, rest): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (name, rest.split(' ').next().unwrap_or(rest))
}

/// Who uses whom, among those with a URL.
fn uses(
    metadata: &Value,
    urls: &BTreeMap<&str, String>,
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo metadata: no nodes")?;
    let mut uses = BTreeMap::new();
    for node in nodes {
        let Some(url) = urls.get(text(node, "id")?) else { continue };
        let links = node["deps"].as_array().context("cargo metadata: no deps")?.iter();
        // A kind is null, build or dev.
        let linked = links.filter(|link| {
            let kinds = link["dep_kinds"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        });
        let linked = linked.filter_map(|link| urls.get(link["pkg"].as_str()?)).cloned();
        uses.insert(url.clone(), linked.collect());
    }
    Ok(uses)
}

/// The SHA-256 of each crate, from Cargo.lock.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let packages = lock.split("\n[[package]]\n").skip(1);
    let sums = packages.filter_map(|package| {
        let of = |key: &str| {
            let values = package.lines().filter_map(|line| line.strip_prefix(key));
            values.filter_map(|rest| rest.strip_prefix(" = \"")?.strip_suffix('"')).next()
        };
        Some(((of("name")?, of("version")?), of("checksum")?))
    });
    sums.collect()
}

fn licence_texts(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let name = name.strip_prefix("UN").unwrap_or(&name);
        if LICENCES.iter().any(|start| name.starts_with(start)) && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    let read =
        |path: &PathBuf| fs::read_to_string(path).with_context(|| path.display().to_string());
    files.iter().map(read).collect()
}

fn besides(name: &str, version: Option<&str>, licence: &str, texts: &[&str]) -> Part {
    Part {
        id: name.to_owned(),
        name: name.to_owned(),
        version: version.map(str::to_owned),
        licence: licence.to_owned(),
        repository: None,
        sha256: None,
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        uses: BTreeSet::new(),
    }
}

/// Without time and serial number: the same programs have the same bill.
fn bill(own: &Part, parts: &[Part], target: &str) -> Value {
    let mut application = component(own, "application");
    application["description"] = env!("CARGO_PKG_DESCRIPTION").into();
    let dependencies = std::iter::once(own).chain(parts);
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": application,
            "properties": [{ "name": "lvskit:target", "value": target }],
        },
        "components": parts.iter().map(|part| component(part, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies
            .map(|part| json!({ "ref": part.id, "dependsOn": part.uses }))
            .collect::<Vec<_>>(),
    })
}

fn component(part: &Part, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": part.id,
        "name": part.name,
        "licenses": [{ "expression": part.licence }],
    });
    if let Some(version) = &part.version {
        component["version"] = version.as_str().into();
    }
    if part.is_crate() {
        component["purl"] = part.id.as_str().into();
    }
    if let Some(sum) = &part.sha256 {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    if let Some(url) = &part.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
    }
    component
}

/// Each text once, however its lines are broken, with the names of all that have it.
fn notices(own: &Part, parts: &[Part]) -> String {
    let title = |part: &Part| match &part.version {
        Some(version) => format!("{} {version}", part.name),
        None => part.name.clone(),
    };
    let mut out = format!(
        "The programs of {} contain what is listed here; its own licence is {}.\n\n",
        title(own),
        own.licence
    );
    let mut texts: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    for part in parts {
        let from = part.repository.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        out += &format!("{}: {}{from}\n", title(part), part.licence);
        for text in &part.texts {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(words).or_insert((text, Vec::new())).1.push(title(part));
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then(a.cmp(b)));
    for (text, names) in texts {
        out += &format!("\n{}\n{}:\n\n{}\n", "-".repeat(72), names.join(", "), text.trim_end());
    }
    out
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata: no {key}"))
}

/// What a program prints; it must succeed.
fn said(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).output().with_context(|| program.to_owned())?;
    if !output.status.success() {
        bail!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
