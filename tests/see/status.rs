//! What status says of a node, beside what the node is.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::keepalived::{network, wait_for};
use crate::common::netns::inside;
use crate::node::{HOOK, Node, PROGRAM, VIP, instance, json};

#[test]
fn status_says_what_the_node_is() {
    if !inside("status::status_says_what_the_node_is") {
        return;
    }
    let hook = format!(" notify_backup \"{HOOK} --keep-sessions --service tcp/25 -a {VIP}\"");
    let node = Node::start(network(), &instance(100, &hook));
    node.until_it_holds(VIP);
    // Without the guard's own settings there is no fallback route.
    node.netns
        .tool("sysctl", "-qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
    node.netns.tool(HOOK, &format!("--keep-sessions --service tcp/25 -a {VIP}"));

    let status = node.status();
    assert_eq!(status["format"], 1);
    assert_eq!(status["source"], "keepalived.conf");
    let pid = std::fs::read_to_string(node.keepalived.path("pid")).unwrap();
    assert_eq!(status["node"]["keepalived"]["pid"].to_string(), pid.trim());
    let version = Command::new("/usr/sbin/keepalived").arg("--version").output().unwrap();
    let version = String::from_utf8(version.stderr).unwrap();
    let told = status["node"]["keepalived"]["version"].as_str().unwrap();
    assert!(version.starts_with(&format!("Keepalived v{told} ")), "{told}: {version}");
    let started = status["node"]["keepalived"]["started"].as_u64().unwrap();
    let now = status["node"]["time"].as_u64().unwrap();
    assert!(started <= now && now - started < 600, "{started} {now}");
    assert_eq!(status["node"]["keepalived"]["checkers"], false);
    let instance = &status["instances"][0];
    assert_eq!((&instance["name"], &instance["role"]), (&"mail".into(), &"MASTER".into()));
    assert_eq!(instance["vips"][0]["address"], VIP);
    assert_eq!(instance["vips"][0]["on"], "eth0");
    let guard = &status["guards"][0];
    assert_eq!((&guard["vip"], &guard["state"]), (&VIP.into(), &"in_force".into()));
    assert_eq!(guard["fallback_route"], "in_place");

    let screen = String::from_utf8(node.lvskit(&["status"]).stdout).unwrap();
    for words in [
        "keepalived ",
        "mail        MASTER  priority 100, VRID 11 on eth0, VRRP version 2, multicast",
        "192.168.3.100 on eth0         guard in force, sessions kept",
    ] {
        assert!(screen.contains(words), "no {words:?}:\n{screen}");
    }
    assert!(!screen.contains('\x1b'), "no colours into a pipe");

    let file = node.keepalived.path("lvskit.prom");
    let output = node.lvskit(&["status", "--prometheus", "-o", file.to_str().unwrap()]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{output:?}");
    let metrics = std::fs::read_to_string(&file).unwrap();
    for line in [
        "lvskit_keepalived_running 1",
        "lvskit_instance_master{vrrp_instance=\"mail\"} 1",
        "lvskit_vip_held{vrrp_instance=\"mail\",vip=\"192.168.3.100\"} 1",
        "lvskit_guard_in_force{vip=\"192.168.3.100\"} 1",
        "lvskit_fallback_route_in_place{vip=\"192.168.3.100\"} 1",
    ] {
        assert!(metrics.lines().any(|one| one == line), "no {line}:\n{metrics}");
    }
    let output = node.lvskit(&["status", "-o", "/nonexistent/x"]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");

    node.netns.ip("link set eth0 down");
    wait_for(|| node.keepalived.log(), || (!node.holds(VIP)).then_some(()));
    assert_eq!(node.status()["instances"][0]["role"], "FAULT");
}

/// The truth is where the addresses are, whatever became of keepalived.
#[test]
fn a_killed_keepalived_leaves_its_addresses() {
    if !inside("status::a_killed_keepalived_leaves_its_addresses") {
        return;
    }
    let node = Node::start(network(), &instance(100, ""));
    node.until_it_holds(VIP);
    // Stopped, it can't start its child again.
    node.signal("STOP", "pid");
    node.signal("KILL", "vrrp.pid");
    node.signal("KILL", "pid");
    wait_for(
        || node.keepalived.log(),
        || node.status()["node"]["keepalived"]["pid"].is_null().then_some(()),
    );
    assert_eq!(node.status()["instances"][0]["role"], "MASTER");
    let (found, exit) = node.doctor(&["--listen", "0"]);
    assert_eq!(found, ["keepalived-not-running", "vip-left-behind"]);
    assert_eq!(exit, 1);
    node.netns.ip(&format!("address del {VIP}/32 dev eth0"));
    assert_eq!(node.status()["instances"][0]["role"], "STOPPED");
}

#[test]
fn without_a_file_the_kernel_alone_tells() {
    if !inside("status::without_a_file_the_kernel_alone_tells") {
        return;
    }
    let netns = network();
    netns.ip(&format!("address add {VIP}/32 dev eth0"));
    netns.tool(HOOK, &format!("-a {VIP}"));
    let lvskit = |args: &[&str]| {
        let missing = ["--config", "/nonexistent/k.conf", "--keepalived-pid", "/nonexistent/pid"];
        netns.run(|| Command::new(PROGRAM).args(args).args(missing).output().unwrap())
    };
    let status = json(&lvskit(&["status", "--json"]));
    assert_eq!(status["source"], "kernel");
    assert_eq!(status["instances"][0]["role"], "MASTER");
    assert!(status["instances"][0]["name"].is_null());
    let unread = status["node"]["unread"][0].to_string();
    assert!(unread.contains("/nonexistent/k.conf: can't be read"), "{unread}");
    let screen = String::from_utf8(lvskit(&["status"]).stdout).unwrap();
    assert!(screen.contains("not running; by the kernel alone"), "{screen}");
    assert!(screen.contains("not read    keepalived.conf: "), "{screen}");
}

/// Without capabilities it says what it could not read, and the rest all the same.
#[test]
fn without_rights_the_rest_is_told() {
    if !inside("status::without_rights_the_rest_is_told") {
        return;
    }
    let node = Node::start(network(), &instance(100, ""));
    node.until_it_holds(VIP);
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", PROGRAM, "status", "--json"]);
    let status = json(&node.run(&mut command));
    assert_eq!(status["instances"][0]["role"], "MASTER");
    let unread = status["node"]["unread"].to_string();
    assert!(unread.contains("\"guards\"") && unread.contains("CAP_NET_ADMIN"), "{unread}");

    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", PROGRAM, "doctor", "--json"]);
    let output = node.run(&mut command);
    let doctor = json(&output);
    assert_eq!(output.status.code(), Some(4), "{doctor}");
    let skipped = doctor["not_looked_for"].to_string();
    for id in ["guard-missing", "two-masters"] {
        assert!(skipped.contains(&format!("\"{id}\"")), "{skipped}");
    }
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", PROGRAM, "doctor", "--allow-partial"]);
    let output = node.run(&mut command);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// keepalived's own word, noted by its hooks, beside where the addresses are.
#[test]
fn hooks_note_since_when_the_node_is_master() {
    if !inside("status::hooks_note_since_when_the_node_is_master") {
        return;
    }
    let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]).status().unwrap();
    assert!(mounted.success());
    std::fs::create_dir("/run/keepalived-lvskit").unwrap();
    let hook = |event: &str, option: &str| format!(" notify_{event} \"{HOOK} {option} {VIP}\"\n");
    let hooks = hook("master", "-r") + &hook("backup", "-a") + &hook("fault", "-a");
    let node = Node::start(network(), &instance(100, &hooks));
    node.until_it_holds(VIP);
    let noted = |count: usize| {
        wait_for(
            || node.keepalived.log(),
            || {
                let status = node.status();
                let all = status["transitions"].as_array().unwrap().clone();
                (all.len() == count && status["instances"][0]["since"].is_u64()).then_some(all)
            },
        )
    };
    let all = noted(2);
    assert_eq!((&all[0]["master"], &all[1]["master"]), (&false.into(), &true.into()));
    assert_eq!(all[1]["instance"], "mail");
    let screen = String::from_utf8(node.lvskit(&["status"]).stdout).unwrap();
    assert!(
        screen.contains(", since 20") && screen.contains(" UTC mail became MASTER"),
        "{screen}"
    );
    node.netns.ip("link set eth0 down");
    assert_eq!(noted(3)[2]["master"], false);
    // A person who runs the same command notes nothing.
    node.netns.tool(HOOK, &format!("-r {VIP}"));
    assert_eq!(noted(3).len(), 3);
}

/// Of a keepalived.conf without our hooks. No journal runs here: what journalctl says of a node is written down.
#[test]
fn without_hooks_the_journal_tells_since_when_the_node_is_master() {
    if !inside("status::without_hooks_the_journal_tells_since_when_the_node_is_master") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("journalctl");
    let journal = |script: &str| {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let line = |ago: u64, message: &str| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let time = (now.as_secs() - ago) * 1_000_000;
        format!("{{\"__REALTIME_TIMESTAMP\":\"{time}\",\"MESSAGE\":\"{message}\"}}\n")
    };
    let said = [
        line(90_000, "(mail) Entering MASTER STATE"),
        line(7200, "(mail) Entering BACKUP STATE"),
        line(3600, "(mail) Entering MASTER STATE"),
        line(3599, "(other) Entering BACKUP STATE"),
    ];
    // Only as lvskit calls it, in an empty environment.
    let asked = "[ \"$1 $2\" = '--unit=keepalived --since=-24h' ] || exit 1";
    journal(&format!("{asked}\n/bin/cat <<'END'\n{}END", said.concat()));
    let mut mount = Command::new("mount");
    mount.arg("--bind").arg(&program).arg("/usr/bin/journalctl");
    assert!(mount.status().unwrap().success(), "systemd is needed");
    let node = Node::start(network(), &instance(100, ""));
    node.until_it_holds(VIP);
    // On a busy machine a shell may be slower than what status waits for.
    let told = wait_for(
        || node.status().to_string(),
        || Some(node.status()).filter(|status| status["noted_by"] == "journal"),
    );
    let all = told["transitions"].as_array().unwrap();
    let all: Vec<_> = all.iter().map(|one| one["master"].as_bool().unwrap()).collect();
    assert_eq!(all, [false, true], "the first one is more than a day old: {told}");
    assert!(told["instances"][0]["since"].is_u64(), "{told}");
    wait_for(
        || String::from_utf8(node.lvskit(&["status"]).stdout).unwrap(),
        || {
            let screen = String::from_utf8(node.lvskit(&["status"]).stdout).unwrap();
            let found = screen.contains(" UTC mail became MASTER (by the journal)\n");
            (found && screen.contains(", since 20")).then_some(())
        },
    );
    // What keeps it from telling is no fault of the node.
    journal("echo No journal files were opened due to insufficient permissions. >&2; exit 1");
    let refused = wait_for(
        || node.status().to_string(),
        || {
            let status = node.status();
            let why = status["journal_unread"].as_str()?.to_owned();
            why.contains("insufficient permissions").then_some(status)
        },
    );
    assert_eq!(refused["noted_by"], serde_json::Value::Null);
    let screen = String::from_utf8(node.lvskit(&["status"]).stdout).unwrap();
    assert!(!screen.contains("journal"), "{screen}");
}
