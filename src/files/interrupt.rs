//! Ctrl-C and SIGTERM while files lie ready: the process still ends by the signal, but removes first what it has
//! laid beside them, which may hold a password.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// The signal that came; 0 for none.
static CAUGHT: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Lets signals wait for [`check`] from now on.
pub fn catch() {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        // Where that fails, the signal ends the process at once, as before.
        let _ = flag::register_usize(signal, CAUGHT.clone(), signal as usize);
    }
}

/// Whether to go on.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] once a signal came: then nothing more is to be written, and [`end`] to be called
/// when all that lies ready is gone.
pub fn check() -> io::Result<()> {
    match CAUGHT.load(Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// Ends the process by the signal that was caught, if one was.
pub fn end() {
    if let signal @ 1.. = CAUGHT.load(Ordering::Relaxed) {
        // Returns only for signals that end nothing.
        let _ = low_level::emulate_default_handler(signal as i32);
    }
}
