//! Netlink attributes as bytes. The crates' types know no more than their release, and one attribute that
//! they can't read spoils the answer; they also read all of it, which takes longer than a whole hook may.

use std::net::IpAddr;

/// Bits of an attribute's type that say how its value is written (linux/netlink.h: NLA_F_NESTED,
/// NLA_F_NET_BYTEORDER).
const FLAGS: u16 = 0xc000;

/// The attributes in `bytes`, by their numbers; what follows a broken one is passed over.
pub fn attributes(bytes: &[u8]) -> Attributes<'_> {
    Attributes(bytes)
}

/// See [`attributes`].
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.0.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let kind = u16::from_ne_bytes([head[2], head[3]]) & !FLAGS;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

impl<'a> Attributes<'a> {
    /// The value of the attribute with that number.
    pub fn get(self, wanted: u16) -> Option<&'a [u8]> {
        self.into_iter().find_map(|(kind, value)| (kind == wanted).then_some(value))
    }

    /// The attributes inside the one with that number.
    pub fn nested(self, wanted: u16) -> Attributes<'a> {
        attributes(self.get(wanted).unwrap_or_default())
    }

    /// A number, which nf_tables writes in network byte order.
    pub fn number(self, wanted: u16) -> Option<u32> {
        Some(u32::from_be_bytes(*self.get(wanted)?.first_chunk()?))
    }

    /// The same with eight bytes.
    pub fn long(self, wanted: u16) -> Option<u64> {
        Some(u64::from_be_bytes(*self.get(wanted)?.first_chunk()?))
    }

    /// A number in the machine's byte order, as rtnetlink writes it.
    pub fn native(self, wanted: u16) -> Option<u32> {
        Some(u32::from_ne_bytes(*self.get(wanted)?.first_chunk()?))
    }

    /// A number of one, two, four or eight bytes in the machine's byte order, as generic netlink has it.
    pub fn unsigned(self, wanted: u16) -> Option<u64> {
        let value = self.get(wanted)?;
        Some(match value.len() {
            1 => u64::from(value[0]),
            2 => u64::from(u16::from_ne_bytes(*value.first_chunk()?)),
            4 => u64::from(u32::from_ne_bytes(*value.first_chunk()?)),
            8 => u64::from_ne_bytes(*value.first_chunk()?),
            _ => return None,
        })
    }

    /// An IPv4 or IPv6 address.
    pub fn address(self, wanted: u16) -> Option<IpAddr> {
        address(self.get(wanted)?)
    }

    /// A name, up to its zero.
    pub fn text(self, wanted: u16) -> Option<String> {
        let value = self.get(wanted)?;
        let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
        Some(String::from_utf8_lossy(&value[..end]).into_owned())
    }
}

/// An address in network byte order.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(*bytes.first_chunk::<4>()?)),
        16 => Some(IpAddr::from(*bytes.first_chunk::<16>()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_up_to_a_broken_one() {
        let mut bytes = Vec::new();
        for (kind, value) in [(1u16, &b"nat\0"[..]), (0x8002, &[0, 0, 0, 7]), (3, &[1])] {
            bytes.extend((4 + value.len() as u16).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let read = attributes(&bytes);
        assert_eq!(read.text(1).as_deref(), Some("nat"));
        assert_eq!(read.number(2), Some(7), "nested or not");
        assert_eq!((read.get(3), read.number(3), read.get(4)), (Some(&[1][..]), None, None));
        for cut in 0..bytes.len() {
            assert!(attributes(&bytes[..cut]).count() <= 3);
        }
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0, "shorter than its own head");
    }
}
