//! The kernel's settings that keeping sessions takes: put in place while the guard's unit runs, and set
//! back to what they were. A host on which nothing of ours is enabled keeps its own: `arp_ignore` and
//! `arp_announce` are for all interfaces, and what is right for a node may be wrong for a router.

mod servers;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::servers::{WHERE_SERVERS_STAY, servers_stay};
use crate::files;
use crate::paths;

/// The administrator's file. Where it exists, it is read instead of the package's.
pub const OWN_FILE: &str = "/etc/lvskit/sysctl.conf";

/// What the settings were, from the first change until they are set back; gone at the next boot, as
/// the settings are.
const BEFORE: &str = "/run/keepalived-lvskit/sysctl.before";

/// The settings of the kernel (Documentation/admin-guide/sysctl), in the reader's network namespace.
const PROC: &str = "/proc/sys";

/// The keys that exist once ip_vs is loaded begin with this.
const OF_IP_VS: &str = "net.ipv4.vs.";

/// Why settings could not be put in place, or set back.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A line that is no setting.
    #[error("{}:{line}: expected `KEY = VALUE`, as in `net.ipv4.conf.all.arp_ignore = 1`", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// A file could not be read or written, or the kernel refused a value.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// What was noted of the settings before can't be read.
    #[error("{}: {source}; delete it, and the settings stay as they are until the next boot", path.display())]
    Noted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A setting that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    before: String,
    set: String,
}

/// Where settings are read, noted and written.
pub struct Settings {
    proc: PathBuf,
    noted: PathBuf,
    files: Vec<PathBuf>,
    /// Whether the node's servers stay in their tables when they fail.
    servers_stay: bool,
}

impl Settings {
    /// The host's. `servers_stay`: see there.
    pub fn new(servers_stay: bool) -> Settings {
        let files = [OWN_FILE, paths::SYSCTL_FILE].map(PathBuf::from).to_vec();
        Settings { proc: PathBuf::from(PROC), noted: PathBuf::from(BEFORE), files, servers_stay }
    }

    /// Puts the settings of the first file that exists in place, and what servers that stay take, unless
    /// the file says that otherwise; what was there before is noted first.
    /// Returns the keys that the kernel does not have: ip_vs is not loaded then.
    ///
    /// # Errors
    /// When no file can be read, a line is wrong (nothing is changed then), or the kernel refuses.
    pub fn apply(&self) -> Result<Vec<String>, SettingsError> {
        let mut wanted = self.wanted()?;
        let (key, value) = WHERE_SERVERS_STAY;
        if self.servers_stay && !wanted.iter().any(|(name, _)| name == key) {
            wanted.push((key.to_owned(), value.to_owned()));
        }
        let mut noted = self.noted()?;
        let mut missing = Vec::new();
        let mut changes = Vec::new();
        for (key, value) in wanted {
            match fs::read_to_string(self.place(&key)) {
                Ok(now) if same(&now, &value) => (),
                Ok(now) => {
                    let before = noted.get(&key).map_or(now.trim(), |change| &change.before);
                    let change = Change { before: before.to_owned(), set: value.clone() };
                    noted.insert(key.clone(), change);
                    changes.push((key, value));
                }
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && key.starts_with(OF_IP_VS) =>
                {
                    missing.push(key);
                }
                Err(source) => return Err(SettingsError::File { path: self.place(&key), source }),
            }
        }
        if !changes.is_empty() {
            self.note(&noted)?;
        }
        first_error(changes.iter().map(|(key, value)| self.write(key, value)))?;
        Ok(missing)
    }

    /// Sets back what [`Settings::apply`] changed, unless somebody changed it again meanwhile.
    /// Returns whether there was something to set back.
    ///
    /// # Errors
    /// When the note of what was before can't be read, or the kernel refuses a value.
    pub fn restore(&self) -> Result<bool, SettingsError> {
        let noted = self.noted()?;
        let ours = noted.iter().filter(|(key, change)| {
            fs::read_to_string(self.place(key)).is_ok_and(|now| same(&now, &change.set))
        });
        first_error(ours.map(|(key, change)| self.write(key, &change.before)))?;
        match fs::remove_file(&self.noted) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(SettingsError::File { path: self.noted.clone(), source })
            }
            _ => Ok(!noted.is_empty()),
        }
    }

    fn wanted(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let last = self.files.len().saturating_sub(1);
        for (index, path) in self.files.iter().enumerate() {
            match fs::read_to_string(path) {
                Ok(text) => {
                    let line = |line| SettingsError::Line { path: path.clone(), line };
                    return parse(&text).map_err(line);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && index < last => (),
                Err(source) => return Err(SettingsError::File { path: path.clone(), source }),
            }
        }
        Ok(Vec::new())
    }

    fn noted(&self) -> Result<BTreeMap<String, Change>, SettingsError> {
        match fs::read(&self.noted) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|source| SettingsError::Noted { path: self.noted.clone(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(source) => Err(SettingsError::File { path: self.noted.clone(), source }),
        }
    }

    fn note(&self, noted: &BTreeMap<String, Change>) -> Result<(), SettingsError> {
        let failed = |source| SettingsError::File { path: self.noted.clone(), source };
        if let Some(folder) = self.noted.parent() {
            files::make_folder(folder).map_err(failed)?;
        }
        let text = serde_json::to_vec(noted).map_err(|error| failed(error.into()))?;
        let staged = files::Target::read(&self.noted).and_then(|target| target.stage(&text));
        files::replace(vec![staged.map_err(failed)?]).map_err(|half| failed(half.error))
    }

    fn place(&self, key: &str) -> PathBuf {
        let swap = |char| match char {
            '.' => '/',
            '/' => '.',
            other => other,
        };
        self.proc.join(key.chars().map(swap).collect::<String>())
    }

    fn write(&self, key: &str, value: &str) -> Result<(), SettingsError> {
        let path = self.place(key);
        fs::write(&path, value).map_err(|source| SettingsError::File { path, source })
    }
}

/// Does all of it, and says what went wrong first.
fn first_error(work: impl Iterator<Item = Result<(), SettingsError>>) -> Result<(), SettingsError> {
    let done: Vec<_> = work.collect();
    done.into_iter().collect()
}

/// The settings of a file in the language of sysctl.conf(5), without its patterns, or the number of a
/// wrong line. A name of an interface that has a dot has a slash there, as in `net.ipv4.conf.eth0/100.arp_ignore`.
fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    let lines = text.lines().map(str::trim).enumerate();
    let settings = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']));
    let setting = |(index, line): (usize, &str)| match line.split_once('=') {
        Some((key, value)) if is_key(key.trim()) && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(index + 1),
    };
    settings.map(setting).collect()
}

/// Names with dots between them: nothing that leads out of /proc/sys.
fn is_key(key: &str) -> bool {
    let named = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['-', '/'])
            && part.chars().all(|char| char.is_ascii_alphanumeric() || "_-/".contains(char))
    };
    key.split('.').all(named)
}

/// The kernel writes a tab between numbers where a file has a blank.
fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

#[cfg(test)]
mod tests;
