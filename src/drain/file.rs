//! The drain file, which keepalived follows (track_file, weight 0): while the number in it is not 0 the node's
//! instances are in FAULT.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::conf::grammar::Statement;

/// What gen-conf calls it.
const NAME: &str = "lvskit_drain";

/// The most that is read of it, in bytes.
const MOST: u64 = 128;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The node may be MASTER.
    Off,
    /// Somebody drained the node: it stays so.
    Asked,
    /// keepalived is about to stop; the end of that ends it.
    Stopping,
}

impl Word {
    /// What is written. keepalived takes every number but 0 alike.
    fn text(self) -> &'static str {
        match self {
            Word::Off => "0\n",
            Word::Asked => "1\n",
            Word::Stopping => "2\n",
        }
    }

    fn read(text: &str) -> Word {
        match text.split_whitespace().next().and_then(|word| word.parse::<i64>().ok()) {
            None | Some(0) => Word::Off,
            Some(2) => Word::Stopping,
            Some(_) => Word::Asked,
        }
    }
}

/// The drain file that a keepalived.conf follows, if it is one of gen-conf's.
pub fn followed(tree: &[Statement]) -> Option<PathBuf> {
    let files =
        tree.iter().filter(|one| ["track_file", "vrrp_track_file"].contains(&one.keyword()));
    let mut ours = files.filter(|one| one.values().first().is_some_and(|name| name == NAME));
    let inner = ours.next_back()?.inner();
    let file = inner.iter().rev().find(|one| one.keyword() == "file")?.values().first()?;
    Some(PathBuf::from(file))
}

/// What the file says; a missing one is [`Word::Off`].
///
/// # Errors
/// When it can't be read, or is no regular file.
pub fn read(file: &Path) -> io::Result<Word> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Word::Off),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() || found.len() > MOST => {
            Err(io::Error::other("not a drain file"))
        }
        Ok(_) => Ok(Word::read(&fs::read_to_string(file)?)),
    }
}

/// Writes the file. In place, by one write of the same length: so it keeps its label (SELinux) and its owner, is
/// never empty, and keepalived hears of it when it is closed.
///
/// # Errors
/// When it can't be written.
pub fn write(file: &Path, word: Word) -> io::Result<()> {
    let text = word.text();
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(false).mode(0o644).open(file)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::grammar::{self, Files};

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drain");
        assert_eq!(read(&file).unwrap(), Word::Off);
        for word in [Word::Asked, Word::Stopping, Word::Off] {
            write(&file, word).unwrap();
            assert_eq!((read(&file).unwrap(), fs::read_to_string(&file).unwrap().len()), (word, 2));
        }
        for (text, word) in
            [("1", Word::Asked), ("-7 x", Word::Asked), ("", Word::Off), ("x", Word::Off)]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file).unwrap(), word, "{text:?}");
        }
        assert!(read(folder.path()).is_err());
        fs::write(&file, [b'0'; 4096]).unwrap();
        assert!(read(&file).is_err());
        write(&file, Word::Off).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "0\n");
    }

    #[test]
    fn only_gen_confs_file_is_ours() {
        let of = |text: &str| {
            let mut files = Files::default();
            followed(&grammar::read(Path::new("k.conf"), text, None, &mut files).unwrap())
        };
        let ours = "track_file lvskit_drain {\n file /run/keepalived-lvskit/drain\n weight 0\n}\n";
        assert_eq!(of(ours), Some("/run/keepalived-lvskit/drain".into()));
        assert_eq!(of(&ours.replace("lvskit_drain", "maintenance")), None);
        assert_eq!(of(""), None);
    }
}
