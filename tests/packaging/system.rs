//! What the package tells systemd and the kernel: the units, the settings, the
//! drain file. The real systemd-analyze, systemd-tmpfiles and sysctl read the files
//! that `make install` puts in place; no systemd has to run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};

use crate::built::{installed, run};
use crate::common::netns::inside;

const UNIT: &str = "usr/lib/systemd/system/bypass-ipvs.service";
const UNIT_OF_ONE: &str = "usr/lib/systemd/system/bypass-ipvs@.service";
/// keepalived.service has it while one of our units is enabled.
const DROP_IN: &str = "usr/share/lvskit/keepalived.service.conf";
const GENERATOR: &str = "usr/lib/systemd/system-generators/lvskit";
const SETTINGS_UNIT: &str = "usr/lib/systemd/system/lvskit-settings.service";
const METRICS_UNIT: &str = "usr/lib/systemd/system/lvskit-metrics.service";
const METRICS_TIMER: &str = "usr/lib/systemd/system/lvskit-metrics.timer";
const SYSCTL: &str = "usr/share/lvskit/sysctl.conf";
const TMPFILES: &str = "usr/lib/tmpfiles.d/lvskit.conf";

/// What the unit must come after, as Debian and Red Hat order them.
const NEIGHBOURS: [(&str, &str); 3] = [
    (
        "nftables.service",
        "DefaultDependencies=no\nWants=network-pre.target\n\
         Before=network-pre.target shutdown.target sysinit.target\nConflicts=shutdown.target",
    ),
    ("firewalld.service", "Wants=network-pre.target\nBefore=network-pre.target"),
    ("keepalived.service", "Wants=network-online.target\nAfter=network-online.target"),
];

fn read(path: &str) -> String {
    fs::read_to_string(installed().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a file that are not comments.
fn settings(path: &str) -> Vec<String> {
    let text = read(path);
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn nobody_but_root_may_write_them() {
    for path in [
        UNIT,
        UNIT_OF_ONE,
        SETTINGS_UNIT,
        METRICS_UNIT,
        METRICS_TIMER,
        DROP_IN,
        SYSCTL,
        TMPFILES,
        "usr/lib/sysusers.d/lvskit.conf",
    ] {
        let mode = fs::metadata(installed().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644, "{path}");
    }
}

/// The program of ours and its arguments that a line of a unit starts; by env, as SELinux wants it.
fn started<'a>(line: &'a str, key: &str) -> (&'a str, &'a str) {
    let command = line.strip_prefix(key).unwrap();
    let command = command.strip_prefix("/usr/bin/env ").expect(line);
    command.split_once(' ').unwrap()
}

#[test]
fn the_units_start_the_installed_program() {
    for (unit, arguments, default) in
        [(UNIT, "--watch $OPTIONS", ""), (UNIT_OF_ONE, "--watch $OPTIONS -a %i", "--keep-sessions")]
    {
        let unit = read(unit);
        let line = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        let (program, options) = started(line, "ExecStart=");
        assert!(installed().join(&program[1..]).is_file(), "{line}");
        assert_eq!(options, arguments);
        let set = unit.lines().find_map(|line| line.strip_prefix("Environment=OPTIONS="));
        assert_eq!(set, Some(default));
        assert!(!unit.contains("DIR@"), "{unit}");
        // The program knows every option, and those that a comment names.
        let help = Command::new(installed().join(&program[1..])).arg("--help").output().unwrap();
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let named = unit.split([' ', '"', '=', '\n']).filter(|word| word.starts_with("--"));
        for option in named {
            assert!(help.contains(option), "{option} is not in\n{help}");
        }
    }
}

/// RHEL's and Fedora's policy does not let systemd start what keepalived may start; labels follow
/// paths.
#[test]
fn systemd_starts_nothing_outside_of_its_folders() {
    for path in [UNIT, UNIT_OF_ONE, SETTINGS_UNIT, METRICS_UNIT, DROP_IN] {
        let text = read(path);
        let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("Exec")).collect();
        assert!(!commands.is_empty(), "{path}");
        for line in commands {
            let command =
                line.split_once('=').unwrap().1.trim_start_matches(['-', '@', '+', '!', ':']);
            let allowed = ["/usr/bin/", "/usr/sbin/", "/sbin/"]
                .iter()
                .any(|folder| command.starts_with(folder));
            assert!(allowed, "{path}: {line}");
        }
    }
}

/// By the same policy keepalived runs what is in its folder of /usr/libexec and in /usr/bin, and reads files
/// below /run/keepalived* and /etc/keepalived.
#[test]
fn keepalived_is_sent_to_nothing_outside_of_its_folders() {
    let rendered = run(Command::new("git").args(["ls-files", "keepalived/*/keepalived.conf"]));
    let rendered: Vec<_> = rendered.lines().map(|path| fs::read_to_string(path).unwrap()).collect();
    let paths: Vec<&str> = (rendered.iter().flat_map(|text| text.split([' ', '"', '\n'])))
        .filter(|word| word.starts_with('/') && word.len() > 1)
        .collect();
    assert!(paths.contains(&"/run/keepalived-lvskit/drain"), "{paths:?}");
    for path in paths {
        let allowed =
            ["/usr/libexec/keepalived/", "/usr/bin/", "/run/keepalived", "/etc/keepalived/"];
        assert!(allowed.iter().any(|folder| path.starts_with(folder)), "{path}");
    }
    assert!(read(TMPFILES).contains("f /run/keepalived-lvskit/drain "));
}

/// keepalived may be killed, or its interface come late: what it left behind goes, and it comes back.
#[test]
fn the_drop_in_gives_up_what_keepalived_left_behind() {
    let drop_in = read(DROP_IN);
    let line = drop_in.lines().find(|line| line.starts_with("ExecStopPost=")).unwrap();
    let (program, options) = started(line, "ExecStopPost=-");
    assert_eq!(options, "--give-up");
    assert!(installed().join(&program[1..]).is_file());
    for line in ["StartLimitIntervalSec=0", "Restart=on-failure"] {
        assert!(drop_in.lines().any(|one| one == line), "no {line} in\n{drop_in}");
    }
}

/// Installing changes no keepalived where nothing of ours is enabled.
#[test]
fn only_an_enabled_unit_brings_the_drop_in() {
    let installed = installed();
    if !inside("system::only_an_enabled_unit_brings_the_drop_in") {
        return;
    }
    let (none, flags) = (None::<&str>, MsFlags::empty());
    mount(Some("tmpfs"), "/etc/systemd/system", Some("tmpfs"), flags, none).unwrap();
    let generator = installed.join(GENERATOR);
    assert_eq!(fs::metadata(&generator).unwrap().permissions().mode() & 0o7777, 0o755);
    let brought = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        run(Command::new(&generator).args([path, path, path]));
        fs::read_link(path.join("keepalived.service.d/lvskit.conf")).ok()
    };
    assert_eq!(brought(), None);
    fs::create_dir("/etc/systemd/system/multi-user.target.wants").unwrap();
    for unit in ["bypass-ipvs.service", "bypass-ipvs@fd00::100.service"] {
        let link = format!("/etc/systemd/system/multi-user.target.wants/{unit}");
        symlink("/nonexistent", &link).unwrap();
        let drop_in = brought().unwrap();
        assert_eq!(drop_in, Path::new("/").join(DROP_IN));
        assert!(installed.join(DROP_IN).is_file());
        fs::remove_file(link).unwrap();
        assert_eq!(brought(), None);
    }
}

/// Another node takes over before keepalived stops, and what was drained stays so.
#[test]
fn the_drop_in_hands_over() {
    let drop_in = read(DROP_IN);
    for (key, arguments) in [
        ("ExecStartPre", "drain --restore"),
        ("ExecStop", "drain --stopping"),
        ("ExecStopPost", "undrain --stopping"),
    ] {
        let line = format!("{key}=-/usr/bin/lvskit {arguments}");
        assert!(drop_in.lines().any(|one| one == line), "no {line} in\n{drop_in}");
    }
    assert!(installed().join("usr/bin/lvskit").is_file());
}

/// A folder with the units, started by a program that exists, and the neighbours.
struct Units(tempfile::TempDir);

impl Units {
    fn new(edit: impl Fn(&str) -> String) -> Units {
        let dir = tempfile::tempdir().unwrap();
        let names = [UNIT, UNIT_OF_ONE, SETTINGS_UNIT, METRICS_UNIT, METRICS_TIMER]
            .map(|path| (path, path.rsplit_once('/').unwrap().1));
        for (path, name) in names {
            fs::write(dir.path().join(name), edit(&read(path))).unwrap();
        }
        let instance = dir.path().join("bypass-ipvs@192.168.3.100.service");
        symlink("bypass-ipvs@.service", instance).unwrap();
        for (name, section) in NEIGHBOURS {
            let text = format!("[Unit]\n{section}\n[Service]\nExecStart=/bin/true\n");
            fs::write(dir.path().join(name), text).unwrap();
        }
        let drop_in = read(DROP_IN);
        fs::create_dir(dir.path().join("keepalived.service.d")).unwrap();
        fs::write(dir.path().join("keepalived.service.d/lvskit.conf"), drop_in).unwrap();
        Units(dir)
    }

    /// What systemd has to say about starting all of them.
    fn complaints(&self) -> String {
        let mut files: Vec<PathBuf> =
            NEIGHBOURS.iter().map(|(name, _)| self.0.path().join(name)).collect();
        for name in [
            "bypass-ipvs.service",
            "bypass-ipvs@192.168.3.100.service",
            "lvskit-settings.service",
            "lvskit-metrics.timer",
        ] {
            files.push(self.0.path().join(name));
        }
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .args(files)
            .output()
            .expect("systemd-analyze is needed; tests/deps systemd installs it");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn systemd_understands_the_units_and_finds_no_cycle() {
    let complaints = Units::new(str::to_owned).complaints();
    assert_eq!(complaints, "");
    let misspelt = |unit: &str| unit.replace("ProtectHome=", "ProtectHom=");
    assert!(Units::new(misspelt).complaints().contains("ProtectHom"));
    let cycle =
        |unit: &str| unit.replace("Before=network", "Before=systemd-sysctl.service network");
    assert!(Units::new(cycle).complaints().contains("ordering cycle"));
}

#[test]
fn an_address_of_either_family_is_an_instance_as_it_is() {
    for vip in ["192.168.3.100", "fd00::100"] {
        let name = run(Command::new("systemd-escape")
            .args(["--template=bypass-ipvs@.service", vip])
            .env("LC_ALL", "C"));
        assert_eq!(name.trim_end(), format!("bypass-ipvs@{vip}.service"));
    }
}

#[test]
fn it_is_ordered_after_what_replaces_rules_and_before_keepalived() {
    for unit in [UNIT, UNIT_OF_ONE] {
        let unit = read(unit);
        let mut orders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in unit.lines() {
            if let Some((key @ ("After" | "Before"), names)) = line.split_once('=') {
                orders.entry(key).or_default().extend(names.split(' '));
            }
        }
        for name in ["lvskit-settings.service", "nftables.service", "firewalld.service"] {
            assert!(orders["After"].contains(&name), "{orders:?}");
        }
        assert!(orders["Before"].contains(&"keepalived.service"), "{orders:?}");
    }
}

/// Those of ip_vs where it is loaded, the others in any case; and back.
#[test]
fn the_settings_take_effect() {
    if !inside("system::the_settings_take_effect") {
        return;
    }
    // Not the installed one: this process would install it again, below the other tests.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/lvskit/sysctl.conf");
    for (place, kind) in [("/usr/share", "tmpfs"), ("/run", "tmpfs")] {
        mount(None::<&str>, place, Some(kind), MsFlags::empty(), None::<&str>).unwrap();
    }
    fs::create_dir("/usr/share/lvskit").unwrap();
    fs::copy(file, "/usr/share/lvskit/sysctl.conf").unwrap();
    let key = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}"));
    let arp =
        || ["arp_ignore", "arp_announce"].map(|name| key(&format!("conf/all/{name}")).unwrap());
    let before = arp();
    let ours = |option: &str| run(Command::new(env!("CARGO_BIN_EXE_bypass-ipvs")).arg(option));
    ours("--apply-settings");
    assert_eq!(arp(), ["1\n", "2\n"]);
    if key("vs/sync_threshold").is_ok() {
        assert_eq!(key("vs/sync_threshold").unwrap(), "2\t50\n");
        assert_eq!(key("vs/sync_refresh_period").unwrap(), "5\n");
    }
    ours("--restore-settings");
    assert_eq!(arp(), before);
}

/// What is needed for safety stands before the keys that may be missing without ip_vs.
#[test]
fn the_keys_of_ip_vs_stand_last() {
    let lines = settings(SYSCTL);
    let of_ip_vs = |line: &&String| line.starts_with("net.ipv4.vs.");
    assert_eq!(lines.iter().filter(of_ip_vs).count(), 4, "{lines:?}");
    assert!(lines.is_sorted_by_key(|line| of_ip_vs(&line)), "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("net.") && line.contains(" = ")), "{lines:?}");
    assert_eq!(read(SYSCTL), include_str!("../../packaging/lvskit/sysctl.conf"));
    let unit = read(SETTINGS_UNIT);
    assert!(unit.contains("\nExecStartPre=-/sbin/modprobe --quiet ip_vs\n"), "{unit}");
}

#[test]
fn the_drain_file_is_made_once_and_says_zero() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("run/keepalived-lvskit/drain");
    let folder = root.path().join("usr/lib/tmpfiles.d");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(installed().join(TMPFILES), folder.join("lvskit.conf")).unwrap();
    // Who runs the tests stands for the user of sysusers.d, whom this root has not got.
    fs::create_dir(root.path().join("etc")).unwrap();
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    fs::write(
        root.path().join("etc/passwd"),
        format!("root:x:0:0::/:/\nlvskit:x:{uid}:{gid}::/:/\n"),
    )
    .unwrap();
    fs::write(root.path().join("etc/group"), format!("root:x:0:\nlvskit:x:{gid}:\n")).unwrap();
    let create = || {
        let root = format!("--root={}", root.path().display());
        run(Command::new("systemd-tmpfiles").args([&root, "--create", "lvskit.conf"]));
    };
    create();
    assert_eq!(fs::read_to_string(&file).unwrap(), "0");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o644, 0o755));
    assert_eq!(mode(&root.path().join("run/keepalived-lvskit/smtp-check")), 0o755);
    // An upgrade of the package must not end a drain.
    fs::write(&file, "1\n").unwrap();
    create();
    assert_eq!(fs::read_to_string(&file).unwrap(), "1\n");
}
