//! The log daemon of the lab: keeps what the hooks say, for the reports of failed scenarios.

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixDatagram;

use anyhow::{Context, Result};

use crate::sandbox::{LOG_SOCKET, ROOT};

/// Where the messages are kept.
pub fn file() -> String {
    format!("{ROOT}/syslog")
}

/// Listens at /dev/log until the lab ends.
pub fn start() -> Result<()> {
    let socket = UnixDatagram::bind(LOG_SOCKET).context(LOG_SOCKET)?;
    let mut file = File::create(file())?;
    std::thread::spawn(move || {
        let mut message = [0; 4096];
        while let Ok(length) = socket.recv(&mut message) {
            let text = String::from_utf8_lossy(&message[..length]);
            // A full disk would show in the scenario itself.
            let _ = writeln!(file, "{}", text.trim_end());
        }
    });
    Ok(())
}
