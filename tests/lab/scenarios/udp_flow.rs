//! UDP senders such as syslog keep their source port for days. What a BACKUP served of such a flow must
//! not bind it to that node: once the node is MASTER its IPVS balances the flow, from the first datagram.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::setup::Setup;
use crate::udp::{Counter, Flow};

const PORT: u16 = 5140;

/// The flows' source ports: enough that the second node gets some of them.
const FLOWS: std::ops::Range<u16> = 5514..5522;

/// Datagrams of each flow in each state.
const COUNT: u32 = 20;

/// The kernel renews what it tells of a service's packets every two seconds.
const RENEWED: Duration = Duration::from_secs(3);

/// The service beside the example's.
const SERVICE: &str = "  - port: 5140
    protocol: UDP
    delay_loop: 1
    lb_algo: rr
    check: {type: TCP_CHECK, connect_port: 25, connect_timeout: 1.5, retry: 1, delay_before_retry: 0.5}
";

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::ours().and(SERVICE))?;
    let counters = (cluster.nodes.iter())
        .map(|node| Counter::start(&node.netns, PORT))
        .collect::<Result<Vec<_>>>()?;
    let load =
        Load { sessions: 20, rate: 5, lasts: Duration::from_millis(300), patience: GREETING };
    let mut running = load.start(cluster)?;
    let service = SocketAddr::new(cluster.vip, PORT);
    let (flow, before) = flow_to(cluster, &counters, service, 1)?;

    running.note("drain");
    cluster.nodes[0].drain(true)?;
    cluster.wait_for_masters(&[1])?;
    // Until the client has heard of it; it hears nothing from the old MASTER any more.
    std::thread::sleep(Duration::from_millis(500));
    let (balanced, arrived) = (packets(cluster, 1)?, sum(&counters));
    flow.send(COUNT)?;
    std::thread::sleep(RENEWED);
    let (balanced, arrived) = (packets(cluster, 1)? - balanced, sum(&counters) - arrived);
    running.note("end of drain");
    cluster.nodes[0].drain(false)?;
    cluster.wait_for_masters(&[0])?;
    std::thread::sleep(RENEWED);
    running.check();
    let seen = running.stop();
    ensure!(
        balanced == u64::from(COUNT),
        "of {COUNT} datagrams of a flow that it served as BACKUP the new MASTER balanced {balanced}"
    );
    ensure!(arrived == u64::from(COUNT), "of {COUNT} datagrams {arrived} arrived after the switch");
    ensure!(seen.whole(), "{seen}\n{}", seen.losses());
    Ok(format!(
        "{before} of {before} datagrams of one flow served by a BACKUP, {balanced} of {COUNT} balanced by the \
         same node as MASTER; {seen}"
    ))
}

/// A flow that the MASTER sends to node `place`, and how many of its datagrams arrived there: all.
fn flow_to(
    cluster: &Cluster,
    counters: &[Counter],
    service: SocketAddr,
    place: usize,
) -> Result<(Flow, u64)> {
    for port in FLOWS {
        let flow = Flow::open(&cluster.client, port, service)?;
        let (there, all) = (counters[place].count(), sum(counters));
        flow.send(COUNT)?;
        std::thread::sleep(Duration::from_millis(300));
        let (there, all) = (counters[place].count() - there, sum(counters) - all);
        ensure!(all == u64::from(COUNT), "of {COUNT} datagrams {all} arrived before the switch");
        if there > 0 {
            ensure!(there == all, "a flow was split: {there} of {all}");
            return Ok((flow, there));
        }
    }
    anyhow::bail!("no flow was balanced to {}", cluster.nodes[place].name)
}

fn sum(counters: &[Counter]) -> u64 {
    counters.iter().map(Counter::count).sum()
}

/// How many packets of the service a node's IPVS has balanced.
fn packets(cluster: &Cluster, place: usize) -> Result<u64> {
    let service = SocketAddr::new(cluster.vip, PORT);
    let listing = cluster.nodes[place].netns.tool("ipvsadm", "-Ln --stats --exact");
    let of_service = |line: &&str| line.starts_with("UDP") && line.contains(&service.to_string());
    let line = listing.lines().find(of_service).with_context(|| listing.clone())?;
    let packets = line.split_whitespace().nth(3).and_then(|word| word.parse().ok());
    packets.with_context(|| listing.clone())
}
