//! Who may be connected to on this node: the TCP sockets that listen and the UDP sockets that wait, from
//! /proc/net (proc_pid_net(5)). One line a socket, read one after the other.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proc_net;

/// A socket that takes connections or datagrams from everybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Listener {
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// Its address; 0.0.0.0 and :: are all of the node's, the latter of IPv4 too unless another socket
    /// has those.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

/// TCP_LISTEN, and TCP_CLOSE for a UDP socket that is not connected (net/tcp_states.h).
const TABLES: [(&str, &str, &str); 4] =
    [("tcp", "TCP", "0A"), ("tcp6", "TCP", "0A"), ("udp", "UDP", "07"), ("udp6", "UDP", "07")];

/// All of them, each once, in order; of a kernel without IPv6 those of IPv4.
pub fn all() -> Vec<Listener> {
    let mut all = BTreeSet::new();
    for (table, protocol, state) in TABLES {
        let Ok(file) = File::open(proc_net(table)) else { continue };
        all.extend(listeners(BufReader::new(file), protocol, state));
    }
    all.into_iter().collect()
}

/// Whether a socket takes what is sent to `address` and `port`.
pub fn serves(all: &[Listener], protocol: &str, address: IpAddr, port: u16) -> bool {
    all.iter()
        .any(|one| one.port == port && one.protocol == protocol && takes(one.address, address))
}

/// Whether a socket that is bound to `bound` takes packets to `address`.
fn takes(bound: IpAddr, address: IpAddr) -> bool {
    match bound {
        IpAddr::V4(bound) if bound.is_unspecified() => address.is_ipv4(),
        // Sockets of IPv6 alone can't be told apart here.
        IpAddr::V6(bound) if bound.is_unspecified() => true,
        bound => bound == address,
    }
}

fn listeners<'a>(
    table: impl BufRead + 'a,
    protocol: &'a str,
    state: &'a str,
) -> impl Iterator<Item = Listener> + 'a {
    table.lines().map_while(Result::ok).filter_map(move |line| listener(&line, protocol, state))
}

fn listener(line: &str, protocol: &str, wanted: &str) -> Option<Listener> {
    let [local, _, state] = words(line)?;
    (state == wanted).then_some(())?;
    let (address, port) = endpoint(local)?;
    Some(Listener { protocol: protocol.to_owned(), address, port })
}

/// Where it is, where it leads, its state: `  0: 6503A8C0:0019 00000000:0000 0A ...`
fn words(line: &str) -> Option<[&str; 3]> {
    let mut words = line.split_whitespace().skip(1);
    Some([words.next()?, words.next()?, words.next()?])
}

fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    Some((self::address(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// How many TCP connections are open at each of these ports of this node: established ones, and those that
/// only one side has closed and that still have something to send (TCP_ESTABLISHED, TCP_FIN_WAIT1,
/// TCP_CLOSE_WAIT in net/tcp_states.h). Not those from this node itself over `lo`.
///
/// # Errors
/// When the kernel's table can't be read.
pub fn open_connections(ports: &BTreeSet<u16>) -> io::Result<usize> {
    let mut count = 0;
    for table in ["tcp", "tcp6"] {
        let file = match File::open(proc_net(table)) {
            Ok(file) => file,
            // A kernel without IPv6.
            Err(_) if table == "tcp6" => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).lines() {
            count += usize::from(is_open(&line?, ports));
        }
    }
    Ok(count)
}

fn is_open(line: &str, ports: &BTreeSet<u16>) -> bool {
    let Some([local, remote, state]) = words(line) else { return false };
    let port = local.rsplit_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
    ["01", "04", "08"].contains(&state)
        && port.is_some_and(|port| ports.contains(&port))
        && endpoint(remote).is_some_and(|(address, _)| !address.is_loopback())
}

/// Words of 32 bits in the byte order of this machine; an IPv4 address of an IPv6 socket is one of IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let bytes = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            Some(IpAddr::V6(Ipv6Addr::from(*bytes.first_chunk::<16>()?)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_told_from_connections() {
        let [v4, v6] =
            [u32::from_ne_bytes([192, 168, 3, 101]), u32::from_ne_bytes([0xfd, 0, 0, 3])];
        let table = format!(
            "  sl  local_address rem_address   st tx_queue\n\
             \u{20}  0: {v4:08X}:0019 00000000:0000 0A 00000000:00000000\n\
             \u{20}  1: {v4:08X}:0019 00000000:1000 01 00000000:00000000\n\
             \u{20}  2: {v6:08X}000000000000000000000000:0035 0:0 0A x\n\
             \u{20}  3: 00000000000000000000000000000000:0050 0:0 0A x\n\
             garbage\n"
        );
        let all: Vec<Listener> = listeners(table.as_bytes(), "TCP", "0A").collect();
        let shown: Vec<_> = all.iter().map(|one| format!("{} {}", one.address, one.port)).collect();
        assert_eq!(shown, ["192.168.3.101 25", "fd00:3:: 53", ":: 80"]);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(serves(&all, "TCP", ip("192.168.3.101"), 25));
        assert!(!serves(&all, "TCP", ip("192.168.3.102"), 25));
        assert!(!serves(&all, "UDP", ip("192.168.3.101"), 25));
        assert!(serves(&all, "TCP", ip("192.168.3.102"), 80), ":: takes IPv4 too");
    }

    #[test]
    fn open_connections_are_counted() {
        let [own, client] = [[192, 168, 3, 101], [192, 168, 3, 3]].map(u32::from_ne_bytes);
        let line = |from: &str, state: &str| format!(" 0: {own:08X}:0019 {from} {state} 0:0");
        let from = format!("{client:08X}:1000");
        let ports = BTreeSet::from([25]);
        for (state, open) in [("01", true), ("08", true), ("06", false), ("0A", false)] {
            assert_eq!(is_open(&line(&from, state), &ports), open, "{state}");
        }
        let local = format!("{:08X}:1000", u32::from_ne_bytes([127, 0, 0, 1]));
        assert!(!is_open(&line(&local, "01"), &ports));
        assert!(!is_open(&line(&from, "01"), &BTreeSet::from([26])));
        assert!(open_connections(&ports).is_ok());
    }

    #[test]
    fn own_sockets_are_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(serves(&all(), "TCP", "127.0.0.1".parse().unwrap(), port));
    }
}
