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

use super::system::{Status, System, SystemError};
use crate::log::Log;
use crate::vip::Vip;

/// A look at least this often, for whatever the kernel might not tell.
const PERIOD: Duration = Duration::from_secs(30);

/// The least time between two looks, so that a host whose rules change all the time costs little.
const GAP: Duration = Duration::from_millis(500);

/// How soon a repair that failed is tried again.
const AGAIN: Duration = Duration::from_secs(2);

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

/// Keeps the guards of `vips` in force until a signal ends the process. `outcome` is that of the
/// first installation; `changes` must listen since before that.
///
/// Returns only when the kernel tells no changes any more. A failed repair is logged, once, and
/// tried again.
pub fn keep(
    system: &System,
    vips: &[Vip],
    changes: &Changes,
    mut outcome: Result<Option<String>, SystemError>,
    log: &mut Log,
) -> io::Error {
    let names = super::list(vips);
    let mut told = String::new();
    loop {
        let patience = match outcome {
            Ok(restored) => {
                if let Some(what) = restored {
                    log.note(&format!("restored what was not right: {what}"));
                }
                told.clear();
                PERIOD
            }
            Err(error) => {
                let message = format!("{}: {error}", error.consequence(&names));
                if message != told {
                    log.error(&message);
                    told = message;
                }
                AGAIN
            }
        };
        if let Err(error) = changes.wait(patience) {
            return error;
        }
        let looked = Instant::now();
        outcome = repair(system, vips);
        std::thread::sleep(GAP.saturating_sub(looked.elapsed()));
    }
}

/// Looks, and puts right what is not; tells what that was.
fn repair(system: &System, vips: &[Vip]) -> Result<Option<String>, SystemError> {
    let wrong: Vec<Status> =
        system.status(vips)?.into_iter().filter(|status| !status.is_right()).collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    system.install(vips)?;
    let names: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    Ok(Some(names.join("; ")))
}
