//! Mails go to the VIP while the MASTER is drained and comes back, and while it loses its power.
//! What a server acknowledged must be delivered, once. (In a power loss a mail may be taken and the
//! acknowledgement lost: then its sender tries again, and SMTP allows two.)

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::mails::{Delivered, Mails};
use crate::settings;
use crate::setup::Setup;

const SETTLE: Duration = Duration::from_secs(4);

/// How long the MASTER has no power.
const DEAD: Duration = Duration::from_secs(20);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let ours = Setup::ours();
    let switched = drained(cluster, &ours)?;
    println!("    drained: {}", tell(&switched));
    let died = dead(cluster, &ours)?;
    println!("    dead: {}", tell(&died));
    let articles = drained(cluster, &Setup::articles())?;
    let told = format!(
        "drained: {}; dead: {}; drained, the article's way: {}",
        tell(&switched),
        tell(&died),
        tell(&articles)
    );
    for delivered in [&switched, &died] {
        let all = delivered.acknowledged == delivered.sent;
        ensure!(all && delivered.lost.is_empty(), "{told}; lost: {:?}", delivered.lost);
    }
    ensure!(switched.twice.is_empty(), "twice: {:?}; {told}", switched.twice);
    Ok(told)
}

fn drained(cluster: &mut Cluster, setup: &Setup) -> Result<Delivered> {
    cluster.set_up(setup)?;
    let mails = start(cluster)?;
    for _ in 0..settings::number("ROUNDS", 3)? {
        std::thread::sleep(SETTLE);
        cluster.nodes[0].drain(true)?;
        cluster.wait_for_masters(&[1])?;
        std::thread::sleep(SETTLE);
        cluster.nodes[0].drain(false)?;
        cluster.wait_for_masters(&[0])?;
    }
    std::thread::sleep(SETTLE);
    Ok(mails.stop(cluster))
}

fn dead(cluster: &mut Cluster, setup: &Setup) -> Result<Delivered> {
    cluster.set_up(setup)?;
    let mails = start(cluster)?;
    std::thread::sleep(SETTLE);
    cluster.nodes[0].link.pull()?;
    std::thread::sleep(DEAD);
    cluster.nodes[0].link.plug()?;
    cluster.converge(&cluster.everybody())?;
    std::thread::sleep(SETTLE);
    Ok(mails.stop(cluster))
}

fn start(cluster: &Cluster) -> Result<Mails> {
    Ok(Mails::start(&cluster.client, cluster.service(), settings::number("MAILS", 4)?))
}

fn tell(delivered: &Delivered) -> String {
    format!(
        "{} mails, {} acknowledged ({} after repetition), {} of them not found, {} found twice",
        delivered.sent,
        delivered.acknowledged,
        delivered.repeated,
        delivered.lost.len(),
        delivered.twice.len()
    )
}
