//! The article's network: 192.168.3.0/24 on one switch, the servers at .101 and up, a client at
//! .3. The switch is a bridge; each node has its eth0 in a namespace of its own.

use std::fs;
use std::net::IpAddr;

use anyhow::{Context, Result};

use crate::common::netns::Netns;

/// The clients' addresses.
const CLIENT: &str = "192.168.3.3";
const COUNTING_CLIENT: &str = "192.168.3.4";

/// The cable of one node: its end at the switch can be pulled and plugged.
pub struct Link {
    port: String,
}

impl Link {
    /// Takes the carrier away, on both ends.
    pub fn pull(&self) -> Result<()> {
        here(&format!("link set {} down", self.port))
    }

    /// Gives the carrier back.
    pub fn plug(&self) -> Result<()> {
        here(&format!("link set {} up", self.port))
    }
}

/// Makes the switch. VRRP is multicast: the bridge must not wait for IGMP to forward it.
pub fn switch() -> Result<()> {
    fs::create_dir_all("/run/netns")?;
    here("link set lo up")?;
    here("link add switch type bridge mcast_snooping 0 forward_delay 0")?;
    here("link set switch up")
}

/// A host on the switch: a namespace `name` with an `eth0`.
pub fn host(name: &str, address: IpAddr) -> Result<(Netns, Link)> {
    let link = Link { port: format!("p-{name}") };
    here(&format!("netns add {name}"))?;
    here(&format!("link add {} type veth peer name eth0 netns {name}", link.port))?;
    here(&format!("link set {} master switch up", link.port))?;
    let netns = Netns::open(format!("/run/netns/{name}"));
    netns.ip("link set lo up");
    netns.ip(&format!("address add {address}/24 brd + dev eth0"));
    netns.ip("link set eth0 up");
    Ok((netns, link))
}

/// The client.
pub fn client() -> Result<Netns> {
    Ok(host("client", CLIENT.parse()?)?.0)
}

/// A client of its own for what counts packets: it counts those that it sends to `vip`. No
/// connection of an earlier scenario can repeat a last FIN from here.
pub fn counting_client(vip: IpAddr) -> Result<Netns> {
    let (client, _) = host("counter", COUNTING_CLIENT.parse()?)?;
    client.tool("nft", "add table ip count");
    client.tool("nft", "add counter ip count sent");
    client.tool("nft", "add chain ip count out { type filter hook output priority 0 ; }");
    client.tool(
        "nft",
        &format!("add rule ip count out ip daddr {vip} tcp dport 25 counter name sent"),
    );
    Ok(client)
}

/// How many packets the client has sent to the VIP.
pub fn packets_sent(client: &Netns) -> Result<u64> {
    let listing = client.tool("nft", "list counter ip count sent");
    let mut words = listing.split_whitespace().skip_while(|word| *word != "packets");
    words.nth(1).and_then(|count| count.parse().ok()).context(listing)
}

fn here(args: &str) -> Result<()> {
    let output = std::process::Command::new("ip").args(args.split(' ')).output()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "ip {args}: {words}");
    Ok(())
}
