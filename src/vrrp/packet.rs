//! An advertisement of VRRP version 2 (RFC 3768) or 3 (RFC 9568), read from an IP packet. Everything in it
//! may be hostile: lengths are checked, and what is wrong but readable is kept, to be told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The protocol's number.
const PROTOCOL: u8 = 112;

/// The number of the authentication header (RFC 4302).
pub const AUTHENTICATION_HEADER: u8 = 51;

/// The TTL that a multicast advert must have: no router passed it on.
pub const TTL: u8 = 255;

/// The length of the fixed part, and of version 2's authentication data at the end.
const FIXED: usize = 8;
const AUTH_DATA: usize = 8;

/// An advertisement, and what its IP header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advert {
    /// Who sent it.
    pub source: IpAddr,
    /// A multicast group, or with unicast this node.
    pub destination: IpAddr,
    /// 255, or it came over a router or is forged; with unicast peers it may be less.
    pub ttl: u8,
    /// 2 or 3.
    pub version: u8,
    /// `virtual_router_id`
    pub vrid: u8,
    /// 1-255; 0 gives the addresses up at once.
    pub priority: u8,
    /// How often it comes, in milliseconds.
    pub interval: u64,
    /// Of version 2.
    pub authentication: Authentication,
    /// Whether the packet is as it was sent.
    pub checksum: Checksum,
    /// The addresses, in the sender's order.
    pub vips: Vec<IpAddr>,
}

/// How an advertisement of version 2 proves where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// It does not; version 3 has nothing else.
    None,
    /// By the password, which everybody on the network can read: up to its first zero byte.
    Password(Vec<u8>),
    /// By an authentication header, whose digest is not checked here.
    Header,
    /// A type that nobody uses.
    Unknown(u8),
}

/// Whether a checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// It is.
    Right,
    /// It is that of version 2 in a packet of version 3 (`v3_checksum_as_v2`).
    AsVersion2,
    /// It is not.
    Wrong,
}

/// Why a packet is no advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Another protocol: no fault.
    #[error("another protocol")]
    Other,
    /// It ends before it should.
    #[error("it is cut off")]
    Cut,
    /// A version that nobody knows.
    #[error("VRRP version {0}")]
    Version(u8),
    /// Something else than an advertisement, which is type 1.
    #[error("VRRP type {0}")]
    Type(u8),
}

/// Reads an IPv4 or IPv6 packet from its IP header on.
///
/// # Errors
/// `Other` for packets of other protocols and fragments; else what is wrong.
pub fn read(packet: &[u8]) -> Result<Advert, Malformed> {
    match packet.first().map(|first| first >> 4) {
        Some(4) => read_v4(packet),
        Some(6) => read_v6(packet),
        _ => Err(Malformed::Other),
    }
}

fn read_v4(packet: &[u8]) -> Result<Advert, Malformed> {
    let header: &[u8; 20] = packet.first_chunk().ok_or(Malformed::Cut)?;
    let start = usize::from(header[0] & 15) * 4;
    let end = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // More fragments, or not the first: keepalived never sends one.
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
    if fragment || ![PROTOCOL, AUTHENTICATION_HEADER].contains(&header[9]) {
        return Err(Malformed::Other);
    }
    let mut body = packet.get(start.max(20)..end).ok_or(Malformed::Cut)?;
    let authenticated = header[9] == AUTHENTICATION_HEADER;
    if authenticated {
        let (next, words) = (body.first(), body.get(1).ok_or(Malformed::Cut)?);
        if next != Some(&PROTOCOL) {
            return Err(Malformed::Other);
        }
        // Its length in 32-bit words, less two (RFC 4302, 2.2).
        body = body.get((usize::from(*words) + 2) * 4..).ok_or(Malformed::Cut)?;
    }
    let address =
        |at: usize| Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]);
    let mut pseudo = header[12..20].to_vec();
    pseudo.extend([0, PROTOCOL]);
    pseudo.extend((body.len() as u16).to_be_bytes());
    let one = |bytes: &[u8]| bytes.first_chunk::<4>().map(|bytes| IpAddr::from(*bytes));
    let ends = Ends { source: address(12).into(), destination: address(16).into(), ttl: header[8] };
    let mut advert = body_of(body, ends, &pseudo, 4, one)?;
    if authenticated {
        advert.authentication = Authentication::Header;
    }
    Ok(advert)
}

fn read_v6(packet: &[u8]) -> Result<Advert, Malformed> {
    let header: &[u8; 40] = packet.first_chunk().ok_or(Malformed::Cut)?;
    // Extension headers are none of VRRP's.
    if header[6] != PROTOCOL {
        return Err(Malformed::Other);
    }
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let body = packet.get(40..40 + length).ok_or(Malformed::Cut)?;
    let one =
        |bytes: &[u8]| bytes.first_chunk::<16>().map(|bytes| IpAddr::from(Ipv6Addr::from(*bytes)));
    let address = |at: usize| one(&header[at..]).ok_or(Malformed::Cut);
    let mut pseudo = header[8..40].to_vec();
    pseudo.extend((body.len() as u32).to_be_bytes());
    pseudo.extend([0, 0, 0, PROTOCOL]);
    let ends = Ends { source: address(8)?, destination: address(24)?, ttl: header[7] };
    body_of(body, ends, &pseudo, 16, one)
}

/// What the IP header says.
struct Ends {
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
}

/// Reads what stands behind the IP header; `size` is an address's length there, and `one` reads it.
fn body_of(
    body: &[u8],
    Ends { source, destination, ttl }: Ends,
    pseudo: &[u8],
    size: usize,
    one: impl Fn(&[u8]) -> Option<IpAddr>,
) -> Result<Advert, Malformed> {
    let fixed: &[u8; FIXED] = body.first_chunk().ok_or(Malformed::Cut)?;
    let (version, kind) = (fixed[0] >> 4, fixed[0] & 15);
    match (version, kind) {
        (2 | 3, 1) => {}
        (2 | 3, kind) => return Err(Malformed::Type(kind)),
        (version, _) => return Err(Malformed::Version(version)),
    }
    let end = FIXED + usize::from(fixed[3]) * size;
    let addresses = body.get(FIXED..end).ok_or(Malformed::Cut)?;
    let (authentication, interval) = match version {
        2 => (authentication(fixed[4], &body[end..])?, u64::from(fixed[5]) * 1000),
        // Four bits are reserved, twelve are the interval in hundredths of a second.
        _ => {
            let hundredths = u16::from_be_bytes([fixed[4] & 15, fixed[5]]);
            (Authentication::None, u64::from(hundredths) * 10)
        }
    };
    let alone = sum(&[body]) == 0;
    let checksum = match version {
        2 if alone => Checksum::Right,
        3 if sum(&[pseudo, body]) == 0 => Checksum::Right,
        3 if alone => Checksum::AsVersion2,
        _ => Checksum::Wrong,
    };
    Ok(Advert {
        source,
        destination,
        ttl,
        version,
        vrid: fixed[1],
        priority: fixed[2],
        interval,
        authentication,
        checksum,
        vips: addresses.chunks_exact(size).filter_map(one).collect(),
    })
}

fn authentication(kind: u8, data: &[u8]) -> Result<Authentication, Malformed> {
    Ok(match kind {
        0 => Authentication::None,
        1 => {
            let data: &[u8; AUTH_DATA] = data.first_chunk().ok_or(Malformed::Cut)?;
            let end = data.iter().position(|byte| *byte == 0).unwrap_or(AUTH_DATA);
            Authentication::Password(data[..end].to_vec())
        }
        2 => Authentication::Header,
        other => Authentication::Unknown(other),
    })
}

/// The checksum of the Internet (RFC 1071): 0 over what has it in it and is right.
fn sum(parts: &[&[u8]]) -> u16 {
    let mut sum: u64 = 0;
    // All parts but the last have an even length.
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests;
