//! The RPM and an installation, each built once however many tests look at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `make install` into a folder; the folder.
pub fn installed() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = empty_folder("installed");
        run(make().arg("install").arg(format!("DESTDIR={}", root.display())));
        root
    })
}

/// The RPM of the last commit.
pub fn rpm() -> &'static Path {
    static RPM: OnceLock<PathBuf> = OnceLock::new();
    RPM.get_or_init(|| {
        println!("the RPM is of the last commit: what is not committed is not in it");
        // What is in it counts, not how fast it is: without link-time optimisation it is built in half the
        // time. The unit tests of its %check are those that `make test` has run already.
        let mut build = make();
        build.args(["rpm", "RPMFLAGS=--nocheck"]);
        build.env("CARGO_PROFILE_RELEASE_LTO", "off");
        build.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        run(&mut build);
        let found = run(Command::new("find").args(["target/rpm/RPMS", "-name", "lvskit-0*.rpm"]));
        Path::new(env!("CARGO_MANIFEST_DIR")).join(found.trim_end())
    })
}

/// The files of the RPM, unpacked into a folder.
pub fn unpacked() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = empty_folder("unpacked");
        let unpack = format!("rpm2cpio '{}' | cpio -idm --quiet", rpm().display());
        run(Command::new("sh").args(["-c", &unpack]).current_dir(&root));
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

/// make, without what a make around these tests would tell it.
pub fn make() -> Command {
    let mut make = Command::new("make");
    make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL");
    make
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
