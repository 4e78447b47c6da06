//! One call of the hook beside bare nft, the public script and the article's program.

use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::cost::{Candidate, Cost, HOOK, Meter, ms, ratio};

pub const VIP: &str = "192.168.3.100";
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/article_hook.py");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/bypass_ipvs.sh");

/// The node's services in [`services`], as `--service` takes them.
const TEN: &str = "tcp/25,tcp/80,tcp/110,tcp/143,tcp/443,tcp/465,tcp/587,tcp/993,tcp/995,udp/53";

/// The rules of the hook for these addresses, in a file for `nft -f`.
pub fn ruleset(vips: &[String]) -> NamedTempFile {
    ruleset_for(&[], vips)
}

fn ruleset_for(options: &[&str], vips: &[String]) -> NamedTempFile {
    let dry = Command::new(HOOK).args(options).args(["--dry-run", "-a"]).args(vips).output();
    let dry = dry.unwrap();
    assert!(dry.status.success(), "{}", String::from_utf8_lossy(&dry.stderr));
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&dry.stdout).unwrap();
    file
}

/// The system's own, which keepalived's scripts would get; wrappers that choose a version cost more.
pub fn python() -> &'static str {
    let system = "/usr/bin/python3";
    if std::path::Path::new(system).exists() { system } else { "python3" }
}

/// Bare nft first, our hook second, then as gen-conf renders it, the article's last.
pub fn candidates(ruleset: &NamedTempFile) -> [Candidate; 5] {
    let file = ruleset.path().to_str().unwrap();
    [
        Candidate::new("nft -f, the same rules", &["/usr/sbin/nft", "-f", file]),
        Candidate::new("bypass-ipvs -a", &[HOOK, "-a", VIP]),
        Candidate::new("bypass-ipvs --keep-sessions -a", &[HOOK, "--keep-sessions", "-a", VIP]),
        Candidate::new("public script, bash + iptables", &["bash", SCRIPT, "add", VIP]),
        Candidate::new("article's hook, python3 + iptables", &[python(), PYTHON, "-a", VIP]),
    ]
}

pub fn first() {
    let ruleset = ruleset(&[VIP.to_owned()]);
    let candidates = candidates(&ruleset);
    let costs = Meter::listening().compare(&candidates, 60, true);
    println!(
        "A host without rules; \"live\" is when `nft monitor` hears of the rule, \"end\" when"
    );
    println!("the process is gone, \"CPU\" user and system time with all that it started; ms.\n");
    table(&candidates, &costs, true);
    let [bare, hook, kept, _, python] = costs.as_slice() else { return };
    println!();
    at_most("live, against nft -f", ratio(hook.live, bare.live), 1.25, "x");
    at_most("live, with --keep-sessions", ratio(kept.live, bare.live), 1.25, "x");
    at_least("live, times as fast as the article's", ratio(python.live, hook.live), 5.0);
}

pub fn again() {
    let ruleset = ruleset(&[VIP.to_owned()]);
    let candidates = || candidates(&ruleset);
    let [bare, hook, kept, ..] = candidates();
    let check = Candidate::new("bypass-ipvs --check", &[HOOK, "--check", VIP]);
    // What no program can do without.
    let nothing = Candidate::new("/bin/true", &["/bin/true"]);
    let version = Candidate::new("bypass-ipvs --version", &[HOOK, "--version"]);
    crate::cost::clean();
    println!(
        "What keepalived's hooks mostly meet. nft replaces its rules, and the kernel does not let it"
    );
    println!("go before the old ones are out of use; the others look and stop.\n");
    let alone = [bare, hook, kept, check, nothing, version];
    let costs = Meter::new().compare(&alone, 60, false);
    table(&alone, &costs, false);
    let [_, hook, kept, check, ..] = costs.as_slice() else { return };
    println!();
    looking(hook, kept, check);

    // Their rule is in --check's eyes a conflict, so they come afterwards.
    println!("\nBeside the others, whose rule is there too:\n");
    let all = candidates();
    let costs = Meter::new().compare(&all, 60, false);
    table(&all, &costs, false);
    let [_, hook, kept, _, python] = costs.as_slice() else { return };
    println!();
    at_least("times as fast as the article's", ratio(python.end, hook.end), 10.0);
    at_least("the same with --keep-sessions", ratio(python.end, kept.end), 10.0);
}

pub fn services() {
    let with = |options: &[&str]| {
        let command = [&[HOOK, "--service", TEN], options].concat();
        Candidate::new(&format!("bypass-ipvs {}", options.join(" ")), &command)
    };
    let ruleset = ruleset_for(&["--service", TEN], &[VIP.to_owned()]);
    let file = ruleset.path().to_str().unwrap();
    let candidates = [
        Candidate::new("nft -f, the same rules", &["/usr/sbin/nft", "-f", file]),
        with(&["-a", VIP]),
        with(&["--keep-sessions", "-a", VIP]),
    ];
    println!("A host without rules:\n");
    let costs = Meter::new().compare(&candidates, 30, true);
    table(&candidates, &costs, false);
    println!("\nIts rules are there:\n");
    let [bare, hook, kept] = candidates;
    let candidates = [bare, hook, kept, with(&["--check", VIP])];
    crate::cost::clean();
    let costs = Meter::new().compare(&candidates, 60, false);
    table(&candidates, &costs, false);
    let [_, hook, kept, check] = costs.as_slice() else { return };
    println!();
    looking(hook, kept, check);
}

/// The goals of calls that change nothing.
fn looking(hook: &Cost, kept: &Cost, check: &Cost) {
    at_most("a hook", ms(hook.end), 2.5, "ms");
    at_most("a hook with --keep-sessions", ms(kept.end), 2.5, "ms");
    at_most("--check", ms(check.end), 3.0, "ms");
}

/// One line per candidate; the first one is what the others are held against.
pub fn table(candidates: &[Candidate], costs: &[Cost], live: bool) {
    let (head, of) = if live { ("live", " (live)") } else { ("", " (end)") };
    println!("{:36}{head:>8}{:>8}{:>8}{:>8}   against nft -f{of}", "median", "end", "CPU", "best");
    for (candidate, cost) in candidates.iter().zip(costs) {
        let figure = |cost: &Cost| if live { cost.live } else { cost.end };
        let first = if live { format!("{:8.2}", ms(cost.live)) } else { " ".repeat(8) };
        let [end, cpu, best] = [cost.end, cost.cpu, cost.best].map(ms);
        let against = ratio(figure(cost), figure(&costs[0]));
        println!("{:36}{first}{end:8.2}{cpu:8.2}{best:8.2}   {against:.2}x", candidate.name);
    }
}

/// A goal, and whether it is met; all of them are for an otherwise idle machine.
pub fn at_most(what: &str, is: f64, goal: f64, unit: &str) {
    let met = if is <= goal { "met" } else { "missed" };
    println!("{what}: {is:.2} {unit} (goal: at most {goal} {unit}; {met})");
}

/// The same for what should be much.
pub fn at_least(what: &str, is: f64, goal: f64) {
    let met = if is >= goal { "met" } else { "missed" };
    println!("{what}: {is:.1} x (goal: at least {goal} x; {met})");
}
