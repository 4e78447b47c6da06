//! False alarms: nothing fails, but every processor is busy with something else, for minutes. How often a
//! node takes one that lives out of its balance is counted, and what that costs sessions and connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::VARIANTS;
use crate::cluster::Cluster;
use crate::keepalived::takes_out;
use crate::load::Load;
use crate::settings;

/// For how long, in seconds, unless `LVSKIT_LAB_SECONDS` says it.
const LASTS: u64 = 180;

/// Programs on each processor that do nothing else than keep it busy.
const BUSY: usize = 2;

/// One that is usual for a node, beside the load on its processors.
const SESSIONS: usize = 20;
const RATE: u32 = 5;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let lasts = Duration::from_secs(settings::number("SECONDS", LASTS)?);
    let (mut told, mut lost) = (Vec::new(), 0);
    for variant in VARIANTS {
        if !settings::named("VARIANTS", variant.name, variant.name == "example") {
            continue;
        }
        cluster.set_up(&(variant.setup)())?;
        let load =
            Load { sessions: SESSIONS, rate: RATE, lasts: Duration::ZERO, patience: lasts / 4 };
        let running = load.start(cluster)?;
        let (began, seen) = keep_busy(|| {
            let began = Instant::now();
            std::thread::sleep(lasts);
            (began, running.stop())
        })?;
        let until = Instant::now();
        let alarms: usize =
            cluster.nodes.iter().map(|node| node.said.count(began, until, takes_out)).sum();
        let line = format!(
            "{}, {} s with {BUSY} busy programs on each processor: {alarms} false alarms; {seen}",
            variant.name,
            lasts.as_secs()
        );
        println!("    {line}\n{}", seen.losses());
        lost += seen.lost.len();
        told.push(line);
    }
    ensure!(lost == 0, "sessions were lost: {}", told.join("; "));
    Ok(told.join("; "))
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
