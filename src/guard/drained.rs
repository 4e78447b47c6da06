//! What an administrator took out of service here with `lvskit drain`, and until when: noted in a file, so that
//! a reboot, the watcher and `lvskit undrain` find it again.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::files;

/// Where it is noted until `lvskit undrain`, reboots included.
pub const LASTING: &str = "/var/lib/lvskit/drain.json";

/// Where it is noted until the next boot.
pub const UNTIL_BOOT: &str = "/run/keepalived-lvskit/drain.json";

/// Held while what is drained changes.
const LOCK: &str = "/run/keepalived-lvskit/drain.lock";

/// How long another command may hold it: a failover and a check take less.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everybody may read it.
const MODE: u32 = 0o644;

/// The most that a note is read of, in bytes; a cluster has no more than some hundred addresses.
const MOST: u64 = 1 << 20;

/// What is out of service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// The node as a director: the drain file that keeps it from being MASTER.
    pub director: Option<PathBuf>,
    /// The node as a server, and which checks are refused for that.
    pub server: Option<Refusal>,
}

/// How long a drain lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// `lvskit undrain`.
    Undrain,
    /// The next boot, or `lvskit undrain` before that.
    Boot,
}

/// A note that can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", file.display())]
pub struct NoteError {
    /// The file.
    pub file: PathBuf,
    /// The system's words.
    pub source: io::Error,
}

impl Until {
    fn file(self) -> &'static Path {
        Path::new(match self {
            Until::Undrain => LASTING,
            Until::Boot => UNTIL_BOOT,
        })
    }

    fn other(self) -> Until {
        match self {
            Until::Undrain => Until::Boot,
            Until::Boot => Until::Undrain,
        }
    }
}

impl Drained {
    /// Keeps others from changing what is drained, as long as the file lives. Waits for them, at most as
    /// long as a failover may take.
    ///
    /// # Errors
    /// When another command does not end, or the file can't be made.
    pub fn lock() -> Result<File, NoteError> {
        let failed = |source| NoteError { file: PathBuf::from(LOCK), source };
        let folder = Path::new(LOCK).parent().unwrap_or(Path::new("/"));
        files::make_folder(folder).map_err(failed)?;
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).open(LOCK).map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let why = "another lvskit drain or undrain is at work";
                    return Err(failed(io::Error::new(io::ErrorKind::WouldBlock, why)));
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// What is noted, and until when; `None` where nothing is.
    ///
    /// # Errors
    /// When a note is there and can't be understood.
    pub fn read() -> Result<Option<(Drained, Until)>, NoteError> {
        for until in [Until::Undrain, Until::Boot] {
            if let Some(drained) = read(until.file())? {
                return Ok(Some((drained, until)));
            }
        }
        Ok(None)
    }

    /// Notes it, or where nothing is drained takes the notes away.
    ///
    /// # Errors
    /// When a file can't be written or removed.
    pub fn write(&self, until: Until) -> Result<(), NoteError> {
        let file = until.file();
        if *self == Drained::default() {
            remove(file)?;
        } else {
            // A struct of texts and numbers is always JSON.
            let text = serde_json::to_string(self).unwrap_or_default() + "\n";
            let folder = file.parent().unwrap_or(Path::new("/"));
            let written = files::make_folder(folder)
                .and_then(|()| files::publish(file, text.as_bytes(), MODE));
            written.map_err(|source| NoteError { file: file.to_owned(), source })?;
        }
        remove(until.other().file())
    }
}

fn read(file: &Path) -> Result<Option<Drained>, NoteError> {
    let failed = |source| NoteError { file: file.to_owned(), source };
    let text = match fs::metadata(file) {
        Ok(metadata) if metadata.len() > MOST || !metadata.is_file() => {
            return Err(failed(io::Error::other("not a note of `lvskit drain`")));
        }
        Ok(_) => fs::read_to_string(file).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| failed(error.into()))
}

fn remove(file: &Path) -> Result<(), NoteError> {
    match fs::remove_file(file) {
        // Where nothing can be written nothing was noted.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(NoteError { file: file.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
