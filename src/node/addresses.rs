//! The node's interfaces and the addresses on them, in the kernel's order: the first of an
//! interface's IPv4 addresses is the one that `redirect` chooses, and of its IPv6 addresses the newest
//! comes first.

use std::net::IpAddr;

use netlink_packet_core::{DecodeError, NetlinkDeserializable, NetlinkHeader};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkHeader, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

pub use netlink_packet_route::address::{AddressFlags, AddressScope};
pub use netlink_packet_route::link::LinkFlags;

use super::attributes::{Attributes, attributes};
use super::netlink::{NETLINK_ROUTE, Netlink, NetlinkError};
use crate::vip::Family;

/// The loopback interface's number, the same in every network namespace (LOOPBACK_IFINDEX).
pub const LOOPBACK: u32 = 1;

/// IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS (linux/if_addr.h).
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const FLAGS: u16 = 8;

/// IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU (linux/if_link.h).
const MAC: u16 = 1;
const NAME: u16 = 3;
const MTU: u16 = 4;

/// IFLA_MASTER, and IFLA_LINKINFO with IFLA_INFO_KIND and IFLA_INFO_DATA.
const MASTER: u16 = 10;
const INFO: u16 = 18;
const KIND: u16 = 1;
const DATA: u16 = 2;

/// IFLA_BR_NF_CALL_IPTABLES, IFLA_BR_NF_CALL_IP6TABLES
const FILTERS: [u16; 2] = [36, 37];

/// A network interface and what is configured on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Its MAC address; absent where it has none of six bytes.
    pub mac: Option<[u8; 6]>,
    /// The longest packet that it sends, in bytes.
    pub mtu: Option<u32>,
    /// What it is and whether it is up.
    pub flags: LinkFlags,
    /// The kernel's name for what it is, such as `bridge`, `vlan`, `dummy`, `veth`; empty for hardware
    /// and lo.
    pub kind: String,
    /// The number of the bridge or bond that it is a port of.
    pub master: Option<u32>,
    /// Whether this bridge, by its own settings, shows what it passes to the rules of IPv4 and of IPv6
    /// (br_netfilter).
    pub filters: [bool; 2],
    /// Its addresses, IPv4 before IPv6, each in the kernel's order.
    pub addresses: Vec<Address>,
}

impl Interface {
    /// Whether it is the loopback interface.
    pub fn is_loopback(&self) -> bool {
        self.flags.contains(LinkFlags::Loopback)
    }

    /// Whether no packet ever comes in by it from another host.
    pub fn receives_nothing(&self) -> bool {
        self.is_loopback() || self.kind == "dummy"
    }
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address itself.
    pub address: IpAddr,
    /// Length of the prefix, in bits: of the peer's address if there is one.
    pub prefix: u8,
    /// The address at the other end, if it was configured with one.
    pub peer: Option<IpAddr>,
    /// How far it is valid.
    pub scope: AddressScope,
    /// Such as secondary, tentative, deprecated.
    pub flags: AddressFlags,
}

impl Address {
    /// Whether `address` is in its subnet: in that of the other end, where there is one.
    pub fn subnet_holds(&self, address: IpAddr) -> bool {
        match (address, self.peer.unwrap_or(self.address)) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                one.to_bits() | host == other.to_bits() | host
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                let host = u128::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                one.to_bits() | host == other.to_bits() | host
            }
            _ => false,
        }
    }

    /// As a message about this address on an interface.
    pub fn message(&self, interface: u32) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.family = match self.address {
            IpAddr::V4(_) => AddressFamily::Inet,
            IpAddr::V6(_) => AddressFamily::Inet6,
        };
        message.header.prefix_len = self.prefix;
        message.header.index = interface;
        message.attributes = vec![
            AddressAttribute::Local(self.address),
            AddressAttribute::Address(self.peer.unwrap_or(self.address)),
        ];
        message
    }
}

/// All interfaces of the caller's network namespace, by their numbers.
pub fn interfaces() -> Result<Vec<Interface>, NetlinkError> {
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    let mut question = LinkMessage::default();
    // Counters are most of an answer.
    question.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    let links: Vec<Link> = netlink.dump(RouteNetlinkMessage::GetLink(question))?;
    let mut interfaces: Vec<Interface> = links.into_iter().map(|Link(link)| link).collect();
    interfaces.sort_by_key(|interface| interface.index);
    for family in Family::ALL {
        for Configured { index, address } in configured(&mut netlink, family)? {
            let owner = interfaces.iter_mut().find(|interface| interface.index == index);
            if let Some(owner) = owner {
                owner.addresses.push(address);
            }
        }
    }
    Ok(interfaces)
}

/// The interfaces that have addresses of these families, and of these the addresses alone: neither
/// names nor settings are read.
pub fn addressed(families: &[Family]) -> Result<Vec<Interface>, NetlinkError> {
    if families.is_empty() {
        return Ok(Vec::new());
    }
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    let mut interfaces: Vec<Interface> = Vec::new();
    for &family in families {
        for Configured { index, address } in configured(&mut netlink, family)? {
            let at = interfaces.iter().position(|interface| interface.index == index);
            let at = at.unwrap_or_else(|| {
                let flags =
                    if index == LOOPBACK { LinkFlags::Loopback } else { LinkFlags::empty() };
                interfaces.push(Interface { index, flags, ..Interface::default() });
                interfaces.len() - 1
            });
            interfaces[at].addresses.push(address);
        }
    }
    interfaces.sort_by_key(|interface| interface.index);
    Ok(interfaces)
}

/// The addresses of a family.
fn configured(netlink: &mut Netlink, family: Family) -> Result<Vec<Configured>, NetlinkError> {
    let mut question = AddressMessage::default();
    question.header.family = match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    let answers = netlink.dump(RouteNetlinkMessage::GetAddress(question))?;
    let answers = answers.into_iter().filter_map(|Answer(configured)| configured);
    // A kernel without IPv6 lists the addresses of all families instead.
    Ok(answers.filter(|one| Family::of(one.address.address) == family).collect())
}

/// An address, and the number of its interface.
struct Configured {
    index: u32,
    address: Address,
}

/// `None` for what is no address of IPv4 or IPv6.
struct Answer(Option<Configured>);

impl NetlinkDeserializable for Answer {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Answer, DecodeError> {
        Ok(Answer(Configured::read(payload)))
    }
}

impl Configured {
    /// Reads a message (linux/if_addr.h).
    fn read(payload: &[u8]) -> Option<Configured> {
        let (&[_, prefix, flags, scope, i0, i1, i2, i3], rest) = payload.split_first_chunk()?;
        let attributes = attributes(rest);
        let [local, other] = [LOCAL, ADDRESS].map(|kind| attributes.address(kind));
        let address = local.or(other)?;
        let flags = attributes.native(FLAGS).unwrap_or(flags.into());
        let address = Address {
            address,
            prefix,
            peer: other.filter(|other| *other != address),
            scope: AddressScope::from(scope),
            flags: AddressFlags::from_bits_retain(flags),
        };
        Some(Configured { index: u32::from_ne_bytes([i0, i1, i2, i3]), address })
    }
}

/// What is read of an interface. The many other attributes differ from kernel to kernel, and none of
/// them may spoil the answer.
struct Link(Interface);

impl NetlinkDeserializable for Link {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Link, DecodeError> {
        let header = LinkHeader::parse(payload)?;
        let attributes = attributes(payload.get(LENGTH..).unwrap_or_default());
        let mut interface = Interface {
            index: header.index,
            name: attributes.text(NAME).unwrap_or_default(),
            mac: attributes.get(MAC).and_then(|mac| mac.try_into().ok()),
            mtu: attributes.native(MTU),
            flags: header.flags,
            master: attributes.native(MASTER),
            ..Interface::default()
        };
        interface.describe(attributes.nested(INFO));
        Ok(Link(interface))
    }
}

impl Interface {
    /// Reads IFLA_LINKINFO.
    fn describe(&mut self, info: Attributes<'_>) {
        self.kind = info.text(KIND).unwrap_or_default();
        if self.kind == "bridge" {
            let data = info.nested(DATA);
            self.filters = FILTERS.map(|kind| data.get(kind).is_some_and(|value| value != [0]));
        }
    }
}

/// How long an interface's header is (struct ifinfomsg).
const LENGTH: usize = 16;
