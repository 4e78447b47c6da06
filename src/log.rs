//! Where the programs say what happened. keepalived starts scripts with /dev/null as standard
//! output and error, so without syslog nobody would ever hear of a failed hook.

use std::borrow::Cow;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use syslog::{Facility, Formatter3164, Logger, LoggerBackend};

use crate::stderr::Stderr;

/// The system's log socket (systemd-journald, rsyslog, syslog-ng all listen here).
const LOG_SOCKET: &str = "/dev/log";

/// How long one message may wait for a full log queue. The hook matters more than its message.
const PATIENCE: Duration = Duration::from_millis(200);

/// The longest message sent, in bytes: log daemons cut or drop more than about 2 kB.
const LONGEST: usize = 2000;

type Syslog = Logger<LoggerBackend, Formatter3164>;

/// How a message is sent with its severity.
type Send = fn(&mut Syslog, &str) -> syslog::Result<()>;

/// A program's log: facility daemon in syslog, and standard error for whoever started it by hand.
pub struct Log {
    program: &'static str,
    syslog: Option<Syslog>,
    stderr: Stderr,
    verbose: bool,
}

impl Log {
    /// Opens the log of `program`. A missing or deaf log daemon is no error: the work goes on and
    /// standard error still gets every message. With `verbose`, notes go to standard error too.
    pub fn open(program: &'static str, verbose: bool) -> Log {
        let syslog = connect(Path::new(LOG_SOCKET), program).ok();
        Log { program, syslog, stderr: Stderr::default(), verbose }
    }

    /// Says that something was done.
    pub fn note(&mut self, message: &str) {
        if self.verbose {
            self.tell_stderr(message);
        }
        self.tell_syslog(message, |syslog, line| syslog.notice(line));
    }

    /// Says that something is done that may not help, and what to do about it.
    pub fn warning(&mut self, message: &str) {
        self.tell_stderr(&format!("warning: {message}"));
        self.tell_syslog(message, |syslog, line| syslog.warning(line));
    }

    /// Says that something failed, and what to do about it.
    pub fn error(&mut self, message: &str) {
        self.tell_stderr(&format!("error: {message}"));
        self.tell_syslog(message, |syslog, line| syslog.err(line));
    }

    /// Says in syslog alone, for those who see the verdict elsewhere, whether something is up.
    pub fn verdict(&mut self, up: bool, message: &str) {
        let send: Send = match up {
            true => |syslog, line| syslog.notice(line),
            false => |syslog, line| syslog.err(line),
        };
        self.tell_syslog(message, send);
    }

    /// A lost message changes nothing for the cluster, and there is nowhere left to report it. But
    /// a log daemon that was started anew has another socket: then once more.
    fn tell_syslog(&mut self, message: &str, send: Send) {
        let line = one_line(message);
        let sent = self.syslog.as_mut().map(|syslog| send(syslog, &line));
        let deaf = match sent {
            None => true,
            Some(Err(syslog::Error::Write(error) | syslog::Error::Io(error))) => {
                error.kind() != std::io::ErrorKind::WouldBlock
            }
            Some(_) => false,
        };
        if deaf {
            self.syslog = connect(Path::new(LOG_SOCKET), self.program).ok();
            let _ = self.syslog.as_mut().map(|syslog| send(syslog, &line));
        }
    }

    /// A standard error that can't be written to must not stop the work, as `eprintln!` would.
    fn tell_stderr(&mut self, message: &str) {
        self.stderr.write(format!("{}: {message}\n", self.program));
    }
}

fn connect(socket: &Path, program: &str) -> std::io::Result<Syslog> {
    let datagram = UnixDatagram::unbound()?;
    datagram.connect(socket)?;
    datagram.set_write_timeout(Some(PATIENCE))?;
    let formatter = Formatter3164 {
        facility: Facility::LOG_DAEMON,
        hostname: None,
        process: program.to_owned(),
        pid: std::process::id(),
    };
    Ok(Logger::new(LoggerBackend::Unix(datagram), formatter))
}

/// Makes one syslog line of a message: no control characters, at most [`LONGEST`] bytes.
fn one_line(message: &str) -> Cow<'_, str> {
    if message.len() <= LONGEST && !message.contains(char::is_control) {
        return Cow::Borrowed(message);
    }
    let mut line = String::with_capacity(message.len().min(LONGEST) + 4);
    for c in message.trim_end().chars() {
        if line.len() + c.len_utf8() > LONGEST {
            line.push_str("...");
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_become_blanks_and_long_text_is_cut_at_a_character() {
        assert_eq!(one_line("a\nb\n"), "a b");
        let long = one_line(&"ж".repeat(3000)).into_owned();
        assert!(long.len() <= LONGEST + 3 && long.ends_with("ж..."), "{}", long.len());
    }

    #[test]
    fn a_full_queue_delays_but_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let deaf = UnixDatagram::bind(&path).unwrap();
        let mut syslog = connect(&path, "test").unwrap();
        let refused = (0..10_000).find_map(|_| syslog.err("x").err());
        assert!(refused.is_some(), "a queue that nobody reads must fill up");
        drop(deaf);
    }

    #[test]
    fn no_socket_is_an_error_at_once() {
        assert!(connect(Path::new("/nonexistent/log"), "test").is_err());
    }
}
