//! Hears the advertisements on this node's wires for some seconds: what arrives before the firewall sees it, and
//! what this node sends itself. Needs root (CAP_NET_RAW).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::packet::{self, Advert, Malformed};
use crate::node::ear::{Ear, From, Instruction};

/// VRRP's groups (RFC 9568, 5.1.1.2 and 5.1.2.2).
const GROUPS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)),
];

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
pub struct Listener(Ear);

impl Listener {
    /// Begins to listen at all interfaces; joins VRRP's groups at those with these numbers.
    ///
    /// # Errors
    /// EPERM without CAP_NET_RAW.
    pub fn open(interfaces: &[u32]) -> io::Result<Listener> {
        let mut ear = Ear::open(&FILTER)?;
        for &interface in interfaces {
            GROUPS.into_iter().for_each(|group| ear.join(group, interface));
        }
        Ok(Listener(ear))
    }

    /// What is heard until so long after the beginning.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn hear(&self, limit: Duration) -> io::Result<Vec<Heard>> {
        let mut all = Vec::new();
        self.0.hear(limit, LARGEST, |packet, from| {
            all.extend(heard(packet, from));
            all.len() < MOST
        })?;
        Ok(all)
    }

    /// How long it has listened.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn heard(packet: &[u8], from: From) -> Option<Heard> {
    let advert = match packet::read(packet) {
        Err(Malformed::Other) => return None,
        advert => advert,
    };
    let From { interface, mac, own, after } = from;
    Some(Heard { interface, mac, own, after, advert })
}

/// Takes packets that are VRRP or have an authentication header, so that a busy node's others cost nothing
/// (the kernel's classic BPF; a cooked packet begins with its IP header):
/// `ldb [0]; rsh 4; jeq 4 → ldb [9]; jeq 6 → ldb [6]; jeq 112, 51 → take it; else not`.
const FILTER: [Instruction; 11] = [
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
