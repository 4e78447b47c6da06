//! Asks the network by ARP who has an IPv4 address, with probes that no host learns anything from
//! (RFC 5227: the sender's address is 0.0.0.0). Needs root (CAP_NET_RAW).

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{LinkAddr, bind};
use socket2::{Domain, Protocol, Socket, Type};

/// ETH_P_ARP (linux/if_ether.h), in network byte order as packet(7) wants it.
const ARP: i32 = (0x0806u16.to_be()) as i32;

/// Ethernet's header, and ARP's packet for IPv4 behind it.
const LENGTH: usize = 14 + 28;

/// Answers of others' questions must not keep us for ever.
const MOST: usize = 10_000;

/// An answer: somebody says that it has an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The address.
    pub address: Ipv4Addr,
    /// The interface at which it was asked.
    pub interface: String,
    /// Who says so.
    pub mac: [u8; 6],
}

/// Asks for addresses at an interface; returns each answer once. Who has the address on this node itself
/// does not answer: the network is asked, not the node.
///
/// # Errors
/// EPERM without CAP_NET_RAW; an interface that is down or has no MAC address.
pub fn who_has(
    interface: &str,
    addresses: &[Ipv4Addr],
    limit: Duration,
) -> io::Result<Vec<Answer>> {
    let link = link(interface)?;
    let own = link.addr().ok_or(io::Error::from(Errno::EADDRNOTAVAIL))?;
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(ARP)))?;
    bind(socket.as_raw_fd(), &link)?;
    socket.set_nonblocking(true)?;
    let began = Instant::now();
    let mut answers = Vec::new();
    let mut read = 0;
    // Twice: one may be lost.
    for deadline in [began + limit / 2, began + limit] {
        for address in addresses {
            socket.send(&question(own, *address))?;
        }
        while read < MOST && wait(&socket, deadline)? {
            let mut frame = [0; LENGTH];
            let Ok(length) = nix::unistd::read(&socket, &mut frame) else { continue };
            read += 1;
            let Some((address, mac)) = answer(&frame[..length]) else { continue };
            if addresses.contains(&address) && mac != own {
                answers.push(Answer { address, interface: interface.to_owned(), mac });
            }
        }
    }
    answers.sort();
    answers.dedup();
    Ok(answers)
}

/// Whether something can be read before the deadline.
fn wait(socket: &Socket, deadline: Instant) -> io::Result<bool> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(false);
    }
    let millis = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], millis) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// An interface as an address to bind to: its number and MAC address.
fn link(interface: &str) -> io::Result<LinkAddr> {
    let links = getifaddrs()?.filter(|one| one.interface_name == interface);
    let mut links = links.filter_map(|one| one.address?.as_link_addr().copied());
    links.next().ok_or_else(|| Errno::ENODEV.into())
}

/// `who has ADDRESS?`, to everybody.
fn question(own: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend(own);
    // Ethernet type ARP; hardware Ethernet, protocol IPv4, lengths 6 and 4, operation 1: request.
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame.extend(own);
    frame.extend([0; 4]);
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame
}

/// Who has which address, if a frame is an answer (operation 2: reply).
fn answer(frame: &[u8]) -> Option<(Ipv4Addr, [u8; 6])> {
    let body = frame.strip_prefix(frame.get(..12)?)?;
    let body = body.strip_prefix(&[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 2])?;
    let mac = body.first_chunk::<6>()?;
    let address = body.get(6..)?.first_chunk::<4>()?;
    Some((Ipv4Addr::from(*address), *mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_questions() {
        let (own, other) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let address = Ipv4Addr::new(192, 168, 3, 100);
        let mut frame = question(own, address);
        assert_eq!(frame.len(), LENGTH);
        assert_eq!(answer(&frame), None);
        frame[21] = 2;
        frame[22..28].copy_from_slice(&other);
        frame[28..32].copy_from_slice(&address.octets());
        assert_eq!(answer(&frame), Some((address, other)));
        for cut in 0..32 {
            assert_eq!(answer(&frame[..cut]), None);
        }
    }
}
