//! What Ansible and CI rely on: --check changes nothing and tells by exit code 3, --diff shows a
//! change without its secrets, the mode and the owner of a file are kept, and the same inventory
//! gives the same bytes to everybody, without root and without a network.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use nix::mount::MsFlags;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::common::netns::inside;
use crate::failures::Tmpfs;
use crate::place::{ARTICLE, NODES, PROGRAM, Place, Run, edited};

const CHANGES: Option<i32> = Some(3);
const FIRST: &str = "out/server01.domain.ru/keepalived.conf";
const ADVERT_INT: (&str, &str) = ("advert_int: 2", "advert_int: 3");
const PASSWORD: (&str, &str) = ("auth_pass: mrelay", "auth_pass: n3w-pass");

/// The article's files in `out`, and an inventory that was changed since.
fn rendered_then(edits: &[(&str, &str)]) -> Place {
    let place = Place::with(ARTICLE);
    place.run("--out-dir out").success();
    place.write("inventory.yml", edited(edits));
    place
}

#[test]
fn check_tells_by_its_exit_code_and_writes_nothing() {
    let place = Place::with(ARTICLE);
    let all =
        |word: &str| NODES.map(|node| format!("{word} out/{node}/keepalived.conf\n")).concat();
    let Run { code, stdout, stderr } = place.run("--out-dir out --check");
    assert_eq!((code, stdout, stderr.as_str()), (CHANGES, all("would change"), ""));
    assert!(!place.path("out").exists(), "not even the folder is made");

    place.run("--out-dir out").success();
    let before = place.files();
    assert_eq!(place.run("--out-dir out --check").success(), all("unchanged"));
    place.write("inventory.yml", edited(&[ADVERT_INT]));
    for options in ["", " --diff", " --json", " --diff --format json"] {
        assert_eq!(place.run(&format!("--out-dir out --check{options}")).code, CHANGES);
    }
    place.write("inventory.yml", ARTICLE);
    assert_eq!(place.files()[1..], before[1..], "same inodes, times and bytes");
    // A wrong inventory is no answer of either kind.
    place.write("inventory.yml", "nodes: []\n");
    assert_eq!(place.run("--out-dir out --check").code, Some(1));
}

#[test]
fn check_works_where_nothing_can_be_written() {
    if !inside("contract::check_works_where_nothing_can_be_written") {
        return;
    }
    let place = Place::with(ARTICLE);
    let _mounted = Tmpfs::on(place.path("out"), MsFlags::MS_RDONLY, "");
    assert_eq!(place.run("--out-dir out --check").code, CHANGES);
    assert_eq!(place.run(&format!("--check -o out/x --node {}", NODES[0])).code, CHANGES);
}

#[test]
fn what_check_announces_is_what_is_done() {
    let place = rendered_then(&[ADVERT_INT, PASSWORD]);
    let would = place.run("--out-dir out --check --diff").stdout;
    let did = place.run("--out-dir out --diff").success();
    assert_eq!(would.replace("would change ", "changed "), did);
    assert_eq!(place.run("--out-dir out --check --diff").code, Some(0));
}

#[test]
fn a_difference_is_shown_with_its_surroundings() {
    let place = rendered_then(&[ADVERT_INT]);
    let diff = place.run(&format!("--out-dir out --check --diff --node {}", NODES[0])).stdout;
    assert_data_eq!(
        diff,
        str![[r#"
would change out/server01.domain.ru/keepalived.conf
--- out/server01.domain.ru/keepalived.conf
+++ out/server01.domain.ru/keepalived.conf
@@ -23,7 +23,7 @@
     interface eth0
     virtual_router_id 11
     priority 100
-    advert_int 2
+    advert_int 3
     authentication {
         auth_type PASS
         auth_pass ********

"#]]
    );
}

/// patch(1) is the judge of the diff's form; a masked line would be none that it finds.
#[test]
fn a_difference_is_a_patch() {
    let no_password = ("    authentication: {auth_type: PASS, auth_pass: mrelay}\n", "");
    let place = Place::with(edited(&[no_password]));
    place.run("--out-dir out").success();
    let old = place.read(FIRST);
    place.write(FIRST, old.trim_end()); // no newline at its end
    let wanted = place.rendered(NODES[0]).replace("advert_int 2", "advert_int 3");
    place.write("inventory.yml", edited(&[no_password, ADVERT_INT]));
    let diff = place.run(&format!("--out-dir out --check --diff --node {}", NODES[0])).stdout;
    assert!(diff.contains("\\ No newline at end of file"), "{diff}");
    place.write("diff", diff);
    let patched = place.command("patch").args(["-p0", "-i", "diff"]).output();
    let patched = Run::of(patched.expect("patch is needed"));
    assert_eq!(patched.code, Some(0), "{patched:?}");
    assert_eq!(place.read(FIRST), wanted);
}

#[test]
fn a_new_password_is_a_change_that_nobody_can_read() {
    let place = rendered_then(&[PASSWORD]);
    for options in ["--check --diff", "--check --diff --json", "--diff"] {
        let Run { stdout, stderr, .. } = place.run(&format!("--out-dir out {options}"));
        for secret in ["mrelay", "n3w-pass"] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
        }
        if options == "--diff" {
            assert!(stdout.contains("-        auth_pass ********\n+        auth_pass ********\n"));
        }
    }
    assert!(place.read(FIRST).contains("auth_pass n3w-pass"));
}

#[test]
fn a_file_that_was_written_by_hand_does_not_show_its_secrets() {
    let place = Place::with(ARTICLE);
    place.write(
        FIRST,
        b"# was geheim1 until May \xe9\r
$VRRP=geheim2\r
authentication { auth_type PASS auth_pass $VRRP }\r
\tauth_pass   \"geheim1\" # not geheim3\r
#\tauth_pass geheim4\r
SSL { password geheim5 }\r
vrrp_script db { script \"/usr/bin/mysqladmin --password='geheim6 geheim7' ping\" }\r
misc_path \"/usr/bin/curl http://me:geheim8@192.168.3.1/\"",
    );
    for options in ["--diff --check", "--diff --check --json"] {
        let Run { code, stdout, stderr } =
            place.run(&format!("--out-dir out {options} --node {}", NODES[0]));
        assert_eq!((code, stderr.as_str()), (CHANGES, ""));
        assert!(!stdout.contains("geheim") && !stdout.contains("mrelay"), "{stdout}");
        assert!(stdout.contains("until May") && stdout.contains("192.168.3.1/"), "{stdout}");
    }
}

#[test]
fn programs_get_the_difference_too() {
    let place = rendered_then(&[ADVERT_INT]);
    place.run(&format!("--out-dir out --node {}", NODES[0])).success();
    let nodes = format!("--node {} --node {}", NODES[0], NODES[1]);
    let plain = place.run(&format!("--out-dir out --check --diff {nodes}")).stdout;
    let run = place.run(&format!("--out-dir out --check --diff --format json {nodes}"));
    assert_eq!((run.code, run.stderr.as_str()), (CHANGES, ""));
    let mut said: Value = serde_json::from_str(&run.stdout).unwrap();
    let Value::String(diff) = said["files"][1]["diff"].take() else { panic!("{said}") };
    let second = format!("out/{}/keepalived.conf", NODES[1]);
    assert_eq!(plain, format!("unchanged {FIRST}\nwould change {second}\n{diff}"));
    assert_eq!(
        said,
        json!({ "changed": true, "files": [
            { "node": NODES[0], "path": FIRST, "changed": false, "diff": "" },
            { "node": NODES[1], "path": second, "changed": true, "diff": null },
        ], "findings": [] })
    );
}

#[test]
fn a_mode_is_kept_but_for_the_rights_of_others() {
    for (before, after) in [(0o600, 0o600), (0o640, 0o640), (0o644, 0o640), (0o664, 0o660)] {
        for edits in [&[][..], &[ADVERT_INT]] {
            let place = rendered_then(edits);
            fs::set_permissions(place.path(FIRST), Permissions::from_mode(before)).unwrap();
            let options = format!("--out-dir out --node {}", NODES[0]);
            let changes = before != after || !edits.is_empty();
            let check = place.run(&format!("{options} --check --diff"));
            assert_eq!(check.code == CHANGES, changes, "{before:o}: {check:?}");
            let told = format!("old mode {before:04o} {FIRST}\nnew mode {after:04o} {FIRST}\n");
            assert_eq!(check.stdout.contains(&told), before != after, "{}", check.stdout);
            place.run(&options).success();
            let file = fs::metadata(place.path(FIRST)).unwrap();
            assert_eq!(file.mode() & 0o7777, after, "{before:o}");
            assert_eq!(place.run(&format!("{options} --check")).code, Some(0));
        }
    }
}

/// Only root may give files away; who is not has nothing to see here but the refusal.
#[test]
fn an_owner_is_kept_or_the_file_is() {
    let place = rendered_then(&[ADVERT_INT]);
    let options = format!("--out-dir out --node {}", NODES[0]);
    if nix::unistd::geteuid().is_root() {
        chown(place.path(FIRST), Some(12), Some(34)).unwrap();
        place.run(&options).success();
        let file = fs::metadata(place.path(FIRST)).unwrap();
        assert_eq!((file.uid(), file.gid()), (12, 34));
        place.write("inventory.yml", ARTICLE);
        let before = place.files();
        let mut command = place.command("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM, "gen-conf"]);
        command.args(["-i", "inventory.yml"]).args(options.split(' '));
        // The folder is the caller's, the file is not.
        fs::set_permissions(place.path(FIRST), Permissions::from_mode(0o644)).unwrap();
        let run = Run::of(command.output().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (Some(6), ""), "{run:?}");
        assert!(run.stderr.contains("its owner 12:34 can't be kept"), "{}", run.stderr);
        assert_eq!(place.files().len(), before.len(), "nothing is left behind");
        assert_eq!(place.read(FIRST).as_bytes(), before[1].bytes);
    } else {
        println!("skipped: the owner is kept, which takes root to see");
    }
}

#[test]
fn the_same_bytes_for_everybody() {
    let expected = Place::with(ARTICLE).run("--stdout").success();
    for environment in [
        &[("TZ", "Asia/Tokyo"), ("LC_ALL", "ru_RU.UTF-8"), ("HOSTNAME", "elsewhere")][..],
        &[("LC_ALL", "C"), ("COLUMNS", "20"), ("TERM", "xterm"), ("CLICOLOR_FORCE", "1")],
    ] {
        let place = Place::with(ARTICLE);
        let mut command = place.command("unshare");
        // Neither root nor a network: another user's name space, with no interface at all.
        command.args(["--user", "--net", PROGRAM, "gen-conf", "-i", "inventory.yml"]);
        command.args(["--stdout"]).env_clear().envs(environment.iter().copied());
        assert_eq!(Run::of(command.output().unwrap()).success(), expected, "{environment:?}");
        let mut command = place.command("unshare");
        command.args(["--user", "--net", PROGRAM, "gen-conf", "-i", "inventory.yml"]);
        command.args(["--out-dir", "out"]).env_clear().envs(environment.iter().copied());
        Run::of(command.output().unwrap()).success();
        assert!(expected.contains(&place.read(FIRST)));
    }
}
