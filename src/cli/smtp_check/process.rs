//! The process: which program it is, and how it ends when it is told to or its time is over. TLS is a
//! program of its own, because the loader needs as much time for OpenSSL as everything else in a check
//! without TLS.

use std::ffi::{OsString, c_int};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::unistd::alarm;
use signal_hook::consts::{SIGALRM, SIGTERM};
use signal_hook::flag;

use crate::paths;

/// Whether these words may ask for TLS. They need not be right: the other program reads them too.
pub fn asks_for_tls(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "--starttls" || word == "--tls")
}

/// Becomes the program with TLS: the same process, under the same name. Returns only where that
/// failed, with the reason.
pub fn become_tls(words: &[OsString]) -> anyhow::Error {
    let program = sibling();
    let mut command = Command::new(&program);
    if let [name, options @ ..] = words {
        command.arg0(name).args(options);
    }
    let missing =
        format!("{}, which does TLS, can't be started: install lvskit again", program.display());
    anyhow::Error::new(command.exec()).context(missing)
}

/// Beside this program; where that can't be found out, where it is installed.
fn sibling() -> PathBuf {
    match std::env::current_exe() {
        Ok(me) => me.with_file_name(paths::PROBE_WITH_TLS),
        Err(_) => paths::libexec(paths::PROBE_WITH_TLS).into(),
    }
}

/// From now on SIGTERM ends the process with this exit code. keepalived sends it at `misc_timeout`,
/// and takes exit code 0 for a server that is up whatever came before.
///
/// # Errors
/// The system refuses.
pub fn exit_on_sigterm(code: u8) -> io::Result<()> {
    exit_on(SIGTERM, code)
}

/// Ends the process with this exit code if it is still there when the deadline of its check is over
/// by one second, or nearly two: then it waits for what the deadline does not know, for a reader of
/// a full pipe or for a file system that does not answer. What gen-conf allows it is a little more.
///
/// # Errors
/// The system refuses.
pub fn exit_after(deadline: Duration, code: u8) -> io::Result<()> {
    exit_on(SIGALRM, code)?;
    let up = u64::from(deadline.subsec_nanos() > 0);
    let seconds = deadline.as_secs().saturating_add(up).saturating_add(1);
    alarm::set(u32::try_from(seconds).unwrap_or(u32::MAX));
    Ok(())
}

fn exit_on(signal: c_int, code: u8) -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    flag::register_conditional_shutdown(signal, code.into(), always).map(drop)
}
