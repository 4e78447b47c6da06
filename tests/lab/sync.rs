//! A sync daemon's messages, made here: with them a BACKUP has a million connections within minutes, which nobody
//! had to open (struct ip_vs_sync_mesg and ip_vs_sync_v4 in net/netfilter/ipvs/ip_vs_sync.c, version 1).

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use socket2::SockRef;

use crate::common::netns::Netns;
use crate::common::patience::within;
use crate::ipvs;
use crate::node::Node;

/// The group and port of all sync daemons.
const GROUP: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 81), 8848);

/// What a message of 1,500 bytes holds, and how many of them wait for the daemon without a loss.
const IN_A_MESSAGE: usize = 40;
const AT_ONCE: usize = 50;

/// IPPROTO_TCP, IP_VS_CONN_F_DROUTE, IP_VS_TCP_S_ESTABLISHED
const TCP: u8 = 6;
const DIRECT_ROUTING: u32 = 3;
const ESTABLISHED: u16 = 1;

/// How long the kernel keeps a connection of which it hears nothing more, in seconds.
const LIFETIME: u32 = 24 * 60 * 60;

/// The first client, and how many connections each has.
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
const PORTS: u32 = 60_000;

/// How often the same is told: of what is lost the daemon does not tell.
const ATTEMPTS: usize = 3;

/// How long the daemon may take for what waits, and after that for the last message.
const PATIENCE: Duration = Duration::from_secs(60);
const LAST: Duration = Duration::from_secs(1);

/// The services: so many TCP ports of a VIP from a first one on, each with the same real servers.
pub struct Services {
    pub vip: Ipv4Addr,
    pub first: u16,
    pub count: usize,
    pub servers: Vec<Ipv4Addr>,
}

/// Tells a BACKUP of these established connections, which take turns with services and servers, and waits until
/// it has them. `id` is the daemons'; none of them may be there before without those of lower numbers.
pub fn tell(
    from: &Node,
    to: &Netns,
    id: u8,
    services: &Services,
    connections: Range<u32>,
) -> Result<()> {
    let IpAddr::V4(interface) = from.address else { bail!("{} is not of IPv4", from.name) };
    let socket = from.netns.run(|| UdpSocket::bind((interface, 0)))?;
    SockRef::from(&socket).set_multicast_if_v4(&interface)?;
    let numbers: Vec<u32> = connections.clone().collect();
    for _ in 0..ATTEMPTS {
        for (at, numbers) in numbers.chunks(IN_A_MESSAGE).enumerate() {
            socket.send_to(&message(id, services, numbers), GROUP)?;
            if at % AT_ONCE == 0 {
                within(PATIENCE, || to.run(nothing_waits).then_some(()))
                    .context("the sync daemon does not read")?;
            }
        }
        let all = within(LAST, || {
            let servers = to.run(ipvs::real_servers).unwrap_or_default();
            let active: u32 = servers.iter().map(|server| server.active).sum();
            (active == connections.end).then_some(())
        });
        if all.is_some() {
            return Ok(());
        }
    }
    bail!("the sync daemon did not take {connections:?}")
}

fn message(id: u8, services: &Services, connections: &[u32]) -> Vec<u8> {
    const HEAD: usize = 8;
    const EACH: usize = 36;
    let mut bytes = vec![0, id];
    bytes.extend(((HEAD + EACH * connections.len()) as u16).to_be_bytes());
    // Their count, the version, two unused bytes.
    bytes.extend([connections.len() as u8, 1, 0, 0]);
    for &number in connections {
        let at = number as usize;
        let port = services.first + (at % services.count) as u16;
        let server = services.servers[at / services.count % services.servers.len()];
        let client = Ipv4Addr::from_bits(CLIENT.to_bits() + number / PORTS);
        bytes.extend([0, TCP]);
        bytes.extend((EACH as u16).to_be_bytes());
        bytes.extend(DIRECT_ROUTING.to_be_bytes());
        for word in [ESTABLISHED, 1024 + (number % PORTS) as u16, port, port] {
            bytes.extend(word.to_be_bytes());
        }
        let firewall_mark = 0;
        for word in [firewall_mark, LIFETIME] {
            bytes.extend(u32::to_be_bytes(word));
        }
        for address in [client, services.vip, server] {
            bytes.extend(address.octets());
        }
    }
    bytes
}

/// Whether the daemon's socket in the calling thread's namespace has been read: the lengths of its queues stand
/// behind address and state.
fn nothing_waits() -> bool {
    let text = std::fs::read_to_string("/proc/thread-self/net/udp").unwrap_or_default();
    let port = format!(":{:04X}", GROUP.1);
    let mut sockets = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words
            .get(1)?
            .ends_with(&port)
            .then(|| words.get(4).is_some_and(|queues| queues.ends_with(":00000000")))
    });
    sockets.all(|is_empty| is_empty)
}
