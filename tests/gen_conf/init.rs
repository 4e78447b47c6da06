//! `lvskit init`: what it writes renders without a word and keepalived takes it, it replaces nothing, and
//! asks on a terminal for what the command line lacks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::common::keepalived::{network, test};
use crate::common::netns::{Netns, inside};
use crate::place::{PROGRAM, Place, Run};

const NODES: &[&str] =
    &["--node", "mx1=192.168.3.101", "--node", "mx2.example.org=192.168.3.102@eth0"];
const MAIL: &[&str] = &["--vip", "192.168.3.100", "--service", "tcp/25"];
const HERE: &[&str] = &["--interface", "eth0", "--network", "192.168.3.0/24"];

fn empty() -> Place {
    let place = Place::with("");
    fs::remove_file(place.path("inventory.yml")).unwrap();
    place
}

fn init(place: &Place, arguments: &[&[&str]]) -> Run {
    Run::of(place.command(PROGRAM).arg("init").args(arguments.concat()).output().unwrap())
}

fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o7777
}

fn keepalived_takes_it(netns: &Netns, place: &Place, nodes: &[&str]) {
    for node in nodes {
        let run = Run::of(test(netns, &place.rendered(node)));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{node}");
    }
}

#[test]
fn what_it_writes_renders_without_a_word() {
    if !inside("init::what_it_writes_renders_without_a_word") {
        return;
    }
    let netns = network();
    let services = ["tcp/25", "tcp/587", "tcp/80", "tcp/443", "udp/53", "tcp/53", "udp/514"]
        .map(|service| ["--service", service]);
    for password in [&["--password"][..], &[]] {
        let place = empty();
        let vip = ["--vip", "192.168.3.100"];
        let said = init(&place, &[NODES, &vip, &services.concat(), HERE, password]).success();
        assert!(said.starts_with("inventory.yml: written\n"), "{said}");
        assert!(said.contains("for node in mx1 mx2.example.org; do"), "{said}");
        keepalived_takes_it(&netns, &place, &["mx1", "mx2.example.org"]);
    }
}

#[test]
fn interface_and_network_are_those_of_this_host() {
    if !inside("init::interface_and_network_are_those_of_this_host") {
        return;
    }
    let netns = network();
    let place = empty();
    let run = netns.run(|| init(&place, &[NODES, MAIL]));
    run.success();
    let text = place.read("inventory.yml");
    assert!(text.contains("\n    interface: eth0\n"), "{text}");
    assert!(text.contains("\nnetwork: 192.168.3.0/24 #"), "{text}");
    assert!(text.contains("\n    virtual_router_id: 100 #"), "{text}");

    let elsewhere = empty();
    let vip = ["--vip", "192.0.2.100", "--service", "tcp/25"];
    let run = netns.run(|| init(&elsewhere, &[NODES, &vip]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.contains("give the nodes' own with --interface and --network"),
        "{}",
        run.stderr
    );
    assert!(elsewhere.files().is_empty());
}

/// The settings are those of the example, which the lab proves.
#[test]
fn the_settings_are_those_of_the_example() {
    let place = empty();
    init(&place, &[NODES, MAIL, HERE]).success();
    let text = place.read("inventory.yml");
    let example = include_str!("../../keepalived/inventory.yml");
    for key in [
        "vrrp_version:",
        "failure_detection:",
        "advert_int:",
        "preempt:",
        "garp_master_delay:",
        "garp_master_refresh:",
        "delay_loop:",
        "lb_algo:",
        "mh-port:",
        "mh-fallback:",
        "lb_kind:",
        "connect_timeout:",
        "retry:",
        "delay_before_retry:",
    ] {
        let of_key = |line: &&str| line.trim_start().starts_with(key);
        let value = |text: &str| {
            let line = text.lines().rfind(of_key).unwrap_or_else(|| panic!("{key}\n{text}"));
            line.split(" #").next().unwrap().trim().to_owned()
        };
        assert_eq!(value(&text), value(example));
    }
}

#[test]
fn nothing_is_replaced() {
    let place = empty();
    init(&place, &[NODES, MAIL, HERE]).success();
    let before = place.files();
    let run = init(&place, &[NODES, MAIL, HERE]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(6), ""));
    assert!(run.stderr.starts_with("error: inventory.yml exists "), "{}", run.stderr);
    assert_eq!(place.files(), before);

    place.write("vrrp_pass", "mine");
    let before = place.files();
    let run = init(&place, &[NODES, MAIL, HERE, &["--password", "-o", "other.yml"]]);
    assert_eq!(run.code, Some(6));
    assert!(run.stderr.starts_with("error: vrrp_pass exists "), "{}", run.stderr);
    assert_eq!(place.files(), before);
}

#[test]
fn the_password_is_in_a_file_of_its_own() {
    let passwords = [(), ()].map(|()| {
        let place = empty();
        let said = init(&place, &[NODES, MAIL, HERE, &["--password", "-o", "a/../inventory.yml"]]);
        assert_eq!(said.code, Some(6), "no such folder: {said:?}");
        let said = init(&place, &[NODES, MAIL, HERE, &["--password"]]).success();
        let password = place.read("vrrp_pass").trim_end().to_owned();
        assert_eq!((password.len(), mode(&place, "vrrp_pass")), (8, 0o600));
        assert_eq!(mode(&place, "inventory.yml"), 0o640);
        for text in [&said, &place.read("inventory.yml")] {
            assert!(!text.contains(&password), "{text}");
        }
        assert!(place.rendered("mx1").contains(&format!("auth_pass {password}\n")));
        password
    });
    assert_ne!(passwords[0], passwords[1]);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let place = empty();
    let refused = |arguments: &[&[&str]], code: i32, words: &str| {
        let run = init(&place, arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.stderr);
        assert!(run.stderr.contains(words), "no {words:?} in {}", run.stderr);
        assert!(place.files().is_empty());
    };
    refused(&[NODES], 2, "--vip, --service missing");
    refused(&[&["--node", "mx1"]], 2, "invalid node `mx1`: expected NAME=ADDRESS");
    refused(&[NODES, MAIL, HERE, &["--vrid", "0"]], 2, "0 is not in 1..=255");
    refused(&[NODES, MAIL, HERE, &["--service", "tcp/80-90"]], 2, "expected one port");
    refused(
        &[NODES, &["--vip", "fd00::100", "--service", "tcp/25"], HERE],
        2,
        "expected one family",
    );
    refused(&[NODES, MAIL, HERE, &["--password", "-o", "-"]], 2, "--password needs a directory");
    let vip = ["--vip", "192.168.4.100", "--service", "tcp/25"];
    refused(&[NODES, &vip, HERE], 1, "192.168.4.100");
    // What YAML would read as something else, or as more than one thing, stays one text.
    refused(&[NODES, MAIL, &HERE[2..], &["--interface", "e, x: {"]], 1, "e, x: {");
    refused(&[NODES, MAIL, HERE, &["--node", "a b=192.168.3.103"]], 1, "a b");
    refused(&[NODES, MAIL, HERE, &["--node", "mx1=192.168.3.103"]], 1, "mx1");
    let odd = ["--node", "on=192.168.3.103", "-o", "-"];
    let text = init(&place, &[NODES, MAIL, HERE, &odd]).success();
    assert!(text.contains("{name: 'on', address: 192.168.3.103}"), "{text}");
    assert!(place.files().is_empty(), "standard output is no file");
}

/// On a terminal, as script(1) makes one.
#[test]
fn it_asks_for_what_is_missing() {
    if !inside("init::it_asks_for_what_is_missing") {
        return;
    }
    let netns = network();
    let place = empty();
    let answers = "mx1=192.168.3.101\nmx2\nmx2=192.168.3.102\n\n192.168.3.100\n\n\n\n";
    place.write("answers", answers);
    let asked = netns.run(|| {
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &format!("{PROGRAM} init"), "/dev/null"]);
        terminal.current_dir(place.path("")).stdin(fs::File::open(place.path("answers")).unwrap());
        Run::of(terminal.stderr(Stdio::piped()).output().unwrap())
    });
    assert_eq!(asked.code, Some(0), "{asked:?}");
    for words in [
        "invalid node `mx2`",
        "Node 3, or an empty line: ",
        "Service, such as tcp/25 [tcp/25]: ",
        "Interface of the nodes [eth0]: ",
        "[192.168.3.0/24]: ",
        "inventory.yml: written",
    ] {
        assert!(asked.stdout.contains(words), "no {words:?} in {}", asked.stdout);
    }
    keepalived_takes_it(&netns, &place, &["mx1", "mx2"]);
}
