//! Proofs of what is released, too slow for each change; `make packages` runs them: the same bytes wherever it
//! is built, without the network, and static programs that need nothing of the machine that they run on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::built::{make, quick_release, rpms, run};
use super::common::netns::{inside, is_inside};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// `make dist` here; the tarball of static programs, unpacked.
fn unpacked() -> &'static Path {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    TREE.get_or_init(|| {
        run(quick_release(make().arg("dist")));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging/dist");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let unpack = format!("tar -xzf '{REPOSITORY}'/target/dist/lvskit-*-linux-musl.tar.gz");
        run(Command::new("sh").args(["-ec", &unpack]).current_dir(&folder));
        let tree = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
        tree.path()
    })
}

/// A root with nothing in it: no C library, no shell.
#[test]
#[ignore = "builds for minutes: make packages"]
fn static_programs_run_where_nothing_else_is() {
    const NAME: &str = "release::static_programs_run_where_nothing_else_is";
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging/dist-root");
    if !is_inside() {
        let _ = fs::remove_dir_all(&root);
        run(Command::new(unpacked().join("install")).env("DESTDIR", &root));
    }
    if !inside(NAME) {
        return;
    }
    assert!(nix::unistd::geteuid().is_root(), "needs root: chroot");
    let there = |words: &[&str]| Command::new("chroot").arg(&root).args(words).output().unwrap();
    let probe = "/usr/libexec/keepalived/smtp-check";
    for program in ["/usr/bin/lvskit", "/usr/libexec/keepalived/bypass-ipvs", probe] {
        let output = there(&[program, "--version"]);
        assert!(output.status.success(), "{program}: {output:?}");
    }
    let inventory = "/usr/share/doc/lvskit/keepalived/inventory.yml";
    let rendered = there(&["/usr/bin/lvskit", "gen-conf", "--stdout", "-i", inventory]);
    assert!(rendered.status.success(), "{rendered:?}");
    assert!(String::from_utf8_lossy(&rendered.stdout).contains("virtual_server"));

    // Without TLS, whatever is asked: never up, and the reason.
    assert!(!root.join("usr/libexec/keepalived/smtp-check-tls").exists());
    for (options, code) in
        [("--tls", 1), ("--starttls", 1), ("--tls --dynamic", 1), ("--tls --nagios", 3)]
    {
        let words = [&[probe, "127.0.0.1"][..], &options.split(' ').collect::<Vec<_>>()].concat();
        let output = there(&words);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(code), "{options}: {told}");
        assert!(told.contains("this build of lvskit has no TLS"), "{options}: {told}");
    }
    // And what needs none does its work: nobody listens.
    let output = there(&[probe, "127.0.0.1", "--retry", "0"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("down: "), "{output:?}");
}

/// In a clone in another folder, with the checksums of the build here.
#[test]
#[ignore = "builds for minutes: make packages"]
fn the_same_commit_makes_the_same_tarballs() {
    let sums =
        |repository: &Path| fs::read_to_string(repository.join("target/dist/SHA256SUMS")).unwrap();
    let changed = run(Command::new("git").args(["status", "--porcelain"]));
    assert_eq!(changed, "", "what is not committed is not in a clone");
    unpacked();
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("elsewhere");
    run(Command::new("git").args(["clone", "--quiet", REPOSITORY]).arg(&clone));
    let mut dist = make();
    dist.arg("dist").current_dir(&clone).env_remove("CARGO_TARGET_DIR");
    run(quick_release(&mut dist));
    let (here, there) = (sums(Path::new(REPOSITORY)), sums(&clone));
    assert_eq!(here.lines().count(), 2, "{here}");
    assert_eq!(here, there);
}

/// The source RPM alone, elsewhere, without network and without this machine's crates.
#[test]
#[ignore = "builds for minutes: make packages"]
fn the_source_rpm_makes_the_same_rpms_offline() {
    let first = rpms();
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("another/folder");
    fs::create_dir_all(&top).unwrap();
    let mut rebuild = Command::new("unshare");
    rebuild.args(["--net", "rpmbuild", "--rebuild", "--nocheck", "--nodeps"]);
    rebuild.arg("--define").arg(format!("_topdir {}", top.display())).arg(&first.source);
    run(quick_release(&mut rebuild));
    let query =
        |rpm: &Path, format: &str| run(Command::new("rpm").args(["-qp", "--qf", format]).arg(rpm));
    for rpm in [&first.lvskit, &first.node] {
        let name = rpm.file_name().unwrap();
        let found = run(Command::new("find").arg(&top).arg("-name").arg(name));
        let second = Path::new(found.trim_end());
        // What differs is seen first.
        for format in ["[%{FILENAMES} %{FILEDIGESTS} %{FILEMTIMES}\\n]", "%{PAYLOADDIGEST}"] {
            let (here, there) = (query(rpm, format), query(second, format));
            assert!(here.len() > 60, "{here}");
            assert_eq!(here, there, "{}", name.display());
        }
    }
}
