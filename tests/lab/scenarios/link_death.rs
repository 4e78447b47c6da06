//! The MASTER's link dies. Service must resume as soon as VRRP allows, from the survivors; and the
//! node must find its way back when the link returns.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::Cluster;
use crate::setup::TAKEOVER;
use crate::traffic::{Traffic, outage};

/// Connections a second: a fifth of a second is how finely the outage is measured.
const RATE: u32 = 5;

/// After this a connection counts as lost. Shorter than the SYN's third repetition, so that a
/// late success is not mistaken for an early one.
const PATIENCE: Duration = Duration::from_secs(2);

/// VRRP's time and 1 s for the rest.
const LIMIT: Duration = TAKEOVER.saturating_add(Duration::from_secs(1));

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let everybody = cluster.everybody();
    cluster.converge(&everybody)?;
    let (master, survivors) = (&cluster.nodes[0], &everybody[1..]);
    let traffic = Traffic::start(&cluster.client, cluster.service(), RATE, PATIENCE);
    std::thread::sleep(Duration::from_secs(2));

    let died = Instant::now();
    master.link.pull()?;
    cluster.converge(survivors).context("after the link died")?;
    cluster.all_answer(survivors).context("after the link died")?;

    let returned = Instant::now();
    master.link.plug()?;
    cluster.converge(&everybody).context("after the link returned")?;
    cluster.all_answer(&everybody).context("after the link returned")?;
    let outcomes = traffic.stop();

    let out = outage(&outcomes, died).context("no connection was answered after the link died")?;
    ensure!(out <= LIMIT, "service resumed only after {out:.1?}, the limit is {LIMIT:.1?}");
    let lost_at_return = outcomes.iter().filter(|o| o.started > returned && o.greeted.is_err());
    Ok(format!(
        "{} took over; service resumed after {:.1} s (limit {:.1} s); after the return {} of {} \
         connections failed",
        cluster.nodes[survivors[0]].name,
        out.as_secs_f64(),
        LIMIT.as_secs_f64(),
        lost_at_return.count(),
        outcomes.iter().filter(|o| o.started > returned).count(),
    ))
}
