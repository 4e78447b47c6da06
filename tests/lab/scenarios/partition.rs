//! The network falls into halves, two nodes and a client each; both halves have a MASTER and serve
//! their client. When it is whole again there must be one MASTER, nothing may be left over, and no
//! packet may be balanced twice, as soon as everybody has heard who the MASTER is: one that steps down
//! at once is never heard by the other, which then has no reason to speak up before its next
//! `garp_master_refresh`.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::network;
use crate::setup::Setup;
use crate::traffic::Traffic;

/// How long the halves are apart.
const APART: Duration = Duration::from_secs(18);

/// When everybody has heard: the example's garp_master_refresh, and the ten seconds for which a guard
/// remembers who sent it connections.
const HEARD: Duration = Duration::from_secs(21);

/// How long the whole is watched.
const WATCH: Duration = Duration::from_secs(10);

/// The counters are not read at one moment: so small a part of the packets may be off.
const NOISE: u64 = 50;

const RATE: u32 = 5;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let (ours, Balanced { sent, twice, .. }) = parted(cluster, &Setup::ours().scheduled("rr"))?;
    println!("    ours: {ours}");
    let (articles, ..) = parted(cluster, &Setup::articles().scheduled("rr"))?;
    ensure!(twice <= sent / NOISE, "{twice} packets were balanced more than once: {ours}");
    Ok(format!("ours: {ours}; the article's way: {articles}"))
}

/// What the clients sent in some time, and what became of it.
#[derive(Debug)]
struct Balanced {
    sent: u64,
    /// By each node.
    by: Vec<u64>,
    /// Beyond what was sent.
    twice: u64,
}

impl fmt::Display for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Balanced { sent, by, twice } = self;
        write!(f, "{sent} packets sent, {by:?} balanced, {twice} more than once")
    }
}

/// How many packets both clients have sent.
fn sent(cluster: &Cluster) -> Result<u64> {
    Ok(network::packets_sent(&cluster.client)? + network::packets_sent(&cluster.far_client.0)?)
}

/// Watches both clients' packets while `work` goes on; they are being counted.
fn balanced(cluster: &Cluster, work: impl FnOnce() -> Result<()>) -> Result<Balanced> {
    let (sent_before, before) = (sent(cluster)?, cluster.packets_balanced()?);
    work()?;
    let (sent, after) = (sent(cluster)? - sent_before, cluster.packets_balanced()?);
    let by: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let twice = by.iter().sum::<u64>().saturating_sub(sent);
    Ok(Balanced { sent, by, twice })
}

fn parted(cluster: &mut Cluster, setup: &Setup) -> Result<(String, Balanced)> {
    cluster.set_up(setup)?;
    let ours = setup.way == crate::setup::Way::Ours;
    let load =
        Load { sessions: 40, rate: RATE, lasts: Duration::ZERO, patience: Duration::from_secs(3) };
    let mut running = load.start(cluster)?;
    let (far, far_link) = &cluster.far_client;
    for client in [&*cluster.client, far] {
        network::count_packets(client, cluster.vip);
    }
    let far_traffic = Traffic::start(far, cluster.service(), RATE, GREETING);
    std::thread::sleep(Duration::from_secs(2));
    let links = [&cluster.nodes[2].link, &cluster.nodes[3].link, far_link];
    let parted = running.note("parted");
    links.iter().try_for_each(|link| link.part())?;
    std::thread::sleep(APART);
    let masters = cluster.masters()?;
    let (mut joined, mut one) = (Instant::now(), Duration::ZERO);
    let first = balanced(cluster, || {
        joined = running.note("joined");
        links.iter().try_for_each(|link| link.join())?;
        cluster.wait_for_masters(&[0]).context("after the halves were joined")?;
        one = joined.elapsed();
        if ours {
            cluster.converge(&cluster.everybody())?;
        }
        std::thread::sleep(HEARD.saturating_sub(joined.elapsed()));
        Ok(())
    })?;
    let watched = balanced(cluster, || {
        std::thread::sleep(WATCH);
        Ok(())
    })?;
    let lost = running.check();
    let seen = running.stop();
    let far_seen = far_traffic.stop();
    println!("{}", seen.losses());
    let failed = |outcomes: &[crate::traffic::Outcome], from: Instant, to: Instant| {
        let those = || outcomes.iter().filter(move |o| o.started >= from && o.started < to);
        format!("{} of {}", those().filter(|o| o.greeted.is_err()).count(), those().count())
    };
    if ours {
        no_leftover(cluster)?;
    }
    let now = Instant::now();
    let line = format!(
        "apart for {} s with MASTERs {masters:?}; one MASTER {:.1} s after they were joined; {lost} \
         of {} sessions lost; connects failed while apart: near {}, far {}; after: near {}, far {}; \
         in the first {} s {first}; then {watched}",
        APART.as_secs(),
        one.as_secs_f64(),
        seen.held,
        failed(&seen.outcomes, parted, joined),
        failed(&far_seen, parted, joined),
        failed(&seen.outcomes, joined, now),
        failed(&far_seen, joined, now),
        HEARD.as_secs(),
    );
    Ok((line, watched))
}

/// No VIP but the MASTER's, one fallback route and one guard on each node.
fn no_leftover(cluster: &Cluster) -> Result<()> {
    for (place, node) in cluster.nodes.iter().enumerate() {
        let routes = node.netns.ip(&format!("route show table local {}", cluster.vip));
        let expected = if place == 0 { 2 } else { 1 };
        ensure!(routes.lines().count() == expected, "{}: routes {routes}", node.name);
        let chains = node.netns.tool("nft", "list chains");
        ensure!(chains.matches("chain vip-").count() == 1, "{}: {chains}", node.name);
    }
    Ok(())
}
