//! Real firewalld on the two nodes between which the address moves, with what `gen-conf --firewall firewalld`
//! renders: sessions go on when the MASTER is drained and when it comes back, also those that the new MASTER
//! served as BACKUP. And what firewalld closes stays closed for whoever sends to the VIP, by either node.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::common::firewalld::Firewalld;
use crate::common::netns::Netns;
use crate::load::Load;
use crate::node::Node;
use crate::setup::Setup;
use crate::traffic::{self, Outcome};

/// A port on which the nodes listen and that no rule opens.
const CLOSED: u16 = 6379;

/// On so many nodes, from the first one on.
const FIREWALLS: usize = 2;

/// How long a connection to it is tried.
const BRIEF: Duration = Duration::from_secs(2);

const SETTLE: Duration = Duration::from_secs(5);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::ours())?;
    // Until the rules are there nobody hears an advert.
    cluster.stop()?;
    let firewalls = with_rules(cluster)?;
    cluster.start()?;
    let seen = behind(cluster);
    drop(firewalls);
    // It leaves its rules behind.
    cluster.reset()?;
    seen
}

/// firewalld with the rendered rules.
fn with_rules(cluster: &Cluster) -> Result<Vec<Firewalld>> {
    cluster.gen_conf(&["--firewall", "firewalld"])?;
    let start = |node: &Node| -> Result<Firewalld> {
        let firewall = Firewalld::start(&node.netns).map_err(anyhow::Error::msg)?;
        let rules = fs::read_to_string(node.conf().with_file_name("lvskit-firewall.sh"))?;
        let (ok, said) = firewall.shell(&node.netns, &rules);
        ensure!(ok, "{}: {said}", node.name);
        Ok(firewall)
    };
    std::thread::scope(|scope| {
        let starting: Vec<_> = cluster.nodes[..FIREWALLS]
            .iter()
            .map(|node| scope.spawn(move || start(node)))
            .collect();
        starting.into_iter().map(|starting| starting.join().unwrap()).collect()
    })
}

fn behind(cluster: &Cluster) -> Result<String> {
    cluster.settle(&cluster.everybody())?;
    let load =
        Load { sessions: 40, rate: 5, lasts: Duration::from_millis(300), patience: GREETING };
    let mut running = load.start(cluster)?;
    let spread = running.sessions.spread();
    ensure!(spread.len() == cluster.nodes.len(), "the sessions are spread over {spread:?}");
    for (event, drained, master) in [("drain", true, 1), ("end of drain", false, 0)] {
        std::thread::sleep(SETTLE);
        running.note(event);
        cluster.nodes[0].drain(drained)?;
        cluster.wait_for_masters(&[master])?;
        running.note("moved");
        std::thread::sleep(SETTLE);
        running.check();
    }
    let seen = running.stop();
    println!("    {seen}\n{}", seen.losses());
    let open = open_ports(cluster)?;
    ensure!(seen.whole(), "{seen}\n{}", seen.losses());
    ensure!(open.is_empty(), "port {CLOSED} is open: {}", open.join(", "));
    Ok(format!("{seen}; port {CLOSED} stays closed at the VIP and at both nodes' own addresses"))
}

/// By which ways the closed port is reached. A client that sends everything for the VIP to one node stands
/// for a neighbour that routes it there.
fn open_ports(cluster: &Cluster) -> Result<Vec<String>> {
    let mut open = Vec::new();
    let (client, _) = &cluster.far_client;
    for (place, node) in cluster.nodes[..FIREWALLS].iter().enumerate() {
        let listener = node.netns.run(|| TcpListener::bind((Ipv6Addr::UNSPECIFIED, CLOSED)))?;
        if reaches(client, node.address) {
            open.push(format!("{} of {}", node.address, node.short()));
        }
        let vip = cluster.vip;
        let mac = node.netns.mac("eth0");
        client.ip(&format!("neighbour replace {vip} lladdr {mac} dev eth0 nud permanent"));
        if reaches(client, vip) {
            open.push(format!("the VIP by way of {} ", node.short()));
        }
        let Outcome { greeted, .. } = client.run(|| traffic::greeting(cluster.service(), GREETING));
        client.ip(&format!("neighbour delete {vip} dev eth0"));
        let name = greeted.map_err(anyhow::Error::msg);
        let name = name.with_context(|| format!("the service by way of {}", node.short()))?;
        // The MASTER balances.
        ensure!(place == 0 || name == node.name, "{name} answered for {}", node.name);
        drop(listener);
    }
    Ok(open)
}

fn reaches(client: &Netns, address: IpAddr) -> bool {
    let to = SocketAddr::new(address, CLOSED);
    client.run(|| TcpStream::connect_timeout(&to, BRIEF)).is_ok()
}
