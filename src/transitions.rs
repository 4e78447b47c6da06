//! When a node became MASTER, and when it gave that up. The hooks note it below /run, a line for each
//! address, because most builds of keepalived tell nobody. A hint beside the truth, which is where the
//! addresses are: hooks overlap, so lines are read by their times and not by their order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::parent_id;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::vip::Vip;

/// Where hooks note it; gone with the next boot.
pub const FILE: &str = "/run/keepalived-lvskit/transitions";

/// From this size on the older half is dropped, in bytes: about 1,500 transitions of one address.
const LARGEST: u64 = 64 * 1024;

/// The beginning of the names of keepalived's processes.
const KEEPALIVED: &str = "keepalived";

/// Who may read it: status runs without root too.
const MODE: u32 = 0o644;

/// A line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noted {
    /// In milliseconds since 1970.
    pub time: u64,
    /// Whether the node became MASTER of it; else it gave that up.
    pub master: bool,
    /// The address.
    pub vip: IpAddr,
}

/// Notes what a hook was started for, if it was keepalived that started it. Nothing depends on that, so
/// nothing is said where it fails.
pub fn note(master: bool, vips: &[Vip]) {
    let parent = fs::read_to_string(format!("/proc/{}/comm", parent_id())).unwrap_or_default();
    if parent.starts_with(KEEPALIVED) {
        // A hint: the guard matters, this does not.
        let _ = append(Path::new(FILE), now(), master, vips);
    }
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn append(path: &Path, time: u64, master: bool, vips: &[Vip]) -> io::Result<()> {
    let word = if master { "MASTER" } else { "BACKUP" };
    let lines: String = vips.iter().map(|vip| format!("{time} {word} {vip}\n")).collect();
    let open = || OpenOptions::new().append(true).create(true).mode(MODE).open(path);
    let mut file = open()?;
    if file.metadata()?.len() > LARGEST {
        halve(path)?;
        file = open()?;
    }
    // In one call: the kernel lets no other hook's lines into it.
    file.write_all(lines.as_bytes())
}

/// Drops the older half. What another hook writes meanwhile may be lost.
fn halve(path: &Path) -> io::Result<()> {
    let text = text(path)?;
    let middle = text.len() / 2;
    let from = text.as_bytes()[middle..].iter().position(|byte| *byte == b'\n').unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&text.as_bytes()[middle + from + 1..])?;
    new.as_file().set_permissions(fs::Permissions::from_mode(MODE))?;
    new.persist(path).map(drop).map_err(|error| error.error)
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(2 * LARGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What was noted, the oldest first; nothing where nobody noted anything.
pub fn read(path: &Path) -> Vec<Noted> {
    let mut all = parse(&text(path).unwrap_or_default());
    all.sort_unstable();
    all
}

/// Lines that are none, or half ones, are passed over.
fn parse(text: &str) -> Vec<Noted> {
    let one = |line: &str| {
        let mut words = line.split(' ');
        let time = words.next()?.parse().ok()?;
        let master = match words.next()? {
            "MASTER" => true,
            "BACKUP" => false,
            _ => return None,
        };
        Some(Noted { time, master, vip: words.next()?.parse().ok()? })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vips(text: &[&str]) -> Vec<Vip> {
        text.iter().map(|vip| vip.parse().unwrap()).collect()
    }

    #[test]
    fn hooks_that_overlap_are_read_by_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("transitions");
        append(&file, 2000, false, &vips(&["10.0.0.1"])).unwrap();
        append(&file, 1000, true, &vips(&["10.0.0.1", "fd00::1"])).unwrap();
        let read = read(&file);
        let told: Vec<_> = read.iter().map(|one| (one.time, one.master)).collect();
        assert_eq!(told, [(1000, true), (1000, true), (2000, false)]);
        assert_eq!(parse("x\n1 MASTER\n1 FAULT 10.0.0.1\n3 BACKUP 10.0.0.1 more\n").len(), 1);
        assert!(super::read(Path::new("/nonexistent/x")).is_empty());
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("transitions");
        for time in 0..4000 {
            append(&file, 1_700_000_000_000 + time, true, &vips(&["192.168.3.100"])).unwrap();
        }
        assert!(fs::metadata(&file).unwrap().len() <= LARGEST + 100);
        assert_eq!(read(&file).last().unwrap().time, 1_700_000_003_999);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
