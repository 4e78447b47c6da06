//! The packages on Debian 12 and 13 under a running systemd: installed they change nothing; a guard that was
//! enabled stays in force while they are upgraded, by a new watcher; with them all of it goes.

use std::path::Path;
use std::process::Command;

use super::common::netns::inside;
use super::deb::{debs, next_version};

#[test]
#[ignore = "needs the roots of tests/deps deb_roots: make packages"]
fn the_guard_stays_while_they_are_upgraded_and_goes_with_them() {
    const NAME: &str = "booted::the_guard_stays_while_they_are_upgraded_and_goes_with_them";
    let debs = debs();
    if !inside(NAME) {
        return;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for deb in debs {
        std::fs::copy(deb, folder.path().join(deb.file_name().unwrap())).unwrap();
    }
    let next = folder.path().join("next");
    std::fs::create_dir(&next).unwrap();
    next_version(debs, &next);
    for suite in ["bookworm", "trixie"] {
        let result = tempfile::NamedTempFile::new().unwrap();
        let booted = repository.join("tests/packaging/booted");
        // Each has an eth0 of its own.
        let output = Command::new("unshare")
            .args(["--net", "sh"])
            .arg(repository.join("tests/common/boot.sh"))
            .arg(repository.join("target/deb-roots").join(suite))
            .arg(result.path())
            .arg(booted.join("prepare.sh"))
            .arg(booted.join("observer.sh"))
            .arg(folder.path())
            .output()
            .unwrap();
        let seen = std::fs::read_to_string(result.path()).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no boot of {suite}: {}: {said}\n{seen}", output.status);
        let expected = "\
installed: guard disabled inactive, settings static inactive, arp_ignore 0, no table
enabled: guard enabled active, settings static active, arp_ignore 1, tables
enabled: 192.168.3.100 in force, sessions kept
upgraded: guard enabled active, settings static active, arp_ignore 1, tables
upgraded: another watcher
upgraded: 0 gaps
removed: guard gone inactive, settings gone inactive, arp_ignore 0, no table
purged: guard gone inactive, settings gone inactive, arp_ignore 0, no table
purged: 0 files of units
keepalived: active, the same process
";
        assert_eq!(seen, expected, "{suite}");
        println!("{suite}: installed, upgraded and purged under a running systemd");
    }
}
