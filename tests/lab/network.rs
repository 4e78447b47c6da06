//! The article's network: 192.168.3.0/24 on one switch, the servers at .101 and up, a client at
//! .3; the same numbers in fd00:3::/64. The switch is a bridge; each node has its eth0 in a
//! namespace of its own. A second, empty switch is there for partitions.

use std::fs;
use std::net::{IpAddr, Ipv6Addr};

use anyhow::{Context, Result};

use crate::common::netns::Netns;

/// The clients' addresses.
const CLIENT: &str = "192.168.3.3";
const COUNTING_CLIENT: &str = "192.168.3.4";
const FAR_CLIENT: &str = "192.168.3.5";

/// The switches: all hosts are on the first, but in a partition.
const SWITCH: &str = "switch";
const FAR_SWITCH: &str = "farswitch";

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

    /// Lets nothing through that comes from the host, while what goes to it arrives: a port that is half
    /// broken. Carriers stay.
    pub fn mute(&self) -> Result<()> {
        self.drop_what("iifname")
    }

    /// Lets nothing through that goes to the host.
    pub fn deafen(&self) -> Result<()> {
        self.drop_what("oifname")
    }

    /// Ends both.
    pub fn repair(&self) -> Result<()> {
        let table = self.table();
        run("nft", &format!("add table {table} ; delete table {table}"))
    }

    fn drop_what(&self, direction: &str) -> Result<()> {
        let (table, port) = (self.table(), &self.port);
        run(
            "nft",
            &format!(
                "add table {table} ; \
                 add chain {table} drop_{direction} {{ type filter hook forward priority 0 ; }} ; \
                 add rule {table} drop_{direction} {direction} {port} drop"
            ),
        )
    }

    fn table(&self) -> String {
        format!("bridge {}", self.port.replace('-', "_"))
    }

    /// Puts the cable into the other switch, which no cable joins to the first.
    pub fn part(&self) -> Result<()> {
        here(&format!("link set {} master {FAR_SWITCH}", self.port))
    }

    /// Puts the cable back.
    pub fn join(&self) -> Result<()> {
        here(&format!("link set {} master {SWITCH}", self.port))
    }
}

/// Makes the switches. VRRP is multicast: a bridge must not wait for IGMP to forward it.
pub fn switch() -> Result<()> {
    fs::create_dir_all("/run/netns")?;
    here("link set lo up")?;
    for name in [SWITCH, FAR_SWITCH] {
        here(&format!("link add {name} type bridge mcast_snooping 0 forward_delay 0"))?;
        here(&format!("link set {name} up"))?;
    }
    Ok(())
}

/// What a host has beside its IPv4 address: the same last number in fd00:3::/64, digit for digit.
pub fn in_ipv6(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let digits = u16::from_str_radix(&v4.octets()[3].to_string(), 16).unwrap();
            Ipv6Addr::new(0xfd00, 3, 0, 0, 0, 0, 0, digits).into()
        }
        IpAddr::V6(_) => address,
    }
}

/// A host on the switch: a namespace `name` with an `eth0`.
pub fn host(name: &str, address: IpAddr) -> Result<(Netns, Link)> {
    let link = Link { port: format!("p-{name}") };
    here(&format!("netns add {name}"))?;
    here(&format!("link add {} type veth peer name eth0 netns {name}", link.port))?;
    here(&format!("link set {} master {SWITCH} up", link.port))?;
    let netns = Netns::open(format!("/run/netns/{name}"));
    netns.ip("link set lo up");
    netns.ip(&format!("address add {address}/24 brd + dev eth0"));
    netns.ip(&format!("address add {}/64 dev eth0 nodad", in_ipv6(address)));
    netns.ip("link set eth0 up");
    Ok((netns, link))
}

/// Takes a host away that only one scenario needs.
pub fn remove(name: &str) -> Result<()> {
    here(&format!("link delete p-{name}"))?;
    here(&format!("netns delete {name}"))
}

/// The client.
pub fn client() -> Result<Netns> {
    Ok(host("client", CLIENT.parse()?)?.0)
}

/// A client that partitions put on the far side.
pub fn far_client() -> Result<(Netns, Link)> {
    host("far", FAR_CLIENT.parse()?)
}

/// A client of its own for what counts packets: it counts those that it sends to `vip`. No
/// connection of an earlier scenario can repeat a last FIN from here.
pub fn counting_client(vip: IpAddr) -> Result<Netns> {
    let (client, _) = host("counter", COUNTING_CLIENT.parse()?)?;
    count_packets(&client, vip);
    Ok(client)
}

/// Makes a client count what it sends to `vip`, from nothing.
pub fn count_packets(client: &Netns, vip: IpAddr) {
    let family = if vip.is_ipv4() { "ip" } else { "ip6" };
    client.tool("nft", "add table inet count");
    client.tool("nft", "delete table inet count");
    client.tool("nft", "add table inet count");
    client.tool("nft", "add counter inet count sent");
    client.tool("nft", "add chain inet count out { type filter hook output priority 0 ; }");
    let rule =
        format!("add rule inet count out {family} daddr {vip} tcp dport 25 counter name sent");
    client.tool("nft", &rule);
}

/// How many packets the client has sent to the VIP.
pub fn packets_sent(client: &Netns) -> Result<u64> {
    let listing = client.tool("nft", "list counter inet count sent");
    let mut words = listing.split_whitespace().skip_while(|word| *word != "packets");
    words.nth(1).and_then(|count| count.parse().ok()).context(listing)
}

fn here(args: &str) -> Result<()> {
    run("ip", args)
}

fn run(program: &str, args: &str) -> Result<()> {
    let output = std::process::Command::new(program).args(args.split_whitespace()).output()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "{program} {args}: {words}");
    Ok(())
}
