//! The playbooks that take nodes out and bring them back, played on the two nodes of [`stage`].

mod fails;
pub mod stage;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::common::keepalived::wait_for;
use super::common::netns::inside;
use super::site::NODES;
use fails::Fails;
use stage::{Cluster, Node};

/// What the judgement of a cluster says where all is well.
const HEALTHY: &str = "healthy: all 2 nodes answer; mail_relay is on server01.domain.ru";

#[test]
fn errors_in_the_judgement_of_the_cluster_end_the_play() {
    if !inside("rolling::errors_in_the_judgement_of_the_cluster_end_the_play") {
        return;
    }
    let cluster = Cluster::start();
    let left = || assert_eq!(cluster.site.left(), [""; 0]);
    let site = |options: &[&str]| cluster.play("site.yml", options);
    let play = site(&[]).succeeded();
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(play.changed(), 0, "{}", play.text);

    // The guard is gone.
    cluster.nodes[1].sh(&cluster.site, "nft flush ruleset");
    let words = "error: the guard of an address is not there [guard-missing] server02";
    let play = site(&[]).failed();
    assert!(play.text.contains(words) && play.text.contains("broken: "), "{}", play.text);
    assert!(site(&["--check"]).succeeded().text.contains(words));
    let restart = format!("{} restart", cluster.site.path("service").display());
    cluster.nodes[1].sh(&cluster.site, &restart);
    let guarded = || cluster.nodes[1].sh(&cluster.site, "nft list tables");
    wait_for(guarded, || (!guarded().is_empty()).then_some(()));

    // A node is gone after its reload.
    cluster.site.edit_inventory("garp_master_refresh: 10", "garp_master_refresh: 11");
    let cut = cluster.site.path("cut-server02.domain.ru");
    let reload = format!("keepalived_reload='touch {}'", cut.display());
    let play = site(&["-e", &reload]).failed();
    let words = "error: a node does not answer [node-unreachable] server02.domain.ru";
    assert!(play.text.contains(words) && play.text.contains("UNREACHABLE"), "{}", play.text);
    left();
    fs::remove_file(cut).unwrap();
    // lvskit fails on the controller.
    let lvskit = concat!(
        "{{ '/no/lvskit' if 'reports' in vars else '",
        env!("CARGO_BIN_EXE_lvskit"),
        "' }}"
    );
    let lvskit = serde_json::json!({ "lvskit_command": [lvskit] }).to_string();
    let play = cluster.play("site.yml", &["-e", &lvskit]).failed();
    assert!(play.text.contains("/no/lvskit"), "{}", play.text);
    left();
}

#[test]
fn the_cluster_is_judged_where_all_of_it_is_in_the_play() {
    if !inside("rolling::the_cluster_is_judged_where_all_of_it_is_in_the_play") {
        return;
    }
    let cluster = Cluster::start();
    let site = |options: &[&str]| cluster.play("site.yml", options).succeeded();
    let play = site(&["--tags", "apply", "--check"]);
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(play.changed(), 0, "{}", play.text);
    assert_eq!(cluster.site.left(), [""; 0]);
    let limited = ["--limit", NODES[0]];
    let off = ["-e", "lvskit_doctor=false"];
    let why = "the cluster is not judged, because this play leaves out server02.domain.ru";
    for (options, words) in [(&limited, why), (&off, ""), (&["--tags", "render"], "")] {
        let play = site(options);
        assert!(play.text.contains(words) && !play.text.contains(HEALTHY), "{}", play.text);
    }
    // A warning ends nothing.
    cluster.nodes[1].sh(&cluster.site, "echo 1 >/run/keepalived-lvskit/drain");
    let play = site(&[]);
    assert!(play.text.contains("[drained] server02.domain.ru"), "{}", play.text);
}

#[test]
fn keepalived_restarts_on_one_drained_node_after_the_other() {
    if !inside("rolling::keepalived_restarts_on_one_drained_node_after_the_other") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    let play = cluster.play("keepalived.yml", &[]).succeeded();
    let (first, second) =
        (play.text.find("changed: [server02"), play.text.find("changed: [server01"));
    assert!(first.is_some() && first < second, "the BACKUP comes first\n{}", play.text);
    for place in [0, 1] {
        assert_eq!(cluster.log(place), "stop\nstart\nrestart\n");
        assert_eq!(cluster.drained(place), "0");
    }
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    cluster.settle(0);
}

#[test]
fn a_check_of_a_restart_changes_nothing() {
    if !inside("rolling::a_check_of_a_restart_changes_nothing") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    let check = cluster.play("keepalived.yml", &["--check"]).succeeded();
    assert!(check.text.contains(HEALTHY), "{}", check.text);
    let untouched = [0, 1].map(|place| (cluster.log(place), cluster.drained(place)));
    assert_eq!((check.changed(), untouched), (0, [0, 1].map(|_| (String::new(), "0".into()))));
}

#[test]
fn a_node_that_can_not_be_drained_is_left_as_it_was() {
    if !inside("rolling::a_node_that_can_not_be_drained_is_left_as_it_was") {
        return;
    }
    let cluster = Cluster::start();
    let tables = || cluster.nodes[1].sh(&cluster.site, "nft list tables");
    // A client's session that does not end.
    let session = "import socket, time
served = socket.create_server((\"192.168.3.102\", 25))
client = socket.create_connection((\"192.168.3.102\", 25))
other = served.accept()
time.sleep(9999)";
    let session = format!("setsid python3 -c '{session}' >/dev/null 2>&1 </dev/null &");
    cluster.nodes[1].sh(&cluster.site, &session);
    for place in [0, 1] {
        cluster.log(place);
    }
    let impatient = ["-e", "lvskit_drain_timeout=2"];
    let play = cluster.play("keepalived.yml", &impatient).failed();
    for words in [
        "server02.domain.ru: the drain failed, so nothing else was done there. The drain was ended",
        " left",
    ] {
        assert!(play.text.contains(words), "no {words}: {}", play.text);
    }
    assert_eq!([0, 1].map(|place| cluster.log(place)), ["", ""]);
    assert_eq!(cluster.drained(1), "0");
    assert!(!tables().contains("lvskit-drain"), "{}", tables());
    // What somebody drained before stays so, and nothing begins.
    let lvskit = env!("CARGO_BIN_EXE_lvskit");
    cluster.nodes[1].sh(&cluster.site, &format!("{lvskit} drain --server"));
    let play = cluster.play("keepalived.yml", &[]).failed();
    assert!(play.text.contains("server02.domain.ru: it is drained"), "{}", play.text);
    assert!(tables().contains("lvskit-drain"), "{}", tables());
    assert_eq!([0, 1].map(|place| cluster.log(place)), ["", ""]);
}

#[test]
fn a_node_whose_restart_fails_stays_drained() {
    if !inside("rolling::a_node_whose_restart_fails_stays_drained") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    cluster.play("keepalived.yml", &["-e", "keepalived_restart=false"]).failed();
    assert_eq!([0, 1].map(|place| cluster.drained(place)), ["0", "1"]);
    assert!(cluster.nodes[1].sh(&cluster.site, "nft list tables").contains("lvskit-drain"));
    cluster.settle(0);
}

/// Postfix's sink stands for the service; it notes whether the node was drained when it started.
const MAIL: &str = "#!/bin/sh -e
[ ! -e /run/mail.pid ] || kill $(cat /run/mail.pid)
nft list table inet lvskit-drain >/dev/null && echo drained >>/run/mail || echo in service >>/run/mail
setsid smtp-sink -u nobody 127.0.0.1:25 9 >/dev/null 2>&1 </dev/null &
echo $! >/run/mail.pid
";

#[test]
fn the_service_restarts_on_one_drained_server_after_the_other() {
    if !inside("rolling::the_service_restarts_on_one_drained_server_after_the_other") {
        return;
    }
    let cluster = Cluster::start();
    let mail = cluster.site.path("mail");
    fs::write(&mail, MAIL).unwrap();
    fs::set_permissions(&mail, fs::Permissions::from_mode(0o755)).unwrap();
    let settings =
        format!("mail_restart={} smtp_check={}", mail.display(), env!("CARGO_BIN_EXE_smtp-check"));
    let play = || cluster.play("restart.yml", &["-e", &settings]);
    let (play, masters) = cluster.masters_while(play);
    let play = play.succeeded();
    assert!(play.text.contains("127.0.0.1:25 up in "), "{}", play.text);
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(masters.into_iter().collect::<Vec<_>>(), [1], "no director was drained");
    for node in &cluster.nodes {
        assert_eq!(node.sh(&cluster.site, "cat /run/mail; rm /run/mail"), "drained\n");
        let tables = node.sh(&cluster.site, "nft list tables");
        assert!(!tables.contains("lvskit-drain"), "{tables}");
    }
}

#[test]
fn a_new_vrid_is_refused_or_rolled_out_without_a_second_master() {
    if !inside("rolling::a_new_vrid_is_refused_or_rolled_out_without_a_second_master") {
        return;
    }
    let cluster = Cluster::start();
    cluster.site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 12");
    let play = cluster.play("site.yml", &[]).failed();
    assert!(play.text.contains("would not hear each other"), "{}", play.text);
    let conf = |node: &Node| node.sh(&cluster.site, "cat /etc/keepalived/keepalived.conf");
    for node in &cluster.nodes {
        assert!(conf(node).contains("virtual_router_id 11\n"));
    }
    let (play, masters) =
        cluster.masters_while(|| cluster.play("site.yml", &["-e", "lvskit_split=drain"]));
    let play = play.succeeded();
    assert!(!masters.contains(&2), "{masters:?}\n{}", play.text);
    for node in &cluster.nodes {
        assert!(conf(node).contains("virtual_router_id 12\n"));
    }
    cluster.settle(0);
    assert_eq!([0, 1].map(|place| cluster.drained(place)), ["0", "0"]);
    assert_eq!(cluster.play("site.yml", &[]).succeeded().changed(), 0);
}

#[test]
fn a_backup_that_does_not_reload_takes_all_back() {
    if !inside("rolling::a_backup_that_does_not_reload_takes_all_back") {
        return;
    }
    Fails {
        reload: (1, "fail once"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "0"],
        words: &[
            "server02.domain.ru: keepalived did not reload",
            "server01.domain.ru serves. The old files are back.",
        ],
    }
    .happens();
}

#[test]
fn a_backup_that_never_reloads_stays_drained() {
    if !inside("rolling::a_backup_that_never_reloads_stays_drained") {
        return;
    }
    Fails {
        reload: (1, "fail"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "1"],
        words: &["The old files are back.", "It may be drained still: server02.domain.ru."],
    }
    .happens();
}

#[test]
fn a_master_that_does_not_reload_takes_all_back() {
    if !inside("rolling::a_master_that_does_not_reload_takes_all_back") {
        return;
    }
    Fails {
        reload: (0, "fail once"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "0"],
        words: &["server01.domain.ru: keepalived did not reload", "The old files are back."],
    }
    .happens();
}

#[test]
fn the_others_serve_when_the_master_dies_while_it_reloads() {
    if !inside("rolling::the_others_serve_when_the_master_dies_while_it_reloads") {
        return;
    }
    Fails {
        reload: (0, "die"),
        serves: 1,
        vrid: 12,
        file: 12,
        drained: ["1", "0"],
        words: &["server01.domain.ru does not serve", "then run lvskit undrain there"],
    }
    .happens();
}

#[test]
fn the_others_serve_when_the_master_dies_and_is_out_of_reach() {
    if !inside("rolling::the_others_serve_when_the_master_dies_and_is_out_of_reach") {
        return;
    }
    Fails {
        reload: (0, "die, cut"),
        serves: 1,
        vrid: 12,
        file: 12,
        drained: ["0", "0"], // the dead one can't be asked to be
        words: &["server01.domain.ru does not serve"],
    }
    .happens();
}

#[test]
fn the_others_stay_drained_where_the_master_may_serve_and_is_out_of_reach() {
    if !inside("rolling::the_others_stay_drained_where_the_master_may_serve_and_is_out_of_reach") {
        return;
    }
    Fails {
        reload: (0, "cut"),
        serves: 0,
        vrid: 11,
        file: 12, // which it has not read
        drained: ["0", "1"],
        words: &["can't be reached, but its addresses are answered"],
    }
    .happens();
}

#[test]
fn a_node_that_is_not_named_does_not_leave() {
    if !inside("rolling::a_node_that_is_not_named_does_not_leave") {
        return;
    }
    let cluster = Cluster::start();
    let play = cluster.play("decommission.yml", &[]).failed();
    assert!(play.text.contains("name the node that leaves"), "{}", play.text);
    // Nor one that the inventory has.
    let play = cluster.play("decommission.yml", &LEAVING).failed();
    assert!(play.text.contains("server01.domain.ru is a node of "), "{}", play.text);
    assert!(cluster.nodes[0].is_master());
}

const LEAVING: [&str; 2] = ["-e", "lvskit_leaving=server01.domain.ru"];

#[test]
fn a_node_leaves_when_it_is_named() {
    if !inside("rolling::a_node_leaves_when_it_is_named") {
        return;
    }
    let cluster = Cluster::start();
    cluster.site.edit_inventory("  - {name: server01.domain.ru, address: 192.168.3.101}\n", "");
    let others = ["--limit", "!server01.domain.ru", "-e", "lvskit_split=reload"];
    cluster.play("site.yml", &others).succeeded();
    let play = cluster.play("decommission.yml", &LEAVING).succeeded();
    assert!(play.changed() > 3, "{}", play.text);
    cluster.settle(1);
    let left = cluster.nodes[0].sh(
        &cluster.site,
        "ls /etc/keepalived; nft list tables; ls /run/keepalived.pid 2>/dev/null || echo stopped",
    );
    assert_eq!(left, "stopped\n");
}
