//! Files with passwords and keys. They are read where the check runs, so that no secret stands in a
//! command line, where every user of the machine could see it; and a file that every user may read
//! keeps no secret either.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// The longest file, in bytes: room for a key and a chain of certificates.
const LONGEST: u64 = 1 << 18;

/// What others than owner and group may do, and what the group may not: write.
const FORBIDDEN: u32 = 0o027;

/// The content of a regular file that only its owner can change, and only its owner and group can
/// read. Nothing is waited for.
///
/// # Errors
/// Why there is none, with the file and what to do.
pub fn read(file: &Path) -> Result<Vec<u8>, String> {
    let told = |reason: &str| format!("{}: {reason}", file.display());
    let mut options = OpenOptions::new();
    let opened = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(file);
    let opened = opened.map_err(|err| told(&err.to_string()))?;
    let metadata = opened.metadata().map_err(|err| told(&err.to_string()))?;
    if !metadata.is_file() {
        return Err(told("not a regular file"));
    }
    let mode = metadata.mode() & 0o777;
    if mode & FORBIDDEN != 0 {
        return Err(told(&format!("mode {mode:o} keeps no secret: chmod 640, or 600")));
    }
    let mut content = Vec::new();
    opened.take(LONGEST + 1).read_to_end(&mut content).map_err(|err| told(&err.to_string()))?;
    if content.len() as u64 > LONGEST {
        return Err(told(&format!("longer than {LONGEST} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_what_keeps_a_secret_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "a").unwrap();
        for (mode, kept) in [
            (0o600, true),
            (0o640, true),
            (0o400, true),
            (0o440, true),
            (0o644, false),
            (0o604, false),
            (0o660, false),
            (0o602, false),
            (0o601, false),
        ] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let read = read(&file);
            assert_eq!(read.is_ok(), kept, "{mode:o}: {read:?}");
            assert!(kept || read.unwrap_err().ends_with("keeps no secret: chmod 640, or 600"));
        }
    }

    #[test]
    fn nothing_else_is_read_or_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (fifo, large) = (folder.path().join("fifo"), folder.path().join("large"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::write(&large, vec![b'x'; LONGEST as usize + 1]).unwrap();
        fs::set_permissions(&large, Permissions::from_mode(0o600)).unwrap();
        for (file, reason) in [
            (fifo.as_path(), "not a regular file"),
            (folder.path(), "not a regular file"),
            (large.as_path(), "longer than 262144 bytes"),
            (Path::new("/nonexistent/secret"), "No such file or directory (os error 2)"),
        ] {
            assert_eq!(read(file), Err(format!("{}: {reason}", file.display())));
        }
    }
}
