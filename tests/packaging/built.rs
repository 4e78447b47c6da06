//! The RPM and an installation, each built once however many tests look at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::netns::is_inside;

/// `make install` into a folder; the folder. Who runs inside a namespace finds what its first run, outside,
/// has installed: to install it again there would take it away from the other tests.
pub fn installed() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        if is_inside() {
            return folder("installed");
        }
        let root = empty_folder("installed");
        // The lab runs these programs too, so they are built as they are released; what writes the pages need not be.
        run(make()
            .args(["install", "DOCS_PROFILE=dev"])
            .arg(format!("DESTDIR={}", root.display())));
        root
    })
}

/// The two RPMs of the last commit.
pub struct Rpms {
    /// What a controller needs.
    pub lvskit: PathBuf,
    /// What a node needs beside it.
    pub node: PathBuf,
    /// The source.
    pub source: PathBuf,
}

/// `make rpm`; what it made.
pub fn rpms() -> &'static Rpms {
    static RPMS: OnceLock<Rpms> = OnceLock::new();
    RPMS.get_or_init(|| {
        println!("the RPMs are of the last commit: what is not committed is not in them");
        // The unit tests of their %check are those that `make test` has run already.
        run(quick_release(make().args(["rpm", "RPMFLAGS=--nocheck"])));
        let find = |name: &str| {
            let found = run(Command::new("find").args(["target/rpm", "-name", name]));
            Path::new(env!("CARGO_MANIFEST_DIR")).join(found.trim_end())
        };
        let source = find("*.src.rpm");
        let arch = std::env::consts::ARCH;
        let [lvskit, node] = ["", "node-"].map(|name| find(&format!("lvskit-{name}0*.{arch}.rpm")));
        Rpms { lvskit, node, source }
    })
}

/// The files of both RPMs, unpacked into a folder.
pub fn unpacked() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = empty_folder("unpacked");
        for rpm in [&rpms().lvskit, &rpms().node] {
            let unpack = format!("rpm2cpio '{}' | cpio -idmu --quiet", rpm.display());
            run(Command::new("sh").args(["-c", &unpack]).current_dir(&root));
        }
        root
    })
}

/// Runs a program in the repository; it must succeed. Returns its standard output.
pub fn run(command: &mut Command) -> String {
    if command.get_current_dir().is_none() {
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
    }
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}{error}", output.status);
    text
}

/// A build in which what is in the programs counts, not how fast they are: without optimisation they are built in a
/// fraction of the time.
pub fn quick_release(build: &mut Command) -> &mut Command {
    build
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
}

/// make, without what a make around these tests would tell it.
pub fn make() -> Command {
    let mut make = Command::new("make");
    make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL");
    make
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging").join(name)
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = folder(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
