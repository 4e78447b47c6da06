//! `keepalived -t` does not notice a word that it reads as another one. So keepalived is started
//! and asked what it read (`--dump-conf`): passwords and names must come back as they stand in
//! the inventory.

use crate::common::keepalived::{Keepalived, network, wait_for};
use crate::common::netns::inside;
use crate::place::{NODES, Place, edited};

/// Every printable ASCII character that a password may have, and what looks like syntax.
const PASSWORDS: [&str; 22] = [
    "mrelay", "abcdefgh", "ijklmnop", "qrstuvwx", "yzABCDEF", "GHIJKLMN", "OPQRSTUV", "WXYZ0123",
    "456789#!", "{}%&'()*", "+,-./:;<", "=>?@[]^_", "`|~$", "a#b!c{d", "it's", "@home", "~SEQ(1,2",
    "$5", "# x", "! x", " a b", "include",
];

/// Starts keepalived's VRRP with a file and returns what it says that it read, in order, after
/// ` key = `; there must be `count` of it.
fn read_by_keepalived(text: &str, keys: [&str; 2], count: usize) -> [Vec<String>; 2] {
    let keepalived = Keepalived::start(&network(), text, &["--dump-conf"]);
    let found = wait_for(
        || keepalived.log(),
        || {
            let log = keepalived.log();
            let found = keys.map(|key| values(&log, key));
            // The last line may still be half written; the one after the last value ends it.
            let whole = found.iter().all(|found| found.len() >= count) && log.ends_with('\n');
            whole.then_some(found)
        },
    );
    keepalived.stop();
    found
}

fn values(log: &str, key: &str) -> Vec<String> {
    let key = format!(" {key} = ");
    log.lines().filter_map(|line| line.split_once(&key)).map(|(_, value)| value.into()).collect()
}

#[test]
fn passwords_and_names_come_back_from_keepalived() {
    if !inside("read_back::passwords_and_names_come_back_from_keepalived") {
        return;
    }
    let names: Vec<String> = (0..PASSWORDS.len()).map(|at| format!("{at}#!{{x")).collect();
    let instances: String = (PASSWORDS.iter().zip(&names).enumerate())
        .map(|(at, (password, name))| {
            let (vrid, host) = (at + 1, at + 201);
            let (name, password) = (serde_json::json!(name), serde_json::json!(password));
            format!(
                "  {name}:\n    interface: eth0\n    virtual_router_id: {vrid}\n    \
                 authentication: {{auth_pass: {password}}}\n    \
                 virtual_ipaddress: 192.168.3.{host}\n    state: BACKUP\n"
            )
        })
        .collect();
    let inventory = edited(&[]);
    let (before, _) = inventory.split_once("  mail_relay:").unwrap();
    // Without services nothing asks for mails, and a warning says so.
    let place = Place::with(format!("{before}{instances}"));
    let text = place.run(&format!("--stdout --node {}", NODES[0])).accepted();
    // The hooks are not what is tested here, and may not be installed.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("notify_"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();

    let keys = ["Password", "VRRP Instance"];
    let [passwords, instances] = read_by_keepalived(&text, keys, PASSWORDS.len());
    assert_eq!(passwords, PASSWORDS);
    assert_eq!(instances, names);
}
