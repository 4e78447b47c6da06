//! /proc/net/ip_vs_conn, one line at a time: the table may have millions, and no more than a line of it is
//! ever in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::node::proc_net;

/// A connection that this node balances, or would balance as MASTER (the sync daemon tells BACKUPs).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// `TCP`, `UDP`, `SCTP`; `IP` for the entry of a persistent client of a firewall mark.
    pub protocol: String,
    /// The client.
    pub source: IpAddr,
    /// The client's port; 0 for the entry of a persistent client.
    pub source_port: u16,
    /// The VIP, or 0.0.0.MARK.
    pub vip: IpAddr,
    /// The service's port.
    pub port: u16,
    /// The real server.
    pub server: IpAddr,
    /// Its port.
    pub server_port: u16,
    /// Such as `ESTABLISHED`, `FIN_WAIT`, `UDP`; `NONE` for the entry of a persistent client.
    pub state: String,
    /// In how many seconds the kernel forgets it, if no further packet comes.
    pub expires: u32,
}

/// All connections, as they come.
///
/// # Errors
/// When the table can't be read; NotFound where the kernel has no IPVS.
pub fn all() -> io::Result<impl Iterator<Item = io::Result<Connection>>> {
    let file = BufReader::with_capacity(64 * 1024, File::open(proc_net("ip_vs_conn"))?);
    Ok(connections(file))
}

/// The connections of a table, without its heading and what is not understood.
pub fn connections(table: impl BufRead) -> impl Iterator<Item = io::Result<Connection>> {
    table.lines().filter_map(|line| match line {
        Ok(line) => connection(&line).map(Ok),
        Err(error) => Some(Err(error)),
    })
}

/// `TCP C0A80303 A0B4 C0A80364 0019 C0A80365 0019 ESTABLISHED     899`, in IPv6 with whole addresses.
fn connection(line: &str) -> Option<Connection> {
    let mut words = line.split_whitespace();
    let protocol = words.next()?.to_owned();
    let mut endpoint = || Some((address(words.next()?)?, hexadecimal(words.next()?)?));
    let (source, source_port) = endpoint()?;
    let (vip, port) = endpoint()?;
    let (server, server_port) = endpoint()?;
    let state = words.next()?.to_owned();
    let expires = words.next()?.parse().ok()?;
    Some(Connection {
        protocol,
        source,
        source_port,
        vip,
        port,
        server,
        server_port,
        state,
        expires,
    })
}

fn hexadecimal(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

fn address(text: &str) -> Option<IpAddr> {
    match text.contains(':') {
        true => text.parse().ok(),
        false => Some(Ipv4Addr::from(u32::from_str_radix(text, 16).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP C0A80303 A0B4 C0A80364 0019 C0A80365 0019 ESTABLISHED     899
UDP fd00:0003:0000:0000:0000:0000:0000:0003 1000 fd00:0003:0000:0000:0000:0000:0000:0100 0035 fd00:0003:0000:0000:0000:0000:0000:0101 0035 UDP             12
IP  C0A80303 0000 00000007 0000 C0A80366 0000 NONE            300
";

    #[test]
    fn connections_are_read_without_the_heading() {
        let all: Vec<Connection> = connections(TABLE.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(all.len(), 3);
        let one = &all[0];
        assert_eq!((one.source.to_string(), one.source_port), ("192.168.3.3".into(), 41140));
        assert_eq!((one.vip.to_string(), one.port), ("192.168.3.100".into(), 25));
        assert_eq!((one.server.to_string(), one.server_port), ("192.168.3.101".into(), 25));
        assert_eq!((one.state.as_str(), one.expires), ("ESTABLISHED", 899));
        assert_eq!(all[1].server.to_string(), "fd00:3::101");
        assert_eq!((all[2].protocol.as_str(), all[2].expires), ("IP", 300));
    }

    #[test]
    fn garbage_is_left_out() {
        for line in TABLE.lines().skip(1) {
            let last = line.rfind(char::is_whitespace).unwrap();
            for cut in 0..last {
                assert_eq!(connection(&line[..cut]), None, "{}", &line[..cut]);
            }
        }
    }
}
