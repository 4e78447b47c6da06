//! `lvskit doctor --cluster` and `lvskit status --all`: two real nodes that are network namespaces, and nodes
//! that misbehave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::keepalived::wait_for;
use crate::common::netns::{Netns, inside};
use crate::node::{Node, PROGRAM, VIP, json};

pub const NAMES: [&str; 2] = ["server01", "server02"];

pub const INVENTORY: &str = "\
nodes:
- {name: server01, address: 192.168.3.101}
- {name: server02, address: 192.168.3.102}
bypass: false
drain_file: false
keep_sessions: false
vrrp_instance:
  mail: {interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.100}
";

/// A folder with an inventory and `ask`, a script that stands for the way to the nodes.
pub struct Controller(TempDir);

impl Controller {
    pub fn new(inventory: &str, ask: &str) -> Controller {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("inventory.yml"), inventory).unwrap();
        let script = folder.path().join("ask");
        fs::write(&script, format!("#!/bin/sh\n{ask}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        Controller(folder)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        let via = format!("{} {{node}}", self.path("ask"));
        let mut command = Command::new(PROGRAM);
        command.args(args).args(["-i", &self.path("inventory.yml"), "--via", &via]);
        command.output().unwrap()
    }

    /// The ids of what is found, all of it, and the exit code.
    pub fn doctor(&self, args: &[&str]) -> (Vec<String>, Value, i32) {
        let output = self.run(&[&["doctor", "--cluster", "--json"], args].concat());
        let all = json(&output);
        let ids = all["findings"].as_array().unwrap().iter();
        let ids = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        (ids, all, output.status.code().unwrap())
    }
}

/// A script that runs lvskit in the namespaces of real nodes, with their files.
fn way(nodes: &[Node]) -> String {
    let one = |(name, node): (&&str, &Node)| {
        let (conf, pid) = (node.keepalived.path("keepalived.conf"), node.keepalived.path("pid"));
        let (netns, conf, pid) = (node.netns.path(), conf.display(), pid.display());
        format!(
            "{name}) shift 2; exec nsenter --net={netns} {PROGRAM} \"$@\" --config {conf} \
             --keepalived-pid {pid};;\n"
        )
    };
    let all: String = NAMES.iter().zip(nodes).map(one).collect();
    format!("case $1 in\n{all}esac")
}

/// Two nodes on a switch.
fn nodes(folder: &Path) -> (Vec<Node>, Netns) {
    let switch = Netns::new();
    switch.ip("link add br0 type bridge");
    switch.ip("link set br0 up");
    fs::write(folder.join("inventory.yml"), INVENTORY).unwrap();
    let start = |at: usize| {
        let netns = Netns::new();
        netns.ip(&format!("link add eth0 type veth peer name port{at} netns {}", switch.path()));
        netns.ip(&format!("address add 192.168.3.10{}/24 dev eth0", at + 1));
        netns.ip("link set eth0 up");
        switch.ip(&format!("link set port{at} master br0 up"));
        netns.wait_for_carrier("eth0");
        let output = Command::new(PROGRAM)
            .args(["gen-conf", "--stdout", "--node", NAMES[at], "-i"])
            .arg(folder.join("inventory.yml"))
            .output()
            .unwrap();
        Node::start(netns, &String::from_utf8(output.stdout).unwrap())
    };
    let first = start(0);
    first.until_it_holds(VIP);
    let second = start(1);
    wait_for(
        || second.keepalived.log(),
        || second.keepalived.log().contains("BACKUP").then_some(()),
    );
    (vec![first, second], switch)
}

/// What this host's own keepalived lacks has nothing to do with the cluster.
const SKIP: [&str; 4] = ["--skip", "no-ipvs", "--skip", "no-script-security"];

#[test]
fn real_nodes_are_judged_as_one() {
    if !inside("cluster::real_nodes_are_judged_as_one") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (nodes, switch) = nodes(folder.path());
    let controller = Controller::new(INVENTORY, &way(&nodes));
    let (found, all, exit) = controller.doctor(&SKIP);
    assert_eq!((found.as_slice(), exit), (&[][..], 0), "{all:#}");
    assert_eq!(all["conclusion"], "healthy: all 2 nodes answer; mail is on server01");
    assert_eq!(all["hears"][2], serde_json::json!(["server02", "yes"]));

    let output = controller.run(&["status", "--all"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("server01  mail MASTER") && lines.contains("server02  mail BACKUP"));
    assert_eq!(output.status.code(), Some(0));

    // An old file, which keepalived has not read either.
    let path = nodes[1].keepalived.path("keepalived.conf");
    let right = fs::read_to_string(&path).unwrap();
    fs::write(&path, right.replace("priority 90", "priority 80")).unwrap();
    let (found, all, exit) = controller.doctor(&SKIP);
    let wrong = ["conf-differs", "file-changed"].map(str::to_owned);
    assert_eq!((found.as_slice(), exit), (&wrong[..], 1), "{all:#}");
    let evidence = &all["findings"][0]["evidence"][0];
    assert_eq!(evidence, "server02: vrrp_instance mail: `priority 80`, not `90`");
    fs::write(&path, right).unwrap();

    // The switch passes nothing between them any more.
    for port in ["port0", "port1"] {
        switch.tool("bridge", &format!("link set dev {port} isolated on"));
    }
    nodes[1].until_it_holds(VIP);
    let (found, all, exit) = controller.doctor(&SKIP);
    assert_eq!(found, ["partition", "several-masters"], "{all:#}");
    assert_eq!(exit, 1);
    assert_eq!(
        all["conclusion"],
        "broken: 2 of 2 nodes answer; the network is in 2 parts: server01 | server02; several nodes hold \
         the same addresses (server01 and server02)"
    );
    let text = String::from_utf8(controller.run(&["doctor", "--cluster"]).stdout).unwrap();
    assert!(text.contains("server02  NO              (itself)"), "{text}");
}

/// What a node of no cluster says, with another name.
fn said(name: &str) -> Value {
    let missing = ["--config", "/nonexistent/k.conf", "--keepalived-pid", "/nonexistent/pid"];
    let args = ["doctor", "--report", "--listen", "0"];
    let output = Command::new(PROGRAM).args(args).args(missing).output().unwrap();
    let mut report = json(&output);
    report["status"]["node"]["host"] = name.into();
    report["status"]["node"]["interfaces"] = serde_json::json!([]);
    report
}

fn inventory(nodes: &[&str]) -> String {
    let nodes = nodes.iter().enumerate();
    let nodes: String = nodes
        .map(|(n, name)| format!("- {{name: '{name}', address: 10.0.0.{}}}\n", n + 1))
        .collect();
    format!(
        "nodes:\n{nodes}vrrp_instance: {{mail: {{interface: eth0, virtual_router_id: 1, virtual_ipaddress: \
         10.0.0.200}}}}\n"
    )
}

/// Colours, a bell, a new line, writing from right to left, markup.
const EVIL: &str = "\u{1b}[31m\u{7}\nroot\u{202e}<script>alert(1)</script>\"'&";

#[test]
fn nodes_that_misbehave_are_findings_and_break_nothing() {
    let names = ["good", "garbage", "hung", "flood", "gone", "evil"];
    let controller = Controller::new(
        &inventory(&names),
        "cd \"${0%/*}\" || exit 1\n\
         case $1 in\nhung) exec sleep 600;;\nflood) exec head -c 6000000 /dev/zero;;\n\
         gone) echo 'Connection \u{1b}[31mrefused' >&2; exit 255;;\n\
         *) exec cat \"$1.json\";;\nesac",
    );
    fs::write(controller.path("good.json"), said("good").to_string()).unwrap();
    fs::write(controller.path("garbage.json"), format!("{EVIL} {{\"format\": ")).unwrap();
    let mut evil = said(EVIL);
    evil["status"]["lvskit"] = EVIL.into();
    evil["status"]["node"]["keepalived"]["version"] = EVIL.into();
    evil["findings"] = serde_json::json!([
        {"id": EVIL, "severity": "error", "title": EVIL, "evidence": EVIL, "why": EVIL, "help": EVIL}
    ]);
    fs::write(controller.path("evil.json"), evil.to_string()).unwrap();

    let page = controller.path("page.html");
    let output = controller.run(&[
        "doctor",
        "--cluster",
        "--timeout",
        "2",
        "--listen",
        "0",
        "--html",
        &page,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let harmless = |text: &str| text.chars().all(|one| one == '\n' || !one.is_control());
    assert!(harmless(&text) && !text.contains('\u{202e}'), "{text}");
    assert!(harmless(&String::from_utf8(output.stderr).unwrap()));
    for words in [
        "hung: ",
        "no answer within 2s, killed",
        "flood: ",
        "wrote more than",
        "gone: exit status: 255: Connection \\u{1b}[31mrefused",
        "garbage: not JSON; ",
    ] {
        assert!(text.contains(words), "no {words}: {text}");
    }
    let html = fs::read_to_string(&page).unwrap();
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    assert!(harmless(&html));
    let mode = fs::metadata(&page).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);

    let (found, _, exit) = controller.doctor(&["--timeout", "2", "--listen", "0"]);
    assert!(
        found.contains(&"node-unreachable".into()) && found.contains(&"report-unreadable".into())
    );
    assert_eq!(exit, 1);
    let output = controller.run(&["status", "--all", "--timeout", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 1 + names.len(), "{lines}");
    assert!(harmless(&lines));
}

#[test]
fn reports_that_were_collected_are_read_from_files() {
    let controller = Controller::new(&inventory(&["one", "two"]), "exit 1");
    fs::write(controller.path("one.json"), said("one").to_string()).unwrap();
    let inventory = controller.path("inventory.yml");
    let folder = controller.path("");
    let run = |args: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(args).args(["-i", &inventory, "--from", &folder]).output().unwrap()
    };
    let all = json(&run(&["doctor", "--cluster", "--json"]));
    let first = &all["findings"][0];
    assert_eq!(first["id"], "node-unreachable");
    let evidence = first["evidence"][0].as_str().unwrap();
    assert!(evidence.starts_with("two: "), "{first}");
    assert!(evidence.ends_with("/two.json: it was not collected"), "{first}");
    assert_eq!(all["nodes"][0]["answers"], true);
    // The status alone is enough for the rest.
    fs::write(controller.path("two.json"), said("two")["status"].to_string()).unwrap();
    let all = json(&run(&["doctor", "--cluster", "--json"]));
    assert!(!all["findings"].to_string().contains("node-unreachable"));
    assert!(all["not_looked_for"].to_string().contains("two: its status alone"), "{all:#}");
    assert_eq!(run(&["status", "--all"]).status.code(), Some(0));
}

#[test]
fn a_node_with_several_addresses_is_one_without_an_inventory_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let peers = "unicast_peer {\n10.0.0.1\nfd00::1\n10.0.0.2\n}\n";
    let conf = format!("vrrp_instance i {{\nvirtual_router_id 1\n{peers}}}\n");
    fs::write(path("keepalived.conf"), conf).unwrap();
    let mut one = said("one")["status"].clone();
    let own = |address: &str| serde_json::json!({"address": address, "prefix": 24, "duplicate": false, "tentative": false});
    one["node"]["interfaces"] = serde_json::json!([{
        "index": 2, "name": "eth0", "mac": null, "mtu": 1500, "up": true, "carrier": true, "receives": true,
        "addresses": [own("10.0.0.1"), own("fd00::1")],
    }]);
    fs::write(path("10.0.0.1.json"), one.to_string()).unwrap();
    fs::write(path("fd00::1.json"), one.to_string()).unwrap();
    let output = Command::new(PROGRAM)
        .args(["status", "--all", "--config"])
        .arg(path("keepalived.conf"))
        .arg("--from")
        .arg(folder.path())
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let nodes: Vec<_> = lines.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(nodes, ["one", "10.0.0.2"], "{lines}");
}

#[test]
fn bad_input_is_one_message_and_nothing_is_written() {
    for name in ["-oProxyCommand=x", "$(touch x)", "a b", "../a", "\u{1b}[31m"] {
        let controller = Controller::new(&inventory(&["good", name]), "exit 1");
        let output = controller.run(&["doctor", "--cluster"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.contains(&0x1b), "{output:?}");
    }
    let controller = Controller::new("nodes: [", "exit 1");
    let page = controller.path("page.html");
    let output = controller.run(&["doctor", "--cluster", "--html", &page]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty() && !Path::new(&page).exists());
    let lvskit = |args: &[&str]| Command::new(PROGRAM).args(args).output().unwrap();
    let missing = "/nonexistent/inventory.yml";
    for (args, exit) in [
        (&["doctor", "--cluster", "-i", missing][..], 6),
        (&["status", "--all", "-i", missing], 6),
        (&["graph", "-i", missing, "-o", "-"], 6),
        (&["status", "--all", "--config", "/nonexistent/k.conf"], 6),
        (&["doctor", "--cluster"], 2),
        (&["doctor", "--html", "x"], 2),
        (&["doctor", "--via", "/bin/true {node}"], 2),
        (&["doctor", "--cluster", "-i", "x", "--via", "ssh {node}"], 2),
        (&["doctor", "--cluster", "-i", "x", "--via", "/bin/true"], 2),
        (&["doctor", "--cluster", "-i", "x", "--report"], 2),
        (&["status", "--from", "/tmp"], 2),
    ] {
        let output = lvskit(args);
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}
