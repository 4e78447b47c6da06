//! Maintenance by `lvskit drain`: a server alone, a restart of the MASTER's keepalived as systemd does it, and
//! keepalived and Postfix of all nodes in turn, under connections, long sessions and mails.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::Cluster;
use crate::load::{Load, Seen};
use crate::mails::Mails;
use crate::node::Node;
use crate::settings;
use crate::setup::Setup;
use crate::traffic::{Outcome, Traffic};

/// How long each state is watched before the next change.
const SETTLE: Duration = Duration::from_secs(4);

/// How long checks may take to see a server go or come, without KVM too.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a short session lasts, and how long one may be without an answer.
const LASTS: Duration = Duration::from_millis(300);
const ANSWER: Duration = Duration::from_secs(5);

/// How long a long session lasts: it is not cut off, so a drain waits for it.
const LONG: Duration = Duration::from_secs(10);

/// Long sessions, connections and mails a second, with a Postfix on each node.
const LONG_RATE: u32 = 2;
const RATE: u32 = 4;
const MAIL_RATE: u32 = 1;

/// The server of the second node, then the MASTER's keepalived.
pub fn run_drain(cluster: &mut Cluster) -> Result<String> {
    let load = Load {
        sessions: settings::number("SESSIONS", 100)?,
        rate: settings::number("RATE", 10)?,
        lasts: LASTS,
        patience: ANSWER,
    };
    let mut running = load.start(cluster)?;
    let victim = &cluster.nodes[1];
    running.note("drain of a server");
    let began = Instant::now();
    victim.lvskit(&["drain", "--server", "--until-boot"])?;
    for node in &cluster.nodes {
        until_in_balance(node, victim, false)?;
    }
    let out = began.elapsed();
    running.check();
    let drained = Instant::now();
    std::thread::sleep(SETTLE);
    running.note("end of that drain");
    let ended = Instant::now();
    victim.lvskit(&["undrain"])?;
    for node in &cluster.nodes {
        until_in_balance(node, victim, true)?;
    }
    std::thread::sleep(SETTLE);
    running.check();
    let name = victim.name.clone();
    // What the drop-in of keepalived.service runs.
    running.note("restart of the MASTER");
    let said = cluster.nodes[0].lvskit(&["drain", "--stopping"])?;
    cluster.nodes[0].stop()?;
    cluster.nodes[0].lvskit(&["undrain", "--stopping"])?;
    cluster.nodes[0].start()?;
    cluster.wait_for_masters(&[0])?;
    running.note("back");
    cluster.settle(&cluster.everybody())?;
    std::thread::sleep(SETTLE);
    let seen = running.stop();
    let meanwhile = seen.outcomes.iter().filter(|one| one.started > drained && one.ended() < ended);
    let (count, there) = meanwhile.fold((0, 0), |(count, there), one| {
        (count + 1, there + usize::from(one.greeted.as_ref() == Ok(&name)))
    });
    let told = format!(
        "out of the balance of all after {:.1} s, {there} of {count} connects met it then; {}; {seen}",
        out.as_secs_f64(),
        said.trim()
    );
    ensure!(seen.whole() && there == 0 && count > 0, "{told}\n{}", seen.losses());
    Ok(told)
}

/// Waits until a node sends connections to another one, or none any more.
fn until_in_balance(node: &Node, other: &Node, wanted: bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there = node.real_servers()?.iter().any(|server| server.address == other.address);
        if there == wanted {
            return Ok(());
        }
        let state = if wanted { "missing in" } else { "still in" };
        ensure!(
            Instant::now() < deadline,
            "{} is {state} the balance of {}",
            other.name,
            node.name
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What was under way meanwhile.
struct Everything {
    short: Traffic,
    long: Traffic,
    mails: Mails,
    events: Vec<(Instant, String)>,
}

impl Everything {
    fn start(cluster: &Cluster) -> Result<Everything> {
        let (client, service) = (&cluster.client, cluster.service());
        let rate = |name, rate: u32| settings::number(name, rate);
        Ok(Everything {
            long: Traffic::lasting(client, service, rate("LONG_RATE", LONG_RATE)?, ANSWER, LONG),
            short: Traffic::lasting(client, service, rate("RATE", RATE)?, ANSWER, LASTS),
            mails: Mails::start(client, service, MAIL_RATE),
            events: Vec::new(),
        })
    }

    /// Remembers when something happened.
    fn note(&mut self, event: String) {
        self.events.push((Instant::now(), event));
    }

    /// Whether nothing was lost, the figures, and each loss.
    fn stop(self, cluster: &Cluster) -> (bool, String, String) {
        let (long, short) = (self.long.stop(), self.short.stop());
        let mails = self.mails.stop(cluster);
        let failed = |all: &[Outcome]| all.iter().filter(|one| one.greeted.is_err()).count();
        let whole = failed(&long) + failed(&short) == 0
            && mails.acknowledged == mails.sent
            && mails.lost.is_empty();
        let told = format!(
            "{} of {} sessions of {} s lost, {} of {} connects failed, {} of {} mails acknowledged, \
             {} of these lost, {} repeated",
            failed(&long),
            long.len(),
            LONG.as_secs(),
            failed(&short),
            short.len(),
            mails.acknowledged,
            mails.sent,
            mails.lost.len(),
            mails.repeated,
        );
        let (lost, outcomes) = (Vec::new(), [long, short].concat());
        let seen = Seen { held: 0, lost, slowest: Duration::ZERO, outcomes, events: self.events };
        (whole, told, seen.losses())
    }
}

/// All nodes in turn, the MASTER last; then its keepalived and Postfix the article's way.
pub fn run(cluster: &mut Cluster) -> Result<String> {
    let mut everything = Everything::start(cluster)?;
    std::thread::sleep(SETTLE);
    let mut waited = Vec::new();
    for place in (0..cluster.nodes.len()).rev() {
        let began = Instant::now();
        let name = cluster.nodes[place].name.clone();
        everything.note(format!("drain of {name}"));
        cluster.nodes[place].lvskit(&["drain", "--until-boot", "--wait", "--timeout", "120"])?;
        waited.push(format!("{:.0}", began.elapsed().as_secs_f64()));
        everything.note(format!("restart of {name}"));
        restart(cluster, place)?;
        everything.note(format!("undrain of {name}"));
        cluster.nodes[place].lvskit(&["undrain"])?;
        everything.note(format!("end of the undrain of {name}"));
        cluster.settle(&cluster.everybody()).with_context(|| format!("after node {place}"))?;
    }
    let (whole, ours, losses) = everything.stop(cluster);
    println!("    drained: {ours}");
    ensure!(whole, "{ours}\n{losses}");
    cluster.set_up(&Setup::articles())?;
    let everything = Everything::start(cluster)?;
    std::thread::sleep(SETTLE);
    restart(cluster, 0)?;
    cluster.wait_for_masters(&[0])?;
    std::thread::sleep(SETTLE);
    let (_, articles, _) = everything.stop(cluster);
    Ok(format!(
        "{} nodes, drained in {} s: {ours}; the article's way, the MASTER alone: {articles}",
        cluster.nodes.len(),
        waited.join(", ")
    ))
}

fn restart(cluster: &mut Cluster, place: usize) -> Result<()> {
    let node = &mut cluster.nodes[place];
    node.stop()?;
    node.postfix.stop(&node.netns)?;
    node.postfix.start(&node.netns)?;
    node.start()
}
