//! Asks the kernel itself whether a set of ours is there. nft could tell too, but its process takes
//! longer to start than all else that a hook does, and a node that has just booted drops its share
//! meanwhile. The answer only chooses what is tried first: a wrong one costs time, no more.

use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

use super::TABLE;
use super::senders::Senders;
use crate::vip::Family;

/// Messages of nf_tables (linux/netfilter/nfnetlink.h, nf_tables.h): its subsystem's number in the
/// upper byte, "get a set" and "here is a set" in the lower.
const GET_SET: u16 = 10 << 8 | 10;
const NEW_SET: u16 = 10 << 8 | 9;

/// NLM_F_REQUEST (linux/netlink.h).
const REQUEST: u16 = 1;

/// Attributes of a set: the names of its table and its own.
const SET_TABLE: u16 = 1;
const SET_NAME: u16 = 2;

/// Whether the set is in the kernel, as far as the kernel says.
pub fn has(senders: Senders) -> bool {
    ask(&request(senders)).is_ok_and(|answer| answer == Some(NEW_SET))
}

/// The type of the kernel's answer. It answers before the request's call returns, so nothing waits.
fn ask(request: &[u8]) -> nix::Result<Option<u16>> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let protocol = SockProtocol::NetlinkNetFilter;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
    sendto(socket.as_raw_fd(), request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut answer = [0; 1024];
    recv(socket.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT)?;
    Ok(answer[4..6].try_into().ok().map(u16::from_ne_bytes))
}

/// A netlink message: its length, type, flags, sequence number and port, then nf_tables' own.
fn request(senders: Senders) -> Vec<u8> {
    // NFPROTO_IPV4, NFPROTO_IPV6.
    let family: u8 = if senders.vip.family() == Family::V4 { 2 } else { 10 };
    let mut body = vec![family, 0, 0, 0];
    for (kind, name) in [(SET_TABLE, TABLE), (SET_NAME, &senders.name())] {
        // Its length, its type, the text and its end; the next begins at a multiple of four.
        let length = name.len() as u16 + 5;
        body.extend([length.to_ne_bytes(), kind.to_ne_bytes()].concat());
        body.extend([name.as_bytes(), &[0]].concat());
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let length = body.len() as u32 + 16;
    let head = [&length.to_ne_bytes()[..], &GET_SET.to_ne_bytes(), &REQUEST.to_ne_bytes(), &[0; 8]];
    [&head.concat()[..], &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_begins_at_a_multiple_of_four() {
        // Names of 19 to 22 letters: every remainder, the text's end included.
        for vip in ["10.0.0.1", "10.0.0.10", "10.0.0.100", "10.0.10.100"] {
            for senders in Senders::of(vip.parse().unwrap()) {
                let request = request(senders);
                let word =
                    |at: usize| usize::from(u16::from_ne_bytes([request[at], request[at + 1]]));
                assert_eq!((word(0), request.len() % 4), (request.len(), 0), "{vip}");
                let second = 20 + word(20).next_multiple_of(4);
                assert_eq!(second + word(second).next_multiple_of(4), request.len(), "{vip}");
                let name = [senders.name().as_bytes(), &[0]].concat();
                assert_eq!(request[second + 4..second + word(second)], name, "{vip}");
            }
        }
    }
}
