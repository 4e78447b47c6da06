//! False alarms: nothing fails, but every processor is busy with something else, for minutes. How often a
//! node takes one that lives out of its balance is counted, and what that costs sessions and connections:
//! with nothing else, while nodes are drained and keepalived is reloaded all the time, and with a
//! thousand virtual servers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::VARIANTS;
use crate::cluster::Cluster;
use crate::common::random::Random;
use crate::keepalived::takes_out;
use crate::load::Load;
use crate::settings;
use crate::setup::Setup;

/// For how long, in seconds, unless `LVSKIT_LAB_SECONDS` says it.
const LASTS: u64 = 180;

/// Programs on each processor that do nothing else than keep it busy.
const BUSY: usize = 2;

/// One that is usual for a node, beside the load on its processors.
const SESSIONS: usize = 20;
const RATE: u32 = 5;

/// In a storm: after each step, and each of how many is a reload, the others drain a node or end that.
const STEP: Duration = Duration::from_millis(600);
const RELOADS: usize = 5;

/// Beside the example's one, unless `LVSKIT_LAB_SERVICES` says it.
const SERVICES: usize = 1000;
const FIRST_PORT: usize = 10_000;

/// What goes on beside.
struct Trouble {
    name: &'static str,
    tells: &'static str,
    /// What stands at the end of the inventory, for this many services.
    more: fn(usize) -> String,
    storm: bool,
}

const TROUBLES: &[Trouble] = &[
    Trouble { name: "busy", tells: "", more: |_| String::new(), storm: false },
    Trouble {
        name: "storm",
        tells: ", hooks and reloads all the time",
        more: |_| String::new(),
        storm: true,
    },
    Trouble {
        name: "services",
        tells: ", many services, the nodes asked for one of them",
        more: |count| services(count, "    failure_detection: false\n"),
        storm: false,
    },
    Trouble {
        name: "asked",
        tells: ", many services, the nodes asked for each",
        more: |count| services(count, ""),
        storm: false,
    },
];

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let lasts = Duration::from_secs(settings::number("SECONDS", LASTS)?);
    let count = settings::number("SERVICES", SERVICES)?;
    let (mut told, mut lost) = (Vec::new(), 0);
    for variant in VARIANTS {
        if !settings::named("VARIANTS", variant.name, variant.name == "example") {
            continue;
        }
        for trouble in TROUBLES {
            if !settings::named("EVENTS", trouble.name, trouble.name != "asked") {
                continue;
            }
            let setup = (variant.setup)().and(&(trouble.more)(count));
            let (line, sessions) = endure(cluster, &setup, trouble.storm, lasts)?;
            let line = format!("{}{}, {line}", variant.name, trouble.tells);
            println!("    {line}");
            // A storm's switches come before the sync daemon has told of a session.
            lost += if trouble.storm { 0 } else { sessions };
            told.push(line);
        }
    }
    ensure!(lost == 0, "sessions were lost: {}", told.join("; "));
    Ok(told.join("; "))
}

/// Tells what happened, and how many sessions were lost.
fn endure(
    cluster: &mut Cluster,
    setup: &Setup,
    storm: bool,
    lasts: Duration,
) -> Result<(String, usize)> {
    cluster.set_up(setup)?;
    let load = Load { sessions: SESSIONS, rate: RATE, lasts: Duration::ZERO, patience: lasts / 4 };
    let running = load.start(cluster)?;
    let began = Instant::now();
    let (steps, seen) = keep_busy(|| {
        let steps = if storm { blow(cluster, began + lasts)? } else { 0 };
        std::thread::sleep(lasts.saturating_sub(began.elapsed()));
        anyhow::Ok((steps, running.stop()))
    })??;
    let until = Instant::now();
    let alarms: usize =
        cluster.nodes.iter().map(|node| node.said.count(began, until, takes_out)).sum();
    let line = format!(
        "{} s with {BUSY} busy programs on each processor, {steps} drains and reloads: \
         {alarms} false alarms; {seen}\n{}",
        lasts.as_secs(),
        seen.losses()
    );
    Ok((line, seen.lost.len()))
}

/// Drains nodes and ends that, and reloads keepalived, at random. All are there at the end.
fn blow(cluster: &Cluster, until: Instant) -> Result<usize> {
    let (mut random, mut drained, mut steps) = (Random::seeded(0x51f1_5e11), [false; 4], 0);
    while Instant::now() < until {
        steps += 1;
        let place = random.below(cluster.nodes.len());
        if steps % RELOADS == 0 {
            cluster.nodes[place].reload()?;
        } else {
            drained[place] = !drained[place];
            cluster.nodes[place].drain(drained[place])?;
        }
        std::thread::sleep(STEP);
    }
    cluster.nodes.iter().try_for_each(|node| node.drain(false))?;
    Ok(steps)
}

/// Virtual servers without a check of their own, each with this in it.
fn services(count: usize, own: &str) -> String {
    let service = |at: usize| {
        let port = FIRST_PORT + at;
        format!(
            "  - port: {port}\n    lb_algo: mh\n    mh-fallback: true\n    lb_kind: DR\n    \
             protocol: TCP\n    check: []\n{own}"
        )
    };
    (0..count).map(service).collect()
}

/// Does something while all processors are busy.
fn keep_busy<T>(work: impl FnOnce() -> T) -> Result<T> {
    let done = AtomicBool::new(false);
    let processors = std::thread::available_parallelism()?.get();
    Ok(std::thread::scope(|scope| {
        for _ in 0..processors * BUSY {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    }))
}
