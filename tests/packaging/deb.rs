//! The packages for Debian: what is in them, what lintian says, and a real installation, upgrade and removal
//! in a copy of this machine that nobody else sees.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::mount::{MsFlags, mount};

use crate::built::{installed, make, run};
use crate::common::netns::{inside, is_inside};

/// lvskit and lvskit-node, made once, by the first run of a test. They package the build of `make install`.
fn debs() -> &'static [PathBuf; 2] {
    static DEBS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    DEBS.get_or_init(|| {
        if !is_inside() {
            installed();
            run(make().args(["-o", "build", "-o", "docs", "deb"]));
        }
        ["lvskit_", "lvskit-node_"].map(|name| {
            let pattern = format!("{name}*.deb");
            let found = run(Command::new("find").args(["target/deb", "-name", &pattern]));
            Path::new(env!("CARGO_MANIFEST_DIR")).join(found.trim_end())
        })
    })
}

/// What only apt-get's distributions can make.
fn is_debian() -> bool {
    let debian = Path::new("/usr/bin/apt-get").exists();
    if !debian {
        println!("skipped: packages for Debian are made on Debian");
    }
    debian
}

fn field(deb: &Path, name: &str) -> String {
    run(Command::new("dpkg-deb").arg("--field").arg(deb).arg(name))
}

#[test]
fn each_package_has_its_part() {
    if !is_debian() {
        return;
    }
    let [lvskit, node] = debs();
    let files = |deb| run(Command::new("dpkg-deb").arg("--contents").arg(deb));
    for program in
        ["/usr/libexec/", "/usr/lib/systemd", "/usr/lib/sysusers.d", "/usr/share/lvskit/"]
    {
        assert!(!files(lvskit).contains(program), "{program} is for nodes");
        assert!(files(node).contains(program), "{program}");
    }
    assert!(files(lvskit).contains("/usr/bin/lvskit"));
    for listed in ["lvskit.cdx.json", "THIRD-PARTY.txt"] {
        assert!(files(lvskit).contains(&format!("/usr/share/doc/lvskit/{listed}")), "{listed}");
    }
    assert!(!field(lvskit, "Depends").contains("keepalived"));
    for needed in ["keepalived (>= 1:2.1.5)", "nftables", "lvskit (= "] {
        assert!(field(node, "Depends").contains(needed), "{needed}");
    }
}

#[test]
fn lintian_finds_nothing() {
    if !is_debian() {
        return;
    }
    let mut lintian = Command::new("lintian");
    lintian.args([
        "--allow-root",
        "--fail-on",
        "error,warning",
        "--suppress-tags",
        "initial-upload-closes-no-bugs",
    ]);
    let said = run(lintian.args(debs()));
    assert_eq!(said, "");
}

/// Nothing is enabled by an installation; an upgrade keeps a drain; what is left after a purge is the user.
#[test]
fn they_are_installed_upgraded_and_purged() {
    const NAME: &str = "deb::they_are_installed_upgraded_and_purged";
    if !is_debian() {
        return;
    }
    let debs = debs();
    if !inside(NAME) {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        panic!("needs root: dpkg installs");
    }
    let repository = env!("CARGO_MANIFEST_DIR");
    let debs = debs.each_ref().map(|deb| format!("/debs/{}", deb.file_name().unwrap().display()));
    let layers = tempfile::tempdir().unwrap();
    mount(Some("tmpfs"), layers.path(), Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    let folder = |name: &str| {
        let folder = layers.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    let (upper, work, root) = (folder("upper"), folder("work"), folder("root"));
    let options = format!("lowerdir=/,upperdir={},workdir={}", upper.display(), work.display());
    mount(Some("overlay"), &root, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .unwrap();
    std::fs::create_dir(root.join("debs")).unwrap();
    let packages = Path::new(repository).join("target/deb");
    mount(Some(&packages), &root.join("debs"), None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .unwrap();
    for (kind, place) in [("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "run")] {
        mount(Some(kind), &root.join(place), Some(kind), MsFlags::empty(), None::<&str>).unwrap();
    }
    let there = |words: &[&str]| {
        let mut chroot = Command::new("chroot");
        chroot.arg(&root).args(words).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut chroot)
    };
    let _ = Command::new("chroot").arg(&root).args(["deluser", "--quiet", "lvskit"]).status();
    let install: Vec<&str> =
        ["dpkg", "-i"].into_iter().chain(debs.iter().map(String::as_str)).collect();
    for _ in 0..2 {
        there(&install);
        assert_eq!(there(&["dpkg", "-V", "lvskit", "lvskit-node"]), "");
        assert!(there(&["id", "lvskit"]).contains("(lvskit)"));
        assert!(
            there(&["/usr/libexec/keepalived/bypass-ipvs", "--version"]).contains("bypass-ipvs")
        );
        assert!(
            there(&["/usr/libexec/keepalived/smtp-check-tls", "--version"]).contains("smtp-check")
        );
        there(&[
            "lvskit",
            "gen-conf",
            "--stdout",
            "-i",
            "/usr/share/doc/lvskit/keepalived/inventory.yml",
        ]);
        let links = there(&["find", "/etc/systemd", "-name", "*bypass-ipvs*"]);
        assert_eq!(links, "", "nothing is enabled");
    }
    there(&["dpkg", "-r", "lvskit-node"]);
    there(&["dpkg", "-P", "lvskit-node", "lvskit"]);
    let left = there(&[
        "find", "/usr", "/etc", "/run", "-xdev", "-path", "*lvskit*", "-not", "-path", "*/debs/*",
    ]);
    let left: Vec<_> = left.lines().filter(|path| !path.contains(repository)).collect();
    assert_eq!(left, Vec::<&str>::new());
}
