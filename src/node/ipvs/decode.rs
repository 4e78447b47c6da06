//! The attributes of IPVS' generic netlink family as typed values (include/uapi/linux/ip_vs.h). What a
//! newer kernel adds is passed over; an entry without its address is left out.

use std::net::IpAddr;

use super::{Counters, Forwarding, Key, Server, Service, SyncDaemon, SyncRole};
use crate::node::attributes::{Attributes, attributes};

/// IPVS_CMD_ATTR_SERVICE, _DEST, _DAEMON
pub(super) const SERVICE: u16 = 1;
const DEST: u16 = 2;
const DAEMON: u16 = 3;

/// IPVS_SVC_ATTR_AF, _PROTOCOL, _ADDR, _PORT, _FWMARK, _SCHED_NAME, _FLAGS, _TIMEOUT, _STATS, _STATS64
pub(super) const FAMILY: u16 = 1;
pub(super) const PROTOCOL: u16 = 2;
pub(super) const ADDRESS: u16 = 3;
pub(super) const PORT: u16 = 4;
pub(super) const MARK: u16 = 5;
const SCHEDULER: u16 = 6;
const FLAGS: u16 = 7;
const TIMEOUT: u16 = 8;
const SERVICE_STATS: u16 = 10;
const SERVICE_STATS64: u16 = 12;

/// IPVS_DEST_ATTR_*
mod dest {
    pub const ADDRESS: u16 = 1;
    pub const PORT: u16 = 2;
    pub const METHOD: u16 = 3;
    pub const WEIGHT: u16 = 4;
    pub const ACTIVE: u16 = 7;
    pub const INACTIVE: u16 = 8;
    pub const PERSISTENT: u16 = 9;
    pub const STATS: u16 = 10;
    pub const FAMILY: u16 = 11;
    pub const STATS64: u16 = 12;
}

/// IPVS_DAEMON_ATTR_STATE, _MCAST_IFN, _SYNC_ID
const STATE: u16 = 1;
const INTERFACE: u16 = 2;
const SYNC_ID: u16 = 3;

/// IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP
const MASTER: u64 = 1;
const BACKUP: u64 = 2;

/// AF_INET, AF_INET6
pub(super) const INET: u16 = 2;
pub(super) const INET6: u16 = 10;

/// IP_VS_CONN_F_FWD_MASK
const METHODS: u64 = 7;

/// IP_VS_SVC_F_PERSISTENT
const PERSISTENT: u32 = 1;

/// A service of an answer to IPVS_CMD_GET_SERVICE, still without its servers.
pub(super) fn service(answer: &[u8]) -> Option<Service> {
    let all = attributes(answer).nested(SERVICE);
    let family = u16::try_from(all.unsigned(FAMILY)?).ok()?;
    let key = match all.unsigned(MARK) {
        Some(mark) => Key::Mark { mark: mark as u32, ipv6: family == INET6 },
        None => Key::Address {
            protocol: protocol(all.unsigned(PROTOCOL)?),
            address: address(family, all.get(ADDRESS)?)?,
            port: port(all.get(PORT)?)?,
        },
    };
    // struct ip_vs_flags: the flags, then a mask.
    let flags = all.get(FLAGS).and_then(<[u8]>::first_chunk);
    let flags = flags.map_or(0, |bytes: &[u8; 4]| u32::from_ne_bytes(*bytes));
    let timeout = all.unsigned(TIMEOUT).unwrap_or_default() as u32;
    Some(Service {
        key,
        scheduler: all.text(SCHEDULER).unwrap_or_default(),
        flags,
        persistence: if flags & PERSISTENT == 0 { 0 } else { timeout },
        counters: counters(all, SERVICE_STATS64, SERVICE_STATS),
        servers: Vec::new(),
    })
}

/// A server of an answer to IPVS_CMD_GET_DEST for a service of `family`.
pub(super) fn server(answer: &[u8], family: u16) -> Option<Server> {
    let all = attributes(answer).nested(DEST);
    // Kernels before 3.18 have servers of the service's own family only, and do not say so.
    let own = all.unsigned(dest::FAMILY).and_then(|own| u16::try_from(own).ok());
    let number = |kind| all.unsigned(kind).unwrap_or_default() as u32;
    Some(Server {
        address: address(own.unwrap_or(family), all.get(dest::ADDRESS)?)?,
        port: port(all.get(dest::PORT)?)?,
        forwarding: match all.unsigned(dest::METHOD).unwrap_or_default() & METHODS {
            0 => Forwarding::Masquerade,
            1 => Forwarding::Local,
            2 => Forwarding::Tunnel,
            3 => Forwarding::DirectRouting,
            _ => Forwarding::Bypass,
        },
        weight: number(dest::WEIGHT),
        active: number(dest::ACTIVE),
        inactive: number(dest::INACTIVE),
        persistent: number(dest::PERSISTENT),
        counters: counters(all, dest::STATS64, dest::STATS),
    })
}

/// A daemon of an answer to IPVS_CMD_GET_DAEMON.
pub(super) fn sync_daemon(answer: &[u8]) -> Option<SyncDaemon> {
    let all = attributes(answer).nested(DAEMON);
    let role = match all.unsigned(STATE)? {
        MASTER => SyncRole::Sends,
        BACKUP => SyncRole::Receives,
        _ => return None,
    };
    Some(SyncDaemon {
        role,
        interface: all.text(INTERFACE).unwrap_or_default(),
        id: all.unsigned(SYNC_ID).unwrap_or_default() as u32,
    })
}

/// IPPROTO_*
fn protocol(number: u64) -> String {
    match number {
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        132 => "SCTP".to_owned(),
        other => other.to_string(),
    }
}

fn address(family: u16, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        INET => Some(IpAddr::from(*bytes.first_chunk::<4>()?)),
        INET6 => Some(IpAddr::from(*bytes.first_chunk::<16>()?)),
        _ => None,
    }
}

fn port(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.first_chunk()?))
}

/// IPVS_STATS_ATTR_*; those of 64 bits (Linux 4.1) where they are, else those of 32.
fn counters(all: Attributes<'_>, wide: u16, narrow: u16) -> Counters {
    let stats = if all.get(wide).is_some() { all.nested(wide) } else { all.nested(narrow) };
    let number = |kind| stats.unsigned(kind).unwrap_or_default();
    Counters {
        connections: number(1),
        packets_in: number(2),
        bytes_in: number(4),
        connections_per_second: number(6),
        packets_in_per_second: number(7),
        bytes_in_per_second: number(9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attribute as the kernel writes it.
    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn nested(kind: u16, inner: &[Vec<u8>]) -> Vec<u8> {
        attribute(kind | 0x8000, &inner.concat())
    }

    fn stats(kind: u16, numbers: &[(u16, u64)]) -> Vec<u8> {
        let all: Vec<_> =
            numbers.iter().map(|(kind, n)| attribute(*kind, &n.to_ne_bytes())).collect();
        nested(kind, &all)
    }

    fn v4(text: &str) -> Vec<u8> {
        let IpAddr::V4(address) = text.parse().unwrap() else { panic!() };
        // The kernel's union nf_inet_addr is always 16 bytes long.
        [&address.octets()[..], &[0; 12]].concat()
    }

    #[test]
    fn a_service_is_read_whole() {
        let answer = nested(
            SERVICE,
            &[
                attribute(FAMILY, &INET.to_ne_bytes()),
                attribute(PROTOCOL, &6u16.to_ne_bytes()),
                attribute(ADDRESS, &v4("192.168.3.100")),
                attribute(PORT, &25u16.to_be_bytes()),
                attribute(SCHEDULER, b"mh\0"),
                attribute(FLAGS, &[0x1au32.to_ne_bytes(), u32::MAX.to_ne_bytes()].concat()),
                attribute(TIMEOUT, &360u32.to_ne_bytes()),
                stats(SERVICE_STATS, &[(1, 7)]),
                stats(SERVICE_STATS64, &[(1, 1 << 40), (2, 5), (4, 600), (6, 9), (7, 8), (9, 77)]),
                attribute(99, &[1, 2, 3]),
            ],
        );
        let read = service(&answer).unwrap();
        assert_eq!(read.key.to_string(), "192.168.3.100:25/TCP");
        assert_eq!((read.scheduler.as_str(), read.flags, read.persistence), ("mh", 0x1a, 0));
        let Counters { connections, packets_in, bytes_in, .. } = read.counters;
        assert_eq!((connections, packets_in, bytes_in), (1 << 40, 5, 600));
        assert_eq!(read.counters.connections_per_second, 9);
        assert_eq!(read.counters.bytes_in_per_second, 77);
        for cut in 0..answer.len() {
            let _ = service(&answer[..cut]);
        }
    }

    #[test]
    fn services_by_mark_and_ipv6_are_read() {
        let answer = nested(
            SERVICE,
            &[
                attribute(FAMILY, &INET6.to_ne_bytes()),
                attribute(MARK, &7u32.to_ne_bytes()),
                attribute(FLAGS, &[1u32.to_ne_bytes(), u32::MAX.to_ne_bytes()].concat()),
                attribute(TIMEOUT, &360u32.to_ne_bytes()),
            ],
        );
        let read = service(&answer).unwrap();
        assert_eq!((&read.key, read.persistence), (&Key::Mark { mark: 7, ipv6: true }, 360));

        let address: std::net::Ipv6Addr = "fd00:3::100".parse().unwrap();
        let answer = nested(
            SERVICE,
            &[
                attribute(FAMILY, &INET6.to_ne_bytes()),
                attribute(PROTOCOL, &17u16.to_ne_bytes()),
                attribute(ADDRESS, &address.octets()),
                attribute(PORT, &53u16.to_be_bytes()),
            ],
        );
        assert_eq!(service(&answer).unwrap().key.to_string(), "[fd00:3::100]:53/UDP");
    }

    #[test]
    fn a_server_is_read_and_older_kernels_do_not_say_its_family() {
        let mut inner = vec![
            attribute(dest::ADDRESS, &v4("192.168.3.101")),
            attribute(dest::PORT, &25u16.to_be_bytes()),
            attribute(dest::METHOD, &0x103u32.to_ne_bytes()),
            attribute(dest::WEIGHT, &1u32.to_ne_bytes()),
            attribute(dest::ACTIVE, &12u32.to_ne_bytes()),
            attribute(dest::INACTIVE, &3u32.to_ne_bytes()),
            attribute(dest::PERSISTENT, &2u32.to_ne_bytes()),
            nested(dest::STATS, &[attribute(1, &9u32.to_ne_bytes())]),
        ];
        let old = server(&nested(DEST, &inner), INET).unwrap();
        assert_eq!(old.address, "192.168.3.101".parse::<IpAddr>().unwrap());
        assert_eq!((old.port, old.weight, old.active, old.inactive), (25, 1, 12, 3));
        assert_eq!((old.persistent, old.counters.connections), (2, 9));
        assert_eq!(old.forwarding, Forwarding::DirectRouting);
        // A tunnel to a server of the other family.
        let address: std::net::Ipv6Addr = "fd00:3::101".parse().unwrap();
        inner[0] = attribute(dest::ADDRESS, &address.octets());
        inner[2] = attribute(dest::METHOD, &2u32.to_ne_bytes());
        inner.push(attribute(dest::FAMILY, &INET6.to_ne_bytes()));
        let new = server(&nested(DEST, &inner), INET).unwrap();
        assert_eq!((new.address, new.forwarding), (IpAddr::V6(address), Forwarding::Tunnel));
        inner.remove(0);
        assert_eq!(server(&nested(DEST, &inner), INET), None, "no address");
    }

    #[test]
    fn sync_daemons_are_read() {
        let daemon = |state: u32| {
            let inner = [
                attribute(STATE, &state.to_ne_bytes()),
                attribute(INTERFACE, b"eth0\0"),
                attribute(SYNC_ID, &11u32.to_ne_bytes()),
            ];
            sync_daemon(&nested(DAEMON, &inner))
        };
        let sends = daemon(1).unwrap();
        assert_eq!((sends.role, sends.interface.as_str(), sends.id), (SyncRole::Sends, "eth0", 11));
        assert_eq!(daemon(2).unwrap().role, SyncRole::Receives);
        assert_eq!(daemon(0), None);
    }
}
