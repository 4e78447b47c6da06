//! Which ports of a VIP count as its service: those that the guard is limited to. A guard of all ports
//! does not tell, so IPVS is asked what it balances, or else the sockets what the node serves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::step::{Comparison, Source, Step};
use crate::guard::plan::{Protocol, Service, Services};
use crate::vip::Vip;

/// The kernel's lists: IPVS' table, and sockets by protocol and family.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    /// /proc/net/ip_vs
    pub ipvs: String,
    /// /proc/net/tcp and tcp6
    pub tcp: String,
    /// /proc/net/udp and udp6
    pub udp: String,
}

/// A range with more ports than this is tried only where rules name a port of it.
const FEW: u16 = 16;

/// No VIP is tried with more ports than this.
const MOST: usize = 64;

/// The ports to try for a VIP; `named` are those that rules speak of.
pub(super) fn ports(
    vip: Vip,
    services: &Services,
    named: &[u16],
    lists: &Lists,
) -> Vec<(Protocol, u16)> {
    let mut ports = match services {
        Services::Only(services) => {
            services.iter().flat_map(|one| of_service(one, named)).collect()
        }
        Services::Legacy | Services::All => {
            let balanced = balanced(vip, &lists.ipvs);
            if balanced.is_empty() { served(vip, lists) } else { balanced }
        }
    };
    if ports.is_empty() {
        // Whatever the port is: for rules that ask for none.
        ports.extend([(Protocol::Tcp, u16::MAX), (Protocol::Udp, u16::MAX)]);
    }
    ports.sort();
    ports.dedup();
    ports.truncate(MOST);
    ports
}

/// The services of a guard, from the rules of its chain: each rule with a destination port is for one.
/// `None` if no rule asks for ports, or one leaves out none.
pub(super) fn guarded(rules: impl Iterator<Item = Vec<Step>>) -> Option<Services> {
    let services = rules.filter_map(|rule| guarded_by(&rule));
    let all = |service: &Service| service.first <= 1 && service.last == u16::MAX;
    let services: Vec<Service> = services.collect();
    Services::only(services.iter().copied()).filter(|_| !services.iter().any(all))
}

fn guarded_by(rule: &[Step]) -> Option<Service> {
    let port = |bytes: &[u8]| Some(u16::from_be_bytes(bytes.try_into().ok()?));
    let (mut protocol, mut first, mut last, mut source) = (None, None, None, None);
    for step in rule {
        match step {
            Step::Load { source: from, .. } => source = Some(*from),
            Step::Compare { how: Comparison::Equal, value, .. } if source == Some(L4PROTO) => {
                protocol = Some(match value.as_slice() {
                    [6] => Protocol::Tcp,
                    [17] => Protocol::Udp,
                    _ => return None,
                });
            }
            Step::Compare { how, value, .. } if source == Some(PORT) => match how {
                Comparison::Equal => (first, last) = (port(value), port(value)),
                Comparison::Ordered(LOWEST) => first = port(value),
                Comparison::Ordered(HIGHEST) => last = port(value),
                _ => return None,
            },
            Step::Range { low, high, inverted: false, .. } if source == Some(PORT) => {
                (first, last) = (port(low), port(high));
            }
            _ => {}
        }
    }
    Some(Service { protocol: protocol?, first: first?, last: last? })
}

/// `meta l4proto`, `th dport` (linux/netfilter/nf_tables.h), and the operators `>=` and `<=`.
const L4PROTO: Source = Source::Meta(16);
const PORT: Source = Source::Payload { base: 2, offset: 2, length: 2 };
const LOWEST: u32 = 5;
const HIGHEST: u32 = 3;

fn of_service(service: &Service, named: &[u16]) -> Vec<(Protocol, u16)> {
    let Service { protocol, first, last } = *service;
    let inside = |port: &u16| (first..=last).contains(port);
    let ports: Vec<u16> = match last - first {
        0..FEW => (first..=last).collect(),
        _ => [first, last].iter().chain(named).copied().filter(inside).collect(),
    };
    ports.into_iter().map(|port| (protocol, port)).collect()
}

/// The VIP's services in /proc/net/ip_vs: `TCP  C0A80364:0019 rr`, `TCP  [fd00:...:0064]:0019 rr`.
fn balanced(vip: Vip, table: &str) -> Vec<(Protocol, u16)> {
    let service = |line: &str| {
        let mut words = line.split_whitespace();
        let protocol = match words.next()? {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            _ => return None,
        };
        let (address, port) = words.next()?.rsplit_once(':')?;
        let address = match address.strip_prefix('[') {
            Some(v6) => IpAddr::V6(v6.strip_suffix(']')?.parse().ok()?),
            None => IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?)),
        };
        let port = u16::from_str_radix(port, 16).ok()?;
        (address == vip.address() && port != 0).then_some((protocol, port))
    };
    table.lines().filter_map(service).collect()
}

/// The ports at which sockets of the node wait for everybody or for the VIP. (TCP: state 0A; UDP:
/// without a peer, 07.)
fn served(vip: Vip, lists: &Lists) -> Vec<(Protocol, u16)> {
    let of = |list: &str, protocol, state| {
        let socket = |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            let (address, port) = words.next()?.split_once(':')?;
            let address = socket_address(address)?;
            let mine = address.is_unspecified() || address == vip.address();
            let port = u16::from_str_radix(port, 16).ok()?;
            (mine && words.nth(1)? == state).then_some((protocol, port))
        };
        list.lines().filter_map(socket).collect::<Vec<_>>()
    };
    let ports = [of(&lists.tcp, Protocol::Tcp, "0A"), of(&lists.udp, Protocol::Udp, "07")];
    ports.concat()
}

/// Words of four bytes, each printed in the machine's byte order.
fn socket_address(text: &str) -> Option<IpAddr> {
    let words: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(8)
        .map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<Vec<_>>>()
        .map(|words| words.concat());
    let bytes = words?;
    match bytes.len() {
        4 => Some(Ipv4Addr::from(*bytes.first_chunk::<4>()?).into()),
        16 => Some(Ipv6Addr::from(*bytes.first_chunk::<16>()?).to_canonical()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPVS: &str = "IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A80364:0019 mh (mh-port)
  -> C0A80365:0019      Route   1      0          0
UDP  C0A80364:0035 rr
TCP  C0A8036E:01BB rr
TCP  [fd00:0003:0000:0000:0000:0000:0000:0064]:024B rr
FWM  00000001 rr
";

    fn all(vip: &str, lists: &Lists) -> Vec<(Protocol, u16)> {
        ports(vip.parse().unwrap(), &Services::All, &[], lists)
    }

    #[test]
    fn a_guard_of_all_ports_is_for_what_ipvs_balances() {
        let lists = Lists { ipvs: IPVS.to_owned(), ..Lists::default() };
        let both = [(Protocol::Tcp, 25), (Protocol::Udp, 53)];
        assert_eq!(all("192.168.3.100", &lists), both);
        assert_eq!(all("fd00:3::64", &lists), [(Protocol::Tcp, 587)]);
        let any = [(Protocol::Tcp, 65535), (Protocol::Udp, 65535)];
        assert_eq!(all("192.168.3.10", &lists), any);
    }

    #[test]
    fn and_otherwise_for_what_the_node_serves() {
        let row = |address: &str, port: &str, state: &str| {
            format!("   0: {address}:{port} 00000000:0000 {state} 00000000:00000000\n")
        };
        let word = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
        let tcp = [
            "  sl  local_address rem_address   st\n".to_owned(),
            row(&word([0; 4]), "0019", "0A"),
            row(&word([192, 168, 3, 100]), "01D1", "0A"),
            row(&word([127, 0, 0, 1]), "0050", "0A"),
            row(&word([0; 4]), "0035", "01"),
            row(&"0".repeat(32), "024B", "0A"),
        ];
        let udp = row(&word([0; 4]), "0035", "07");
        let lists = Lists { tcp: tcp.concat(), udp, ..Lists::default() };
        let tcp = [25, 465, 587].map(|port| (Protocol::Tcp, port));
        assert_eq!(all("192.168.3.100", &lists), [&tcp[..], &[(Protocol::Udp, 53)]].concat());
    }

    #[test]
    fn of_a_wide_range_only_its_ends_and_what_rules_name() {
        let services = Services::Only(vec!["tcp/1000-2000".parse().unwrap()]);
        let vip = "192.168.3.100".parse().unwrap();
        let tried = ports(vip, &services, &[25, 1500, 2001], &Lists::default());
        assert_eq!(tried, [1000, 1500, 2000].map(|port| (Protocol::Tcp, port)));
    }
}
