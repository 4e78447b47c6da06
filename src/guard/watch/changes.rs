//! What the kernel tells a watcher: each change of rules, routes and addresses in this network
//! namespace. What changed it does not say; each burst costs one look.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// Bit of the group NFNLGRP_NFTABLES in a netlink address (linux/netfilter/nfnetlink.h).
const NFTABLES: u32 = 1 << 6;

/// RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE (linux/rtnetlink.h).
const ROUTES: u32 = 0x40 | 0x400;

/// RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR.
const ADDRESSES: u32 = 0x10 | 0x100;

/// Changes in this network namespace.
pub struct Changes(Vec<OwnedFd>);

impl Changes {
    /// Listens from now on.
    ///
    /// # Errors
    /// Without the right to, or where the kernel has no nf_tables.
    pub fn listen() -> io::Result<Changes> {
        let sockets = [
            (SockProtocol::NetlinkNetFilter, NFTABLES),
            (SockProtocol::NetlinkRoute, ROUTES | ADDRESSES),
        ]
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

    /// Waits for a change, or until `also` is readable, at most `patience`. Then forgets all changes that
    /// are waiting.
    pub fn wait(&self, also: Option<BorrowedFd<'_>>, patience: Duration) -> io::Result<()> {
        let all = self.0.iter().map(AsFd::as_fd).chain(also);
        let mut fds: Vec<PollFd<'_>> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let millis = PollTimeout::try_from(patience.as_millis()).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, millis) {
            Ok(_) | Err(Errno::EINTR) => self.forget(),
            Err(errno) => Err(errno.into()),
        }
    }

    fn forget(&self) -> io::Result<()> {
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
