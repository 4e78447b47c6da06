//! The drain file, as real keepalived understands what is rendered: a number other than 0 makes the
//! node give its addresses up, and nothing else about the file does.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::netns::{Netns, inside};
use crate::place::{NODES, Place, edited};

/// A keepalived that takes longer to change its state won't.
const HANGS: Duration = Duration::from_secs(30);

/// keepalived's VRRP with the article's file, and its log. Ended with the test.
struct Keepalived {
    child: Child,
    place: Place,
    seen: usize,
}

impl Keepalived {
    fn start(netns: &Netns, with_folder: bool) -> Keepalived {
        let place = Place::with("");
        let drain = place.path("run/drain");
        if with_folder {
            fs::create_dir(place.path("run")).unwrap();
        }
        let inventory = edited(&[("advert_int: 2", "advert_int: 1")]);
        place.write("inventory.yml", format!("drain_file: {}\n{inventory}", drain.display()));
        // The hooks are not what is tested here, and may not be installed.
        let text = place.rendered(NODES[0]);
        let lines = text.lines().filter(|line| {
            let line = line.trim_start();
            !line.starts_with("notify_") && !line.starts_with("lvs_sync_daemon")
        });
        place.write("keepalived.conf", lines.map(|line| format!("{line}\n")).collect::<String>());
        let log = File::create(place.path("log")).unwrap();
        let mut command = place.command("/usr/sbin/keepalived");
        command
            .args(["--dont-fork", "--log-console", "--log-detail", "--vrrp"])
            .args(["-f", "keepalived.conf", "-p"])
            .arg(place.path("pid"))
            .arg("-r")
            .arg(place.path("vrrp.pid"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null());
        let child = netns.run(|| command.spawn()).unwrap();
        Keepalived { child, place, seen: 0 }
    }

    /// Waits until the log says it, after what it has said before.
    fn says(&mut self, words: &str) {
        let start = Instant::now();
        loop {
            let log = fs::read_to_string(self.place.path("log")).unwrap();
            if let Some(at) = log[self.seen..].find(words) {
                self.seen += at + words.len();
                return;
            }
            assert!(start.elapsed() < HANGS, "never says {words:?}:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Keepalived {
    fn drop(&mut self) {
        // Its children end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn network() -> Netns {
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("link set eth0 up");
    netns.ip("link set peer0 up");
    netns.ip("address add 192.168.3.101/24 dev eth0");
    netns
}

#[test]
fn a_missing_folder_does_no_harm() {
    if !inside("drain::a_missing_folder_does_no_harm") {
        return;
    }
    let netns = network();
    Keepalived::start(&netns, false).says("Entering MASTER STATE");
}

#[test]
fn a_number_drains_and_anything_less_ends_it() {
    if !inside("drain::a_number_drains_and_anything_less_ends_it") {
        return;
    }
    let netns = network();
    // The folder must be there when keepalived starts; the file need not.
    let mut keepalived = Keepalived::start(&netns, true);
    keepalived.says("Entering MASTER STATE");
    for end in [Some("0\n"), Some(""), None] {
        keepalived.place.write("run/drain", "1\n");
        keepalived.says("Entering FAULT STATE");
        keepalived.says("removing VIPs");
        let start = Instant::now();
        while netns.ip("-o address show dev eth0").contains("192.168.3.100") {
            assert!(start.elapsed() < HANGS, "the VIP stays");
            std::thread::sleep(Duration::from_millis(20));
        }
        match end {
            Some(text) => keepalived.place.write("run/drain", text),
            None => fs::remove_file(keepalived.place.path("run/drain")).unwrap(),
        }
        keepalived.says("Entering MASTER STATE");
    }
}
