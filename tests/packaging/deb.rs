//! The packages for Debian: what is in them, what lintian says, and a real installation, upgrade and removal
//! in copies of this machine and of other releases that nobody else sees.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::mount::{MsFlags, mount};

use crate::built::{installed, make, run};
use crate::common::netns::{inside, is_inside};
use crate::pages::{broken, pages};

/// lvskit and lvskit-node, made once, by the first run of a test. They package the build of `make install`.
pub fn debs() -> &'static [PathBuf; 2] {
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

/// The changelogs as policy wants them; all else as README links to it and ansible-galaxy reads it.
#[test]
fn the_pages_stay_as_they_are() {
    if !is_debian() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("dpkg-deb").arg("--extract").arg(&debs()[0]).arg(folder.path()));
    let files = |root: &Path| {
        let listed = run(Command::new("find").arg(root).args(["-type", "f", "-printf", "%P\\n"]));
        listed.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let docs = Path::new("usr/share/doc/lvskit");
    let mut expected = files(&installed().join(docs));
    expected.extend(["changelog.Debian.gz", "changelog.gz", "copyright"].map(str::to_owned));
    assert_eq!(files(&folder.path().join(docs)), expected);
    for page in pages() {
        assert_eq!(broken(&folder.path().join(docs), &page), Vec::<String>::new());
    }
    let unpack =
        |name: &str| run(Command::new("gzip").arg("-dc").arg(folder.path().join(docs).join(name)));
    let changes = std::fs::read_to_string(folder.path().join(docs).join("CHANGELOG.md")).unwrap();
    assert!(unpack("changelog.gz") == changes, "changelog.gz is another file");
    let version = format!("lvskit ({}) ", field(&debs()[0], "Version").trim());
    assert!(unpack("changelog.Debian.gz").starts_with(&version), "{version}");
}

/// What it would say all the same is argued in debian/*.lintian-overrides.
#[test]
fn lintian_finds_nothing() {
    if !is_debian() {
        return;
    }
    let mut lintian = Command::new("lintian");
    lintian.args(["--allow-root", "--fail-on", "error,warning", "--display-info", "--pedantic"]);
    let said = run(lintian.args(debs()));
    assert_eq!(said, "");
}

/// A copy of a root that is gone with the namespace of the test, in which programs can be run.
pub struct Root(PathBuf);

impl Root {
    /// Of `lower`, with the packages in /debs.
    pub fn new(lower: &Path, layers: &Path, debs: &Path) -> Root {
        mount(Some("tmpfs"), layers, Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
        let [upper, work, root] = ["upper", "work", "root"].map(|name| {
            let folder = layers.join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        });
        let layers = [lower, &upper, &work].map(|path| path.display().to_string());
        let options =
            format!("lowerdir={},upperdir={},workdir={}", layers[0], layers[1], layers[2]);
        mount(Some("overlay"), &root, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
            .unwrap();
        std::fs::create_dir(root.join("debs")).unwrap();
        mount(Some(debs), &root.join("debs"), None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .unwrap();
        for (kind, place) in [("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "run")] {
            mount(Some(kind), &root.join(place), Some(kind), MsFlags::empty(), None::<&str>)
                .unwrap();
        }
        Root(root)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What a program prints there; it must succeed.
    pub fn run(&self, words: &[&str]) -> String {
        let mut chroot = Command::new("chroot");
        chroot.arg(&self.0).args(words).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut chroot)
    }

    /// The packages are whole, their programs run, and nothing is enabled.
    fn is_whole(&self) {
        assert_eq!(self.run(&["dpkg", "-V", "lvskit", "lvskit-node"]), "");
        assert!(self.run(&["id", "lvskit"]).contains("(lvskit)"));
        for (program, name) in [
            ("bypass-ipvs", "bypass-ipvs"),
            ("smtp-check", "smtp-check"),
            ("smtp-check-tls", "smtp-check"),
        ] {
            let version = self.run(&[&format!("/usr/libexec/keepalived/{program}"), "--version"]);
            assert!(version.starts_with(&format!("{name} ")), "{program}: {version}");
        }
        let inventory = "/usr/share/doc/lvskit/keepalived/inventory.yml";
        self.run(&["lvskit", "gen-conf", "--stdout", "-i", inventory]);
        let links = self.run(&["find", "/etc/systemd", "-name", "*bypass-ipvs*"]);
        assert_eq!(links, "", "nothing is enabled");
    }

    /// What is left of the packages.
    fn left(&self) -> Vec<String> {
        let find = ["find", "/usr", "/etc", "/run", "/var/lib", "-xdev", "-path", "*lvskit*"];
        let left = self.run(&find);
        let repository = env!("CARGO_MANIFEST_DIR");
        let left = left.lines().filter(|path| !path.contains(repository));
        left.map(str::to_owned).collect()
    }
}

/// The folder of the packages, and their paths where it is /debs.
fn in_debs(debs: &[PathBuf; 2]) -> (&Path, [String; 2]) {
    let paths = debs.each_ref().map(|deb| format!("/debs/{}", deb.file_name().unwrap().display()));
    (debs[0].parent().unwrap(), paths)
}

#[track_caller]
pub fn must_be_root() {
    assert!(nix::unistd::geteuid().is_root(), "needs root: dpkg installs");
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
    must_be_root();
    let layers = tempfile::tempdir().unwrap();
    let (folder, [lvskit, node]) = in_debs(debs);
    let root = Root::new(Path::new("/"), layers.path(), folder);
    let _ = Command::new("chroot").arg(&root.0).args(["deluser", "--quiet", "lvskit"]).status();
    for _ in 0..2 {
        root.run(&["dpkg", "-i", &lvskit, &node]);
        root.is_whole();
    }
    root.run(&["dpkg", "-r", "lvskit-node"]);
    root.run(&["dpkg", "-P", "lvskit-node", "lvskit"]);
    assert_eq!(root.left(), Vec::<String>::new());
}

/// The same packages as the next version of them, made in `folder`.
pub fn next_version(debs: &[PathBuf; 2], folder: &Path) -> [PathBuf; 2] {
    debs.each_ref().map(|deb| {
        let tree = folder.join("tree");
        run(Command::new("dpkg-deb").arg("--raw-extract").arg(deb).arg(&tree));
        let control = tree.join("DEBIAN/control");
        let text = std::fs::read_to_string(&control).unwrap();
        let version = field(deb, "Version");
        let next = format!("{}+1", version.trim());
        let text = text.replace(version.trim(), &next);
        assert!(text.contains(&format!("\nVersion: {next}\n")), "{text}");
        std::fs::write(&control, text).unwrap();
        let made = folder.join(deb.file_name().unwrap());
        run(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(&tree).arg(&made));
        std::fs::remove_dir_all(&tree).unwrap();
        made
    })
}

/// Built here, installed there by apt from nothing but what the release has; `make packages` makes the roots.
#[test]
#[ignore = "needs the roots of tests/deps deb_roots: make packages"]
fn they_are_installed_upgraded_and_purged_on_debian_12_and_13() {
    const NAME: &str = "deb::they_are_installed_upgraded_and_purged_on_debian_12_and_13";
    let debs = debs();
    if !inside(NAME) {
        return;
    }
    must_be_root();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for suite in ["bookworm", "trixie"] {
        let lower = repository.join("target/deb-roots").join(suite);
        let (layers, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for deb in debs {
            std::fs::copy(deb, folder.path().join(deb.file_name().unwrap())).unwrap();
        }
        let next = folder.path().join("next");
        std::fs::create_dir(&next).unwrap();
        next_version(debs, &next);
        let (_, [lvskit, node]) = in_debs(debs);
        let root = Root::new(&lower, layers.path(), folder.path());
        let release = root.run(&["sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"]);
        let version = |package: &str| root.run(&["dpkg-query", "-f", "${Version}", "-W", package]);
        let before = root.left();
        assert_eq!(before, Vec::<String>::new(), "{suite}");

        root.run(&["apt-get", "install", "-y", &lvskit]);
        let users = root.run(&["cat", "/etc/passwd"]);
        assert!(!users.contains("lvskit:"), "{suite}: a controller has no user for the probe");
        root.run(&["apt-get", "install", "-y", &node]);
        root.is_whole();
        let first = version("lvskit-node");
        // keepalived takes a drain from here, whatever is upgraded.
        root.run(&["sh", "-c", "echo 1 >/run/keepalived-lvskit/drain"]);
        let next = [&lvskit, &node].map(|path| path.replace("/debs/", "/debs/next/"));
        root.run(&["apt-get", "install", "-y", &next[0], &next[1]]);
        root.is_whole();
        assert_eq!(version("lvskit-node"), format!("{first}+1"), "{suite}");
        assert_eq!(root.run(&["cat", "/run/keepalived-lvskit/drain"]), "1\n", "{suite}");
        root.run(&["apt-get", "purge", "-y", "lvskit-node", "lvskit"]);
        assert_eq!(root.left(), Vec::<String>::new(), "{suite}");
        println!("{}: installed, upgraded, purged", release.trim());
    }
}
