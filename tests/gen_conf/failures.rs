//! When the world is in the way: files that can't be read or written give exit code 6, wrong
//! command lines 2. The files that were there stay, and no half or temporary ones are left.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::mount::{MsFlags, mount, umount};

use crate::common::netns::inside;
use crate::place::{ARTICLE, NODES, PROGRAM, Place, Run, edited};

/// Asserts exit code 6, one line on standard error that has these words, and nothing else.
fn file_error(run: Run, words: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(6), ""), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert_eq!(run.stderr.matches('\n').count(), 1, "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "no {word:?}: {}", run.stderr);
    }
}

/// A file system of its own on a folder below the place, as long as this value lives.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    pub fn on(at: PathBuf, flags: MsFlags, options: &str) -> Tmpfs {
        fs::create_dir_all(&at).unwrap();
        mount(Some("tmpfs"), &at, Some("tmpfs"), flags, Some(options)).unwrap();
        Tmpfs(at)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // What stays mounted goes with the namespace.
        let _ = umount(&self.0);
    }
}

#[test]
fn an_inventory_that_can_not_be_read() {
    let place = Place::with(b"# a\n# caf\xe9\n");
    // It could be read: its text is wrong, as for import.
    let Run { code, stdout, stderr } = place.run("--stdout");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert_eq!(stderr, "error: inventory.yml:2: invalid UTF-8: an inventory is UTF-8 text\n");
    place.write("inventory.yml", "#".repeat(4 * 1024 * 1024 + 1));
    file_error(place.run("--stdout"), &["inventory.yml", "larger than 4 MiB"]);
    fs::remove_file(place.path("inventory.yml")).unwrap();
    file_error(place.run("--stdout"), &["inventory.yml", "No such file"]);
    fs::create_dir(place.path("inventory.yml")).unwrap();
    file_error(place.run("--stdout"), &["inventory.yml", "Is a directory"]);
}

#[test]
fn an_inventory_that_may_not_be_read() {
    if !inside("failures::an_inventory_that_may_not_be_read") {
        return;
    }
    let place = Place::with(ARTICLE);
    fs::set_permissions(place.path("inventory.yml"), Permissions::from_mode(0o000)).unwrap();
    // Root may read everything, so it gives up its capabilities.
    let mut command = place.command("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM]);
    command.args(["gen-conf", "-i", "inventory.yml", "--stdout"]);
    file_error(Run::of(command.output().unwrap()), &["inventory.yml", "Permission denied"]);
}

#[test]
fn a_folder_that_can_not_be_written() {
    if !inside("failures::a_folder_that_can_not_be_written") {
        return;
    }
    let place = Place::with(ARTICLE);
    let _mounted = Tmpfs::on(place.path("out"), MsFlags::MS_RDONLY, "");
    let before = place.files();
    file_error(place.run("--out-dir out"), &["out/server01.domain.ru", "Read-only file system"]);
    let options = "--node server01.domain.ru -o out/keepalived.conf";
    file_error(place.run(options), &["out/keepalived.conf", "Read-only file system"]);
    assert_eq!(place.files(), before);
}

#[test]
fn a_file_where_a_folder_should_be() {
    let place = Place::with(ARTICLE);
    place.write("out", "a file");
    let before = place.files();
    file_error(place.run("--out-dir out"), &["out/server01.domain.ru", "ot a directory"]);
    file_error(place.run("-o missing/x --node server01.domain.ru"), &["missing/x", "No such file"]);
    assert_eq!(place.files(), before);
}

/// All or nothing: the last of four files can't be written, so the first three stay as they were.
#[test]
fn one_file_that_can_not_be_written_saves_the_others() {
    let place = Place::with(ARTICLE);
    place.run("--out-dir out").success();
    let last = format!("out/{}/keepalived.conf", NODES[3]);
    fs::remove_file(place.path(&last)).unwrap();
    place.write(&format!("{last}/in-the-way"), "");
    place.write("inventory.yml", edited(&[("advert_int: 2", "advert_int: 3")]));
    let before = place.files();
    file_error(place.run("--out-dir out"), &[&last]);
    assert_eq!(place.files(), before, "nothing is changed, nothing is left behind");
}

#[test]
fn a_full_file_system_leaves_everything_as_it_was() {
    if !inside("failures::a_full_file_system_leaves_everything_as_it_was") {
        return;
    }
    let place = Place::with(ARTICLE);
    // Room for the four files and two more.
    let _mounted = Tmpfs::on(place.path("out"), MsFlags::empty(), "size=24k");
    place.run("--out-dir out").success();
    place.write("inventory.yml", edited(&[("advert_int: 2", "advert_int: 3")]));
    let before = place.files();
    file_error(place.run("--out-dir out"), &["keepalived.conf", "No space left"]);
    assert_eq!(place.files(), before, "nothing is changed, nothing is left behind");
}

#[test]
fn a_standard_output_that_takes_nothing() {
    let place = Place::with(ARTICLE);
    let run = |options: &str, out: std::process::Stdio| {
        let mut command = place.command(PROGRAM);
        command.args(["gen-conf", "-i", "inventory.yml"]).args(options.split(' '));
        Run::of(command.stdout(out).output().unwrap())
    };
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let closed = || std::io::pipe().unwrap().1;
    for options in ["--stdout", "--out-dir out", "--out-dir out --json"] {
        file_error(run(options, full().into()), &["standard output", "No space left"]);
        file_error(run(options, closed().into()), &["standard output", "Broken pipe"]);
    }
}

/// The exit code is all that is left when even standard error can't be written.
#[test]
fn a_standard_error_that_takes_nothing_does_not_change_the_exit_code() {
    let place = Place::with("nodes: []\n");
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let run = |args: &[&str]| {
        let mut command = place.command(PROGRAM);
        Run::of(command.args(args).stderr(full()).output().unwrap()).code
    };
    assert_eq!(run(&["gen-conf", "--stdout"]), Some(2), "usage");
    assert_eq!(run(&["gen-conf", "-i", "inventory.yml", "--stdout"]), Some(1), "wrong inventory");
    assert_eq!(run(&["gen-conf", "-i", "missing.yml", "--stdout"]), Some(6), "missing inventory");
}

#[test]
fn wrong_command_lines() {
    let place = Place::with(ARTICLE);
    for (args, words) in [
        ("", "Usage: lvskit"),
        ("gen-config", "unrecognized subcommand"),
        ("gen-conf --stdout", "--inventory"),
        ("gen-conf -i inventory.yml", "--out-dir"),
        ("gen-conf -i inventory.yml --stdout --out-dir out", "cannot be used with"),
        ("gen-conf -i inventory.yml --stdout -o x", "cannot be used with"),
        ("gen-conf -i inventory.yml --out-dir out -o x", "cannot be used with"),
        ("gen-conf -i inventory.yml --stdout --json", "cannot be used with"),
        ("gen-conf -i inventory.yml --stdout --check", "cannot be used with"),
        ("gen-conf -i inventory.yml --stdout --diff", "cannot be used with"),
        ("gen-conf -i inventory.yml --stdout --format json", "cannot be used with"),
        ("gen-conf -i inventory.yml --out-dir out --json --format text", "cannot be used with"),
        ("gen-conf -i inventory.yml --out-dir out --format yaml", "invalid value 'yaml'"),
        ("gen-conf -i inventory.yml --out-dir", "a value is required"),
        ("gen-conf -i inventory.yml --stdout server01.domain.ru", "unexpected argument"),
        ("gen-conf -i inventory.yml --stdout --nodes server01.domain.ru", "--node"),
    ] {
        let output = place.command(PROGRAM).args(args.split_whitespace()).output();
        let Run { code, stdout, stderr } = Run::of(output.unwrap());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args}: {stderr}");
        assert!(stderr.contains(words), "{args}: {stderr}");
    }
    assert_eq!(place.written(), [""; 0]);
}
