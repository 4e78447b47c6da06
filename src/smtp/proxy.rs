//! The PROXY protocol, for servers that wait for it before they greet. A check speaks for itself
//! and not for a client, and the protocol has a form for that, which servers don't log as one. Where
//! the server's rules look at the client's address, a check can name one.

use std::net::{IpAddr, SocketAddr};

/// A version of the protocol (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    /// The text form.
    V1,
    /// The binary form.
    V2,
}

/// The first twelve bytes of version 2.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What to send first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its form.
    pub version: Version,
    /// The client that the check speaks for, and whom that client asked; both of one family. Without
    /// them the check speaks for itself: `UNKNOWN` in version 1, LOCAL in version 2.
    pub ends: Option<(SocketAddr, SocketAddr)>,
}

impl Proxy {
    /// The bytes to send.
    pub fn header(&self) -> Vec<u8> {
        match (self.version, &self.ends) {
            (Version::V1, None) => b"PROXY UNKNOWN\r\n".to_vec(),
            (Version::V1, Some((source, destination))) => {
                let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
                let (from, to) = (source.ip(), destination.ip());
                let (from_port, to_port) = (source.port(), destination.port());
                format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n").into_bytes()
            }
            // Version 2, LOCAL; family unspecified; length of the addresses: 0.
            (Version::V2, None) => [SIGNATURE, &[0x20, 0, 0, 0]].concat(),
            (Version::V2, Some((source, destination))) => {
                let family = if source.is_ipv4() { 0x11 } else { 0x21 };
                let mut ends = [octets(source.ip()), octets(destination.ip())].concat();
                ends.extend(source.port().to_be_bytes());
                ends.extend(destination.port().to_be_bytes());
                // Two addresses and two ports are 12 or 36 bytes.
                let length = if source.is_ipv4() { 12 } else { 36 };
                [SIGNATURE, &[0x21, family, 0, length], &ends].concat()
            }
        }
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(version: Version, ends: Option<(&str, &str)>) -> Vec<u8> {
        let ends = ends.map(|(from, to)| (from.parse().unwrap(), to.parse().unwrap()));
        Proxy { version, ends }.header()
    }

    #[test]
    fn headers_are_those_of_the_specification() {
        assert_eq!(header(Version::V1, None), b"PROXY UNKNOWN\r\n");
        let signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
        assert_eq!(header(Version::V2, None), [&signature[..], &[0x20, 0, 0, 0]].concat());

        let v4 = Some(("192.0.2.1:4660", "198.51.100.2:25"));
        assert_eq!(header(Version::V1, v4), b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 25\r\n");
        let ends = [192, 0, 2, 1, 198, 51, 100, 2, 0x12, 0x34, 0, 25];
        assert_eq!(header(Version::V2, v4), [&signature[..], &[0x21, 0x11, 0, 12], &ends].concat());
        let v6 = Some(("[2001:db8::1]:1", "[::1]:25"));
        assert_eq!(header(Version::V1, v6), b"PROXY TCP6 2001:db8::1 ::1 1 25\r\n");
        let bytes = header(Version::V2, v6);
        assert_eq!((bytes.len(), &bytes[12..16]), (16 + 36, &[0x21, 0x21, 0, 36][..]));
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_what_follows(from: [u16; 8], to: [u16; 8], ports: (u16, u16)) {
            let ends = (SocketAddr::from((from, ports.0)), SocketAddr::from((to, ports.1)));
            let bytes = Proxy { version: Version::V2, ends: Some(ends) }.header();
            prop_assert_eq!(bytes.len(), 16 + usize::from(u16::from_be_bytes([bytes[14], bytes[15]])));
            let text = Proxy { version: Version::V1, ends: Some(ends) }.header();
            // Section 2.1: the longest line that any receiver has to take.
            prop_assert!(text.len() <= 107 && text.ends_with(b"\r\n"));
        }
    }
}
