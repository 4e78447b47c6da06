//! Hears what arrives at this node's interfaces, and what it sends itself, by a packet socket: before the
//! firewall drops anything. Needs root (CAP_NET_RAW).

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{LinkAddr, recvfrom};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockFilter, Socket, Type};

/// ETH_P_ALL (linux/if_ether.h), in network byte order as packet(7) wants it.
const EVERYTHING: i32 = (3u16.to_be()) as i32;

/// PACKET_OUTGOING (linux/if_packet.h): what this node sends.
const OUTGOING: u8 = 4;

/// An instruction of the kernel's classic BPF: code, two jumps, a constant.
pub type Instruction = (u16, u8, u8, u32);

/// A socket that hears from now on.
pub struct Ear {
    socket: Socket,
    /// Members of groups as long as they live, so that network cards let the frames through.
    groups: Vec<Socket>,
    since: Instant,
}

/// Where a packet came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From {
    /// The number of the interface.
    pub interface: u32,
    /// The sender's MAC address.
    pub mac: Option<[u8; 6]>,
    /// Whether this node sent it.
    pub own: bool,
    /// How long after the beginning it came.
    pub after: Duration,
}

impl Ear {
    /// Begins to listen at all interfaces for what a filter takes; a packet begins with its IP header there.
    ///
    /// # Errors
    /// EPERM without CAP_NET_RAW.
    pub fn open(filter: &[Instruction]) -> io::Result<Ear> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(EVERYTHING)))?;
        let filter: Vec<SockFilter> =
            filter.iter().map(|&(code, jt, jf, k)| SockFilter::new(code, jt, jf, k)).collect();
        socket.attach_filter(&filter)?;
        socket.set_nonblocking(true)?;
        // What came before the filter was there is thrown away.
        while recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut [0; 64]).is_ok() {}
        Ok(Ear { socket, groups: Vec::new(), since: Instant::now() })
    }

    /// Joins a group at an interface. Whoever uses the group there has joined already; an interface that refuses
    /// has no use for it.
    pub fn join(&mut self, group: IpAddr, interface: u32) {
        let domain = if group.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let Ok(socket) = Socket::new(domain, Type::DGRAM, None) else { return };
        let joined = match group {
            IpAddr::V4(group) => {
                socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(interface))
            }
            IpAddr::V6(group) => socket.join_multicast_v6(&group, interface),
        };
        self.groups.extend(joined.is_ok().then_some(socket));
    }

    /// Gives every packet of up to `longest` bytes to `take`, until so long after the beginning, or until that
    /// says no.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn hear(
        &self,
        limit: Duration,
        longest: usize,
        mut take: impl FnMut(&[u8], From) -> bool,
    ) -> io::Result<()> {
        let deadline = self.since + limit;
        let mut packet = vec![0; longest];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let millis = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], millis) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            match recvfrom::<LinkAddr>(self.socket.as_raw_fd(), &mut packet) {
                Ok((length, from)) => {
                    let from = from.and_then(|from| self.from(&from));
                    if from.is_some_and(|from| !take(&packet[..length], from)) {
                        return Ok(());
                    }
                }
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// How long it has listened.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    fn from(&self, from: &LinkAddr) -> Option<From> {
        Some(From {
            interface: u32::try_from(from.ifindex()).ok()?,
            mac: from.addr(),
            own: from.pkttype() == OUTGOING,
            after: self.since.elapsed(),
        })
    }
}
