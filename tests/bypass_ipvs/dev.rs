//! A /dev of the test's own, so that it decides what listens at /dev/log, and no test's message
//! reaches the host's log.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use nix::mount::{MsFlags, mount};

use super::common::patience::found;

const LOG: &str = "/dev/log";

/// The devices that programs may expect.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// nft opens its standard input by this name.
const STDIN: &str = "stdin";

/// Covers /dev with a file system that has no log socket. Only in a mount namespace of one's own.
pub fn without_log() {
    let stage = tempfile::tempdir().unwrap();
    let none: Option<&str> = None;
    mount(Some("tmpfs"), stage.path(), Some("tmpfs"), MsFlags::empty(), none).unwrap();
    for name in DEVICES {
        let device = stage.path().join(name);
        File::create(&device).unwrap();
        let original = Path::new("/dev").join(name);
        mount(Some(&original), &device, none, MsFlags::MS_BIND, none).unwrap();
    }
    std::os::unix::fs::symlink("/proc/self/fd/0", stage.path().join(STDIN)).unwrap();
    mount(Some(stage.path()), "/dev", none, MsFlags::MS_MOVE, none).unwrap();
    assert!(!fs::exists(LOG).unwrap());
}

/// How long a message may take that must come: clearly less than the 10 seconds after which a watcher
/// looks by itself, or nobody would know what made it look.
const PATIENCE: Duration = Duration::from_secs(5);

/// A log daemon's socket.
pub struct DevLog(UnixDatagram);

/// One message as it came in.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Facility times 8 plus severity: the number in angle brackets (RFC 3164, 4.1.1).
    pub priority: u8,
    /// After the time stamp.
    pub tag: String,
    pub text: String,
}

/// Priorities of facility daemon (3).
pub const DAEMON_ERR: u8 = 3 * 8 + 3;
pub const DAEMON_NOTICE: u8 = 3 * 8 + 5;

impl DevLog {
    /// Covers /dev and listens at /dev/log in it.
    pub fn new() -> DevLog {
        without_log();
        let socket = UnixDatagram::bind(LOG).unwrap();
        socket.set_nonblocking(true).unwrap();
        DevLog(socket)
    }

    /// The log daemon started anew: another socket at the same place.
    pub fn anew(self) -> DevLog {
        drop(self.0);
        fs::remove_file(LOG).unwrap();
        let socket = UnixDatagram::bind(LOG).unwrap();
        socket.set_nonblocking(true).unwrap();
        DevLog(socket)
    }

    /// The text of the next message, which must come soon.
    pub fn wait_for_message(&self) -> String {
        found(PATIENCE, || "no message".to_owned(), || self.messages().pop()).text
    }

    /// Fills the queue until the kernel takes no more; nobody reads it.
    pub fn fill(&self) {
        let client = UnixDatagram::unbound().unwrap();
        client.connect(LOG).unwrap();
        client.set_nonblocking(true).unwrap();
        let refused = (0..100_000).find_map(|_| client.send(b"<29>Jan  1 00:00:00 x: full").err());
        assert_eq!(refused.unwrap().kind(), ErrorKind::WouldBlock);
    }

    /// All messages that came in since the last call.
    pub fn messages(&self) -> Vec<Message> {
        let mut buffer = [0; 64 * 1024];
        let mut messages = Vec::new();
        loop {
            match self.0.recv(&mut buffer) {
                Ok(length) => messages.push(message(&buffer[..length])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return messages,
                Err(error) => panic!("{LOG}: {error}"),
            }
        }
    }

    /// The one message of a run.
    pub fn only_message(&self) -> Message {
        let mut messages = self.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }
}

/// `<PRIORITY>Mmm dd hh:mm:ss TAG: TEXT`, in one line.
fn message(bytes: &[u8]) -> Message {
    let whole = std::str::from_utf8(bytes).unwrap();
    assert!(!whole.contains(char::is_control), "more than one line: {whole:?}");
    let parts = || {
        let (priority, rest) = whole.strip_prefix('<')?.split_once('>')?;
        let (_time, rest) = rest.split_at_checked("Mmm dd hh:mm:ss ".len())?;
        let (tag, text) = rest.split_once(": ")?;
        Some((priority.parse().ok()?, tag.to_owned(), text.to_owned()))
    };
    let (priority, tag, text) = parts().unwrap_or_else(|| panic!("no RFC 3164: {whole:?}"));
    Message { priority, tag, text }
}
