//! Writes files so that no reader ever meets a half one, and touches only what changes: a file's
//! time stamp and inode tell keepalived, Ansible and backups that there is something new.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::syncfs;
use tempfile::TempPath;

mod acl;
pub mod interrupt;

/// A new file's mode. keepalived.conf holds the VRRP password: for root, and for a group that an
/// administrator may give it.
pub const MODE: u32 = 0o640;

/// What an old file's mode keeps: everything but the rights of others.
const KEPT: u32 = 0o7770;

/// How the name of a new content begins, before the number of the process that writes it.
const PREFIX: &str = ".lvskit-";

/// How long nobody takes to replace files: what is older is left over, whoever has its number now.
const LONGEST_RUN: Duration = Duration::from_secs(3600);

/// A file's place, and what is there now.
pub struct Target {
    /// Where a symbolic link leads.
    path: PathBuf,
    old: Option<Old>,
}

struct Old {
    bytes: Vec<u8>,
    metadata: Metadata,
    /// What its owning group may have, where it has an access control list.
    group: Option<u32>,
}

impl Target {
    /// Reads what is there. A symbolic link is followed; a missing file is no error, and neither
    /// is a missing folder.
    pub fn read(path: &Path) -> io::Result<Target> {
        let path = followed(path)?;
        let old = match metadata(&path)? {
            Some(metadata) => {
                Some(Old { bytes: fs::read(&path)?, metadata, group: acl::group(&path)? })
            }
            None => None,
        };
        Ok(Target { path, old })
    }

    /// The bytes of the old file, if there is one.
    pub fn old(&self) -> Option<&[u8]> {
        self.old.as_ref().map(|old| old.bytes.as_slice())
    }

    /// The old file's mode and the one that it shall have, where these differ.
    pub fn mode_change(&self) -> Option<(u32, u32)> {
        let mode = self.old.as_ref()?.metadata.mode() & 0o7777;
        (mode != mode & KEPT).then_some((mode, mode & KEPT))
    }

    /// Whether the file would be another one with these bytes.
    pub fn differs(&self, bytes: &[u8]) -> bool {
        self.old() != Some(bytes) || self.mode_change().is_some()
    }

    /// Writes `bytes` beside the file, whose folder must exist. Owner, group and mode are the old
    /// file's, but others get no rights. An access control list is lost, and nobody gains a right by that.
    ///
    /// # Errors
    /// Also when the old file's owner or group can't be kept: only root may give a file away.
    pub fn stage(self, bytes: &[u8]) -> io::Result<Staged> {
        interrupt::check()?;
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let mut content =
            tempfile::Builder::new().prefix(&prefix).tempfile_in(folder(&self.path))?;
        content.write_all(bytes)?;
        let mode = match &self.old {
            Some(old) => {
                give(content.as_file(), &old.metadata)?;
                acl::remove(content.as_file())?;
                let group = old.group.map_or(0o070, |rights| rights << 3);
                old.metadata.mode() & KEPT & (group | !0o070)
            }
            None => MODE,
        };
        // After the owner: to change that takes away set-user-ID bits.
        content.as_file().set_permissions(Permissions::from_mode(mode))?;
        let device = content.as_file().metadata()?.dev();
        Ok(Staged { target: self.path, content: content.into_temp_path(), device })
    }
}

/// A file whose new content lies beside it, ready to take its place.
pub struct Staged {
    target: PathBuf,
    /// Closed: there may be more of them than a process may have open.
    content: TempPath,
    /// The file system of both.
    device: u64,
}

/// A set of files of which some are new and some are old: what happened to each.
#[derive(Debug)]
pub struct Half {
    /// The one that could not be replaced.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
    /// Those that are new.
    pub replaced: Vec<PathBuf>,
    /// Those that are still old, behind the one that failed.
    pub left: Vec<PathBuf>,
}

impl Half {
    /// In words: which file failed and why, which are new and which are old.
    pub fn message(&self) -> String {
        let list = |paths: &[PathBuf]| {
            let paths: Vec<String> =
                paths.iter().map(|path| format!("  {}", path.display())).collect();
            paths.join("\n")
        };
        let mut text = format!("error: {}: can't be replaced: {}", self.path.display(), self.error);
        if !self.replaced.is_empty() {
            text.push_str(&format!("\nreplaced already:\n{}", list(&self.replaced)));
        }
        if !self.left.is_empty() {
            text.push_str(&format!("\nnot replaced:\n{}", list(&self.left)));
        }
        if self.replaced.is_empty() {
            text.push_str("\nnothing was replaced");
        }
        text
    }
}

/// Puts all of them in place, each in one step. Before the first one every new content is brought
/// to the disk, so that not even a power failure leaves an empty file.
///
/// # Errors
/// With the file that could not be replaced, those before it, which are new already, and the rest.
pub fn replace(staged: Vec<Staged>) -> Result<(), Half> {
    let alone = |(path, error)| Half { path, error, replaced: Vec::new(), left: Vec::new() };
    sync(staged.iter().map(|file| (&*file.content, file.device))).map_err(alone)?;
    // The last moment at which nothing has changed; the rest is done whatever comes.
    if let (Err(error), Some(first)) = (interrupt::check(), staged.first()) {
        return Err(alone((first.target.clone(), error)));
    }
    let mut folders = Vec::with_capacity(staged.len());
    let mut replaced: Vec<PathBuf> = Vec::with_capacity(staged.len());
    let mut staged = staged.into_iter();
    while let Some(Staged { target, content, device }) = staged.next() {
        if let Err(error) = content.persist(&target) {
            let left = staged.map(|file| file.target).collect();
            return Err(Half { path: target, error: error.error, replaced, left });
        }
        folders.push((folder(&target).to_owned(), device));
        replaced.push(target);
    }
    sync(folders.iter().map(|(folder, device)| (folder.as_path(), *device)))
        .map_err(|(path, error)| Half { path, error, replaced, left: Vec::new() })
}

/// Removes what an earlier process that was killed has left beside a file: it may hold a password. What can't
/// be removed, or may be another process's that still runs, stays.
pub fn sweep(path: &Path) {
    let Ok(entries) = fs::read_dir(folder(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let process = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        let runs = process.is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists());
        let old = metadata.modified().ok().and_then(|time| time.elapsed().ok());
        let old = old.is_some_and(|age| age > LONGEST_RUN);
        if metadata.is_file() && (process.is_some() && !runs || old) {
            // Another sweep may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Replaces one file in one step, with this mode, so that no reader meets half of it.
///
/// # Errors
/// When its folder is missing or can't be written to.
pub fn publish(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Who reads all files of a name, such as *.prom, must not read the half one.
    let mut content = tempfile::Builder::new().prefix(".lvskit-").tempfile_in(folder(file))?;
    content.write_all(bytes)?;
    content.as_file().set_permissions(Permissions::from_mode(mode))?;
    content.as_file().sync_all()?;
    content.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Brings files or folders to the disk: one by itself, several by their file systems, which takes
/// as long as one and not as many times as there are files.
fn sync<'a>(
    places: impl ExactSizeIterator<Item = (&'a Path, u64)>,
) -> Result<(), (PathBuf, io::Error)> {
    let alone = places.len() == 1;
    let mut synced = BTreeSet::new();
    for (place, _) in places.filter(|&(_, device)| synced.insert(device)) {
        let done = File::open(place).and_then(|file| match alone {
            true => file.sync_all(),
            false => Ok(syncfs(&file)?),
        });
        done.map_err(|error| (place.to_owned(), error))?;
    }
    Ok(())
}

/// Whether a path on the command line means standard output. Both are written to as it is, and no file
/// takes their place.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
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

/// Gives a new file to the owner and the group of the old one.
fn give(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(file, Some(old.uid()), Some(old.gid())).map_err(|error| {
        let (uid, gid) = (old.uid(), old.gid());
        let help = "run this as root, or remove the file";
        io::Error::new(
            error.kind(),
            format!("its owner {uid}:{gid} can't be kept ({error}); {help}"),
        )
    })
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
