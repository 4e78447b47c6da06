//! The process: how it ends when it is told to, or when its time is over.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::alarm;
use signal_hook::flag;

/// From now on SIGTERM ends the process with this exit code. keepalived sends it at `misc_timeout`,
/// and takes exit code 0 for a server that is up whatever came before.
///
/// # Errors
/// The system refuses.
pub fn exit_on_sigterm(code: u8) -> io::Result<()> {
    exit_on(Signal::SIGTERM, code)
}

/// Ends the process with this exit code if it is still there when the deadline of its check is over
/// by one second, or nearly two: then it waits for what the deadline does not know, for a reader of
/// a full pipe or for a file system that does not answer. What gen-conf allows it is a little more.
///
/// # Errors
/// The system refuses.
pub fn exit_after(deadline: Duration, code: u8) -> io::Result<()> {
    exit_on(Signal::SIGALRM, code)?;
    let up = u64::from(deadline.subsec_nanos() > 0);
    let seconds = deadline.as_secs().saturating_add(up).saturating_add(1);
    alarm::set(u32::try_from(seconds).unwrap_or(u32::MAX));
    Ok(())
}

/// Also where whoever started this process had blocked the signal, which would count here too.
fn exit_on(signal: Signal, code: u8) -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    flag::register_conditional_shutdown(signal as i32, code.into(), always)?;
    SigSet::from(signal).thread_unblock().map_err(io::Error::from)
}
