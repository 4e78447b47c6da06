//! Standard error for programs that must not stand still: a pipe that nobody reads, or a terminal that
//! is held, blocks who writes to it. A thread writes; what it can't write in time is dropped.
//!
//! To make the file nonblocking would be less, and wrong: others who write to it share that setting.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a pipe with room takes at once, in bytes (linux/limits.h).
const PIPE_BUF: usize = 4096;

/// How long one message may take to be written. Normally microseconds.
const PATIENCE: Duration = Duration::from_millis(200);

/// Standard error; the thread begins with the first message.
#[derive(Debug, Default)]
pub struct Stderr(Option<Writer>);

#[derive(Debug)]
struct Writer {
    messages: SyncSender<String>,
    /// One for each message that was written.
    written: Receiver<()>,
    /// A message is still being written.
    stuck: bool,
}

impl Stderr {
    /// Writes a message, or drops it: when it takes longer than 200 ms, while an earlier one is still
    /// being written, or when standard error is closed.
    pub fn write(&mut self, message: String) {
        if self.0.is_none() {
            self.0 = Writer::start(|text| drop(std::io::stderr().write_all(text.as_bytes())));
        }
        match &mut self.0 {
            Some(writer) => writer.write(message),
            None => write_where_there_is_room(message.as_bytes()),
        }
    }
}

/// Where the system gives no thread, which is when what to do about that must not be lost. A pipe with
/// room takes so many bytes at once (POSIX, PIPE_BUF), so this does not wait.
fn write_where_there_is_room(message: &[u8]) {
    let mut stderr = std::io::stderr();
    let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO);
    let mut room = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    let writable = poll(&mut room, patience) == Ok(1)
        && room[0].revents().is_some_and(|events| events.contains(PollFlags::POLLOUT));
    if writable {
        let _ = stderr.write_all(&message[..message.len().min(PIPE_BUF)]);
    }
}

impl Writer {
    /// `None` where the system gives no thread.
    fn start(write: impl Fn(String) + Send + 'static) -> Option<Writer> {
        let (messages, next) = sync_channel::<String>(1);
        let (done, written) = sync_channel(1);
        let work = move || {
            for text in next {
                write(text);
                if done.send(()).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new().spawn(work).ok()?;
        Some(Writer { messages, written, stuck: false })
    }

    fn write(&mut self, message: String) {
        if self.stuck && self.written.try_recv() == Err(TryRecvError::Empty) {
            return;
        }
        let sent = self.messages.try_send(message).is_ok();
        self.stuck = sent && self.written.recv_timeout(PATIENCE).is_err();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_can_not_be_written_is_dropped_and_the_next_is_written() {
        let (go, gate) = channel::<()>();
        let (seen, shown) = channel();
        let gate = Mutex::new(gate);
        let mut writer = Writer::start(move |text| {
            let _ = gate.lock().unwrap().recv();
            seen.send(text).unwrap();
        })
        .unwrap();
        for text in ["held", "dropped", "dropped too"] {
            writer.write(text.into());
        }
        assert!(writer.stuck);
        go.send(()).unwrap();
        assert_eq!(shown.recv().unwrap(), "held");
        drop(go);
        // The thread tells of the first one only after it was shown.
        while writer.stuck {
            writer.write("next".into());
        }
        assert_eq!(shown.recv().unwrap(), "next");
    }
}
