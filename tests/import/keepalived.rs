//! keepalived, asked what it read: `--dump-conf` lists the words of `notification_email` one by
//! one, as its parser made them.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::netns::Netns;
use crate::place::{Place, Run};

/// A keepalived that takes longer to start hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A namespace with the interface eth0. A veth, because some kernels have no dummy.
pub fn network() -> Netns {
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("address add 192.168.3.101/24 dev eth0");
    netns
}

/// Ended with the test, whatever becomes of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Its children end with it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What it says of its global definitions.
#[derive(Debug, PartialEq, Eq)]
pub struct Globals {
    /// The words of `notification_email`.
    pub to: Vec<String>,
    /// `notification_email_from`
    pub from: Option<String>,
    /// `router_id`
    pub router_id: Option<String>,
}

/// What keepalived understands of a file; an instance must be in it, or nothing runs.
pub fn understood(netns: &Netns, text: &str) -> Globals {
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
    let _running = Running(netns.run(|| command.spawn()).unwrap());
    let start = Instant::now();
    loop {
        let log = fs::read_to_string(place.path("log")).unwrap();
        // The line after what is looked for.
        if log.contains(" Default smtp_alert = ") {
            return globals(&log);
        }
        assert!(start.elapsed() < HANGS, "{log}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn globals(log: &str) -> Globals {
    // Each line begins with `Tue Nov 24 20:37:11 2026: `; the year's width does not change.
    // What does not begin with a blank is another process's word in between.
    let dumped = log.lines().filter_map(|line| line.get(26..));
    let lines: Vec<&str> = dumped.filter(|line| line.starts_with(' ')).collect();
    let after = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    let list = lines.iter().skip_while(|line| **line != " Email notification to:").skip(1);
    Globals {
        to: list.map_while(|line| line.strip_prefix("   ")).map(str::to_owned).collect(),
        from: after(" Email notification from = "),
        router_id: after(" Router ID = "),
    }
}

/// What `keepalived -t` says to a text.
pub fn test(netns: &Netns, text: &str) -> Run {
    let place = Place::with("");
    place.write("keepalived.conf", text);
    let mut command = place.command("/usr/sbin/keepalived");
    command.args(["-t", "-f", "keepalived.conf"]);
    Run::of(netns.run(|| command.output()).expect("keepalived is needed"))
}
