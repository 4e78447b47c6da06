//! What `bypass-ipvs --watch` costs while nothing happens, and while others change their rules.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::calls::VIP;
use crate::cost::{HOOK, Meter, clean, ms};

/// Long enough for some of the looks that come by themselves every 10 seconds.
const LONG: u64 = 34;
const SHORT: u64 = 2;

/// How long and how often somebody else changes rules.
const BUSY: u64 = 8;
const EVERY: Duration = Duration::from_millis(50);

pub fn idle() {
    let help = Command::new(HOOK).arg("--help").output().unwrap();
    if !String::from_utf8_lossy(&help.stdout).contains("--watch") {
        println!("skipped: this bypass-ipvs has no --watch");
        return;
    }
    clean();
    let mut meter = Meter::new();
    let short = cpu(&mut meter, SHORT);
    let long = cpu(&mut meter, LONG);
    let idle = (long - short).max(0.0);
    let seconds = LONG - SHORT;
    println!("start and first look: {short:.1} ms of CPU");
    println!(
        "{seconds} s of nothing: {idle:.1} ms of CPU, {:.4} % of one",
        idle / seconds as f64 / 10.0
    );

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let change = "add table ip other; delete table ip other";
                let _ = Command::new("nft").arg(change).status();
                std::thread::sleep(EVERY);
            }
        });
        let busy = (cpu(&mut meter, BUSY) - short).max(0.0);
        stop.store(true, Ordering::Relaxed);
        println!(
            "another table changes all the time: {busy:.0} ms of CPU in {BUSY} s, {:.1} % of one",
            busy / BUSY as f64 / 10.0
        );
    });
}

/// Processor time of it and its children, in ms, if it runs that long.
fn cpu(meter: &mut Meter, seconds: u64) -> f64 {
    let seconds = seconds.to_string();
    let command = ["timeout", "-s", "TERM", &seconds, HOOK, "--watch", "-a", VIP];
    let cost = meter.call(&command.map(str::to_owned));
    assert_eq!(cost.status, 124, "--watch ended by itself");
    ms(cost.cpu)
}
