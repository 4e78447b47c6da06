//! `make bench`: what a hook, the guard and a check cost, beside what others do. Whatever is
//! compared takes turns in one run, so that a busy machine is busy for each of them; medians.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod calls;
#[path = "../smtp_check/certificates.rs"]
#[allow(dead_code)] // the tests need more of it
mod certificates;
mod cost;
mod gen_conf;
mod packets;
mod path;
mod relay;
mod sizes;
mod smtp;
mod status;
mod watch;

use std::process::Command;
use std::time::Instant;

/// Set when this program runs inside its own network namespace.
const INSIDE: &str = "LVSKIT_BENCH_INSIDE";

/// Name, what it tells, and what runs it.
const SECTIONS: [(&str, &str, fn()); 10] = [
    ("hook", "one call on a node without rules: until the rule is live, and in all", calls::first),
    ("again", "one call on a node whose rules are there already", calls::again),
    ("services", "the same with ten services", calls::services),
    ("vips", "1 to 20 addresses in one call", sizes::vips),
    ("blocklist", "one call on a host with a set of 50,000 intervals", sizes::blocklist),
    ("packets", "packets and new connections per second through the guard", packets::all),
    ("watch", "the processor time of an idle --watch, and how soon it heals", watch::all),
    ("smtp", "one check of a mail server, and many at once", smtp::all),
    ("status", "status, doctor and the exporter on a node, and the judgement of 64", status::all),
    ("gen_conf", "the files of 4, 100 and 1,000 nodes, beside Jinja2 and Ansible", gen_conf::all),
];

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let known = |name: &String| SECTIONS.iter().any(|(section, ..)| section == name);
    if !chosen.iter().all(known) {
        println!("sections of the benchmark (all, if none is named):");
        for (name, what, _) in SECTIONS {
            println!("  {name:10} {what}");
        }
        return;
    }
    if std::env::var_os(INSIDE).is_none() {
        let mut again = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            again.arg("--map-root-user");
        }
        let me = std::env::current_exe().unwrap();
        let status = again.arg("--net").arg(me).args(&chosen).env(INSIDE, "1").status();
        assert!(status.unwrap().success(), "the bench failed in its namespace");
        return;
    }
    silent();
    let began = Instant::now();
    println!("load before: {}", load());
    for (name, what, run) in SECTIONS {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            println!("\n== {name}: {what} ==\n");
            run();
        }
    }
    println!("\nload after: {}; all in {:.0} s", load(), began.elapsed().as_secs_f64());
}

/// Makes the namespace a node on which the fallback route is safe.
fn silent() {
    for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
        std::fs::write(format!("/proc/sys/net/ipv4/conf/all/{setting}"), value).unwrap();
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    assert!(up.unwrap().success());
}

/// The machine's load averages; what is below the number of processors leaves room for us.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} on {cpus} processors", text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}
