//! An address of the node that comes late: by DHCP, on a VLAN. keepalived up to 2.2.8 opens the socket
//! of unicast VRRP only when it starts or reloads; without the address then, the instance stays in FAULT
//! for good. The kernel shows it: the address is there, keepalived runs, and no VRRP socket is bound to
//! the address. In every other state of an instance there is one.
//!
//! A reload is what an administrator would do. It is safe: the file is the one that keepalived read, or it
//! is left alone and told; instances that are well keep their state; and it is done once for an address.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long keepalived has for its socket: it may be starting, and 2.3 and later need no help.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the kernel lists raw sockets.
const SOCKETS: [&str; 2] = ["/proc/net/raw", "/proc/net/raw6"];

/// VRRP's protocol number, and that of AH, in which VRRP version 2 may be wrapped.
const PROTOCOLS: [&str; 2] = ["0070", "0033"];

/// The addresses that are there and have no socket.
#[derive(Debug, Default)]
pub struct Late {
    since: BTreeMap<IpAddr, Instant>,
    /// Those that something was done about.
    done: BTreeSet<IpAddr>,
}

/// What was done about a late address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// keepalived was told to reload.
    Reloaded(IpAddr),
    /// Somebody else has to: the text says why.
    Left(IpAddr, String),
}

impl Late {
    /// Whether there is an address to look at again soon.
    pub fn is_waiting(&self) -> bool {
        !self.since.is_empty()
    }

    /// Looks at `sources`, the addresses of unicast instances, of which the node has `local`. keepalived
    /// has its number in `pid_file` and has read `files`.
    pub fn look(
        &mut self,
        sources: &BTreeSet<IpAddr>,
        local: &[IpAddr],
        pid_file: &Path,
        files: &[PathBuf],
        now: Instant,
    ) -> Vec<Done> {
        let here: Vec<IpAddr> = local.iter().copied().filter(|one| sources.contains(one)).collect();
        let (bound, pid) = match here.is_empty() {
            true => (BTreeSet::new(), None),
            false => (
                bound(&SOCKETS.map(|path| fs::read_to_string(path).unwrap_or_default())),
                keepalived(pid_file),
            ),
        };
        let due = self.due(&here, &bound, pid.is_some(), now);
        let Some(pid) = pid.filter(|_| !due.is_empty()) else { return Vec::new() };
        if let Some(file) = changed_since_start(pid_file, files) {
            let why = format!("{} is newer than the running keepalived", file.display());
            return due.into_iter().map(|address| Done::Left(address, why.clone())).collect();
        }
        match kill(pid, Signal::SIGHUP) {
            Ok(()) => due.into_iter().map(Done::Reloaded).collect(),
            Err(errno) => {
                due.into_iter().map(|one| Done::Left(one, errno.desc().to_owned())).collect()
            }
        }
    }

    /// The addresses among those that are `here` that have been without a socket for long enough while
    /// keepalived `runs`, each once.
    fn due(
        &mut self,
        here: &[IpAddr],
        bound: &BTreeSet<IpAddr>,
        runs: bool,
        now: Instant,
    ) -> Vec<IpAddr> {
        let unbound = |address: &IpAddr| here.contains(address) && !bound.contains(address);
        self.done.retain(unbound);
        self.since.retain(|address, _| runs && unbound(address));
        if runs {
            for &address in here.iter().filter(|one| unbound(one) && !self.done.contains(one)) {
                self.since.entry(address).or_insert(now);
            }
        }
        let late = |since: &Instant| now.duration_since(*since) >= PATIENCE;
        let due: Vec<IpAddr> = self
            .since
            .iter()
            .filter(|(_, since)| late(since))
            .map(|(&address, _)| address)
            .collect();
        for &address in &due {
            self.since.remove(&address);
            self.done.insert(address);
        }
        due
    }
}

/// The addresses that VRRP sockets are bound to, by what /proc/net/raw and raw6 say.
fn bound(listings: &[String]) -> BTreeSet<IpAddr> {
    let lines = listings.iter().flat_map(|listing| listing.lines());
    lines.filter_map(|line| local(line.split_whitespace().nth(1)?)).collect()
}

/// The address of `6503A8C0:0070`: words of the host's byte order in hexadecimal, and the protocol.
fn local(text: &str) -> Option<IpAddr> {
    let (address, protocol) = text.split_once(':')?;
    if !PROTOCOLS.contains(&protocol) {
        return None;
    }
    let word = |at: usize| {
        let word = address.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    };
    match address.len() {
        8 => word(0).map(|bytes| Ipv4Addr::from(bytes).into()),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            <[u8; 16]>::try_from(words).ok().map(|bytes| Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// keepalived's main process, if it runs.
fn keepalived(pid_file: &Path) -> Option<Pid> {
    let pid: i32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    (pid > 0 && name.trim_end() == "keepalived").then(|| Pid::from_raw(pid))
}

/// A file that was changed after keepalived had written its number.
fn changed_since_start<'a>(pid_file: &Path, files: &'a [PathBuf]) -> Option<&'a Path> {
    let started = fs::metadata(pid_file).ok()?;
    let started = (started.mtime(), started.mtime_nsec());
    let newer = |path: &&PathBuf| {
        fs::metadata(path).map_or(true, |file| (file.ctime(), file.ctime_nsec()) > started)
    };
    files.iter().find(newer).map(PathBuf::as_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n  112: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n  112: 6503A8C0:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n  1: 6603A8C0:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n";
    const RAW6: &str = "  sl  local_address\n  112: 030000FD000000000000000001010000:0070 00000000000000000000000000000000:0000 07\n";

    const NONE: [IpAddr; 0] = [];

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn sockets_are_read() {
        let bound: Vec<IpAddr> =
            bound(&[RAW.to_owned(), RAW6.to_owned(), String::new()]).into_iter().collect();
        assert_eq!(bound, [ip("0.0.0.0"), ip("192.168.3.101"), ip("fd00:3::101")]);
    }

    #[test]
    fn an_address_without_a_socket_is_due_once() {
        let (mut late, start) = (Late::default(), Instant::now());
        let own = ip("192.168.3.101");
        let none = BTreeSet::new();
        let bound = BTreeSet::from([own]);
        let at = |seconds| start + Duration::from_secs(seconds);
        // Not there, or no keepalived, or it has its socket.
        assert_eq!(late.due(&[], &none, true, at(0)), NONE);
        assert_eq!(late.due(&[own], &none, false, at(10)), NONE);
        assert_eq!(late.due(&[own], &bound, true, at(20)), NONE);
        assert!(!late.is_waiting());
        // It gets its time, then one reload, whatever comes of that.
        assert_eq!(late.due(&[own], &none, true, at(21)), NONE);
        assert!(late.is_waiting());
        assert_eq!(late.due(&[own], &none, true, at(25)), NONE);
        assert_eq!(late.due(&[own], &none, true, at(26)), [own]);
        assert_eq!(late.due(&[own], &none, true, at(60)), NONE);
        assert!(!late.is_waiting());
        // Gone and back, it is late again; a keepalived that starts anew gets its time again.
        assert_eq!(late.due(&[], &none, true, at(61)), NONE);
        assert_eq!(late.due(&[own], &none, true, at(62)), NONE);
        assert_eq!(late.due(&[own], &none, false, at(66)), NONE);
        assert_eq!(late.due(&[own], &none, true, at(67)), NONE);
        assert_eq!(late.due(&[own], &none, true, at(72)), [own]);
    }
}
