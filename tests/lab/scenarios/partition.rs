//! The network falls into halves, two nodes and a client each; both halves have a MASTER and serve
//! their client. When it is whole again there must be one MASTER, nothing may be left over, and no
//! packet may be balanced twice.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::network;
use crate::setup::Setup;
use crate::traffic::Traffic;

/// How long the halves are apart.
const APART: Duration = Duration::from_secs(18);

/// How long the whole is watched.
const WATCH: Duration = Duration::from_secs(10);

/// The counters are not read at one moment: so small a part of the packets may be off.
const NOISE: u64 = 50;

const RATE: u32 = 5;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let (ours, sent, twice) = parted(cluster, &Setup::ours().scheduled("rr"))?;
    println!("    ours: {ours}");
    let (articles, ..) = parted(cluster, &Setup::articles().scheduled("rr"))?;
    ensure!(twice <= sent / NOISE, "{twice} packets were balanced more than once: {ours}");
    Ok(format!("ours: {ours}; the article's way: {articles}"))
}

fn parted(cluster: &mut Cluster, setup: &Setup) -> Result<(String, u64, u64)> {
    cluster.set_up(setup)?;
    let ours = setup.way == crate::setup::Way::Ours;
    let load =
        Load { sessions: 40, rate: RATE, lasts: Duration::ZERO, patience: Duration::from_secs(3) };
    let mut running = load.start(cluster)?;
    let (far, far_link) = &cluster.far_client;
    let far_traffic = Traffic::start(far, cluster.service(), RATE, GREETING);
    std::thread::sleep(Duration::from_secs(2));
    let links = [&cluster.nodes[2].link, &cluster.nodes[3].link, far_link];
    let parted = running.note("parted");
    links.iter().try_for_each(|link| link.part())?;
    std::thread::sleep(APART);
    let masters = cluster.masters()?;
    for client in [&*cluster.client, far] {
        network::count_packets(client, cluster.vip);
    }
    let before = cluster.packets_balanced()?;
    let joined = running.note("joined");
    links.iter().try_for_each(|link| link.join())?;
    cluster.wait_for_masters(&[0]).context("after the halves were joined")?;
    let one = joined.elapsed();
    if ours {
        cluster.converge(&cluster.everybody())?;
    }
    std::thread::sleep(WATCH);
    let mut sent = 0;
    for client in [&*cluster.client, far] {
        sent += network::packets_sent(client)?;
    }
    let after = cluster.packets_balanced()?;
    let balanced: Vec<u64> =
        after.iter().zip(before).map(|(after, before)| after - before).collect();
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
    let (now, twice) = (Instant::now(), balanced.iter().sum::<u64>().saturating_sub(sent));
    let line = format!(
        "apart for {} s with MASTERs {masters:?}; one MASTER {:.1} s after they were joined; {lost} \
         of {} sessions lost; connects failed while apart: near {}, far {}; after: near {}, far {}; \
         since then {sent} packets sent, {balanced:?} balanced, {twice} more than once",
        APART.as_secs(),
        one.as_secs_f64(),
        seen.held,
        failed(&seen.outcomes, parted, joined),
        failed(&far_seen, parted, joined),
        failed(&seen.outcomes, joined, now),
        failed(&far_seen, joined, now),
    );
    Ok((line, sent, twice))
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
