//! Where the files go: mode 0640 whatever the umask, replaced only when they change, on standard
//! output, as JSON for programs; and where inventories come from.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;
use snapbox::{assert_data_eq, file, str};

use crate::place::{ARTICLE, NODES, PROGRAM, Place, Run, edited};

const MODE: u32 = 0o640;

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["0", "0022", "0077", "0177", "0777"] {
        let place = Place::with(ARTICLE);
        for node in NODES {
            std::fs::create_dir_all(place.path(&format!("out/{node}"))).unwrap();
        }
        let mut command = place.command("/bin/sh");
        command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]).arg(PROGRAM);
        command.args(["gen-conf", "-i", "inventory.yml", "--out-dir", "out"]);
        Run::of(command.output().unwrap()).success();
        let files = place.files();
        let modes: Vec<u32> =
            files.iter().filter(|f| f.path.ends_with("keepalived.conf")).map(|f| f.mode).collect();
        assert_eq!(modes, [MODE; 4], "umask {umask}");
    }
}

#[test]
fn only_what_changes_is_replaced() {
    let place = Place::with(ARTICLE);
    let all =
        |word: &str| NODES.map(|node| format!("{word} out/{node}/keepalived.conf\n")).concat();
    assert_eq!(place.run("--out-dir out").success(), all("changed"));
    let first = place.files();
    assert_eq!(place.run("--out-dir out").success(), all("unchanged"));
    assert_eq!(place.files(), first, "same inodes, times and bytes");

    // Only server02's file has its own name in it.
    let renamed = edited(&[("server02.domain.ru", "server02.domain.com")]);
    std::fs::rename(place.path("out/server02.domain.ru"), place.path("out/server02.domain.com"))
        .unwrap();
    place.write("inventory.yml", renamed);
    let before = place.files();
    let said = place.run("--out-dir out").success();
    assert_eq!(
        said,
        all("unchanged")
            .replace("unchanged out/server02.domain.ru", "changed out/server02.domain.com",)
    );
    for (old, new) in before.iter().zip(place.files()) {
        let changed = old.path.to_string_lossy().contains("server02");
        assert_eq!(old.path, new.path);
        assert_eq!(old.inode != new.inode, changed, "{}", new.path.display());
        assert_eq!(old.bytes != new.bytes, changed, "{}", new.path.display());
    }
}

#[test]
fn one_nodes_file_goes_where_output_says() {
    let place = Place::with(ARTICLE);
    let said = place.run("-o keepalived.conf --node server03.domain.ru").success();
    assert_eq!(said, "changed keepalived.conf\n");
    assert_eq!(place.read("keepalived.conf"), place.rendered(NODES[2]));
    assert_eq!(place.written(), ["keepalived.conf"]);
    assert_eq!(place.files()[1].mode, MODE);
}

/// No file of that name, and what a redirection has already stays.
#[test]
fn a_dash_and_dev_stdout_are_standard_output() {
    let place = Place::with(ARTICLE);
    let text = place.run(&format!("--stdout --node {}", NODES[0])).accepted();
    for name in ["-", "/dev/stdout"] {
        let run = place.run(&format!("-o {name} --node {}", NODES[0]));
        assert_eq!((run.code, &run.stdout), (Some(0), &text), "{name}: {}", run.stderr);
        for option in ["--check", "--diff", "--format json"] {
            let run = place.run(&format!("-o {name} --node {} {option}", NODES[0]));
            assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{name} {option}");
        }
    }
    assert!(!place.path("-").exists());
}

#[test]
fn one_file_can_not_hold_two_nodes() {
    let place = Place::with(ARTICLE);
    for nodes in ["", " --node server01.domain.ru --node server02.domain.ru"] {
        let Run { code, stdout, stderr } = place.run(&format!("-o keepalived.conf{nodes}"));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "the command line is wrong");
        assert!(stderr.contains("--output takes one node's file"), "{stderr}");
        assert!(stderr.contains("--node"), "{stderr}");
        assert_eq!(place.written(), [""; 0]);
    }
}

#[test]
fn chosen_nodes_are_written_and_no_others() {
    let place = Place::with(ARTICLE);
    let options = "--out-dir out --node server04.domain.ru --node server02.domain.ru";
    let expected = [NODES[1], NODES[3]].map(|node| format!("out/{node}/keepalived.conf"));
    assert_eq!(
        place.run(options).success(),
        expected.clone().map(|f| format!("changed {f}\n")).concat()
    );
    assert_eq!(place.written(), expected);
}

#[test]
fn programs_read_json() {
    let place = Place::with(edited(&[("server02.domain.ru", "host-2")]));
    let nodes = "--node server01.domain.ru --node host-2";
    place.run("--out-dir out --node host-2").success();
    let said = place.run(&format!("--out-dir out --json {nodes}")).success();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        said,
        json!({ "changed": true, "files": [
            { "node": "server01.domain.ru", "path": "out/server01.domain.ru/keepalived.conf", "changed": true },
            { "node": "host-2", "path": "out/host-2/keepalived.conf", "changed": false },
        ], "findings": [] })
    );
}

#[test]
fn several_files_on_standard_output_are_told_apart_by_comments() {
    let place = Place::with(ARTICLE);
    let two = place.run("--stdout --node server01.domain.ru --node server02.domain.ru").success();
    let expected = [NODES[0], NODES[1]]
        .map(|node| format!("# ==> {node} <==\n{}", place.rendered(node)))
        .concat();
    assert_eq!(two, expected);
    assert_eq!(place.run("--stdout").success().matches("# ==> ").count(), 4);
    assert!(!place.rendered(NODES[0]).contains("==>"), "one file is just the file");
    assert_eq!(place.written(), [""; 0]);
}

#[test]
fn the_inventory_can_come_from_standard_input() {
    let run = |text: &str| {
        let mut child = Command::new(PROGRAM)
            .args(["gen-conf", "-i", "-", "--stdout", "--node", NODES[1]])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Run::of(child.wait_with_output().unwrap())
    };
    assert_eq!(run(ARTICLE).success(), Place::with(ARTICLE).rendered(NODES[1]));
    let wrong = run("nodes: []\nvrrp_instance: []\n");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("--> -:1:1\n"), "{}", wrong.stderr);
}

#[test]
fn the_same_inventory_in_other_clothes_renders_the_same() {
    let expected = Place::with(ARTICLE).rendered(NODES[1]);
    for (what, text) in [
        ("DOS line ends", ARTICLE.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{ARTICLE}")),
        ("no newline at the end", ARTICLE.trim_end().to_owned()),
        ("a document's start and end", format!("---\n{ARTICLE}...\n")),
        ("a list of one address", edited(&[(": 192.168.3.100", ": [192.168.3.100]")])),
        ("what is so anyway", format!("keep_sessions: true\n{ARTICLE}")),
        ("quotes", edited(&[("port: 25", "\"port\": '25'")])),
    ] {
        assert_eq!(Place::with(text).rendered(NODES[1]), expected, "{what}");
    }
}

#[test]
fn our_probe_in_a_small_cluster() {
    let inventory = r#"
nodes:
  - {name: a, address: 192.168.3.101}
  - {name: b, address: 192.168.3.102}
vrrp_instance:
  "mail#relay":
    interface: eth0
    virtual_router_id: 11
    virtual_ipaddress: [192.168.3.100, 192.168.3.110]
virtual_server:
  - port: 25
    lb_algo: rr
    check: {type: smtp-check, connect_timeout: 2.5, retry: 1, helo_name: check.domain.ru}
"#;
    let place = Place::with(inventory);
    assert_data_eq!(place.rendered("b"), file!["probe.txt"].raw());
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let place = Place::with(ARTICLE);
    let help = place.run("--help").success();
    let (_, examples) = help.split_once("\nExamples:\n").unwrap();
    assert_data_eq!(
        examples.to_owned(),
        str![[r#"
  lvskit gen-conf -i inventory.yml --stdout --node server01.domain.ru
  lvskit gen-conf -i inventory.yml --out-dir conf       conf/NODE/keepalived.conf for all nodes
  lvskit gen-conf -i inventory.yml --out-dir conf --check --diff
                                                        what would change, nothing is written
  lvskit gen-conf -i inventory.yml --out-dir conf --check --diff --meaning
                                                        of files written by hand: only what
                                                        keepalived would do differently
  lvskit gen-conf -i inventory.yml --node $(hostname -f) -o /etc/keepalived/keepalived.conf
  lvskit gen-conf -i inventory.yml --firewall nftables --out-dir conf
                                                        conf/NODE/lvskit-firewall.nft
  lvskit gen-conf -i inventory.yml --firewall firewalld --node $(hostname -f) -o firewall.sh
  lvskit gen-conf -i inventory.yml --guard-file --out-dir conf
                                                        conf/NODE/lvskit-guard.nft

  Apply a changed file with `systemctl reload keepalived`; restart only a drained node.

Files:
  A new file has mode 0640. An old one keeps owner, group and mode, but others get no rights: it
  holds the VRRP password. A replaced file loses its access control list, and nobody gains a
  right by that. A file is replaced in one step, and only if something changes; the first one
  only when all lie ready. Where one can't be replaced then, the error lists those that are new
  and those that are old. The same inventory always gives the same bytes.

Exit codes:
  0  done; with --check: nothing would change
  1  the inventory is wrong, not UTF-8, or lacks the node, or the password that it points to
     can't be read: nothing was written
  2  wrong command line, nothing was tried
  3  with --check: a file would change; nothing was written
  6  the inventory could not be read, or a file not be written

"#]]
    );
}

#[test]
fn the_programs_own_help_has_examples_too() {
    let place = Place::with(ARTICLE);
    let help = Run::of(place.command(PROGRAM).arg("--help").output().unwrap()).success();
    for line in ["Examples:", "lvskit gen-conf -i inventory.yml --stdout", "Exit codes:"] {
        assert!(help.contains(line), "{help}");
    }
}
