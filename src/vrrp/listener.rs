//! Hears the advertisements on this node's wires for some seconds, by a packet socket: it sees what
//! arrives before the firewall does, and what this node sends itself. Needs root (CAP_NET_RAW).

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{LinkAddr, recvfrom};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::packet::{self, Advert, Malformed};

/// ETH_P_ALL (linux/if_ether.h), in network byte order as packet(7) wants it.
const EVERYTHING: i32 = (3u16.to_be()) as i32;

/// PACKET_OUTGOING (linux/if_packet.h): what this node sends.
const OUTGOING: u8 = 4;

/// More than an advertisement can have: 255 IPv6 addresses.
const LARGEST: usize = 8192;

/// No network has more; a flood of others' must not fill the memory.
const MOST: usize = 10_000;

/// An advertisement that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The number of the interface.
    pub interface: u32,
    /// The sender's MAC address.
    pub mac: Option<[u8; 6]>,
    /// Whether this node sent it.
    pub own: bool,
    /// How long after the beginning it came.
    pub after: Duration,
    /// What it says, or what is wrong with it.
    pub advert: Result<Advert, Malformed>,
}

/// A socket that hears from now on.
pub struct Listener {
    socket: Socket,
    /// Members of the groups as long as they live, so that network cards let the frames through.
    _groups: Vec<Socket>,
    since: Instant,
}

impl Listener {
    /// Begins to listen at all interfaces; joins VRRP's groups at those with these numbers.
    ///
    /// # Errors
    /// EPERM without CAP_NET_RAW.
    pub fn open(interfaces: &[u32]) -> io::Result<Listener> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(EVERYTHING)))?;
        socket.attach_filter(&FILTER.map(|(code, jt, jf, k)| SockFilter::new(code, jt, jf, k)))?;
        socket.set_nonblocking(true)?;
        // What came before the filter was there is thrown away.
        while recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut [0; 64]).is_ok() {}
        // keepalived has joined already where it runs; an interface that refuses has no use for it.
        let mut groups = Vec::new();
        for &interface in interfaces {
            groups.extend(joined(interface));
        }
        Ok(Listener { socket, _groups: groups, since: Instant::now() })
    }

    /// What is heard until so long after the beginning.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn hear(&self, limit: Duration) -> io::Result<Vec<Heard>> {
        let deadline = self.since + limit;
        let mut all = Vec::new();
        let mut packet = vec![0; LARGEST];
        while all.len() < MOST {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let millis = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], millis) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            match recvfrom::<LinkAddr>(self.socket.as_raw_fd(), &mut packet) {
                Ok((length, from)) => all.extend(self.heard(&packet[..length], from)),
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(all)
    }

    /// How long it has listened.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    fn heard(&self, packet: &[u8], from: Option<LinkAddr>) -> Option<Heard> {
        let advert = match packet::read(packet) {
            Err(Malformed::Other) => return None,
            advert => advert,
        };
        let from = from?;
        Some(Heard {
            interface: u32::try_from(from.ifindex()).ok()?,
            mac: from.addr(),
            own: from.pkttype() == OUTGOING,
            after: self.since.elapsed(),
            advert,
        })
    }
}

/// Sockets that are members of VRRP's groups at an interface: 224.0.0.18 and ff02::12.
fn joined(interface: u32) -> Vec<Socket> {
    let v4 = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        let interface = socket2::InterfaceIndexOrAddress::Index(interface);
        socket.join_multicast_v4_n(&[224, 0, 0, 18].into(), &interface)?;
        Ok(socket)
    };
    let v6 = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, None)?;
        socket.join_multicast_v6(&[0xff02, 0, 0, 0, 0, 0, 0, 0x12].into(), interface)?;
        Ok(socket)
    };
    [v4(), v6()].into_iter().flatten().collect()
}

/// Takes packets that are VRRP or have an authentication header, so that a busy node's others cost nothing
/// (the kernel's classic BPF; a cooked packet begins with its IP header):
/// `ldb [0]; rsh 4; jeq 4 → ldb [9]; jeq 6 → ldb [6]; jeq 112, 51 → take it; else not`.
const FILTER: [(u16, u8, u8, u32); 11] = [
    (0x30, 0, 0, 0),
    (0x74, 0, 0, 4),
    (0x15, 0, 2, 4),
    (0x30, 0, 0, 9),
    (0x05, 0, 0, 2),
    (0x15, 0, 3, 6),
    (0x30, 0, 0, 6),
    (0x15, 2, 0, 112),
    (0x15, 1, 0, 51),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, LARGEST as u32),
];
