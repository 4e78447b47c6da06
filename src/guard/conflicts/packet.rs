//! What is known of the first packet of a connection to a VIP's service, byte by byte, as rules ask for
//! it: its headers, what the kernel notes of it, and what the routing table answers. All else is unknown.

use std::net::IpAddr;

use super::step::Source;
use crate::guard::chain::Hook;
use crate::guard::plan::Protocol;

/// A byte, if it is known.
pub(super) type Byte = Option<u8>;

/// The first packet of a connection to a VIP's service.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    /// The VIP.
    pub vip: IpAddr,
    /// The service's protocol.
    pub protocol: Protocol,
    /// The service's port.
    pub port: u16,
    /// Where it is looked at.
    pub hook: Hook,
    /// Number and name of the interface that it came in by, if that can be told.
    pub interface: Option<(u32, String)>,
    /// Whether the node holds the VIP on that interface.
    pub held: bool,
    /// Whether the VIP is an address of the node at all: held, or by the fallback route.
    pub local: bool,
}

/// RTN_LOCAL and RTN_UNICAST (linux/rtnetlink.h).
const LOCAL: u32 = 2;
const UNICAST: u32 = 1;

/// FIB results and flags (linux/netfilter/nf_tables.h).
const FIB_ADDRTYPE: u32 = 3;
const FIB_DADDR: u32 = 2;
const FIB_IIF: u32 = 8;

impl Packet {
    /// The number of its protocol (IANA).
    pub(super) fn l4(&self) -> u8 {
        match self.protocol {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
        }
    }

    /// The number of its family: NFPROTO_IPV4 or NFPROTO_IPV6 (linux/netfilter.h).
    pub(super) fn family(&self) -> u8 {
        if self.vip.is_ipv4() { 2 } else { 10 }
    }

    /// The type of the VIP in the routing table, as RTN_ number.
    pub(super) fn address_type(&self, by_interface: bool) -> u32 {
        let local = if by_interface { self.held } else { self.local };
        if local { LOCAL } else { UNICAST }
    }

    /// What a rule loads from `source`; bytes beyond what it gives are zero in the register.
    pub(super) fn load(&self, source: Source) -> Vec<Byte> {
        match source {
            Source::Payload { base, offset, length } => self.payload(base, offset, length),
            Source::Meta(key) => self.meta(key),
            // State: new; direction: original; status, mark: none yet.
            Source::Ct(0) => number(8),
            Source::Ct(1) => number(0),
            Source::Ct(2 | 3) => number(0),
            Source::Ct(_) => vec![None; 64],
            Source::Fib { result: FIB_ADDRTYPE, flags } if flags & FIB_DADDR != 0 => {
                number(self.address_type(flags & FIB_IIF != 0))
            }
            Source::Fib { .. } => vec![None; 16],
        }
    }

    fn payload(&self, base: u32, offset: usize, length: usize) -> Vec<Byte> {
        let header = match base {
            1 => self.network(),
            2 => self.transport(),
            _ => Vec::new(),
        };
        let byte = |at: usize| header.get(at).copied().flatten();
        (offset..offset.saturating_add(length.min(64))).map(byte).collect()
    }

    /// RFC 791, RFC 8200.
    fn network(&self) -> Vec<Byte> {
        let mut header = vec![None; 20];
        match self.vip {
            IpAddr::V4(vip) => {
                // No options, no fragment.
                header[0] = Some(0x45);
                header[9] = Some(self.l4());
                header[16..20].copy_from_slice(&vip.octets().map(Some));
            }
            IpAddr::V6(vip) => {
                header.resize(40, None);
                header[6] = Some(self.l4());
                header[24..40].copy_from_slice(&vip.octets().map(Some));
            }
        }
        header
    }

    /// RFC 9293, RFC 768.
    fn transport(&self) -> Vec<Byte> {
        let mut header = vec![None; 20];
        header[2..4].copy_from_slice(&self.port.to_be_bytes().map(Some));
        if self.protocol == Protocol::Tcp {
            // SYN
            header[13] = Some(2);
        }
        header
    }

    /// The keys are those of enum nft_meta_keys.
    fn meta(&self, key: u32) -> Vec<Byte> {
        let v4 = self.vip.is_ipv4();
        match (key, &self.interface) {
            // protocol: the ethertype
            (1, _) => (if v4 { [0x08, 0x00] } else { [0x86, 0xdd] }).map(Some).to_vec(),
            // iif, iifname
            (4, _) if self.hook == Hook::Output => number(0),
            (6, _) if self.hook == Hook::Output => vec![Some(0); 16],
            (4, Some((index, _))) => number(*index),
            (6, Some((_, name))) => {
                let mut bytes: Vec<Byte> = name.bytes().map(Some).collect();
                bytes.resize(16, Some(0));
                bytes
            }
            // nfproto
            (15, _) => vec![Some(self.family())],
            (16, _) => vec![Some(self.l4())],
            // pkttype: for this host
            (19, _) => vec![Some(0)],
            _ => vec![None; 16],
        }
    }
}

/// A number of the kernel, in the machine's byte order.
fn number(value: u32) -> Vec<Byte> {
    value.to_ne_bytes().map(Some).to_vec()
}
