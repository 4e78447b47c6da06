//! What is known of the first packet that other hosts send to a service or a protocol of this node, byte by
//! byte, as rules ask for it: its headers, what the kernel notes of it, and what the routing table answers. All
//! else is unknown.

use std::net::IpAddr;

use super::step::Source;
use crate::guard::chain::Hook;

/// A byte, if it is known.
pub(super) type Byte = Option<u8>;

/// The first packet of a connection to a VIP's service, or of another protocol.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    /// Who sends it, if that can be told.
    pub from: Option<IpAddr>,
    /// The VIP, or where else it goes.
    pub to: IpAddr,
    /// The number of its protocol (IANA).
    pub protocol: u8,
    /// The port that it goes to, where its protocol has ports.
    pub port: Option<u16>,
    /// Its TTL or hop limit, if that can be told.
    pub ttl: Option<u8>,
    /// What connection tracking notes of it.
    pub tracking: Tracking,
    /// Where it is looked at.
    pub hook: Hook,
    /// Number and name of the interface that it came in by, if that can be told.
    pub interface: Option<(u32, String)>,
    /// Whether the node holds its destination on that interface.
    pub held: bool,
    /// Whether that is an address of the node at all: held, or by the fallback route.
    pub local: bool,
}

/// What connection tracking notes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// A new connection.
    New,
    /// A new connection that got its destination here.
    Redirected,
    /// Nobody here can tell.
    Unknown,
}

/// RTN_UNICAST, RTN_LOCAL and RTN_MULTICAST (linux/rtnetlink.h).
const UNICAST: u32 = 1;
const LOCAL: u32 = 2;
const MULTICAST: u32 = 5;

/// IPPROTO_TCP, IPPROTO_ICMP (linux/in.h), IPPROTO_ICMPV6 (linux/in6.h).
pub(super) const TCP: u8 = 6;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// PACKET_HOST and PACKET_MULTICAST (linux/if_packet.h).
const TO_HOST: u8 = 0;
const TO_GROUP: u8 = 2;

/// IP_CT_NEW as a bit of a state (NF_CT_STATE_BIT).
pub(super) const NEW: u32 = 8;

/// IPS_DST_NAT and IPS_DST_NAT_DONE (linux/netfilter/nf_conntrack_common.h).
const DST_NAT: u32 = 1 << 5 | 1 << 8;

/// FIB results and flags (linux/netfilter/nf_tables.h).
const FIB_ADDRTYPE: u32 = 3;
const FIB_DADDR: u32 = 2;
const FIB_IIF: u32 = 8;

impl Packet {
    /// The number of its family: NFPROTO_IPV4 or NFPROTO_IPV6 (linux/netfilter.h).
    pub(super) fn family(&self) -> u8 {
        if self.to.is_ipv4() { 2 } else { 10 }
    }

    /// The type of its destination in the routing table, as RTN_ number. (That of an IPv6 group depends on
    /// who asks.)
    pub(super) fn address_type(&self, by_interface: bool) -> Option<u32> {
        let local = if by_interface { self.held } else { self.local };
        match self.to.is_multicast() {
            true => self.to.is_ipv4().then_some(MULTICAST),
            false => Some(if local { LOCAL } else { UNICAST }),
        }
    }

    /// What a rule loads from `source`; bytes beyond what it gives are zero in the register.
    pub(super) fn load(&self, source: Source) -> Vec<Byte> {
        match source {
            Source::Payload { base, offset, length } => self.payload(base, offset, length),
            Source::Meta(key) => self.meta(key),
            Source::Ct(key) => self.tracked(key),
            Source::Fib { result: FIB_ADDRTYPE, flags } if flags & FIB_DADDR != 0 => {
                self.address_type(flags & FIB_IIF != 0).map_or(vec![None; 4], number)
            }
            Source::Fib { .. } => vec![None; 16],
        }
    }

    /// The keys are those of enum nft_ct_keys.
    fn tracked(&self, key: u32) -> Vec<Byte> {
        match (key, self.tracking) {
            (_, Tracking::Unknown) => vec![None; 64],
            // state; direction: original
            (0, _) => number(NEW),
            (1, _) => number(0),
            // status
            (2, Tracking::New) => number(0),
            (2, Tracking::Redirected) => number(DST_NAT),
            // A mark of the connection too: an earlier rule may have set one.
            _ => vec![None; 64],
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
        match self.to {
            IpAddr::V4(to) => {
                // No options, no fragment.
                header[0] = Some(0x45);
                header[8] = self.ttl;
                header[9] = Some(self.protocol);
                header[16..20].copy_from_slice(&to.octets().map(Some));
            }
            IpAddr::V6(to) => {
                header.resize(40, None);
                header[6] = Some(self.protocol);
                header[7] = self.ttl;
                header[24..40].copy_from_slice(&to.octets().map(Some));
            }
        }
        match self.from {
            Some(IpAddr::V4(from)) => header[12..16].copy_from_slice(&from.octets().map(Some)),
            Some(IpAddr::V6(from)) => header[8..24].copy_from_slice(&from.octets().map(Some)),
            None => {}
        }
        header
    }

    /// RFC 9293, RFC 768; of ICMP it is a ping (RFC 792, RFC 4443).
    fn transport(&self) -> Vec<Byte> {
        let mut header = vec![None; 20];
        if let Some(port) = self.port {
            header[2..4].copy_from_slice(&port.to_be_bytes().map(Some));
        }
        match self.protocol {
            // SYN
            TCP => header[13] = Some(2),
            // Type and code.
            ICMP => header[..2].copy_from_slice(&[Some(8), Some(0)]),
            ICMPV6 => header[..2].copy_from_slice(&[Some(128), Some(0)]),
            _ => {}
        }
        header
    }

    /// The keys are those of enum nft_meta_keys.
    fn meta(&self, key: u32) -> Vec<Byte> {
        let v4 = self.to.is_ipv4();
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
            (16, _) => vec![Some(self.protocol)],
            // pkttype
            (19, _) => vec![Some(if self.to.is_multicast() { TO_GROUP } else { TO_HOST })],
            _ => vec![None; 16],
        }
    }
}

/// A number of the kernel, in the machine's byte order.
fn number(value: u32) -> Vec<Byte> {
    value.to_ne_bytes().map(Some).to_vec()
}
