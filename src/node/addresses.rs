//! The node's interfaces and the addresses on them, in the kernel's order: the first of an
//! interface's IPv4 addresses is the one that `redirect` chooses, and of its IPv6 addresses the newest
//! comes first.

use std::net::IpAddr;

use netlink_packet_core::{
    DecodeError, ErrorContext, NetlinkDeserializable, NetlinkHeader, NlasIterator, parse_string,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkHeader, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

pub use netlink_packet_route::address::{AddressFlags, AddressScope};
pub use netlink_packet_route::link::LinkFlags;

use super::netlink::{NETLINK_ROUTE, Netlink, NetlinkError};

/// IFLA_IFNAME (linux/if_link.h).
const NAME: u16 = 3;

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
    let links: Vec<Link> = netlink.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
    let mut interfaces: Vec<Interface> = links.into_iter().map(|Link(link)| link).collect();
    interfaces.sort_by_key(|interface| interface.index);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut question = AddressMessage::default();
        question.header.family = family;
        let answers = netlink.dump(RouteNetlinkMessage::GetAddress(question));
        for answer in answers? {
            let RouteNetlinkMessage::NewAddress(message) = answer else { continue };
            // A kernel without IPv6 lists the addresses of all families instead.
            if message.header.family != family {
                continue;
            }
            let index = message.header.index;
            let owner = interfaces.iter_mut().find(|interface| interface.index == index);
            if let (Some(owner), Some(address)) = (owner, address(&message)) {
                owner.addresses.push(address);
            }
        }
    }
    Ok(interfaces)
}

fn address(message: &AddressMessage) -> Option<Address> {
    let header = &message.header;
    let (mut local, mut other) = (None, None);
    let mut flags = AddressFlags::from_bits_retain(u32::from(header.flags.bits()));
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Address(address) => other = Some(*address),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    let address = local.or(other)?;
    Some(Address {
        address,
        prefix: header.prefix_len,
        peer: other.filter(|other| *other != address),
        scope: header.scope,
        flags,
    })
}

/// What is read of an interface. The many other attributes differ from kernel to kernel, and none of
/// them may spoil the answer.
struct Link(Interface);

impl NetlinkDeserializable for Link {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Link, DecodeError> {
        let header = LinkHeader::parse(payload)?;
        let attributes = payload.get(LENGTH..).unwrap_or_default();
        let mut interface =
            Interface { index: header.index, flags: header.flags, ..Interface::default() };
        for attribute in NlasIterator::new(attributes) {
            let attribute = attribute.context("an interface's attribute")?;
            match attribute.kind() {
                NAME => interface.name = parse_string(attribute.value())?,
                MASTER => {
                    interface.master = attribute.value().try_into().ok().map(u32::from_ne_bytes);
                }
                INFO => interface.describe(attribute.value()),
                _ => {}
            }
        }
        Ok(Link(interface))
    }
}

impl Interface {
    /// Reads IFLA_LINKINFO.
    fn describe(&mut self, info: &[u8]) {
        for attribute in NlasIterator::new(info).flatten() {
            match attribute.kind() {
                KIND => self.kind = parse_string(attribute.value()).unwrap_or_default(),
                DATA if self.kind == "bridge" => {
                    for attribute in NlasIterator::new(attribute.value()).flatten() {
                        let family = FILTERS.iter().position(|kind| *kind == attribute.kind());
                        if let Some(family) = family {
                            self.filters[family] = attribute.value() != [0];
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// How long an interface's header is (struct ifinfomsg).
const LENGTH: usize = 16;
