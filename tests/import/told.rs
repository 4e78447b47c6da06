//! What an import tells, and what it refuses: each with a place and a help, and never a password.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::article::{bare, file, files, import};
use crate::place::{PROGRAM, Place, Run};

/// Asserts that nothing but one line of error came, with these words.
pub fn refused(place: &Place, arguments: &str, code: i32, words: &[&str]) {
    let run = import(place, arguments);
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: ") && run.stderr.matches('\n').count() == 1);
    for word in words {
        assert!(run.stderr.contains(word), "{word}\nin {}", run.stderr);
    }
}

#[test]
fn files_that_can_not_be_read() {
    let place = Place::with("");
    refused(&place, "none.conf", 6, &["none.conf", "No such file"]);
    place.write("broken.conf", "global_defs {\n router_id \"a\n}\n");
    refused(&place, "broken.conf", 1, &["broken.conf:2: ", "never closed", "close it"]);
    place.write("without.conf", "global_defs {\n}\n");
    refused(
        &place,
        "without.conf",
        1,
        &["without.conf", "neither vrrp_instance nor virtual_server"],
    );
    place.write("loop.conf", "include loop.conf\n");
    refused(&place, "loop.conf", 1, &["loop.conf:1: ", "includes itself"]);
    place.write("gone.conf", "\ninclude conf.d/gone.conf\n");
    refused(&place, "gone.conf", 1, &["gone.conf:2: ", "conf.d/gone.conf"]);
    // keepalived does not start without these.
    place.write("needed.conf", "\nincludea conf.d/*.conf\n");
    refused(&place, "needed.conf", 1, &["needed.conf:2: ", "conf.d/*.conf"]);
    place.write("latin1.conf", b"# M\xfcller\nvrrp_script s {\n script \"/x M\xfcller\"\n}\n");
    refused(&place, "latin1.conf", 1, &["latin1.conf:3: ", "invalid UTF-8"]);
}

#[test]
fn wrong_command_lines() {
    let (place, names) = files();
    let command = |arguments: &str| import(&place, arguments).code;
    assert_eq!(command(""), Some(2));
    assert_eq!(command(&format!("{names} --id a")), Some(2));
    assert_eq!(command("a.conf --address x"), Some(2));
    refused(&place, &format!("{names} --address 10.0.0.1"), 1, &["one --address for each"]);
}

#[test]
fn addresses_that_nothing_tells() {
    let place = Place::with("");
    let foreign = file(0).replace("bypass_ipvs.py", "notify.py");
    place.write("a.conf", &foreign);
    refused(&place, "a.conf", 1, &["a.conf", "server01.domain.ru", "--address"]);
    let run = import(&place, "a.conf --address 192.168.3.10");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("{name: server01.domain.ru, address: 192.168.3.10}"));
    assert!(run.stdout.contains("notify_master: /etc/keepalived/notify.py -r 192.168.3.100"));
    assert!(run.stdout.contains("- {address: 192.168.3.104}"), "{}", run.stdout);
}

#[test]
fn an_instance_without_hooks_keeps_the_others_theirs() {
    let place = Place::with("");
    let other = "vrrp_instance inside {\n interface eth1\n virtual_router_id 12\n \
                 virtual_ipaddress {\n  192.168.4.100\n }\n}\n";
    place.write("a.conf", file(0) + other);
    let Run { code, stdout, stderr } = import(&place, "a.conf --address 192.168.3.101");
    assert_eq!(code, Some(0), "{stderr}");
    let told = "note: a.conf:78: inside has no hooks that bypass-ipvs could take the place of, so those \
                of the other instances stay too, and `bypass: false` says so; ";
    assert!(stderr.contains(told), "{stderr}");
    assert!(stdout.starts_with("bypass: false\n"), "{stdout}");
    assert!(stdout.contains("notify_master: /etc/keepalived/bypass_ipvs.py -r"), "{stdout}");
}

#[test]
fn a_program_without_a_path_gets_one() {
    let place = Place::with("");
    let script = "vrrp_script up {\n script \"killall -0 haproxy\"\n user root\n}\n";
    place.write("a.conf", file(0) + script);
    place.write("there/usr/local/bin/killall", "");
    for (root, path, why) in [
        ("there", "/usr/local/bin/killall", "where it was found"),
        ("nowhere", "/usr/bin/killall", "which is assumed"),
    ] {
        let Run { code, stdout, stderr } = import(&place, &format!("a.conf --root {root}"));
        assert_eq!(code, Some(0), "{stderr}");
        assert!(
            stdout.contains(&format!("  up: {{script: {path} -0 haproxy, user: root}}\n")),
            "{stdout}"
        );
        let told = format!(
            "note: a.conf:79: keepalived looks for killall in its PATH; the inventory has {path}, {why}: \
             `command -v killall` on the node shows it\n"
        );
        assert!(stderr.contains(&told), "{told}\nin {stderr}");
        // One fact is one note.
        assert_eq!(stderr.matches("killall").count(), told.matches("killall").count(), "{stderr}");
    }
    // Without quotes, the program has no arguments for keepalived.
    place.write("a.conf", file(0) + &script.replace('"', "").replace("killall", "/bin/killall"));
    let Run { stderr, .. } = import(&place, "a.conf");
    for told in [
        "a.conf:79: `script /bin/killall -0 haproxy` in vrrp_script up is not in the inventory",
        "gen-conf adds `script /bin/killall` in vrrp_script up",
    ] {
        assert!(stderr.contains(told), "{told}\nin {stderr}");
    }
}

#[test]
fn the_inventory_is_for_few_and_the_password_can_stay_out() {
    let (place, names) = files();
    let run = import(&place, &format!("{names} -o new.yml"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    let mode = fs::metadata(place.path("new.yml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(place.read("new.yml"), import(&place, &names).stdout);

    let run = import(&place, &format!("{names} --auth-pass-file secret"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("auth_pass: {file: secret}"), "{}", run.stdout);
    assert!(run.stderr.contains("a.conf:25: put this auth_pass into secret"), "{}", run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("mrelay\n"));
    refused(&place, &format!("{names} -o none/new.yml"), 6, &["none/new.yml"]);
}

#[test]
fn included_files_are_read_too() {
    let place = Place::with("");
    let whole = file(0);
    let (globals, rest) = whole.split_once("# Секция описания экземпляров").unwrap();
    fs::create_dir(place.path("conf.d")).unwrap();
    place.write("conf.d/1.conf", globals);
    place.write("conf.d/2.conf", format!("# {rest}"));
    place.write("k.conf", "include conf.d/*.conf\n");
    place.write("whole.conf", &whole);
    // But for comments, of which only those of the file itself stay.
    let whole = import(&place, "whole.conf").stdout;
    assert_eq!(bare(&import(&place, "k.conf").stdout), bare(&whole));
    // keepalived goes on without files for a pattern.
    place.write("k.conf", "\ninclude conf.d/*.conf\ninclude none.d/*.conf\n");
    let run = import(&place, "k.conf");
    assert_eq!(bare(&run.stdout), bare(&whole));
    let told = "note: k.conf:3: no file is named `none.d/*.conf`, so none is included\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn help_shows_examples() {
    let output = Place::with("").command(PROGRAM).args(["import", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Examples:\n  lvskit import "), "{help}");
}

/// By which gen-conf lets keepalived run the probe.
const RUNNER: &str = "/bin/sh -fc 'set -- $($0 $@) 1 1; exit $2'";

/// What gen-conf would render otherwise is kept as keepalived's own check.
#[test]
fn a_probe_that_is_run_in_another_way_stays_as_it_is() {
    let probe = |path: &str, user: &str, port: &str| {
        let path = match path.split_once("RUN ") {
            Some((_, rest)) => format!("{RUNNER} /usr/libexec/keepalived/smtp-check {rest}"),
            None => format!("/usr/libexec/keepalived/smtp-check{path}"),
        };
        let check =
            format!("MISC_CHECK {{\n misc_path \"{path}\"\n misc_timeout 2\n user {user}\n }}");
        let own = file(0).replace(" 25 {", port);
        let (before, rest) = own.split_once("SMTP_CHECK {").unwrap();
        // One server will do.
        let (_, after) = rest.split_once('}').unwrap();
        let (after, _) = after.split_once("real_server").unwrap();
        let place = Place::with("");
        place.write("a.conf", format!("{before}{check}{after}}}\n"));
        let told = import(&place, "a.conf --address 192.168.3.101");
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        told.stdout.contains("type: smtp-check")
    };
    let (smtp, smtps) = (" 25 {", " 465 {");
    assert!(probe(" --compat 192.168.3.101", "lvskit", smtp));
    assert!(probe("RUN --compat 192.168.3.101", "lvskit", smtp));
    assert!(probe(" --compat 192.168.3.101", "lvskit\n retry 0", smtp));
    assert!(!probe(" --compat 192.168.3.101", "lvskit\n retry 2", smtp), "repeated by keepalived");
    assert!(probe(" 192.168.3.101 --tls", "lvskit", smtps));
    assert!(probe(" 192.168.3.101 --port 25 --tls", "lvskit", smtp));
    assert!(!probe(" 192.168.3.101 --tls", "lvskit", smtp), "asks port 465");
    assert!(!probe(" --compat 192.168.3.101", "lvskit", smtps), "asks port 25");
    assert!(!probe(" --compat 192.168.3.101 --fwmark 7", "root", smtp), "may mark");
}

/// Files of before hooks said what is balanced, and by hand: import says that they will, and nothing else
/// differs.
#[test]
fn hooks_that_do_not_say_the_services_get_to_know_them() {
    let place = Place::with(crate::place::ARTICLE);
    place.run("--out-dir out").success();
    let old = place.read("out/server01.domain.ru/keepalived.conf");
    let rendered = import(&place, "out/server01.domain.ru/keepalived.conf");
    assert!(!rendered.stderr.contains("--service"), "{}", rendered.stderr);
    assert!(old.contains(" --service tcp/25"), "{old}");
    place.write("old.conf", old.replace(" --service tcp/25", ""));
    let Run { code, stdout, stderr } = import(&place, "old.conf");
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout, rendered.stdout);
    let told = "added: `--service`: only what is balanced leads to the node's own services";
    let notes: Vec<&str> =
        stderr.lines().filter(|line| !rendered.stderr.contains(line.trim())).collect();
    assert!(notes.len() == 1 && notes[0].contains(told), "{stderr}");
    // Another address is a difference all the same.
    place.write("old.conf", old.replace("-r 192.168.3.100", "-r 192.168.3.100 192.168.3.9"));
    let stderr = import(&place, "old.conf").stderr;
    assert!(stderr.contains("192.168.3.9\"` in vrrp_instance mail_relay is not in"), "{stderr}");
}

#[test]
fn what_was_read_is_told_before_an_error() {
    let place = Place::with("");
    place.write("k.conf", "\ninclude /none/conf.d/*.conf\n");
    let none = "note: k.conf:2: no file is named `/none/conf.d/*.conf`, so none is included";
    let why = "error: k.conf: neither vrrp_instance nor virtual_server; ";
    let run = import(&place, "k.conf");
    let hint = format!("{none} from this machine; a node's own needs --root\n{why}");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    assert!(run.stderr.starts_with(&hint), "{}", run.stderr);
    let run = import(&place, "k.conf --root .");
    assert!(run.stderr.starts_with(&format!("{none}\n{why}")), "{}", run.stderr);
}

#[test]
fn an_instance_that_stays_whole_is_told() {
    let place = Place::with("");
    let with = |address: &str| {
        format!("vrrp_instance inside {{\n virtual_ipaddress {{\n  {address}\n }}\n}}\n")
    };
    let vmac = with("10.1.0.100/24 dev eth0 use_vmac");
    let why = "`use_vmac` of the address 10.1.0.100/24 has no key";
    place.write("a.conf", &vmac);
    refused(&place, "a.conf", 1, &["a.conf:3: ", why, "import a copy of the file without that"]);
    place.write("a.conf", file(0) + &vmac);
    let Run { code, stdout, stderr } = import(&place, "a.conf");
    assert_eq!(code, Some(0), "{stderr}");
    let told = format!("note: a.conf:80: {why}, so the whole vrrp_instance goes to `raw`\n");
    assert!(stderr.contains(&told), "{stderr}");
    assert!(stdout.contains("raw: |\n  vrrp_instance inside {\n"), "{stdout}");
    let secret = vmac.replace("virtual", "authentication {\n  auth_pass geheim\n }\n virtual");
    place.write("a.conf", file(0) + &secret);
    let option = "a.conf --auth-pass-file secret";
    refused(&place, option, 1, &["a.conf:80: this auth_pass would go to `raw`"]);
    for (address, why) in [("10.1.0.300", "invalid address `10.1.0.300`"), ("::1 dev", "lacks its")]
    {
        place.write("a.conf", with(address));
        refused(&place, "a.conf", 1, &["a.conf:3: ", why]);
    }
}

#[test]
fn only_what_is_left_out_of_a_sync_daemon_is_told() {
    let place = Place::with("");
    let daemon = "global_defs {\n lvs_sync_daemon eth0 mail_relay id 11";
    place.write("a.conf", file(0).replacen("global_defs {", daemon, 1));
    let Run { code, stderr, .. } = import(&place, "a.conf");
    assert_eq!(code, Some(0), "{stderr}");
    let told =
        "note: a.conf:4: `mail_relay` is left out: the daemon runs on all nodes, with id 11\n";
    assert!(stderr.contains(told), "{stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("lvs_sync_d")).collect();
    assert_eq!(lines, [""; 0]);
}

/// A key that one of the files lacks, and nodes can't have for themselves.
#[test]
fn what_a_block_lacks_is_told_once() {
    let (place, names) = files();
    place.write("b.conf", file(1).replace("    delay_loop 2\n", ""));
    let Run { code, stderr, .. } = import(&place, &names);
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("delay_loop")).collect();
    let told =
        "note: b.conf:36: `delay_loop` is missing here and not at a.conf:37; all nodes get it";
    assert_eq!(lines, [told]);
}

/// Directors whose addresses another program moves.
#[test]
fn a_director_without_vrrp_is_an_inventory() {
    let place = Place::with("");
    let server = "virtual_server 192.0.2.51 80 {\n delay_loop 6\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n \
                  real_server 198.51.100.1 80 {\n  weight 1\n  TCP_CHECK {\n   connect_timeout 3\n  }\n }\n}\n";
    let globals = "global_defs {\n enable_script_security\n script_user root\n router_id lb1\n}\n";
    place.write("lb1.conf", format!("{globals}{server}"));
    refused(&place, "lb1.conf", 1, &["the address of lb1 is unknown", "--address"]);
    let Run { code, stdout, stderr } = import(&place, "lb1.conf --address 192.0.2.11");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    place.write("inventory.yml", &stdout);
    let run = place.run("--stdout");
    assert!(run.stderr.contains("[no-vrrp-instance]"), "{}", run.stderr);
    place.write("new.conf", run.accepted());
    let mut command = place.command(env!("CARGO_BIN_EXE_lvskit"));
    let diff = command.args(["diff", "--meaning", "lb1.conf", "new.conf"]).output().unwrap();
    assert_eq!(diff.status.code(), Some(0), "{diff:?}");
}
