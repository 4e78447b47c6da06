//! The program with TLS, as a child whose word counts only if it is signed. TLS is a program of its
//! own, because the loader needs as much time for OpenSSL as everything else in a check without TLS.
//! Were `smtp-check` to become that program, nobody would be left to judge how it ends: keepalived
//! takes an exit code of 0 for a server that is up, whatever file gave it. So the verdict is what the
//! child prints last: its version, the ticket that it was given, and the exit code.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{anyhow, bail, ensure};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::paths;
use crate::shortage;
use crate::smtp::Deadline;

/// The variable with the ticket that a child signs its verdict with.
const TICKET: &str = "LVSKIT_SMTP_CHECK_TICKET";

/// Of the program that signs, and of the one that reads it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The most that a child may say, in bytes; the longest manual or JSON is a fraction of it.
const LONGEST: usize = 1 << 20;

/// What a child may need beside the deadline of its check: to start and to end.
const GRACE: Duration = Duration::from_millis(750);

/// The ticket of the `smtp-check` that started this program, if one did.
pub fn ticket() -> Option<String> {
    std::env::var(TICKET).ok()
}

/// What makes a verdict out of an exit code, for the program that gave out the ticket. A NUL begins
/// it: nothing else that the programs print has one.
pub fn signature(ticket: &str, code: u8) -> String {
    format!("\0{VERSION} {ticket} {code}\n")
}

/// Lets the program with TLS do a check that lasts no longer than `limit`, under this program's
/// name. Returns what it printed, and the exit code that it signed.
///
/// # Errors
/// It is missing or damaged, of another version, or something else; with what to do.
pub fn run(words: &[OsString], limit: Duration) -> anyhow::Result<(Vec<u8>, u8)> {
    let program = sibling();
    let what = format!("{}, which does TLS,", program.display());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticket = format!("{}.{}", std::process::id(), now.as_nanos());
    let mut command = Command::new(&program);
    if let [name, options @ ..] = words {
        command.arg0(name).args(options);
    }
    command.env(TICKET, &ticket).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|err| {
        anyhow!("{what} can't be started: {err}: {}", help(&err, cfg!(feature = "tls")))
    })?;
    let limit = limit.saturating_add(GRACE);
    let heard = listen(&mut child, &Deadline::after(limit));
    let verdict = heard.as_deref().and_then(|said| verdict(said, &ticket));
    if verdict.is_none() {
        // One that has ended already keeps its own exit status.
        let _ = child.kill();
    }
    let status = child.wait().ok();
    let Some(verdict) = verdict else {
        ensure!(
            heard.is_some(),
            "{what} did not answer within {} s: install lvskit again",
            limit.as_secs_f64()
        );
        bail!("{what} gave no verdict ({}): {REPAIR}", ended(status));
    };
    let Verdict { said, version, code } = verdict;
    ensure!(
        version == VERSION,
        "{what} is of version {version}, smtp-check of {VERSION}: install lvskit again"
    );
    Ok((said.to_vec(), code))
}

/// What to do where it can't be started: install it again, if this build has it.
fn help(err: &io::Error, built_with_tls: bool) -> &'static str {
    match shortage::advice(err) {
        Some(advice) => advice,
        None if !built_with_tls && err.kind() == io::ErrorKind::NotFound => {
            "this build of lvskit has no TLS: install lvskit-node from an RPM or deb, or build it with OpenSSL"
        }
        None => "install lvskit again",
    }
}

/// What may have happened, and what to do.
const REPAIR: &str = "it is damaged or another program, or OpenSSL is missing: install lvskit again, \
                      then try smtp-check-tls --version";

/// A status that nobody kept was the child of a process that ignores SIGCHLD.
fn ended(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "exit status unknown".to_owned(), |status| status.to_string())
}

/// Beside this program; where that can't be found out, where it is installed.
fn sibling() -> PathBuf {
    match std::env::current_exe() {
        Ok(me) => me.with_file_name(paths::PROBE_WITH_TLS),
        Err(_) => paths::libexec(paths::PROBE_WITH_TLS).into(),
    }
}

/// All that the child prints until it closes its output; nothing if that takes too long, or is more
/// than the program with TLS ever says.
fn listen(child: &mut Child, until: &Deadline) -> Option<Vec<u8>> {
    let mut output = child.stdout.take()?;
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let left = until.left();
        if left.is_zero() || said.len() > LONGEST {
            return None;
        }
        let millis = i32::try_from(left.as_millis().saturating_add(1)).unwrap_or(i32::MAX);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(output.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) | Err(Errno::EINTR) => continue,
            Ok(_) => {}
            Err(_) => return None,
        }
        match output.read(&mut piece) {
            Ok(0) => return Some(said),
            Ok(count) => said.extend_from_slice(&piece[..count]),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// A signed verdict.
#[derive(Debug, PartialEq, Eq)]
struct Verdict<'a> {
    said: &'a [u8],
    version: &'a str,
    code: u8,
}

/// The verdict with this ticket at the end of what was said, if there is one.
fn verdict<'a>(said: &'a [u8], ticket: &str) -> Option<Verdict<'a>> {
    let nul = said.iter().rposition(|byte| *byte == 0)?;
    let signature = std::str::from_utf8(&said[nul + 1..]).ok()?.strip_suffix('\n')?;
    let mut words = signature.split(' ');
    let (version, signed, code) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    (signed == ticket && words.next().is_none()).then_some(Verdict {
        said: &said[..nul],
        version,
        code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_a_verdict() {
        let said = format!("192.0.2.1:25 up\n{}", signature("7.1", 0));
        let expected = Verdict { said: b"192.0.2.1:25 up\n", version: VERSION, code: 0 };
        assert_eq!(verdict(said.as_bytes(), "7.1"), Some(expected));
        assert_eq!(verdict(b"\x000.0.9 7.1 102\n", "7.1").unwrap().version, "0.0.9");
    }

    #[test]
    fn a_build_without_tls_does_not_ask_to_be_installed_again() {
        let missing = io::Error::from(Errno::ENOENT);
        assert_eq!(help(&missing, true), "install lvskit again");
        assert!(help(&missing, false).starts_with("this build of lvskit has no TLS: "));
        // Somebody put a program there.
        assert_eq!(help(&io::Error::from(Errno::EACCES), false), "install lvskit again");
        assert!(help(&io::Error::from(Errno::EAGAIN), false).contains("TasksMax"));
    }

    #[test]
    fn nothing_else_is() {
        let signed = signature("7.1", 0);
        let cut = &signed.as_bytes()[..signed.len() - 1];
        assert_eq!(verdict(cut, "7.1"), None);
        assert_eq!(verdict(signed.as_bytes(), "7.2"), None);
        for said in [
            "",
            "up\n",
            "\0",
            "\0\n",
            "\x000.1.0 7.1\n",
            "\x000.1.0 7.1 256\n",
            "\x000.1.0 7.1 0 0\n",
            "\x000.1.0 7.1 0\nup\n",
        ] {
            assert_eq!(verdict(said.as_bytes(), "7.1"), None, "{said:?}");
        }
    }
}
