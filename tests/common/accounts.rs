//! Users for tests alone: a layer over /etc/passwd and /etc/group that nobody outside of this mount
//! namespace sees. Programs that change to a user of their own can run where it is not installed.

use std::fs;
use std::path::Path;

use nix::mount::{MsFlags, mount};

/// Adds a system user, with a group of its own, for each name that this machine does not know.
/// The files of the layer are written into `folder`, which must outlive the namespace.
pub fn add(folder: &Path, names: &[&str]) {
    let [mut users, mut groups] =
        ["/etc/passwd", "/etc/group"].map(|file| fs::read_to_string(file).unwrap());
    for name in names {
        if knows(&users, name) {
            continue;
        }
        let id = free(&users, &groups);
        users.push_str(&format!("{name}:x:{id}:{id}::/:/usr/sbin/nologin\n"));
        if !knows(&groups, name) {
            groups.push_str(&format!("{name}:x:{id}:\n"));
        }
    }
    for (file, text) in [("passwd", users), ("group", groups)] {
        let layer = folder.join(file);
        fs::write(&layer, text).unwrap();
        let target = Path::new("/etc").join(file);
        mount(Some(&layer), &target, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
    }
}

/// Whether one of the lines is that name's.
fn knows(lines: &str, name: &str) -> bool {
    lines.lines().any(|line| line.split(':').next() == Some(name))
}

/// The highest number of a system user that neither a user nor a group has.
fn free(users: &str, groups: &str) -> u32 {
    let taken: Vec<u32> = (users.lines().chain(groups.lines()))
        .filter_map(|line| line.split(':').nth(2)?.parse().ok())
        .collect();
    (100..1000).rev().find(|id| !taken.contains(id)).expect("a free number")
}
