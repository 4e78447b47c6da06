//! What each kind of failure costs while 20 new connections a second arrive, whatever becomes of the
//! earlier ones: with the example's `failure_detection`, with the application's checks alone, and the
//! article's way. When a dead server leaves the balance keepalived itself says; nobody asks it.
//!
//! What a failure takes from those whom it does not hit would be a fault, and fails the scenario: their
//! sessions. So is a death that the detection did not find, but the application's check. How many connections are
//! lost, and for how long, is what is measured.

pub mod alarms;
mod event;

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::keepalived::takes_out;
use crate::load::{Load, Seen};
use crate::sessions::Lost;
use crate::setup::{Setup, Way};
use crate::{report, settings};
use event::Event;

/// How long a dead server may stay in the balance until it is not waited for any more: the article's checks
/// take half a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// Before the failure, after it, and after its end.
const BEFORE: Duration = Duration::from_secs(2);
const WATCH: Duration = Duration::from_secs(4);

/// One way to find the dead.
struct Variant {
    name: &'static str,
    setup: fn() -> Setup,
    runs: Runs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// Through everything.
    Usually,
    /// Through what is compared.
    ForComparison,
    /// Through everything, where it is named.
    Named,
}

fn detected(how: &str) -> Setup {
    Setup::ours().with("failure_detection", how)
}

const VARIANTS: &[Variant] = &[
    Variant { name: "example", setup: Setup::ours, runs: Runs::Usually },
    Variant { name: "example6", setup: || Setup::ours().in_ipv6(), runs: Runs::Usually },
    Variant { name: "checks", setup: || detected("false"), runs: Runs::ForComparison },
    Variant { name: "article", setup: Setup::articles, runs: Runs::ForComparison },
    Variant {
        name: "ping-50x2",
        setup: || detected("{method: ping, interval: 0.05, attempts: 2}"),
        runs: Runs::Named,
    },
    Variant {
        name: "ping-100x1",
        setup: || detected("{method: ping, interval: 0.1, attempts: 1}"),
        runs: Runs::Named,
    },
    Variant {
        name: "ping-200x2",
        setup: || detected("{method: ping, interval: 0.2, attempts: 2}"),
        runs: Runs::Named,
    },
    Variant {
        name: "advert-100",
        setup: || Setup::ours().with("advert_int", "0.1"),
        runs: Runs::Named,
    },
    Variant { name: "bfd-50x3", setup: || detected("{method: bfd}"), runs: Runs::Named },
    Variant { name: "bfd6-50x3", setup: || detected("{method: bfd}").in_ipv6(), runs: Runs::Named },
];

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let rounds = settings::number("ROUNDS", 1)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for variant in VARIANTS {
        if !settings::named("VARIANTS", variant.name, variant.runs != Runs::Named) {
            continue;
        }
        let setup = (variant.setup)();
        for event in event::ALL {
            let goes = event.compared || variant.runs != Runs::ForComparison;
            if !goes || !settings::named("EVENTS", event.name, true) {
                continue;
            }
            for _ in 0..rounds {
                let what = format!("| {} | {} |", event.tells, variant.name);
                match strike(cluster, &setup, event) {
                    Ok(cost) => {
                        let row = format!("{what} {cost}");
                        println!("    {row}\n{}", cost.seen.losses());
                        if setup.way == Way::Ours && cost.others_lost > 0 {
                            wrong.push(format!(
                                "{row} sessions were lost of nodes that were not hit"
                            ));
                        }
                        if event.compared && !cost.detected && detects(cluster)? {
                            report::print(cluster);
                            wrong.push(format!("{row} failure_detection did not find it"));
                        }
                        rows.push(row);
                    }
                    Err(error) => {
                        println!("    {what} FAILED: {error:#}");
                        report::print(cluster);
                        wrong.push(format!("{what} {error:#}"));
                        cluster.reset()?;
                    }
                }
            }
        }
    }
    println!("{HEAD}\n{}", rows.join("\n"));
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(format!(
        "{} failures: no session lost of a node that was not hit, each death found by what was to find it",
        rows.len()
    ))
}

const HEAD: &str = "\
| what happens | found by | new connects failed | last after | under way then | slow | out after | \
sessions lost: of those hit, of others | living taken out | became MASTER | failed at its end |\n\
|---|---|---|---|---|---|---|---|---|---|---|";

/// What one failure cost.
struct Cost {
    seen: Seen,
    /// Connections that began in the failure: failed, all, and when the last that failed began.
    failed: usize,
    all: usize,
    last: Option<Duration>,
    /// Those that had begun before and failed.
    under_way: usize,
    /// Until the last survivor had taken the last dead server out.
    out: Option<Duration>,
    /// Whether it was pings or BFD by which each survivor found each of the dead.
    detected: bool,
    /// Sessions of those it hit, and of the others.
    hit_lost: usize,
    others_lost: usize,
    /// How often a server that lives was taken out.
    false_alarms: usize,
    /// How many nodes became MASTER in it. More than one who stays: clients may send to the wrong one until
    /// keepalived repeats its gratuitous ARPs.
    masters: usize,
    /// Connections that began once the failure was at its end and failed, and all.
    failed_after: usize,
    all_after: usize,
}

fn strike(cluster: &mut Cluster, setup: &Setup, event: &Event) -> Result<Cost> {
    cluster.set_up(setup)?;
    let load = Load {
        sessions: settings::number("SESSIONS", 20)?,
        rate: settings::number("RATE", 20)?,
        lasts: Duration::ZERO,
        patience: Duration::from_secs(3),
    };
    let everybody = cluster.everybody();
    let mut running = load.start(cluster)?;
    std::thread::sleep(BEFORE);
    let struck = running.note(event.name);
    (event.strike)(cluster)?;
    let dead = event.hits.dead();
    let out = wait_until_out(cluster, dead, struck);
    std::thread::sleep(WATCH);
    let mended = running.note("its end");
    (event.mend)(cluster)?;
    cluster.converge(&everybody)?;
    std::thread::sleep(WATCH);
    let false_alarms = false_alarms(cluster, dead, struck, mended);
    let seen = running.stop();

    let from = |from: Instant, to: Option<Instant>| {
        let all = seen.outcomes.iter();
        all.filter(move |one| one.started >= from && to.is_none_or(|to| one.started < to))
    };
    let failed =
        |from_: Instant, to: Option<Instant>| from(from_, to).filter(|one| one.greeted.is_err());
    let place_of = |name: &str| cluster.nodes.iter().position(|node| node.name == name);
    let excused =
        |lost: &&Lost| place_of(&lost.server).is_some_and(|place| event.hits.excuses(place, lost));
    let hit_lost = seen.lost.iter().filter(excused).count();
    let cost = Cost {
        failed: failed(struck, Some(mended)).count(),
        all: from(struck, Some(mended)).count(),
        last: failed(struck, Some(mended)).map(|one| one.started - struck).max(),
        under_way: seen.failed().filter(|one| one.started < struck).count(),
        out,
        detected: found_by_detection(cluster, dead, struck),
        hit_lost,
        others_lost: seen.lost.len() - hit_lost,
        false_alarms,
        masters: masters(cluster, struck, mended),
        failed_after: failed(mended, None).count(),
        all_after: from(mended, None).count(),
        seen,
    };
    Ok(cost)
}

/// Waits until each survivor has said that the dead are out; tells how long the last one took, if all did.
pub fn wait_until_out(cluster: &Cluster, dead: &[usize], struck: Instant) -> Option<Duration> {
    let deadline = struck + PATIENCE;
    let mut last = None;
    for &one in dead {
        let server = format!("[{}]", cluster.nodes[one].address_beside(cluster.vip));
        let survivors = (0..cluster.nodes.len()).filter(|place| !dead.contains(place));
        for survivor in survivors {
            let said = &cluster.nodes[survivor].said;
            let is_out = |line: &str| takes_out(line) && line.contains(&server);
            let when = loop {
                match said.first(struck, is_out) {
                    None if Instant::now() < deadline => {
                        std::thread::sleep(Duration::from_millis(50));
                    }
                    when => break when,
                }
            };
            last = last.max(Some(when? - struck));
        }
    }
    last
}

/// Whether the cluster has pings or BFD.
fn detects(cluster: &Cluster) -> Result<bool> {
    let text = fs::read_to_string(cluster.nodes[0].conf())?;
    Ok(text.contains("PING_CHECK") || text.contains("BFD_CHECK"))
}

/// Whether a check of the detection had failed when each survivor took each of the dead out.
fn found_by_detection(cluster: &Cluster, dead: &[usize], struck: Instant) -> bool {
    let failed = |line: &str| {
        line.contains("ICMP CHECK on service") && line.contains("failed")
            || line.contains("BFD check of") && line.contains("DOWN")
    };
    dead.iter().all(|&one| {
        let server = format!("[{}]", cluster.nodes[one].address_beside(cluster.vip));
        let survivors = (0..cluster.nodes.len()).filter(|place| !dead.contains(place));
        let mut said = survivors.map(|place| &cluster.nodes[place].said);
        said.all(|said| {
            let first = |is_it: &dyn Fn(&str) -> bool| {
                said.first(struck, |line| is_it(line) && line.contains(&server))
            };
            first(&failed).is_some_and(|found| first(&takes_out).is_some_and(|out| found <= out))
        })
    })
}

/// How many nodes became MASTER.
fn masters(cluster: &Cluster, from: Instant, to: Instant) -> usize {
    let became = |line: &str| line.contains("Entering MASTER STATE");
    cluster.nodes.iter().filter(|node| node.said.count(from, to, became) > 0).count()
}

/// How often a node that lives took out one that lives.
pub fn false_alarms(cluster: &Cluster, dead: &[usize], from: Instant, to: Instant) -> usize {
    let address = |&place: &usize| cluster.nodes[place].address_beside(cluster.vip);
    let servers: Vec<String> = dead.iter().map(|one| format!("[{}]", address(one))).collect();
    let living = (0..cluster.nodes.len()).filter(|place| !dead.contains(place));
    let is_alarm =
        |line: &str| takes_out(line) && !servers.iter().any(|server| line.contains(server));
    living.map(|place| cluster.nodes[place].said.count(from, to, is_alarm)).sum()
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()))
        };
        write!(
            f,
            "{} of {} | {} | {} | {} | {} | {}, {} | {} | {} | {} of {} |",
            self.failed,
            self.all,
            seconds(self.last),
            self.under_way,
            self.seen.slow(),
            seconds(self.out),
            self.hit_lost,
            self.others_lost,
            self.false_alarms,
            self.masters,
            self.failed_after,
            self.all_after,
        )
    }
}
