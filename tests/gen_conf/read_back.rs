//! `keepalived -t` does not notice a word that it reads as another one. So keepalived is started
//! and asked what it read (`--dump-conf`): passwords and names must come back as they stand in
//! the inventory.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::netns::{Netns, inside};
use crate::place::{NODES, Place, edited};

/// A keepalived that takes longer to start or to stop hangs.
const HANGS: Duration = Duration::from_secs(30);

/// Every printable ASCII character that a password may have, and what looks like syntax.
const PASSWORDS: [&str; 22] = [
    "mrelay", "abcdefgh", "ijklmnop", "qrstuvwx", "yzABCDEF", "GHIJKLMN", "OPQRSTUV", "WXYZ0123",
    "456789#!", "{}%&'()*", "+,-./:;<", "=>?@[]^_", "`|~$", "a#b!c{d", "it's", "@home", "~SEQ(1,2",
    "$5", "# x", "! x", " a b", "include",
];

/// Ended with the test, whatever becomes of it.
struct Keepalived(Child);

impl Keepalived {
    fn stop(mut self) {
        kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM).unwrap();
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < HANGS, "keepalived does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Keepalived {
    fn drop(&mut self) {
        // Without effect on one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts keepalived's VRRP with a file and returns what it says that it read, in order, after
/// ` key = `; there must be `count` of it.
fn read_by_keepalived(text: &str, keys: [&str; 2], count: usize) -> [Vec<String>; 2] {
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("address add 192.168.3.101/24 dev eth0");
    let place = Place::with("");
    place.write("keepalived.conf", text);
    let log = File::create(place.path("log")).unwrap();
    let mut command = place.command("/usr/sbin/keepalived");
    command
        .args(["--dont-fork", "--log-console", "--dump-conf", "--vrrp", "-f", "keepalived.conf"])
        .arg("-p")
        .arg(place.path("pid"))
        .arg("-r")
        .arg(place.path("vrrp.pid"))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .stdin(Stdio::null());
    let keepalived = Keepalived(netns.run(|| command.spawn()).unwrap());
    let start = Instant::now();
    let found = loop {
        let log = fs::read_to_string(place.path("log")).unwrap();
        let found = keys.map(|key| values(&log, key));
        // The last line may still be half written; the one after the last value ends it.
        if found.iter().all(|found| found.len() >= count) && log.ends_with('\n') {
            break found;
        }
        assert!(start.elapsed() < HANGS, "{found:?}\n{log}");
        std::thread::sleep(Duration::from_millis(20));
    };
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
    let text = Place::with(format!("{before}{instances}")).rendered(NODES[0]);
    // The hooks are not what is tested here, and may not be installed.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("notify_"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();

    let keys = ["Password", "VRRP Instance"];
    let [passwords, instances] = read_by_keepalived(&text, keys, PASSWORDS.len());
    assert_eq!(passwords, PASSWORDS);
    assert_eq!(instances, names);
}
