//! The drain file, as real keepalived understands what is rendered: a number other than 0 makes the
//! node give its addresses up, and nothing else about the file does.

use std::fs;

use crate::common::keepalived::{Keepalived, network, wait_for};
use crate::common::netns::{Netns, inside};
use crate::place::{NODES, Place, edited};

/// keepalived with the article's file, and its log.
struct Node {
    keepalived: Keepalived,
    place: Place,
    seen: usize,
}

impl Node {
    fn start(netns: &Netns, with_folder: bool) -> Node {
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
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        Node { keepalived: Keepalived::start(netns, &text, &["--log-detail"]), place, seen: 0 }
    }

    /// Waits until the log says it, after what it has said before.
    fn says(&mut self, words: &str) {
        let log = || self.keepalived.log();
        let found = wait_for(
            || format!("never says {words:?}:\n{}", log()),
            || log()[self.seen..].find(words),
        );
        self.seen += found + words.len();
    }
}

#[test]
fn a_missing_folder_does_no_harm() {
    if !inside("drain::a_missing_folder_does_no_harm") {
        return;
    }
    let netns = network();
    Node::start(&netns, false).says("Entering MASTER STATE");
}

#[test]
fn a_number_drains_and_anything_less_ends_it() {
    if !inside("drain::a_number_drains_and_anything_less_ends_it") {
        return;
    }
    let netns = network();
    // The folder must be there when keepalived starts; the file need not.
    let mut node = Node::start(&netns, true);
    node.says("Entering MASTER STATE");
    for end in [Some("0\n"), Some(""), None] {
        node.place.write("run/drain", "1\n");
        node.says("Entering FAULT STATE");
        node.says("removing VIPs");
        let held = || netns.ip("-o address show dev eth0").contains("192.168.3.100");
        wait_for(|| "the VIP stays".to_owned(), || (!held()).then_some(()));
        match end {
            Some(text) => node.place.write("run/drain", text),
            None => fs::remove_file(node.place.path("run/drain")).unwrap(),
        }
        node.says("Entering MASTER STATE");
    }
}
