//! The messages of IPVS' sync daemons on the wire: a pure reader of their header, and who sends them. What is in
//! them stays unread. Everything may be hostile: what the kernel would not take for a message is none.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::ear::{Ear, Instruction};

/// UDP's number, and its header's length (RFC 768).
const UDP: u8 = 17;
const HEADER: usize = 8;

/// The headers of both versions, and the shortest connection in each (net/netfilter/ipvs/ip_vs_sync.c: struct
/// ip_vs_sync_mesg and ip_vs_sync_v4, ip_vs_sync_mesg_v0 and ip_vs_sync_conn_v0).
const VERSION_1: [usize; 2] = [8, 36];
const VERSION_0: [usize; 2] = [4, 24];

/// The longest datagram.
const LARGEST: usize = 65_536;

/// No cluster has more; a flood of forged senders must not fill the memory.
const MOST: usize = 1_000;

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// Who sent it.
    pub source: IpAddr,
    /// Of which daemons: their `id`.
    pub id: u8,
    /// 1; 0 in old kernels, or by net.ipv4.vs.sync_version.
    pub version: u8,
}

/// Who sends messages of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// What is the same in all of them.
    pub message: Message,
    /// How many were heard.
    pub count: u64,
}

/// Reads an IPv4 or IPv6 packet from its IP header on; `None` unless it is a message to that port.
pub fn read(packet: &[u8], port: u16) -> Option<Message> {
    let (source, start): (IpAddr, usize) = match packet.first()? >> 4 {
        4 => {
            let header: &[u8; 20] = packet.first_chunk()?;
            // More fragments, or not the first.
            let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
            let source = Ipv4Addr::from(*header[12..].first_chunk::<4>()?);
            let udp = header[9] == UDP && !fragment;
            (source.into(), udp.then_some(usize::from(header[0] & 15) * 4)?)
        }
        6 => {
            let header: &[u8; 40] = packet.first_chunk()?;
            let source = Ipv6Addr::from(*header[8..].first_chunk::<16>()?);
            (source.into(), (header[6] == UDP).then_some(header.len())?)
        }
        _ => return None,
    };
    let datagram = packet.get(start..)?;
    let number = |at: usize| Some(u16::from_be_bytes(*datagram.get(at..)?.first_chunk()?));
    let data = datagram.get(HEADER..usize::from(number(4)?))?;
    let (version, id) = header(data).filter(|_| number(2) == Some(port))?;
    Some(Message { source, id, version })
}

/// Version and id, if it is a message with a connection: a daemon sends no others.
fn header(data: &[u8]) -> Option<(u8, u8)> {
    let &[first, id, high, low, ..] = data else { return None };
    let newer = match data.first_chunk()? {
        // Reserved, id, size, connections, version, spare.
        [0, _, _, _, connections, 1, 0, 0] => Some(*connections),
        _ => None,
    };
    let (version, connections, [header, shortest]) = match newer {
        Some(connections) => (1, connections, VERSION_1),
        // Connections, id, size.
        None => (0, first, VERSION_0),
    };
    let whole = usize::from(u16::from_be_bytes([high, low])) == data.len();
    let enough = header + usize::from(connections) * shortest <= data.len();
    (whole && connections > 0 && enough).then_some((version, id))
}

/// Who sends messages to a group and port at an interface, heard for so long; not this node itself.
///
/// # Errors
/// EPERM without CAP_NET_RAW.
pub fn hear(
    interface: u32,
    (group, port): (IpAddr, u16),
    limit: Duration,
) -> io::Result<Vec<Sender>> {
    let mut ear = Ear::open(&filter(port))?;
    ear.join(group, interface);
    let mut all: BTreeMap<Message, u64> = BTreeMap::new();
    ear.hear(limit, LARGEST, |packet, from| {
        let message = read(packet, port).filter(|_| from.interface == interface && !from.own);
        if let Some(message) = message {
            *all.entry(message).or_default() += 1;
        }
        all.len() < MOST
    })?;
    Ok(all.into_iter().map(|(message, count)| Sender { message, count }).collect())
}

/// Takes datagrams to a port, so that a busy node's others cost nothing (the kernel's classic BPF):
/// `ldb [0]; rsh 4; jeq 4 → ldb [9]; jeq 17; ldxb 4*([0]&0xf); ldh [x+2]; jeq 6 → ldb [6]; jeq 17; ldh [42];
/// jeq PORT → take it; else not`. Of a fragment it may take the wrong one, which is no message.
fn filter(port: u16) -> [Instruction; 15] {
    [
        (0x30, 0, 0, 0),
        (0x74, 0, 0, 4),
        (0x15, 0, 5, 4),
        (0x30, 0, 0, 9),
        (0x15, 0, 8, UDP.into()),
        (0xb1, 0, 0, 0),
        (0x48, 0, 0, 2),
        (0x05, 0, 0, 4),
        (0x15, 0, 4, 6),
        (0x30, 0, 0, 6),
        (0x15, 0, 2, UDP.into()),
        (0x28, 0, 0, 42),
        (0x15, 1, 0, port.into()),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, LARGEST as u32),
    ]
}

#[cfg(test)]
mod tests;
