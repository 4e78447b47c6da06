//! What was logged of a server, kept from one run to the next. Each check is a process of its own, and
//! keepalived starts one every few seconds; the log is to say why a server is down and that it is up
//! again, not the same thing every few seconds.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// Where the state is: the folder belongs to the user that keepalived runs the probe as.
pub const FOLDER: &str = "/run/keepalived-lvskit/smtp-check";

/// Seconds after which one more line may be logged.
const PAUSE: u64 = 60;

/// How many lines may be logged at once, of a server that was quiet.
const BURST: u64 = 5;

/// The longest state that is read, in bytes.
const LONGEST: u64 = 4096;

/// What the log says last of a server, and how many more lines it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Logged {
    /// When the allowance for lines will be whole again; seconds since 1970.
    quiet_at: u64,
    /// When it was logged.
    since: u64,
    /// Why the server is down; empty where it is up.
    reason: String,
}

/// The history of one check.
#[derive(Debug)]
pub struct History {
    file: PathBuf,
}

impl History {
    /// Of the check with this key, which is the same in all its runs; letters, digits, `.-:` only.
    pub fn new(folder: &Path, key: &str) -> History {
        History { file: folder.join(key) }
    }

    /// What is to be logged of a server that is down for this reason, or up, at that second since
    /// 1970. Where the state can't be read or kept, each failure is logged, and nothing else.
    pub fn line(&self, reason: Option<&str>, now: u64) -> Option<String> {
        let (line, state) = next(self.read(), reason, now);
        let kept = state.is_none_or(|state| self.keep(&state));
        if kept { line } else { reason.map(down) }
    }

    fn read(&self) -> Option<Logged> {
        // Never waits, whatever is there.
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let file =
            OpenOptions::new().read(true).custom_flags(flags.bits()).open(&self.file).ok()?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        let mut parts = text.splitn(3, '\n');
        let (quiet_at, since) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Logged { quiet_at, since, reason: parts.next()?.to_owned() })
    }

    /// Whether the state is kept for the next run.
    fn keep(&self, state: &Logged) -> bool {
        let new = PathBuf::from(format!("{}.new", self.file.display()));
        let write = || {
            let _ = fs::remove_file(&new);
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            write!(file, "{}\n{}\n{}", state.quiet_at, state.since, state.reason)?;
            fs::rename(&new, &self.file)
        };
        write().is_ok()
    }
}

fn down(reason: &str) -> String {
    format!("down: {reason}")
}

/// What to log, and what is logged then. What had to be left out is logged later, if it still holds.
fn next(
    logged: Option<Logged>,
    reason: Option<&str>,
    now: u64,
) -> (Option<String>, Option<Logged>) {
    // A clock that was set back must not keep the log silent.
    let whole = now + BURST * PAUSE;
    let logged = logged.unwrap_or(Logged { quiet_at: 0, since: now, reason: String::new() });
    let quiet_at = logged.quiet_at.max(now).saturating_add(PAUSE);
    let full = quiet_at > whole && logged.quiet_at <= whole;
    if full || logged.reason == reason.unwrap_or_default() {
        return (None, None);
    }
    let line = match reason {
        Some(reason) => down(reason),
        None => {
            format!(
                "up again after {} s; it was {}",
                now.saturating_sub(logged.since),
                down(&logged.reason)
            )
        }
    };
    let reason = reason.unwrap_or_default().to_owned();
    (Some(line), Some(Logged { quiet_at: quiet_at.min(whole), since: now, reason }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASON: &str = "Connection timeout";

    fn history() -> (tempfile::TempDir, History) {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path(), "192.0.2.1:25");
        (folder, history)
    }

    #[test]
    fn changes_are_logged_once() {
        let (_folder, history) = history();
        assert_eq!(history.line(None, 1000), None);
        assert_eq!(history.line(Some(REASON), 1010).unwrap(), "down: Connection timeout");
        assert_eq!(history.line(Some(REASON), 1020), None);
        assert_eq!(history.line(Some("another"), 1030).unwrap(), "down: another");
        let up = "up again after 10 s; it was down: another";
        assert_eq!(history.line(None, 1040).unwrap(), up);
        assert_eq!(history.line(None, 1050), None);
    }

    #[test]
    fn a_server_that_flaps_is_logged_once_a_minute_and_never_wrongly_for_good() {
        let (_folder, history) = history();
        let reason = |second: u64| second.is_multiple_of(2).then_some(REASON);
        let lines = (0..600).filter(|second| history.line(reason(*second), *second).is_some());
        let count = lines.count() as u64;
        assert!((BURST..=BURST + 600 / PAUSE).contains(&count), "{count}");
        // It stays up, the log says so in the end, and no more.
        let lines: Vec<_> = (601..800).filter_map(|second| history.line(None, second)).collect();
        assert!(lines.len() <= 1, "{lines:?}");
        assert_eq!(history.read().unwrap().reason, "");
    }

    #[test]
    fn without_a_place_for_the_state_each_failure_is_logged() {
        let history = History::new(Path::new("/nonexistent"), "a");
        for second in [10, 11] {
            assert_eq!(history.line(Some(REASON), second).unwrap(), "down: Connection timeout");
            assert_eq!(history.line(None, second), None);
        }
    }

    #[test]
    fn whatever_stands_in_the_place_of_the_state_is_replaced() {
        let (folder, history) = history();
        let file = folder.path().join("192.0.2.1:25");
        for content in ["", "x", "1\n2", "18446744073709551615\n5\nelse", "9999999999\n0\nelse"] {
            fs::write(&file, content).unwrap();
            assert!(history.line(Some(REASON), 1000).is_some(), "{content}");
        }
        fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(history.line(Some(REASON), 1000).is_some());
        assert!(fs::metadata(&file).unwrap().is_file());
    }
}
