//! `--watch`: puts the guards right when somebody takes them away: `nft flush ruleset`, a restart
//! of nftables, a reload of a firewall. The kernel tells of every change of rules and routes, so
//! nothing is polled for; each burst of changes costs one look.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

use sd_notify::NotifyState;

use super::plan::Guard;
use super::system::{System, SystemError, vips};
use super::voice::Voice;
use crate::log::Log;

/// A look at least this often, for what the kernel does not tell, such as changed sysctls.
const PERIOD: Duration = Duration::from_secs(10);

/// The least time between two looks, so that a host whose rules change all the time costs little.
const GAP: Duration = Duration::from_millis(500);

/// How soon a repair that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Bit of the group NFNLGRP_NFTABLES in a netlink address (linux/netfilter/nfnetlink.h).
const NFTABLES: u32 = 1 << 6;

/// RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE (linux/rtnetlink.h).
const ROUTES: u32 = 0x40 | 0x400;

/// Changes of rules and routes in this network namespace.
pub struct Changes(Vec<OwnedFd>);

impl Changes {
    /// Listens from now on.
    ///
    /// # Errors
    /// Without the right to, or where the kernel has no nf_tables.
    pub fn listen() -> io::Result<Changes> {
        let sockets =
            [(SockProtocol::NetlinkNetFilter, NFTABLES), (SockProtocol::NetlinkRoute, ROUTES)]
                .into_iter()
                .map(|(protocol, groups)| {
                    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
                    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
                    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
                    Ok(socket)
                })
                .collect::<Result<_, Errno>>()?;
        Ok(Changes(sockets))
    }

    /// Waits for a change, at most `patience`, then forgets all that are waiting.
    fn wait(&self, patience: Duration) -> io::Result<()> {
        let mut fds: Vec<PollFd<'_>> =
            self.0.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        let millis = PollTimeout::try_from(patience.as_millis()).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, millis) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        for socket in &self.0 {
            let mut message = [0; 8192];
            loop {
                match recv(socket.as_raw_fd(), &mut message, MsgFlags::MSG_DONTWAIT) {
                    Err(Errno::EAGAIN) => break,
                    // ENOBUFS: more changes than the kernel kept; all the same to us.
                    Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
        }
        Ok(())
    }
}

/// Keeps `guards` in force until a signal ends the process; `changes` must listen
/// already. Tells systemd once the guards are in force. A failure is logged and tried again.
///
/// # Errors
/// When the kernel tells no changes any more.
pub fn keep(system: &System, guards: &[Guard], changes: &Changes, log: &mut Log) -> io::Result<()> {
    let names = super::list(&vips(guards));
    let mut voice = Voice::default();
    let mut ready = false;
    let mut outcome: Result<Option<String>, _> = system.install(guards).map(|()| None);
    loop {
        let patience = match &outcome {
            Ok(restored) => {
                if let Some(said) = voice.fine(restored.as_deref(), Instant::now()) {
                    log.note(&said);
                }
                PERIOD
            }
            Err(error) => {
                let message = format!("{}: {error}", error.consequence(&names));
                if voice.failed(&message) {
                    log.error(&message);
                }
                AGAIN
            }
        };
        // What is wrong with a fallback route is no reason to keep the services waiting.
        if outcome.as_ref().err().is_none_or(SystemError::leaves_guards) && !ready {
            ready = true;
            log.note(&format!("guard in force for {names}, watched"));
            // Nobody to tell, when it was started by hand.
            let _ = sd_notify::notify(&[NotifyState::Ready]);
        }
        changes.wait(patience)?;
        let looked = Instant::now();
        outcome = repair(system, guards, changes)?;
        std::thread::sleep(GAP.saturating_sub(looked.elapsed()));
    }
}

/// Looks, and puts right what is not; tells what that was.
fn repair(
    system: &System,
    guards: &[Guard],
    changes: &Changes,
) -> io::Result<Result<Option<String>, SystemError>> {
    let wrong = match wrong(system, guards) {
        Ok(None) => return Ok(Ok(None)),
        // An nft that can't list may still be able to install, and says best why not.
        Err(error) => error.to_string(),
        Ok(Some(wrong)) => wrong,
    };
    let installed = system.install(guards);
    // The changes that were our own.
    changes.wait(Duration::ZERO)?;
    if let Err(error) = installed {
        return Ok(Err(error));
    }
    Ok(match self::wrong(system, guards) {
        Ok(None) => Ok(Some(wrong)),
        // Another program is at work, or nft lists what it was told in words that we don't know:
        // to try at once again would never end.
        Ok(Some(still)) => Err(SystemError::Undone(still)),
        Err(error) => Err(error),
    })
}

/// What is not as it should be.
fn wrong(system: &System, guards: &[Guard]) -> Result<Option<String>, SystemError> {
    let states = system.status(&vips(guards), guards)?;
    let wrong: Vec<String> =
        states.iter().filter(|status| !status.is_right()).map(ToString::to_string).collect();
    Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
}
