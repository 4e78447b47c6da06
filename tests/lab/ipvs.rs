//! What the kernel says of its IPVS services, in the namespace of the calling thread (the formats
//! of /proc/net/ip_vs and /proc/net/ip_vs_stats_percpu, numbers in hexadecimal).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result};

/// A real server of the only service of the lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    pub address: IpAddr,
    pub weight: u32,
    /// Its established connections.
    pub active: u32,
}

/// What was balanced since the namespace began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balanced {
    pub connections: u64,
    pub packets: u64,
}

/// The real servers that get connections: those of a weight above 0.
pub fn real_servers() -> Result<Vec<RealServer>> {
    let text = fs::read_to_string("/proc/thread-self/net/ip_vs").context("ip_vs")?;
    Ok(servers_in(&text))
}

/// The counters of this node's IPVS. Those of the CPUs, which are live: the sums of ip_vs_stats
/// are renewed every two seconds only.
pub fn balanced() -> Result<Balanced> {
    let file = "/proc/thread-self/net/ip_vs_stats_percpu";
    let text = fs::read_to_string(file).context(file)?;
    counters_in(&text).context(text)
}

fn servers_in(text: &str) -> Vec<RealServer> {
    (text.lines())
        .filter_map(|line| {
            let mut words = line.trim().strip_prefix("-> ")?.split_whitespace();
            let (address, _) = words.next()?.rsplit_once(':')?;
            let address = match address.strip_prefix('[') {
                Some(v6) => v6.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into(),
                None => Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?).into(),
            };
            let weight = words.nth(1)?.parse().ok()?;
            let active = words.next()?.parse().ok()?;
            Some(RealServer { address, weight, active })
        })
        .filter(|server| server.weight > 0)
        .collect()
}

/// Adds up the rows of the CPUs, which stand between two lines of headings and the sum, `~`.
fn counters_in(text: &str) -> Option<Balanced> {
    let mut sum = Balanced { connections: 0, packets: 0 };
    for row in text.lines().skip(2) {
        let mut words = row.split_whitespace();
        if words.next()? == "~" {
            return Some(sum);
        }
        let mut next = || u64::from_str_radix(words.next()?, 16).ok();
        sum.connections += next()?;
        sum.packets += next()?;
    }
    None
}
