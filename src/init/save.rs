//! The inventory and the password's file: each whole or not at all, and never in place of another file.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::files;

/// The password's file, beside the inventory.
pub(super) const SECRET: &str = "vrrp_pass";

/// For its owner alone.
const SECRET_MODE: u32 = 0o600;

/// VRRP version 2 sends eight bytes, and keepalived takes no more (RFC 3768 section 5.3.6).
const SECRET_LENGTH: usize = 8;

/// 64 of them, so that each random byte gives one, all as likely.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Fails where a file is in the way.
pub(super) fn free(output: &Path, password: bool) -> Result<()> {
    let secret = password.then(|| secret_of(output));
    for path in [Some(output.to_owned()), secret].into_iter().flatten() {
        ensure!(
            fs::symlink_metadata(&path).is_err(),
            "{} exists and is left as it is: name another file with -o, or move it away",
            path.display()
        );
    }
    Ok(())
}

/// Writes the inventory, and the password before it.
pub(super) fn all(output: &Path, text: &str, password: bool) -> Result<()> {
    let secret = secret_of(output);
    if password {
        create(&secret, SECRET_MODE, format!("{}\n", random()?).as_bytes())?;
    }
    create(output, files::MODE, text.as_bytes()).inspect_err(|_| {
        if password {
            // Made a moment ago; the error that counts is the one of the inventory.
            let _ = fs::remove_file(&secret);
        }
    })
}

fn secret_of(output: &Path) -> PathBuf {
    output.with_file_name(SECRET)
}

/// By a link from a file beside it, which fails where there is one already.
fn create(path: &Path, mode: u32, bytes: &[u8]) -> Result<()> {
    let failed = || format!("{}: can't be written", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".lvskit-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    file.as_file().set_permissions(Permissions::from_mode(mode)).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist_noclobber(path).map_err(|failure| failure.error).with_context(failed)?;
    Ok(())
}

/// A password that nobody can guess.
fn random() -> Result<String> {
    let mut bytes = [0; SECRET_LENGTH];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("/dev/urandom: can't be read")?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect())
}
