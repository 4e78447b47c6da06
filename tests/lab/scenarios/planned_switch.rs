//! The MASTER is drained, as before maintenance, and comes back. Nobody outside may notice: no
//! session is lost, no connection fails. The article's way goes through the same for comparison.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::Cluster;
use crate::load::{Load, Running, Seen};
use crate::settings;
use crate::setup::Setup;

/// How long each state is watched before the next change.
const SETTLE: Duration = Duration::from_secs(4);

/// How long keepalived is stopped.
const DOWN: Duration = Duration::from_secs(10);

/// How long a short session lasts: a mail's dialogue.
const LASTS: Duration = Duration::from_millis(300);

/// For `make test`: small and short.
pub fn run_once(cluster: &mut Cluster) -> Result<String> {
    let load = Load { sessions: 40, rate: 5, lasts: LASTS, patience: Duration::from_secs(5) };
    let seen = switch(cluster, &Setup::ours(), load, 1, one_round)?;
    ensure!(seen.whole(), "{seen}\n{}", seen.losses());
    Ok(seen.to_string())
}

/// The proof, in IPv4 and in IPv6.
pub fn run(cluster: &mut Cluster) -> Result<String> {
    prove(cluster, one_round, &[("IPv4", Setup::ours()), ("IPv6", Setup::ours().in_ipv6())])
}

/// The same with keepalived stopped and started again while the node is drained.
pub fn run_with_restart(cluster: &mut Cluster) -> Result<String> {
    prove(cluster, round_with_restart, &[("mh", Setup::ours())])
}

/// Two rounds of any setup.
pub fn for_comparison(cluster: &mut Cluster, setup: &Setup) -> Result<Seen> {
    let load = Load { sessions: 40, rate: 10, lasts: LASTS, patience: Duration::from_secs(5) };
    switch(cluster, setup, load, 2, one_round)
}

type Round = fn(&mut Cluster, &mut Running) -> Result<usize>;

fn prove(cluster: &mut Cluster, round: Round, variants: &[(&str, Setup)]) -> Result<String> {
    let load = Load {
        sessions: settings::number("SESSIONS", 200)?,
        rate: settings::number("RATE", 10)?,
        lasts: LASTS,
        patience: Duration::from_secs(5),
    };
    let rounds = settings::number("ROUNDS", 20)?;
    let (mut told, mut whole) = (Vec::new(), true);
    for (name, setup) in variants {
        if !settings::chosen(name) {
            continue;
        }
        let seen = switch(cluster, setup, load, rounds, round)?;
        println!("    {name}, {rounds} rounds: {seen}\n{}", seen.losses());
        whole &= seen.whole();
        told.push(format!("{name}, {rounds} rounds: {seen}"));
    }
    if settings::text("ONLY").is_none() {
        let articles = switch(cluster, &Setup::articles(), load, 1, round)?;
        told.push(format!("the article's way, 1 round: {articles}"));
    }
    ensure!(whole, "{}", told.join("; "));
    Ok(told.join("; "))
}

fn switch(
    cluster: &mut Cluster,
    setup: &Setup,
    load: Load,
    rounds: usize,
    round: Round,
) -> Result<Seen> {
    cluster.set_up(setup)?;
    let mut running = load.start(cluster)?;
    let spread = running.sessions.spread();
    ensure!(spread.len() == cluster.nodes.len(), "the sessions are spread over {spread:?}");
    for count in 1..=rounds {
        let lost = round(cluster, &mut running).with_context(|| format!("round {count}"))?;
        if lost > 0 && count < rounds {
            running.sessions.refill()?;
        }
    }
    Ok(running.stop())
}

fn one_round(cluster: &mut Cluster, running: &mut Running) -> Result<usize> {
    let lost = drain(cluster, running)?;
    Ok(lost + fail_back(cluster, running)?)
}

fn round_with_restart(cluster: &mut Cluster, running: &mut Running) -> Result<usize> {
    let mut lost = drain(cluster, running)?;
    running.note("stop");
    cluster.nodes[0].stop()?;
    std::thread::sleep(DOWN);
    lost += running.check();
    running.note("start");
    cluster.nodes[0].start()?;
    std::thread::sleep(SETTLE);
    lost += running.check();
    Ok(lost + fail_back(cluster, running)?)
}

fn drain(cluster: &Cluster, running: &mut Running) -> Result<usize> {
    std::thread::sleep(SETTLE);
    running.note("drain");
    cluster.nodes[0].drain(true)?;
    cluster.wait_for_masters(&[1])?;
    running.note("moved");
    std::thread::sleep(SETTLE);
    Ok(running.check())
}

fn fail_back(cluster: &Cluster, running: &mut Running) -> Result<usize> {
    running.note("end of drain");
    cluster.nodes[0].drain(false)?;
    cluster.wait_for_masters(&[0])?;
    running.note("back");
    std::thread::sleep(SETTLE);
    Ok(running.check())
}
