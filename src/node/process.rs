//! keepalived as a process: does it run, since when, with which file, and which version is it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::unistd::{SysconfVar, sysconf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::child;

/// How long keepalived may take to say its version. Normally 10 ms.
const LIMIT: Duration = Duration::from_secs(2);

/// What processes of keepalived are called (/proc/PID/comm).
const NAME: &str = "keepalived";

/// Where distributions install it.
const PROGRAM: &str = "/usr/sbin/keepalived";

/// keepalived on this node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keepalived {
    /// The main process; absent if it does not run.
    pub pid: Option<u32>,
    /// When that was started, in seconds since 1970.
    pub started: Option<u64>,
    /// Such as `2.2.7`: of the running program where that can be told, else of the installed one.
    pub version: Option<String>,
    /// What it is built with, such as `LVS`, `VRRP`, `JSON`.
    pub options: Vec<String>,
    /// The file that it was started with.
    pub file: PathBuf,
    /// The file's last change, in seconds since 1970.
    pub file_changed: Option<u64>,
    /// Whether it was started with VRRP (without `--check`), and with checkers (without `--vrrp`).
    pub vrrp: bool,
    /// See `vrrp`.
    pub checkers: bool,
    /// Its config id (`--config-id`), if it was started with one.
    pub config_id: Option<String>,
}

/// Where to look.
#[derive(Debug, Clone)]
pub struct Where<'a> {
    /// Where keepalived writes the number of its main process.
    pub pid_file: &'a Path,
    /// The file to read where the process does not say which.
    pub file: &'a Path,
}

/// The host's name (uname).
pub fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim_end().to_owned())
}

/// The host's name up to its first dot: keepalived's config id where none is given.
pub fn default_config_id() -> Option<String> {
    host()?.split('.').next().map(str::to_owned)
}

/// Looks for keepalived: by its pid file, and that process must be called so.
pub fn keepalived(places: &Where<'_>) -> Keepalived {
    let pid = fs::read_to_string(places.pid_file).ok().and_then(|text| text.trim().parse().ok());
    let pid = pid.filter(|pid| is_keepalived(*pid));
    let mut found = Keepalived {
        pid,
        started: pid.and_then(started),
        file: places.file.to_owned(),
        vrrp: true,
        checkers: true,
        ..Keepalived::default()
    };
    if let Some(pid) = pid {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = (line.split(|byte| *byte == 0))
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .filter(|word| !word.is_empty())
            .collect();
        found.command_line(&words);
    }
    found.file_changed = fs::metadata(&found.file).and_then(|file| file.modified()).ok().map(unix);
    let program = pid.and_then(|pid| fs::read_link(format!("/proc/{pid}/exe")).ok());
    // A program that was replaced while it ran is called `... (deleted)`: it can't be asked.
    let program = program.filter(|path| path.exists()).unwrap_or_else(|| PROGRAM.into());
    if let Ok([out, err]) = child::both(&program, &["--version"], b"", LIMIT) {
        (found.version, found.options) = version(&(out + &err));
    }
    found
}

impl Keepalived {
    /// Takes from its command line which file it reads, and what it does (keepalived(8)).
    fn command_line(&mut self, words: &[String]) {
        let mut words = words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word, None),
            };
            match name {
                "--vrrp" | "-P" => self.checkers = false,
                "--check" | "-C" => self.vrrp = false,
                "--use-file" | "-f" => {
                    if let Some(file) = inline.or_else(|| words.next()) {
                        self.file = below(self.pid, file).unwrap_or_else(|| self.file.clone());
                    }
                }
                "--config-id" | "-i" => {
                    self.config_id = inline.or_else(|| words.next()).map(str::to_owned);
                }
                _ => {}
            }
        }
    }
}

/// A path of a process, which may be from its working directory on; only who may trace it can tell that.
fn below(pid: Option<u32>, file: &str) -> Option<PathBuf> {
    match pid {
        Some(pid) if !file.starts_with('/') => {
            Some(fs::read_link(format!("/proc/{pid}/cwd")).ok()?.join(file))
        }
        _ => Some(file.into()),
    }
}

/// A process that has ended, and that nobody has waited for, has its name still. keepalived is root's: a
/// stale pid file may name a process that somebody else calls so, whose program root must not start.
fn is_keepalived(pid: u32) -> bool {
    if !fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == 0) {
        return false;
    }
    let read = |name| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let ended = read("stat").rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"));
    read("comm").trim_end() == NAME && !ended
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// When a process was started: field 22 of /proc/PID/stat in clock ticks after boot (proc(5)), and
/// `btime` of /proc/stat.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let booted = fs::read_to_string("/proc/stat").ok()?;
    let booted: u64 = booted.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()?;
    let ticks = sysconf(SysconfVar::CLK_TCK).ok()??;
    Some(booted + start_ticks(&stat)? / u64::try_from(ticks).ok()?)
}

/// The name of a process may have blanks and brackets in it; what counts comes after the last one.
fn start_ticks(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Version and build options of what `keepalived --version` says.
fn version(said: &str) -> (Option<String>, Vec<String>) {
    let first = said.lines().find_map(|line| line.strip_prefix("Keepalived v"));
    let version = first.and_then(|rest| rest.split([' ', '(']).next()).map(str::to_owned);
    let options = said.lines().find_map(|line| line.strip_prefix("Config options:"));
    let options = options.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    (version, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 424242 9 9";
        assert_eq!(start_ticks(stat), Some(424_242));
        assert_eq!(start_ticks("7 (a"), None);
    }

    #[test]
    fn the_version_is_found_in_what_it_says() {
        let said = "Keepalived v2.2.7 (01/16,2022)\n\nCopyright(C) 2001-2022\n\n\
            Config options:  LVS REGEX VRRP VRRP_AUTH JSON BFD\n\nSystem options: X\n";
        let (version, options) = super::version(said);
        assert_eq!(version.as_deref(), Some("2.2.7"));
        assert_eq!(options, ["LVS", "REGEX", "VRRP", "VRRP_AUTH", "JSON", "BFD"]);
        assert_eq!(super::version("bash: not found"), (None, Vec::new()));
    }

    #[test]
    fn the_command_line_says_which_file_and_what_runs() {
        let read = |line: &str| {
            let mut found = Keepalived { vrrp: true, checkers: true, ..Keepalived::default() };
            found.command_line(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
            (found.file.display().to_string(), found.vrrp, found.checkers, found.config_id)
        };
        assert_eq!(read("keepalived -n -l"), (String::new(), true, true, None));
        let id = Some("n1".to_owned());
        assert_eq!(read("keepalived -f /k.conf -P -i n1"), ("/k.conf".into(), true, false, id));
        assert_eq!(read("keepalived --use-file=/k.conf -C"), ("/k.conf".into(), false, true, None));
    }
}
