//! All keepalived processes of the MASTER are killed, and the VIP stays behind. Another node takes
//! over; from then on two nodes hold the address, and the dead one balances what it is forwarded
//! once more, unless something keeps it from that. What it does is counted, with `rr`, which hides
//! nothing; and with the address given up, as the drop-in for keepalived.service does.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::load::Load;
use crate::setup::Setup;
use crate::{network, settings};

/// How long the cluster is watched with the address on two nodes.
const WATCH: Duration = Duration::from_secs(15);

/// The counters are not read at one moment: so small a part of the packets may be off.
const NOISE: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cure {
    None,
    /// The address is taken off the dead node, as its service manager can do.
    GiveUp,
}

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let setups = [
        ("the guard alone", Setup::ours(), Cure::None),
        ("the article's way", Setup::articles(), Cure::None),
        ("and the address given up", Setup::ours(), Cure::GiveUp),
    ];
    let mut told = Vec::new();
    for (name, setup, cure) in setups {
        if !settings::chosen(name) {
            continue;
        }
        let (line, sent, twice) = killed(cluster, &setup.scheduled("rr"), cure)?;
        println!("    {name}: {line}");
        ensure!(
            cure == Cure::None || twice <= sent / NOISE,
            "{name}: {twice} packets were balanced more than once: {line}"
        );
        told.push(format!("{name}: {line}"));
    }
    Ok(told.join("; "))
}

fn killed(cluster: &mut Cluster, setup: &Setup, cure: Cure) -> Result<(String, u64, u64)> {
    cluster.set_up(setup)?;
    let load = Load {
        sessions: settings::number("SESSIONS", 40)?,
        rate: settings::number("RATE", 10)?,
        lasts: Duration::ZERO,
        patience: Duration::from_secs(3),
    };
    let mut running = load.start(cluster)?;
    std::thread::sleep(Duration::from_secs(2));
    cluster.nodes[0].kill()?;
    running.note("kill");
    if cure == Cure::GiveUp {
        std::thread::sleep(Duration::from_millis(200));
        cluster.nodes[0].give_up(cluster.vip)?;
        cluster.wait_for_masters(&[1])?;
    } else {
        cluster.wait_for_masters(&[0, 1])?;
    }
    std::thread::sleep(Duration::from_secs(2));
    let taken = running.note("taken over");
    network::count_packets(&cluster.client, cluster.vip);
    let before = cluster.packets_balanced()?;
    std::thread::sleep(WATCH);
    let (sent, after) = (network::packets_sent(&cluster.client)?, cluster.packets_balanced()?);
    let balanced: Vec<u64> =
        after.iter().zip(before).map(|(after, before)| after - before).collect();
    let lost = running.check();
    let back = running.note("start");
    cluster.start()?;
    cluster.wait_for_masters(&[0])?;
    std::thread::sleep(Duration::from_secs(5));
    let lost_at_return = running.check();
    let seen = running.stop();
    println!("{}", seen.losses());
    let twice = balanced.iter().sum::<u64>().saturating_sub(sent);
    let failed = |from, to: Option<_>| {
        seen.failed().filter(|o| o.started >= from && to.is_none_or(|to| o.started < to)).count()
    };
    let line = format!(
        "{sent} packets sent, {balanced:?} balanced, {twice} more than once; {lost} of {} sessions \
         lost, {} of {} connects failed after the takeover; when it started again {lost_at_return} \
         sessions and {} connects",
        seen.held,
        failed(taken, Some(back)),
        seen.outcomes.iter().filter(|o| o.started >= taken && o.started < back).count(),
        failed(back, None),
    );
    Ok((line, sent, twice))
}
