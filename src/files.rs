//! Writes files so that no reader ever meets a half one, and touches only what changes: a file's
//! time stamp and inode tell keepalived, Ansible and backups that there is something new.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// keepalived.conf holds the VRRP password: for root, and for a group that an administrator may
/// give it.
pub const MODE: u32 = 0o640;

/// A file whose new content lies beside it, ready to take its place.
pub struct Staged {
    target: PathBuf,
    content: Option<NamedTempFile>,
}

impl Staged {
    /// Writes `bytes` beside `target`, unless `target` holds exactly these bytes and the right
    /// mode already. A symbolic link is followed; owner and group of an old file are kept as far
    /// as the system allows. The folder must exist.
    pub fn new(target: &Path, bytes: &[u8]) -> io::Result<Staged> {
        let target = followed(target)?;
        let old = metadata(&target)?;
        if is_already(old.as_ref(), &target, bytes)? {
            return Ok(Staged { target, content: None });
        }
        let mut content =
            tempfile::Builder::new().prefix(".lvskit-").tempfile_in(folder(&target))?;
        content.write_all(bytes)?;
        if let Some(old) = old {
            // Only root may give a file away; anybody else's new file is their own.
            let _ = fchown(content.as_file(), Some(old.uid()), Some(old.gid()));
        }
        content.as_file().set_permissions(Permissions::from_mode(MODE))?;
        content.as_file().sync_all()?;
        Ok(Staged { target, content: Some(content) })
    }

    /// Whether [`Staged::commit`] will change the file.
    pub fn changes(&self) -> bool {
        self.content.is_some()
    }

    /// Puts the new content in place, in one step.
    pub fn commit(self) -> io::Result<()> {
        let Some(content) = self.content else { return Ok(()) };
        content.persist(&self.target)?;
        File::open(folder(&self.target))?.sync_all()
    }
}

/// Makes a folder and those above it that are missing, each readable by all whatever the umask:
/// keepalived's own, 0177, would make folders that nobody can enter.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
    }
    match fs::create_dir(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(0o755)),
        // Somebody else made it meanwhile, or a file is in the way.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.is_dir() {
                Ok(())
            } else {
                Err(io::ErrorKind::NotADirectory.into())
            }
        }
        Err(error) => Err(error),
    }
}

/// The file that a path stands for. A link to nothing is an error, not a place for a new file.
fn followed(target: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(target),
        _ => Ok(target.to_owned()),
    }
}

/// What is known of the old file, if there is one; a folder or a device can't be replaced.
fn metadata(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(target) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Err(io::Error::other("not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_already(old: Option<&Metadata>, target: &Path, bytes: &[u8]) -> io::Result<bool> {
    match old {
        Some(old) => Ok(old.mode() & 0o7777 == MODE && fs::read(target)? == bytes),
        None => Ok(false),
    }
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(target: &Path, bytes: &[u8]) -> bool {
        let staged = Staged::new(target, bytes).unwrap();
        let changes = staged.changes();
        staged.commit().unwrap();
        changes
    }

    #[test]
    fn only_a_change_replaces_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keepalived.conf");
        assert!(write(&file, b"a"));
        let first = fs::metadata(&file).unwrap();
        assert_eq!(first.mode() & 0o7777, MODE);
        assert!(!write(&file, b"a"));
        assert_eq!(fs::metadata(&file).unwrap().ino(), first.ino());
        assert!(write(&file, b"b"));
        assert_eq!(fs::read(&file).unwrap(), b"b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_loose_mode_is_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keepalived.conf");
        fs::write(&file, b"a").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(write(&file, b"a"));
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, MODE);
    }

    #[test]
    fn a_link_stays_and_its_target_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&file, b"a").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(write(&link, b"b"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"b");
        fs::remove_file(&file).unwrap();
        assert!(Staged::new(&link, b"c").is_err(), "a link to nothing");
    }

    #[test]
    fn what_is_not_committed_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keepalived.conf");
        drop(Staged::new(&file, b"a").unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
