//! The playbook that waits until a node answers: real Ansible, the real probe, and a server that takes
//! its time, or never gets well. The nodes are no cluster; `rolling` has one, and drains.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::ansibles::{Ansible, assert_played};
use super::built::run;
use super::common::server::Step::{self, Hear};
use super::common::server::{FakeServer, say};

fn good() -> Vec<Step> {
    vec![say("220 mx ESMTP\r\n"), Hear, say("250 mx\r\n"), Hear, say("221 bye\r\n")]
}

fn busy() -> Vec<Step> {
    vec![say("421 mx starting\r\n")]
}

/// Restarts the service of two nodes, which both are this machine; whether all went well, what was
/// said, and how many restarts there were.
fn play(server: &FakeServer, patience: u32) -> (bool, String, usize) {
    let site = tempfile::tempdir().unwrap();
    let path = |name: &str| site.path().join(name);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(repository.join("packaging/ansible/playbooks/restart.yml"), path("restart.yml"))
        .unwrap();
    let roles = repository.join("packaging/ansible/roles");
    run(Command::new("cp").arg("-r").arg(roles).arg(path("roles")));
    let local = "ansible_connection=local\nansible_become=false\n\
                 ansible_python_interpreter=/usr/bin/python3\n";
    fs::write(path("hosts"), format!("[balancers]\na\nb\n[balancers:vars]\n{local}")).unwrap();
    fs::write(path("ansible.cfg"), "").unwrap(); // the machine's own is not asked
    let port = server.address().port();
    let settings = serde_json::json!({
        "smtp_check": env!("CARGO_BIN_EXE_smtp-check"),
        "smtp_check_options": ["127.0.0.1", "-p", port.to_string()],
        "mail_restart": format!("mktemp -p {} restarted.XXXXXX", site.path().display()),
        "mail_patience": patience,
        "mail_drain": false,
        "lvskit_doctor": false,
    });
    let output = Command::new(Ansible::of_this_test().program("ansible-playbook"))
        .args(["-i", "hosts", "-vv", "restart.yml", "-e", &settings.to_string()])
        .current_dir(site.path())
        .env("ANSIBLE_CONFIG", path("ansible.cfg"))
        .env("ANSIBLE_HOME", path("ansible"))
        .env("ANSIBLE_LOCAL_TEMP", path("ansible/local"))
        .env("ANSIBLE_REMOTE_TEMP", path("ansible/remote"))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("ansible-playbook is needed; tests/deps ansible installs it");
    let names = fs::read_dir(site.path()).unwrap().map(|file| file.unwrap().file_name());
    let restarts = names.filter(|name| name.to_string_lossy().starts_with("restarted.")).count();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_played(&text);
    (output.status.success(), text, restarts)
}

#[test]
fn it_waits_until_a_node_answers_and_then_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = FakeServer::start(listener, vec![busy(), busy(), good()]);
    let (ok, text, restarts) = play(&server, 9);
    assert!(ok, "{text}");
    assert_eq!((restarts, server.connections()), (2, 4), "{text}");
    let answer = format!("{} up in ", server.address());
    assert_eq!(text.matches(&answer).count(), 2, "{text}");
    assert!(text.contains(" ms: 220 mx ESMTP"), "{text}");
}

#[test]
fn a_node_that_never_answers_ends_it() {
    let server = FakeServer::local(busy());
    let (ok, text, restarts) = play(&server, 2);
    assert!(!ok, "{text}");
    assert_eq!(restarts, 1, "the second node was not spared: {text}");
    assert!(text.contains("421 mx starting"), "{text}");
}
