//! What one check of a mail server costs: smtp-check beside Nagios' check_smtp and the two scripts
//! that people write. All ask one real Postfix, in turns; then many at once.

use std::ops::Add;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::calls::python;
use crate::cost::{Candidate, Cost, Meter, middle, ms, ratio};
use crate::relay::Relay;

const CHECK: &str = env!("CARGO_BIN_EXE_smtp-check");
/// What the former starts for TLS, named itself.
const WITH_TLS: &str = env!("CARGO_BIN_EXE_smtp-check-tls");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/probe.py");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/probe.sh");

/// Where tests/deps unpacks Debian's plugin, and where the packages of Red Hat's kind have it.
const PLUGINS: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/plugins/usr/lib/nagios/plugins/check_smtp"),
    "/usr/lib/nagios/plugins/check_smtp",
    "/usr/lib64/nagios/plugins/check_smtp",
];

const TURNS: usize = 500;
const AT_ONCE: usize = 200;

/// Of the figures that hardly vary.
const FEW: usize = 5;

pub fn all() {
    let Some(plugin) = PLUGINS.into_iter().find(|path| Path::new(path).exists()) else {
        return println!(
            "skipped: no check_smtp to compare with; tests/deps has it on Debian only"
        );
    };
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: needs root, for Postfix");
    }
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    let _relay = Relay::start();
    let ours = [CHECK, "127.0.0.1", "--retry", "0"];
    let theirs = [plugin, "-H", "127.0.0.1", "-p", "25"];
    let plain = [
        Candidate::new("check_smtp", &theirs),
        Candidate::new("smtp-check", &ours),
        Candidate::new("smtp-check --compat", &[&ours[..], &["--compat"]].concat()),
        Candidate::new("bash, /dev/tcp", &["bash", SCRIPT]),
        Candidate::new("python3, smtplib", &[python(), PYTHON]),
    ];
    let starttls = [
        Candidate::new("check_smtp", &[&theirs[..], &["--starttls"]].concat()),
        Candidate::new("smtp-check", &[&ours[..], &["--starttls"]].concat()),
        Candidate::new("smtp-check-tls", &[&[WITH_TLS], &ours[1..], &["--starttls"]].concat()),
        Candidate::new("python3, smtplib", &[python(), PYTHON, "starttls"]),
    ];
    section("plain", &plain, 0.5);
    println!();
    section("STARTTLS", &starttls, 1.0);
    println!(
        "\nwall and CPU: medians of {TURNS} checks each, in turns; instructions: callgrind's, of \
         user space and of all\nits processes, and RSS, of the largest: medians of {FEW}; \
         STARTTLS: certificates are not verified\n"
    );
    println!("{AT_ONCE} at once, until all are done:");
    for (what, candidates) in [("plain", &plain[..2]), ("STARTTLS", &starttls[..2])] {
        for candidate in candidates {
            at_once(candidate); // the first time Postfix starts processes
            let (seconds, failures) = at_once(candidate);
            println!("{what:10}{:22}{seconds:8.2} s{failures:6} failed", candidate.name);
        }
    }
}

/// The first candidate is what ours are held against.
fn section(what: &str, candidates: &[Candidate], goal: f64) {
    let costs = Meter::new().compare(candidates, TURNS, false);
    println!(
        "{what:22}{:>10}{:>10}{:>16}{:>12}   CPU against check_smtp",
        "wall, ms", "CPU, ms", "instructions", "RSS, MB"
    );
    for (candidate, cost) in candidates.iter().zip(&costs) {
        println!(
            "{:22}{:>10.2}{:>10.2}{:>14.2} M{:>12.1}   {:.2}x",
            candidate.name,
            ms(cost.end),
            ms(cost.cpu),
            instructions(&candidate.command) / 1e6,
            resident(&candidate.command) / 1024.0,
            ratio(cost.cpu, costs[0].cpu)
        );
    }
    for (candidate, cost) in candidates.iter().zip(&costs) {
        if candidate.name.starts_with("smtp-check") {
            println!("{}", reached(&candidate.name, cost, &costs[0], goal));
        }
    }
}

fn reached(name: &str, ours: &Cost, theirs: &Cost, goal: f64) -> String {
    let cpu = ratio(ours.cpu, theirs.cpu);
    let word = if cpu <= goal { "met" } else { "missed" };
    let wall = ratio(ours.end, theirs.end);
    format!(
        "{name}: {cpu:.2} of check_smtp's CPU (goal: at most {goal}; {word}), {wall:.2} of its time"
    )
}

/// Instructions in user space, of the process and those that it starts.
fn instructions(command: &[String]) -> f64 {
    let callgrind =
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=yes"];
    figure(&callgrind, command, |line| Some(line.split_once("Collected : ")?.1), f64::add)
}

/// The most memory that was resident at a time, in kB. Started by time(1), which is small: what the
/// starting process has counts as its child's.
fn resident(command: &[String]) -> f64 {
    figure(&["/usr/bin/time", "-f", "%M"], command, |line| Some(line), f64::max)
}

/// The median of what a tool says on standard error, of all lines that have it.
fn figure(
    tool: &[&str],
    command: &[String],
    read: fn(&str) -> Option<&str>,
    together: fn(f64, f64) -> f64,
) -> f64 {
    let measure = || {
        let output = Command::new(tool[0]).args(&tool[1..]).args(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{tool:?} {command:?}: {said}");
        let found = said.lines().filter_map(|line| read(line)?.trim().parse().ok());
        found.reduce(together).unwrap_or_else(|| panic!("{tool:?}: {said}"))
    };
    middle((0..FEW).map(|_| measure()).collect())
}

/// Seconds until the last of them is done, and how many failed.
fn at_once(candidate: &Candidate) -> (f64, usize) {
    let [program, options @ ..] = &candidate.command[..] else { return (0.0, 0) };
    let began = Instant::now();
    let start = || Command::new(program).args(options).stdout(Stdio::null()).spawn().unwrap();
    let running: Vec<_> = (0..AT_ONCE).map(|_| start()).collect();
    let ended = running.into_iter().map(|mut child| child.wait().unwrap());
    let failures = ended.filter(|status| !status.success()).count();
    (began.elapsed().as_secs_f64(), failures)
}
