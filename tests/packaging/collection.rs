//! The Ansible collection, built and installed by ansible-galaxy without a network: its playbooks run by their names, in a
//! directory that has nothing but the reader's own two inventories.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ansibles::Ansible;
use super::built::{installed, run};
use super::common::netns::inside;
use super::site::{NODES, PASSWORD, PLAYBOOKS, Site};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ansible")
}

/// The site with the installed collection in place of the copied playbooks and role.
fn with_collection() -> Site {
    let site = Site::new();
    PLAYBOOKS.iter().for_each(|playbook| fs::remove_file(site.path(playbook)).unwrap());
    fs::remove_dir_all(site.path("roles")).unwrap();
    site.galaxy(&["build", &source().display().to_string(), "--output-path", "built"]);
    let built = run(Command::new("find").arg(site.path("built")).args(["-name", "*.tar.gz"]));
    site.galaxy(&["install", "--offline", "-p", "collections", built.trim_end()]);
    site
}

#[test]
fn its_playbooks_run_by_their_names() {
    if !inside("collection::its_playbooks_run_by_their_names") {
        return;
    }
    let site = with_collection();
    // A file that the inventory names is beside the inventory.
    site.edit_inventory("auth_pass: mrelay", "auth_pass: {file: vrrp_pass}");
    fs::write(site.path("vrrp_pass"), PASSWORD).unwrap();
    site.play_as("lvskit.cluster.site", &[]).succeeded().without(PASSWORD);
    assert_eq!(site.reloaded(), NODES);
    for node in NODES {
        let text = fs::read_to_string(site.conf(node)).unwrap();
        assert!(text.contains(&format!("auth_pass {PASSWORD}")), "{node}: {text}");
    }
    assert!(site.path("rendered").join(NODES[0]).is_dir());
    let collection = site.path("collections/ansible_collections/lvskit/cluster");
    assert!(!collection.join("playbooks/rendered").exists(), "passwords lie in the collection");

    for playbook in PLAYBOOKS {
        let name = format!("lvskit.cluster.{}", playbook.trim_end_matches(".yml"));
        let listed = site.run(&name, &["--list-tasks"]).succeeded();
        assert!(listed.text.contains("lvskit.cluster.node : "), "{name}: {}", listed.text);
    }
}

/// Ansible's own checks of collections, all of them, in a network without a way out: what they need beside Ansible itself,
/// tests/deps has downloaded.
#[test]
fn ansible_test_finds_nothing() {
    if !inside("collection::ansible_test_finds_nothing") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let collection = folder.path().join("ansible_collections/lvskit/cluster");
    fs::create_dir_all(&collection).unwrap();
    run(Command::new("cp").arg("-rT").arg(source()).arg(&collection));
    let prepared = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ansible-sanity");
    run(Command::new("cp").arg("-rT").arg(prepared.join("home")).arg(folder.path().join("home")));
    // ansible-test hands no variables of pip's on.
    let settings =
        format!("[global]\nno-index = true\nfind-links = {}/wheels\n", prepared.display());
    fs::create_dir_all(folder.path().join("home/.config/pip")).unwrap();
    fs::write(folder.path().join("home/.config/pip/pip.conf"), settings).unwrap();
    let sanity = |options: &[&str]| {
        let mut test = Command::new(Ansible::Newer.program("ansible-test"));
        test.args(["sanity", "--color", "no", "--python", "default"]).args(options);
        test.current_dir(&collection)
            .env("HOME", folder.path().join("home"))
            .env("LC_ALL", "C.UTF-8");
        let output = test.output().expect("tests/deps ansible installs Ansible");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let (ok, text) = sanity(&[]);
    assert!(ok, "{text}");
    for test in ["ansible-doc", "runtime-metadata", "shebang", "validate-modules", "yamllint"] {
        assert!(text.contains(&format!("Running sanity test \"{test}\"")), "no {test}: {text}");
    }
    assert!(!text.contains("skip"), "{text}");

    fs::write(collection.join("meta/runtime.yml"), "requires_ansible: 1\n").unwrap();
    let (ok, text) = sanity(&["--test", "runtime-metadata"]);
    assert!(!ok && text.contains("meta/runtime.yml:"), "it finds no fault: {text}");
}

/// README installs the collection from the package.
#[test]
fn the_package_has_all_of_it() {
    let listed = run(Command::new("git").args(["ls-files", "packaging/ansible"]));
    let all = listed.lines().filter(|path| !path.contains("/."));
    let package = installed().join("usr/share/doc/lvskit");
    let there =
        run(Command::new("find").arg(package.join("packaging/ansible")).args(["-type", "f"]));
    let there = there.lines().map(|path| path.strip_prefix(package.to_str().unwrap()).unwrap());
    let there: BTreeSet<_> = there.map(|path| path.trim_start_matches('/')).collect();
    assert_eq!(all.collect::<BTreeSet<_>>(), there);
}
