//! Asks the kernel itself, by netlink. nft could tell too, but its process takes longer to start than
//! all else that a hook does, and a node that has just booted drops its share meanwhile. And it can
//! be missing or fail, when routes depend on the answer.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

use super::TABLE;
use super::chain::Kind;
use super::senders::Senders;
use crate::vip::{Family, Vip};

/// Messages of nf_tables (linux/netfilter/nfnetlink.h, nf_tables.h): its subsystem's number in the
/// upper byte; "here is a rule", "get rules", "here is a set" and "get a set" in the lower.
const NEW_RULE: u16 = 10 << 8 | 6;
const GET_RULE: u16 = 10 << 8 | 7;
const NEW_SET: u16 = 10 << 8 | 9;
const GET_SET: u16 = 10 << 8 | 10;

/// NLMSG_DONE, after the last of many answers (linux/netlink.h).
const DONE: u16 = 3;

/// NLM_F_REQUEST, and with it NLM_F_DUMP: everything that fits.
const REQUEST: u16 = 1;
const DUMP: u16 = REQUEST | 0x300;

/// A netlink message begins with its length, type, flags, sequence number and port.
const HEAD: usize = 16;

/// The kernel puts no more into one answer (netlink_dump).
const LARGEST: usize = 32 * 1024;

/// Whether the set is in the kernel, as far as the kernel says. This only chooses what is tried
/// first: a wrong answer costs time, no more.
pub fn has(senders: Senders) -> bool {
    let answer = ask(&request(GET_SET, REQUEST, senders.vip, &senders.name()));
    answer.and_then(|socket| receive(&socket)).is_ok_and(|kinds| kinds == [NEW_SET])
}

/// How many rules are in force in a chain of a VIP, without a chain none; `None` if the kernel does not
/// tell. Those of a transaction that is not done yet are not among them.
pub fn rules(kind: Kind, vip: Vip) -> Option<usize> {
    let socket = ask(&request(GET_RULE, DUMP, vip, &kind.name(vip))).ok()?;
    let mut count = 0;
    loop {
        for kind in receive(&socket).ok()? {
            match kind {
                NEW_RULE => count += 1,
                DONE => return Some(count),
                _ => return None,
            }
        }
    }
}

/// Sends a request; the answer can be read at once. The kernel makes it before the call that asks
/// for it returns, so nothing waits.
fn ask(request: &[u8]) -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let protocol = SockProtocol::NetlinkNetFilter;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
    sendto(socket.as_raw_fd(), request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    Ok(socket)
}

/// The types of the messages that come together.
fn receive(socket: &OwnedFd) -> nix::Result<Vec<u16>> {
    let mut answer = vec![0; LARGEST];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT)?;
    kinds(&answer[..length]).ok_or(Errno::EBADMSG)
}

/// The types of messages, one after the other; `None` if that is not what these bytes are.
fn kinds(mut messages: &[u8]) -> Option<Vec<u16>> {
    let mut kinds = Vec::new();
    while !messages.is_empty() {
        let length = u32::from_ne_bytes(messages.get(..4)?.try_into().ok()?) as usize;
        kinds.push(u16::from_ne_bytes(messages.get(4..6)?.try_into().ok()?));
        if length < HEAD || length > messages.len() {
            return None;
        }
        messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(kinds)
}

/// A request about what has `name` in our table of a VIP's family.
fn request(kind: u16, flags: u16, vip: Vip, name: &str) -> Vec<u8> {
    // NFPROTO_IPV4, NFPROTO_IPV6.
    let family: u8 = if vip.family() == Family::V4 { 2 } else { 10 };
    let mut body = vec![family, 0, 0, 0];
    // NFTA_SET_TABLE and NFTA_SET_NAME, NFTA_RULE_TABLE and NFTA_RULE_CHAIN.
    for (kind, name) in [(1_u16, TABLE), (2, name)] {
        // Its length, its type, the text and its end; the next begins at a multiple of four.
        let length = name.len() as u16 + 5;
        body.extend([length.to_ne_bytes(), kind.to_ne_bytes()].concat());
        body.extend([name.as_bytes(), &[0]].concat());
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let length = (HEAD + body.len()) as u32;
    let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 8]];
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
                let request = request(GET_SET, REQUEST, senders.vip, &senders.name());
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

    #[test]
    fn types_are_read_from_message_to_message() {
        let message = |length: u32, kind: u16, room: usize| {
            let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes()].concat();
            bytes.resize(room, 0);
            bytes
        };
        let rules = [message(18, NEW_RULE, 20), message(16, NEW_RULE, 16), message(20, DONE, 20)];
        assert_eq!(kinds(&rules.concat()), Some(vec![NEW_RULE, NEW_RULE, DONE]));
        assert_eq!(kinds(&[]), Some(vec![]));
        // A length that leads nowhere or beyond the end.
        for wrong in [message(0, DONE, 16), message(15, DONE, 16), message(17, DONE, 16)] {
            assert_eq!(kinds(&wrong), None);
        }
        assert_eq!(kinds(&[16, 0, 0]), None);
    }
}
