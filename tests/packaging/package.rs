//! The RPMs: the right files, with the right owners and modes, that find each other; and what one host
//! gets of which.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::built::{installed, rpms, run, unpacked};
use super::certificates::Authority;
use super::common::server::Step::{Hear, Tls};
use super::common::server::{FakeServer, say};

const PROGRAMS: [&str; 4] = [
    "/usr/bin/lvskit",
    "/usr/libexec/keepalived/bypass-ipvs",
    "/usr/libexec/keepalived/smtp-check",
    "/usr/libexec/keepalived/smtp-check-tls",
];

/// What both RPMs answer.
fn query(format: &str) -> String {
    run(Command::new("rpm").args(["-qp", "--qf", format]).args([&rpms().lvskit, &rpms().node]))
}

/// What `rpm -qp OPTION` says of one of them.
fn told(option: &str, rpm: &Path) -> String {
    run(Command::new("rpm").args(["-qp", option]).arg(rpm))
}

/// A host that renders files is no node: nothing of it changes, and it needs no keepalived.
#[test]
fn a_controller_gets_the_renderer_and_nothing_else() {
    let files = told("--list", &rpms().lvskit);
    for file in files.lines() {
        let allowed = [
            "/usr/bin/lvskit",
            "/usr/lib/.build-id",
            "/usr/share/bash-completion/",
            "/usr/share/doc/lvskit",
            "/usr/share/fish/",
            "/usr/share/licenses/lvskit",
            "/usr/share/man/",
            "/usr/share/zsh/",
        ];
        assert!(allowed.iter().any(|folder| file.starts_with(folder)), "{file}");
    }
    assert_eq!(told("--scripts", &rpms().lvskit), "");
    let requires = told("--requires", &rpms().lvskit);
    let libraries = ["libc.so", "libm.so", "ld-linux", "rpmlib(", "rtld("];
    for line in requires.lines() {
        assert!(libraries.iter().any(|library| line.starts_with(library)), "{line}");
    }
}

#[test]
fn a_node_gets_what_it_needs() {
    let requires = told("--requires", &rpms().node);
    for needed in ["keepalived >= 2.1.5", "nftables", "lvskit(", "libssl.so.3"] {
        assert!(requires.lines().any(|line| line.starts_with(needed)), "{needed}\n{requires}");
    }
    assert!(told("--recommends", &rpms().node).contains("ipvsadm"));
}

/// What it would say all the same is argued in packaging/rpm/rpmlintrc.
#[test]
fn rpmlint_finds_nothing() {
    let mut rpmlint = Command::new("rpmlint");
    rpmlint.args(["--rpmlintrc", "packaging/rpm/rpmlintrc"]);
    let said = run(rpmlint.args([&rpms().lvskit, &rpms().node, &rpms().source]));
    assert!(said.contains("3 packages and 0 specfiles checked; 0 errors, 0 warnings"), "{said}");
}

/// Into an empty root, and out again: nothing is left, and nothing was altered.
#[test]
fn erasing_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let rpm = || {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(root.path());
        rpm
    };
    run(rpm().arg("--initdb"));
    let install = ["-i", "--nodeps", "--noscripts"];
    run(rpm().args(install).args([&rpms().lvskit, &rpms().node]));
    assert_eq!(run(rpm().args(["-V", "--nodeps", "lvskit", "lvskit-node"])), "");
    run(rpm().args(["-e", "--nodeps", "--noscripts", "lvskit", "lvskit-node"]));
    let left = run(Command::new("find").arg(root.path()).args([
        "-name",
        "*lvskit*",
        "-o",
        "-name",
        "*keepalived*",
    ]));
    let left: Vec<_> = left.lines().filter(|path| !path.ends_with("/libexec/keepalived")).collect();
    assert_eq!(left, Vec::<&str>::new(), "the folder in libexec is keepalived's own");
}

/// enable_script_security refuses scripts that another than root may write.
#[test]
fn programs_belong_to_root_and_only_root_may_write_them() {
    let files = query("[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\\n]");
    for program in PROGRAMS {
        let line = format!("-rwxr-xr-x root root {program}");
        assert!(files.lines().any(|file| file == line), "{line} is not among\n{files}");
    }
}

#[test]
fn units_and_settings_are_where_systemd_looks() {
    let files = query("[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\\n]");
    for file in [
        "systemd/system/bypass-ipvs.service",
        "systemd/system/bypass-ipvs@.service",
        "systemd/system/lvskit-settings.service",
        "systemd/system/lvskit-metrics.service",
        "systemd/system/lvskit-metrics.timer",
        "tmpfiles.d/lvskit.conf",
        "sysusers.d/lvskit.conf",
    ] {
        let line = format!("-rw-r--r-- root root /usr/lib/{file}");
        assert!(files.lines().any(|file| file == line), "{line} is not among\n{files}");
    }
    // A macro that rpm did not know would be in the scripts as it stands.
    let scripts = told("--scripts", &rpms().node);
    for unit in ["bypass-ipvs.service", "bypass-ipvs@"] {
        assert!(scripts.contains(unit), "{scripts}");
    }
    assert!(!scripts.contains("%systemd"), "{scripts}");
}

#[test]
fn make_install_and_the_rpms_hold_the_same_files() {
    let here =
        run(Command::new("find").arg(installed()).args(["!", "-type", "d", "-printf", "/%P\\n"]));
    let here: BTreeSet<&str> = here.lines().collect();
    let all = query("[%{FILEMODES:perms} %{FILENAMES}\\n]");
    // Folders, and what rpmbuild adds of its own accord.
    let packaged: BTreeSet<&str> = (all.lines())
        .filter_map(|line| line.split_once(' '))
        .filter(|(mode, _)| !mode.starts_with('d'))
        .map(|(_, path)| path.trim_end_matches(".gz"))
        .filter(|path| !path.contains("/.build-id/") && !path.starts_with("/usr/share/licenses/"))
        .collect();
    assert_eq!(here, packaged);
    for program in PROGRAMS {
        assert!(here.contains(program), "{program}");
    }
}

#[test]
fn the_packaged_inventory_names_programs_of_the_package() {
    let root = unpacked();
    for program in PROGRAMS {
        let version = run(Command::new(root.join(&program[1..])).arg("--version"));
        assert!(version.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{program}: {version}");
    }
    let conf = run(Command::new(root.join("usr/bin/lvskit"))
        .args(["gen-conf", "--stdout", "-i"])
        .arg(root.join("usr/share/doc/lvskit/keepalived/inventory.yml")));
    let named: BTreeSet<&str> =
        conf.split([' ', '"', '\n']).filter(|word| word.starts_with("/usr/")).collect();
    assert!(!named.is_empty(), "{conf}");
    for path in named {
        assert!(root.join(&path[1..]).is_file(), "{path} is not in the package");
    }
}

/// The loader takes longer for OpenSSL than a check without TLS does, and an OpenSSL that does not fit
/// must stop no such check.
#[test]
fn only_the_program_for_tls_needs_openssl() {
    for program in PROGRAMS {
        let libraries = run(Command::new("ldd").arg(unpacked().join(&program[1..])));
        let needs = libraries.contains("libssl.so") && libraries.contains("libcrypto.so");
        assert_eq!(needs, program.ends_with("-tls"), "{program}: {libraries}");
    }
}

/// In their folder, and nowhere else: `smtp-check` finds the other there.
#[test]
fn the_packaged_probe_does_tls() {
    let tls = Tls(Authority::new().server(30));
    let script = [tls, say("220 a\r\n"), Hear, say("250 b\r\n"), Hear, say("221 c\r\n")];
    let server = FakeServer::local(script.to_vec());
    let port = server.address().port().to_string();
    let probe = unpacked().join("usr/libexec/keepalived/smtp-check");
    let told = run(Command::new(probe).args(["127.0.0.1", "--tls", "--json", "-p", &port]));
    assert!(
        told.contains(r#""version":"TLSv1.3""#) && told.contains(r#""verdict":"up""#),
        "{told}"
    );
}

#[test]
fn version_and_licences_are_those_of_cargo() {
    assert_eq!(query("%{VERSION} "), format!("{0} {0} ", env!("CARGO_PKG_VERSION")));
    let tag = run(Command::new("rpm").args(["-qp", "--qf", "%{LICENSE}"]).arg(&rpms().node));
    assert!(tag.starts_with(&format!("({})", env!("CARGO_PKG_LICENSE"))), "{tag}");
    // rpm before 4.19 adds the version to the folder's name.
    let list = run(Command::new("find").arg(unpacked()).args(["-name", "LICENSE.dependencies"]));
    let list = std::fs::read_to_string(list.lines().next().unwrap()).unwrap();
    assert!(list.contains(": clap v"), "{list}");
    for line in list.lines() {
        let licences = line.rsplit_once(": ").unwrap().0;
        for licence in licences.split(['(', ')', '/', ' ']).filter(|word| !word.is_empty()) {
            assert!(tag.contains(licence), "the spec file's License lacks {line}");
        }
    }
}
