//! What is left when gen-conf is ended while it writes: no file with a password, and no set of files that is half
//! new without a word.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::place::{PROGRAM, Place};

/// So many that there is time for a signal.
const NODES: usize = 400;

fn inventory(advert_int: u8) -> String {
    let node = |n: usize| {
        format!(
            "  - {{name: n{n}, address: 10.0.{}.{}, priority: {}}}\n",
            n / 200,
            n % 200 + 1,
            n % 250 + 1
        )
    };
    let nodes: String = (0..NODES).map(node).collect();
    format!(
        "bypass: false\nnodes:\n{nodes}vrrp_instance: {{w: {{interface: eth0, virtual_router_id: 1, \
         advert_int: {advert_int}, authentication: {{auth_pass: s3cr3t}}, virtual_ipaddress: 10.9.9.9}}}}\n"
    )
}

/// The files that lie ready beside those that they will replace.
fn ready(out: &Path) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(out).into_iter().flatten().flatten();
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let is_one = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".lvskit-"))
    };
    files.map(|file| file.path()).filter(is_one).collect()
}

/// Files of advert_int 1, and a run for advert_int 2 that a signal meets while files lie ready; the signal that
/// ended it.
fn ended_by(signal: Signal) -> (Place, Option<i32>) {
    let place = Place::with(inventory(1));
    assert_eq!(place.run("--out-dir out").code, Some(0));
    place.write("inventory.yml", inventory(2));
    let mut command = place.command(PROGRAM);
    command.args(["gen-conf", "-i", "inventory.yml", "--out-dir", "out"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let out = place.path("out");
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if !ready(&out).is_empty() {
            let _ = kill(Pid::from_raw(child.id() as i32), signal);
            break child.wait().unwrap();
        }
    };
    (place, ended.signal())
}

/// How many files are new.
fn new(place: &Place) -> usize {
    let is_new =
        |n: &usize| place.read(&format!("out/n{n}/keepalived.conf")).contains("advert_int 2");
    (0..NODES).filter(is_new).count()
}

#[test]
fn a_signal_leaves_all_files_old_or_all_new_and_none_beside_them() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (place, ended) = ended_by(signal);
        assert_eq!(ready(&place.path("out")), [""; 0].map(std::path::PathBuf::from));
        match ended {
            Some(by) => assert_eq!((by, new(&place)), (signal as i32, 0)),
            None => assert_eq!(new(&place), NODES, "it came after the last moment"),
        }
    }
}

#[test]
fn what_a_killed_run_left_the_next_one_removes() {
    let (place, _) = ended_by(Signal::SIGKILL);
    // Also where the next run changes nothing there.
    place.run("--out-dir out");
    assert_eq!(ready(&place.path("out")), [""; 0].map(std::path::PathBuf::from));
    assert_eq!(new(&place), NODES);
}
