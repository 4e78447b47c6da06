//! `lvskit diff`: says of a file that was rendered elsewhere what gen-conf --check --diff says, and
//! shows no password of either side.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::place::{ARTICLE, NODES, PROGRAM, Place, Run, edited};

const OLD: &str = "out/server01.domain.ru/keepalived.conf";

/// Compares the old file with `new`, which also comes by standard input.
fn diff(place: &Place, new: &str) -> Run {
    let run = |name: &str| {
        let mut command = place.command(PROGRAM);
        command.args(["diff", OLD, name]);
        command.stdin(File::open(place.path(new)).unwrap());
        Run::of(command.output().unwrap())
    };
    let (by_name, by_stdin) = (run(new), run("-"));
    assert_eq!(
        (by_name.code, &by_name.stdout, &by_name.stderr),
        (by_stdin.code, &by_stdin.stdout, &by_stdin.stderr)
    );
    by_name
}

#[test]
fn it_says_what_gen_conf_says() {
    for (old, edits) in [
        ("as it was", &[][..]),
        ("as it was", &[("advert_int: 2", "advert_int: 3"), ("mrelay", "n3w-pass")]),
        ("open to all", &[]),
        ("missing", &[]),
        ("no UTF-8", &[]),
    ] {
        let place = Place::with(ARTICLE);
        place.run("--out-dir out").success();
        match old {
            "open to all" => {
                fs::set_permissions(place.path(OLD), Permissions::from_mode(0o644)).unwrap();
            }
            "missing" => fs::remove_file(place.path(OLD)).unwrap(),
            "no UTF-8" => place.write(OLD, b"# bis M\xe4rz\nauth_pass geheim\n"),
            _ => {}
        }
        place.write("inventory.yml", edited(edits));
        place.write("new", place.rendered(NODES[0]));
        let before = place.files();
        let Run { code, stdout, stderr } = diff(&place, "new");
        let check = place.run(&format!("--out-dir out --check --diff --node {}", NODES[0]));
        assert_eq!((code, stderr.as_str()), (check.code, ""), "{old}");
        assert_eq!(stdout, check.stdout.split_once('\n').unwrap().1, "{old}");
        assert_eq!(stdout.is_empty(), code == Some(0), "{old}: {stdout}");
        for secret in ["mrelay", "n3w-pass", "geheim"] {
            assert!(!stdout.contains(secret), "{stdout}");
        }
        assert_eq!(place.files(), before, "nothing was written");
    }
}

#[test]
fn what_can_not_be_read_is_no_answer() {
    let place = Place::with(ARTICLE);
    for (old, new, words) in [
        ("inventory.yml", "missing", "error: missing: can't be read: No such file"),
        ("inventory.yml/x", "inventory.yml", "error: inventory.yml/x: can't be read: Not a dir"),
        (".", "inventory.yml", "error: .: can't be read: is a directory"),
    ] {
        let run = Run::of(place.command(PROGRAM).args(["diff", old, new]).output().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (Some(6), ""), "{run:?}");
        assert!(run.stderr.starts_with(words), "{}", run.stderr);
    }
    let run = Run::of(place.command(PROGRAM).args(["diff", "inventory.yml"]).output().unwrap());
    assert_eq!(run.code, Some(2), "{run:?}");
}
