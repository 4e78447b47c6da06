//! With `rr` every node would balance to another one next, so a node that balances what it was
//! forwarded shows at once. (`sh` would hide it: all nodes choose the same server.) Counted by the
//! kernel: what a client sent the MASTER balanced, and nobody else balanced anything.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::setup::Setup;
use crate::{network, traffic};

const CONNECTIONS: u64 = 40;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::ours().scheduled("rr"))?;
    count(cluster)
}

fn count(cluster: &Cluster) -> Result<String> {
    let client = network::counting_client(cluster.vip)?;
    let counters = || cluster.nodes.iter().map(|node| node.balanced()).collect::<Result<Vec<_>>>();
    let before = counters()?;
    let mut met = BTreeMap::<String, u64>::new();
    for connection in 1..=CONNECTIONS {
        let outcome = client.run(|| traffic::greeting(cluster.service(), GREETING));
        let name = outcome.greeted.map_err(anyhow::Error::msg);
        *met.entry(name.with_context(|| format!("connection {connection}"))?).or_default() += 1;
    }
    // The last ACK is still on its way.
    std::thread::sleep(Duration::from_secs(1));
    let (sent, after) = (network::packets_sent(&client)?, counters()?);
    let balanced = |place: usize| {
        let (before, after) = (before[place], after[place]);
        (after.connections - before.connections, after.packets - before.packets)
    };
    let (connections, packets) = balanced(0);
    // The MASTER may know connections of earlier scenarios, whose last packets come late.
    ensure!(
        connections == CONNECTIONS && packets >= sent,
        "of {CONNECTIONS} connections and {sent} packets the MASTER balanced {connections} and \
         {packets}"
    );
    for (place, node) in cluster.nodes.iter().enumerate().skip(1) {
        let twice = balanced(place);
        ensure!(twice == (0, 0), "{} balanced too: {twice:?}", node.name);
    }
    let each = CONNECTIONS / cluster.nodes.len() as u64;
    ensure!(met.values().all(|&count| count == each), "rr met {met:?}, not each {each} times");
    Ok(format!(
        "{CONNECTIONS} connections, {sent} packets sent, {packets} balanced by the MASTER, 0 by \
         the others; each server met {each} times"
    ))
}
