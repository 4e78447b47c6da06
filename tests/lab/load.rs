//! Sessions and connections together, while something happens to the cluster: what both went
//! through, in figures, and when.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cluster::Cluster;
use crate::sessions::{self, Lost, Sessions};
use crate::traffic::{Outcome, Traffic};

/// A connection that is slower had to repeat its SYN.
const SLOW: Duration = Duration::from_millis(950);

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub sessions: usize,
    /// New connections a second.
    pub rate: u32,
    /// How long each of them lasts.
    pub lasts: Duration,
    /// After this a connection counts as failed.
    pub patience: Duration,
}

pub struct Running {
    pub sessions: Sessions,
    traffic: Traffic,
    held: usize,
    lost: Vec<Lost>,
    slowest: Duration,
    events: Vec<(Instant, String)>,
}

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    /// Sessions under watch, those opened again in later rounds not counted twice.
    pub held: usize,
    pub lost: Vec<Lost>,
    /// The longest silence of a session that lived on.
    pub slowest: Duration,
    pub outcomes: Vec<Outcome>,
    pub events: Vec<(Instant, String)>,
}

impl Load {
    /// Opens the sessions, then starts the connections.
    pub fn start(&self, cluster: &Cluster) -> Result<Running> {
        self.start_with(cluster, sessions::INTERVAL)
    }

    /// The same with another time between a session's answer and its next NOOP.
    pub fn start_with(&self, cluster: &Cluster, interval: Duration) -> Result<Running> {
        let (client, service) = (&cluster.client, cluster.service());
        let sessions = Sessions::open(client, service, self.sessions, interval)?;
        sessions.check();
        let traffic = Traffic::lasting(client, service, self.rate, self.patience, self.lasts);
        let mut running = Running {
            held: self.sessions,
            sessions,
            traffic,
            lost: Vec::new(),
            slowest: Duration::ZERO,
            events: Vec::new(),
        };
        running.note("begin");
        Ok(running)
    }
}

impl Running {
    /// Remembers when something happened.
    pub fn note(&mut self, event: &str) -> Instant {
        let now = Instant::now();
        self.events.push((now, event.to_owned()));
        now
    }

    /// Asks every session whether it lives; returns how many were lost since the last time.
    pub fn check(&mut self) -> usize {
        let (lost, slowest) = self.sessions.check();
        let count = lost.len();
        self.lost.extend(lost);
        self.slowest = self.slowest.max(slowest);
        count
    }

    /// Ends everything.
    pub fn stop(mut self) -> Seen {
        self.check();
        let outcomes = self.traffic.stop();
        let Running { held, lost, slowest, events, .. } = self;
        Seen { held, lost, slowest, outcomes, events }
    }
}

impl Seen {
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.greeted.is_err())
    }

    pub fn slow(&self) -> usize {
        self.outcomes.iter().filter(|o| o.greeted.is_ok() && o.took > SLOW).count()
    }

    /// Whether nothing was lost at all.
    pub fn whole(&self) -> bool {
        self.lost.is_empty() && self.failed().next().is_none()
    }

    /// Each loss beside the event before it.
    pub fn losses(&self) -> String {
        let mut rows = BTreeMap::new();
        for lost in &self.lost {
            rows.insert(
                (lost.when, rows.len()),
                format!("session on {}: {}", lost.server, lost.how),
            );
        }
        for outcome in self.failed() {
            let how = outcome.greeted.as_ref().unwrap_err();
            let words = format!("connect, after {:.2} s: {how}", outcome.took.as_secs_f64());
            rows.insert((outcome.started, rows.len()), words);
        }
        let mut text = String::new();
        for ((when, _), words) in rows {
            let before = self.events.iter().rev().find(|(moment, _)| *moment <= when);
            let (moment, event) = before.cloned().unwrap_or((when, "start".to_owned()));
            let since = (when - moment).as_secs_f64();
            text += &format!("  {since:7.3} s after {event}: {words}\n");
        }
        text
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} sessions lost, {} of {} connects failed ({} slow), longest silence {:.1} s",
            self.lost.len(),
            self.held,
            self.failed().count(),
            self.outcomes.len(),
            self.slow(),
            self.slowest.as_secs_f64(),
        )
    }
}
