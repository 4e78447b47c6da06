//! `make bench`: what a hook costs, from its start to its end, beside the article's way and bare
//! nft. All candidates take turns in one run, so that a busy machine is busy for each of them.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set when this program runs inside its own network namespace.
const INSIDE: &str = "LVSKIT_BENCH_INSIDE";

const VIP: &str = "192.168.3.100";
const HOOK: &str = env!("CARGO_BIN_EXE_bypass-ipvs");
const ARTICLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/article_hook.py");

/// Turns, of which the first few only warm the caches.
const TURNS: usize = 110;
const WARM_UP: usize = 10;

fn main() {
    if std::env::var_os(INSIDE).is_none() {
        let mut again = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            again.arg("--map-root-user");
        }
        let status =
            again.arg("--net").arg(std::env::current_exe().unwrap()).env(INSIDE, "1").status();
        assert!(status.unwrap().success(), "the bench failed in its namespace");
        return;
    }
    let ruleset = tempfile::NamedTempFile::new().unwrap();
    let dry = Command::new(HOOK).args(["--dry-run", "-a", VIP]).output().unwrap();
    std::fs::write(ruleset.path(), dry.stdout).unwrap();
    let file = ruleset.path().to_str().unwrap();
    let candidates: [(&str, &str, Vec<&str>); 4] = [
        ("nft -f, the same rules", "/usr/sbin/nft", vec!["-f", file]),
        ("bypass-ipvs -a", HOOK, vec!["-a", VIP]),
        ("bypass-ipvs --check", HOOK, vec!["--check", VIP]),
        ("article's hook, python3 + iptables", "python3", vec![ARTICLE, "-a", VIP]),
    ];
    let mut times = vec![Vec::new(); candidates.len()];
    for turn in 0..TURNS {
        for (place, (name, program, args)) in candidates.iter().enumerate() {
            let took = time(name, program, args);
            if turn >= WARM_UP {
                times[place].push(took);
            }
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    println!(
        "{:38} {:>10} {:>16}",
        "one call, start to end, median of 100", "ms", "against nft -f"
    );
    for ((name, ..), median) in candidates.iter().zip(&medians) {
        let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
        println!("{name:38} {:>10.2} {ratio:>15.2}x", median.as_secs_f64() * 1000.0);
    }
    let gain = medians[3].as_secs_f64() / medians[1].as_secs_f64();
    println!("bypass-ipvs is {gain:.1} times as fast as the article's hook");
}

fn time(name: &str, program: &str, args: &[&str]) -> Duration {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{program}: {error}"));
    let took = began.elapsed();
    assert!(status.success(), "{name}: {status}");
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
