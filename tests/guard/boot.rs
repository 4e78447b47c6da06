//! The units under a running systemd: what is in force when the machine has booted, and in which
//! order it came; what becomes of a flush, of a keepalived that is killed, and of the units when their
//! package is removed. The unit's own confinement holds all the while. `boot.sh` boots, `observer.sh` looks.

use std::io::Write;
use std::process::Command;

use crate::common::netns::inside;

const GUARD: &str = "bypass-ipvs.service";

/// boot.sh's exit code where such a thing can't be done.
const NOT_HERE: i32 = 77;

#[test]
fn the_guard_is_in_force_before_keepalived_and_stays() {
    const NAME: &str = "boot::the_guard_is_in_force_before_keepalived_and_stays";
    // Past the test harness, which would hide it.
    let skipped = |why: &str| drop(writeln!(std::io::stderr(), "SKIPPED {NAME}: {why}"));
    if !nix::unistd::geteuid().is_root() {
        return skipped("needs root, to boot a systemd");
    }
    if !inside(NAME) {
        return;
    }
    let repository = env!("CARGO_MANIFEST_DIR");
    let result = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new("sh")
        .args([&format!("{repository}/tests/common/boot.sh"), "/"])
        .arg(result.path())
        .arg(format!("{repository}/tests/guard/boot.sh"))
        .args([repository, env!("CARGO_BIN_EXE_bypass-ipvs"), env!("CARGO_BIN_EXE_lvskit")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NOT_HERE) {
        return skipped(&format!("no control groups of one's own: {said}"));
    }
    let seen = std::fs::read_to_string(result.path()).unwrap();
    assert!(output.status.success(), "{}: {said}\n{seen}", output.status);

    let active_since = |unit: &str| -> u64 {
        let line = seen.lines().find(|line| line.starts_with(unit));
        let words: Vec<&str> = line.expect(&seen).split(' ').collect();
        assert_eq!(words[1], "active", "{seen}");
        words[2].parse().expect(&seen)
    };
    let order = ["lvskit-settings.service", GUARD, "network.target", "keepalived.service"];
    let times = order.map(active_since);
    assert!(times.is_sorted(), "{order:?}\n{seen}");
    for fact in [
        "at boot: 192.168.3.100 in force, sessions kept",
        "watched by bypass-ipvs --watch",
        "watched by bypass-ipvs --watch -a 192.168.3.110",
        "after a flush: 192.168.3.100 in force, sessions kept",
        "after a change of the file: 192.168.3.120 in force, sessions kept",
        // CAP_NET_ADMIN and CAP_NET_RAW, nothing else.
        "the watcher has 0000000000003000",
        "as MASTER the address is there: 1",
        "after a kill the address is there: 0",
        "after a while the address is there: 1, keepalived is active",
        "at last: 192.168.3.100 in force, sessions kept",
        // In a folder of another user.
        "the metrics: nobody 755, ./lvskit.prom root 644",
        "lvskit_drained 0",
        "after a reload arp_ignore is 1",
        "keepalived: mail_relay: 192.168.3.102 is MASTER now",
        "after a restart the drain file says 0, the address is there: 1",
        "before a drained restart: 192.168.3.102 holds it",
        "after a drained restart the drain file says 1, the address is there: 0",
        "after undrain the drain file says 0, the address is there: 1",
        "with no unit enabled keepalived.service has 0 lines of ours",
        "after an upgrade of the package: active active, enabled enabled",
        "at boot arp_ignore is 1",
        "stopped, with guards in force, settings are inactive, arp_ignore is 1",
        "after its removal: 192.168.3.100 missing, sessions not kept: no fallback route, arp_ignore is 0",
        "after its removal: inactive inactive, disabled disabled",
        "journal: guard in force for 192.168.3.100, watched",
        "journal: took 192.168.3.100 off eth0, where it was left behind",
    ] {
        assert!(seen.lines().any(|line| line == fact), "no {fact:?} in\n{seen}");
    }
}
