//! Routes that make an address local. Only those of a protocol number are listed, so that a router's
//! hundred thousand others cost nothing.

use std::net::IpAddr;

use netlink_packet_core::{DecodeError, NetlinkDeserializable, NetlinkHeader};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use nix::errno::Errno;

use super::attributes::attributes;
use super::netlink::{NETLINK_ROUTE, Netlink, NetlinkError};
use crate::vip::Family;

/// The routing table `local` (RT_TABLE_LOCAL).
const TABLE_LOCAL: u8 = 255;

/// RTA_DST, RTA_OIF, RTA_PRIORITY (linux/rtnetlink.h).
const DESTINATION: u16 = 1;
const OUTGOING: u16 = 4;
const PRIORITY: u16 = 6;

/// How long a route's header is (struct rtmsg).
const LENGTH: usize = 12;

/// A route to a single address, by which packets for it are this node's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalRoute {
    /// The address.
    pub address: IpAddr,
    /// Number of its interface.
    pub interface: u32,
    /// Its priority: the lowest metric wins.
    pub metric: u32,
    /// Who made it: 2 is the kernel, with the address.
    pub protocol: u8,
}

impl LocalRoute {
    /// `local ADDRESS dev INTERFACE table local proto PROTOCOL metric METRIC`, as a message.
    pub fn message(&self) -> RouteMessage {
        let (family, length, destination) = match self.address {
            IpAddr::V4(address) => (AddressFamily::Inet, 32, RouteAddress::Inet(address)),
            IpAddr::V6(address) => (AddressFamily::Inet6, 128, RouteAddress::Inet6(address)),
        };
        let mut message = question(family, self.protocol);
        message.header.destination_prefix_length = length;
        message.header.scope = RouteScope::Host;
        message.attributes = vec![
            RouteAttribute::Destination(destination),
            RouteAttribute::Oif(self.interface),
            RouteAttribute::Priority(self.metric),
        ];
        message
    }
}

/// What matches the local routes of a protocol.
fn question(family: AddressFamily, protocol: u8) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: family,
        table: TABLE_LOCAL,
        protocol: RouteProtocol::from(protocol),
        kind: RouteType::Local,
        ..RouteHeader::default()
    };
    message
}

/// The local routes of a protocol for addresses of these families in the caller's network namespace, by
/// their addresses.
pub fn local_routes(protocol: u8, families: &[Family]) -> Result<Vec<LocalRoute>, NetlinkError> {
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    let mut routes = Vec::new();
    for family in families {
        let family = match family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        };
        let question = RouteNetlinkMessage::GetRoute(question(family, protocol));
        match netlink.dump::<Answer>(question) {
            Ok(answers) => routes.extend(
                (answers.into_iter().filter_map(|Answer(route)| route))
                    .filter(|route| route.protocol == protocol),
            ),
            // No interface of that family is up, so there is no table yet.
            Err(NetlinkError::Refused(Errno::ENOENT)) => {}
            // A kernel without IPv6.
            Err(NetlinkError::Refused(Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT)) => {}
            Err(error) => return Err(error),
        }
    }
    // A kernel without IPv6 lists the routes of all families instead.
    routes.sort_by_key(|route| (route.address, route.metric, route.interface));
    routes.dedup();
    Ok(routes)
}

/// A route of the kernel's; `None` for one that is no local one. Others are not read any further: what
/// there can be in them differs from kernel to kernel.
struct Answer(Option<LocalRoute>);

impl NetlinkDeserializable for Answer {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Answer, DecodeError> {
        let header = RouteHeader::parse(payload)?;
        if header.kind != RouteType::Local || header.table != TABLE_LOCAL {
            return Ok(Answer(None));
        }
        let protocol = header.protocol.into();
        let attributes = attributes(payload.get(LENGTH..).unwrap_or_default());
        let (address, interface) = (attributes.address(DESTINATION), attributes.native(OUTGOING));
        let metric = attributes.native(PRIORITY).unwrap_or_default();
        let single = match address {
            Some(IpAddr::V4(_)) => header.destination_prefix_length == 32,
            Some(IpAddr::V6(_)) => header.destination_prefix_length == 128,
            None => false,
        };
        let route = address
            .zip(interface)
            .filter(|_| single)
            .map(|(address, interface)| LocalRoute { address, interface, metric, protocol });
        Ok(Answer(route))
    }
}
