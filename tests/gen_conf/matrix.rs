//! Every sample, for every node, judged by the real keepalived of three releases, which
//! tests/keepalived_versions unpacks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub use crate::common::releases::{KILLS_ITSELF, as_root, judge, skipped, versions};

use crate::common::netns::{Netns, inside};
use crate::common::releases::interfaces;
use crate::place::Place;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The article's inventory and all samples, by name.
pub fn inventories() -> Vec<(String, String)> {
    let mut files = vec![Path::new(REPOSITORY).join("keepalived/inventory.yml")];
    let samples = fs::read_dir(Path::new(REPOSITORY).join("keepalived/samples"));
    files.extend(samples.into_iter().flatten().map(|file| file.unwrap().path()));
    files.retain(|file| file.extension().is_some_and(|it| it == "yml" || it == "json"));
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(file).unwrap())
    };
    files.into_iter().map(read).collect()
}

/// The files of all nodes, by the name of the node.
pub fn render(inventory: &str) -> Result<Vec<(String, String)>, String> {
    let place = Place::with(inventory);
    let run = place.run("--out-dir out");
    if run.code != Some(0) {
        return Err(run.stderr);
    }
    let mut nodes: Vec<String> = fs::read_dir(place.path("out"))
        .unwrap()
        .map(|node| node.unwrap().file_name().into_string().unwrap())
        .collect();
    nodes.sort();
    Ok((nodes.into_iter())
        .map(|node| (place.read(&format!("out/{node}/keepalived.conf")), node))
        .map(|(text, node)| (node, text))
        .collect())
}

#[test]
fn every_sample_is_accepted_by_every_version_on_every_node() {
    if !inside("matrix::every_sample_is_accepted_by_every_version_on_every_node") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("matrix: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    let mut links = BTreeSet::new();
    let (mut files, mut refused, mut as_roots) = (0, Vec::new(), 0);
    let inventories = inventories();
    for (version, target) in versions() {
        for (name, inventory) in &inventories {
            let nodes = match render(&format!("target: keepalived {target}\n{inventory}")) {
                Ok(nodes) => nodes,
                Err(report) => {
                    let newer = format!("keepalived {target} does not know");
                    assert!(report.contains(&newer), "{name}, {version}: {report}");
                    refused.push(format!("{name} for {version}"));
                    continue;
                }
            };
            for (node, text) in nodes {
                for interface in interfaces(&text) {
                    if links.insert(interface.clone()) {
                        let peer = format!("peer{}", links.len());
                        netns.ip(&format!("link add {interface} type veth peer name {peer}"));
                    }
                }
                let (text, changed) = match version {
                    KILLS_ITSELF => as_root(&text),
                    _ => (text, 0),
                };
                as_roots += usize::from(changed > 0);
                let (code, said) = judge(&netns, version, &text);
                let silent = code == Some(0) && said.is_empty();
                assert!(silent, "{name}, {node}, {version}: {code:?} {said}\n{text}");
                files += 1;
            }
        }
    }
    let versions = versions().map(|(version, _)| version).collect::<Vec<_>>().join(", ");
    let refused = match refused.as_slice() {
        [] => "none refused".to_owned(),
        some => format!("refused because of their target: {}", some.join(", ")),
    };
    println!(
        "matrix: {files} files of {} inventories accepted by keepalived {versions}; {refused}; \
         {as_roots} judged with `user root` ({KILLS_ITSELF} can't -t others); no Debian has 2.4",
        inventories.len()
    );
}

/// A judge that accepts everything is none. 2.1.5 tells, but ends with 0.
#[test]
fn every_version_notices_mistakes() {
    if !inside("matrix::every_version_notices_mistakes") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("matrix: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    let good = render(crate::place::ARTICLE).unwrap().remove(0).1;
    for (version, _) in versions() {
        assert_eq!(judge(&netns, version, &good), (Some(0), String::new()), "{version}");
        for (from, to) in [
            ("router_id ", "router_idd "),
            ("advert_int 2", "advert 2"),
            ("interface eth0", "interface eth1"),
            ("lb_kind DR", "lb_kind XX"),
            ("SMTP_CHECK {", "SMTP_CHEK {"),
            ("helo_name ", "helo_nam "),
        ] {
            assert!(good.contains(from));
            let (code, said) = judge(&netns, version, &good.replace(from, to));
            assert_ne!(said, "", "{version} ended with {code:?} and says nothing to `{to}`");
            assert!(code != Some(0) || version == "2.1.5", "{version}, {to}: {said}");
        }
    }
}
