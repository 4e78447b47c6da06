//! What `bypass-ipvs --watch` costs while nothing happens, and while others change their rules; how soon
//! the guards are back when somebody takes all of them away.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lvskit::guard::check::State;
use lvskit::guard::listing::Listings;
use lvskit::vip::Vip;

use crate::calls::at_most;
use crate::cost::{HOOK, Meter, clean, middle, ms};

/// Long enough for some of the looks that come by themselves every 10 seconds.
const LONG: u64 = 34;
const SHORT: u64 = 2;

/// How long and how often somebody else changes rules.
const BUSY: u64 = 8;
const EVERY: Duration = Duration::from_millis(50);

/// How many addresses are watched.
const FEW: usize = 1;
const MANY: usize = 50;

/// How often all rules are taken away, and how long the watcher has peace before that.
const FLUSHES: usize = 7;
const PEACE: Duration = Duration::from_secs(2);

pub fn all() {
    for count in [FEW, MANY] {
        let vips: Vec<String> = (1..=count).map(|host| format!("192.168.3.{host}")).collect();
        println!("addresses: {count}");
        idle(&vips);
        heal(&vips);
    }
}

fn idle(vips: &[String]) {
    clean();
    let mut meter = Meter::new();
    // Puts the guards in force, which the others find there.
    let first = cpu(&mut meter, vips, SHORT);
    let short = cpu(&mut meter, vips, SHORT);
    let long = cpu(&mut meter, vips, LONG);
    let idle = (long - short).max(0.0);
    let seconds = (LONG - SHORT) as f64;
    println!("  start: {first:.1} ms of CPU, where the rules are there {short:.1} ms");
    println!("  {seconds} s of nothing: {idle:.1} ms of CPU");
    at_most("  idle", idle / seconds / 10.0, 1.0, "% of a processor");

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let change = "add table ip other; delete table ip other";
                let _ = Command::new("nft").arg(change).status();
                std::thread::sleep(EVERY);
            }
        });
        let busy = (cpu(&mut meter, vips, BUSY) - short).max(0.0);
        stop.store(true, Ordering::Relaxed);
        println!(
            "  another table changes all the time: {busy:.0} ms of CPU in {BUSY} s, {:.1} % of a processor",
            busy / BUSY as f64 / 10.0
        );
    });
}

/// The time from `flush ruleset` until all guards are in force again.
fn heal(vips: &[String]) {
    clean();
    let mut watcher = Command::new(HOOK).args(["--watch", "-a"]).args(vips).spawn().unwrap();
    let watched: Vec<Vip> = vips.iter().map(|vip| vip.parse().unwrap()).collect();
    let in_force = || {
        let listings = Listings::read(&watched).unwrap();
        watched.iter().all(|vip| listings.judge(*vip, None) == State::InForce)
    };
    let healed = || {
        let began = Instant::now();
        while !in_force() {
            assert!(began.elapsed() < Duration::from_secs(30), "the guards never came");
            std::thread::sleep(Duration::from_millis(2));
        }
        began.elapsed()
    };
    healed();
    let times: Vec<Duration> = (0..FLUSHES)
        .map(|_| {
            std::thread::sleep(PEACE);
            assert!(Command::new("nft").args(["flush", "ruleset"]).status().unwrap().success());
            healed()
        })
        .collect();
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    let worst = times.iter().copied().max().unwrap_or_default();
    println!("  healed after a flush: {:.0} ms, median of {FLUSHES}", ms(middle(times)));
    at_most("  healed at the latest after", ms(worst), 1000.0, "ms");
}

/// Processor time of it and its children, in ms, if it runs that long.
fn cpu(meter: &mut Meter, vips: &[String], seconds: u64) -> f64 {
    let seconds = seconds.to_string();
    let command = ["timeout", "-s", "TERM", &seconds, HOOK, "--watch", "-a"].map(str::to_owned);
    let cost = meter.call(&[&command[..], vips].concat());
    assert_eq!(cost.status, 124, "--watch ended by itself");
    ms(cost.cpu)
}
