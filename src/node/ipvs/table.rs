//! /proc/net/ip_vs as services and servers: what everybody may read. Numbers of addresses and ports are
//! hexadecimal there (ip_vs_info_seq_show in net/netfilter/ipvs/ip_vs_ctl.c).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Counters, Forwarding, Key, Server, Service};

/// IP_VS_SVC_F_PERSISTENT, IP_VS_SVC_F_ONEPACKET
const PERSISTENT: u32 = 1;
const ONE_PACKET: u32 = 4;

/// The services of the table; what is not understood is left out.
pub(super) fn services(text: &str) -> Vec<Service> {
    let mut all: Vec<Service> = Vec::new();
    for line in text.lines() {
        if let Some(server) = line.trim_start().strip_prefix("-> ").and_then(server) {
            if let Some(last) = all.last_mut() {
                last.servers.push(server);
            }
        } else if let Some(service) = service(line) {
            all.push(service);
        }
    }
    all
}

/// `TCP  C0A80364:0019 wlc  persistent 360 FFFFFFFF`, `FWM  00000007 rr ops`
fn service(line: &str) -> Option<Service> {
    let mut words = line.split_whitespace();
    let key = match words.next()? {
        "FWM" => Key::Mark { mark: u32::from_str_radix(words.next()?, 16).ok()?, ipv6: false },
        protocol @ ("TCP" | "UDP" | "SCTP") => {
            let (address, port) = endpoint(words.next()?)?;
            Key::Address { protocol: protocol.to_owned(), address, port }
        }
        _ => return None,
    };
    let scheduler = words.next()?.to_owned();
    let (mut flags, mut persistence) = (0, 0);
    while let Some(word) = words.next() {
        match word {
            "ops" => flags |= ONE_PACKET,
            "persistent" => {
                flags |= PERSISTENT;
                persistence = words.next()?.parse().ok()?;
            }
            _ => {}
        }
    }
    let counters = Counters::default();
    Some(Service { key, scheduler, flags, persistence, counters, servers: Vec::new() })
}

/// `C0A80365:0019      Route   1      12         3`
fn server(line: &str) -> Option<Server> {
    let mut words = line.split_whitespace();
    let (address, port) = endpoint(words.next()?)?;
    let forwarding = match words.next()? {
        "Masq" => Forwarding::Masquerade,
        "Local" => Forwarding::Local,
        "Tunnel" => Forwarding::Tunnel,
        "Route" => Forwarding::DirectRouting,
        "Bypass" => Forwarding::Bypass,
        _ => return None,
    };
    let mut number = || words.next()?.parse().ok();
    Some(Server {
        address,
        port,
        forwarding,
        weight: number()?,
        active: number()?,
        inactive: number()?,
        persistent: 0,
        counters: Counters::default(),
    })
}

/// `C0A80364:0019` or `[fd00:0003:0000:0000:0000:0000:0000:0100]:0019`
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let address = match address.strip_prefix('[') {
        Some(v6) => IpAddr::V6(v6.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
        None => IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?)),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A80364:0019 mh 
  -> C0A80368:0019      Route   1      0          0         
  -> C0A80365:0019      Local   0      12         3         
UDP  [fd00:0003:0000:0000:0000:0000:0000:0100]:0035 rr ops 
  -> [fd00:0003:0000:0000:0000:0000:0000:0101]:0035      Tunnel  5      0          0         
FWM  00000007 wlc persistent 360 FFFFFFFF
";

    #[test]
    fn the_table_is_read() {
        let all = services(TABLE);
        let names: Vec<_> = all.iter().map(|one| one.key.to_string()).collect();
        assert_eq!(names, ["192.168.3.100:25/TCP", "[fd00:3::100]:53/UDP", "firewall mark 7"]);
        let schedulers: Vec<_> = all.iter().map(|one| (&*one.scheduler, one.flags)).collect();
        assert_eq!(schedulers, [("mh", 0), ("rr", ONE_PACKET), ("wlc", PERSISTENT)]);
        assert_eq!(all[2].persistence, 360);
        assert_eq!((all[0].servers.len(), all[0].in_the_balance()), (2, 1));
        let Server { weight, active, inactive, forwarding, .. } = all[0].servers[1];
        assert_eq!((weight, active, inactive, forwarding), (0, 12, 3, Forwarding::Local));
        assert_eq!(all[1].servers[0].address, "fd00:3::101".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn garbage_is_left_out() {
        for text in ["", "TCP", "TCP x:y rr", "  -> C0A80365:0019 Route 1 2 3", "FWM zz rr", "\0"] {
            assert_eq!(services(text), [], "{text:?}");
        }
        for cut in 0..TABLE.len() {
            assert!(services(&TABLE[..cut]).len() <= 3);
        }
    }
}
