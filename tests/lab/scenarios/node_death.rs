//! The MASTER loses its power: nothing comes from it any more. Only the sessions that it served
//! itself may be lost; new connections must be answered again as soon as VRRP allows, and the dead
//! server must leave the balance. Then it is there again, as after a cut cable. Once for each
//! scheduler that may be chosen, and for the article's way.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::failures;
use crate::cluster::Cluster;
use crate::load::{Load, Seen};
use crate::settings;
use crate::setup::{Setup, TAKEOVER, Way};
use crate::traffic::{Outcome, outage};

/// How long new connections may be out: VRRP's time and 1 s for the rest; with the quick adverts this.
const LIMIT: Duration = TAKEOVER.saturating_add(Duration::from_secs(1));
const QUICK_LIMIT: Duration = Duration::from_millis(1500);

/// How long the service is watched after the dead server has left the balance.
const WATCH: Duration = Duration::from_secs(6);

/// How long the example's checks may leave a dead server in the balance.
const OUT_LIMIT: Duration = Duration::from_secs(5);

/// The outcome of one death.
pub struct Death {
    pub seen: Seen,
    /// Sessions of the living that were lost.
    pub others_lost: usize,
    /// Until the first answer to a connection that began after one had failed.
    pub outage: Option<Duration>,
    /// Until the last node had taken the dead server out of its balance.
    pub out: Duration,
    /// Connections that failed between the outage's end and `out`, and thereafter.
    pub failed_until_out: usize,
    pub failed_later: usize,
    /// How often a survivor took a living server out of its balance.
    pub false_alarms: usize,
    /// Of sessions and connections after the node's return.
    pub lost_at_return: usize,
    pub failed_at_return: usize,
}

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let variants = [
        ("mh, the example", Setup::ours(), LIMIT),
        ("wlc", Setup::ours().scheduled("wlc"), LIMIT),
        ("rr", Setup::ours().scheduled("rr"), LIMIT),
        ("mh, quick", Setup::ours().quick(), QUICK_LIMIT),
        ("wlc, quick", Setup::ours().quick().scheduled("wlc"), QUICK_LIMIT),
        ("rr, quick", Setup::ours().quick().scheduled("rr"), QUICK_LIMIT),
        ("the article's way", Setup::articles(), LIMIT),
    ];
    let (mut told, mut wrong) = (Vec::new(), Vec::new());
    for (name, setup, limit) in variants {
        if !settings::chosen(name) {
            continue;
        }
        let death = die(cluster, &setup)?;
        println!("    {name}: {death}\n{}", death.seen.losses());
        let late = death.outage.is_none_or(|outage| outage > limit);
        if setup.way == Way::Ours && (death.others_lost > 0 || late) {
            wrong.push(format!("{name}: {death} (limit {:.1} s)", limit.as_secs_f64()));
        }
        if setup.way == Way::Ours && death.out > OUT_LIMIT {
            wrong.push(format!("{name}: {:.1} s in the balance", death.out.as_secs_f64()));
        }
        told.push(format!("{name}: {death}"));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(told.join("; "))
}

/// One death of the MASTER, and its return.
pub fn die(cluster: &mut Cluster, setup: &Setup) -> Result<Death> {
    cluster.set_up(setup)?;
    let load = Load {
        sessions: settings::number("SESSIONS", 80)?,
        rate: settings::number("RATE", 10)?,
        lasts: Duration::ZERO,
        patience: Duration::from_secs(2),
    };
    let everybody = cluster.everybody();
    let dead = &cluster.nodes[0];
    let mut running = load.start(cluster)?;
    std::thread::sleep(Duration::from_secs(2));
    let died = running.note("death");
    dead.link.pull()?;
    let out = failures::wait_until_out(cluster, &[0], died);
    let out = died + out.context("the dead server stays in the balance")?;
    running.note("out of the balance");
    std::thread::sleep(WATCH);
    let lost = running.check();
    let returned = running.note("return");
    let false_alarms = failures::false_alarms(cluster, &[0], died, returned);
    dead.link.plug()?;
    if setup.way == Way::Ours {
        cluster.converge(&everybody)?;
    } else {
        cluster.wait_for_masters(&[0])?;
    }
    std::thread::sleep(WATCH);
    let lost_at_return = running.check();
    let seen = running.stop();

    let until = |from: Instant, to: Instant| {
        seen.failed().filter(|o| o.started >= from && o.started < to).count()
    };
    let until_return: Vec<Outcome> =
        seen.outcomes.iter().filter(|o| o.started < returned).cloned().collect();
    let outage = outage(&until_return, died);
    let answered = died + outage.unwrap_or_default();
    Ok(Death {
        others_lost: seen.lost[..lost].iter().filter(|l| l.server != dead.name).count(),
        outage,
        out: out - died,
        false_alarms,
        failed_until_out: until(answered, out),
        failed_later: until(out, returned),
        lost_at_return,
        failed_at_return: until(returned, Instant::now()),
        seen,
    })
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dead = self.seen.lost.len() - self.others_lost - self.lost_at_return;
        write!(
            f,
            "{dead} sessions of the dead and {} of the living lost of {}, new connections out for \
             {:.1} s, the dead in the balance for {:.1} s ({} failed after the outage, {} later), \
             {} false alarms; at its return {} sessions and {} connects lost",
            self.others_lost,
            self.seen.held,
            self.outage.map_or(f64::INFINITY, |outage| outage.as_secs_f64()),
            self.out.as_secs_f64(),
            self.failed_until_out,
            self.failed_later,
            self.false_alarms,
            self.lost_at_return,
            self.failed_at_return,
        )
    }
}
