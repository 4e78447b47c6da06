//! One call of the hook beside bare nft, the public script and the article's program.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::cost::{Candidate, Cost, HOOK, Meter, ms, ratio};

pub const VIP: &str = "192.168.3.100";
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/article_hook.py");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/bypass_ipvs.sh");

/// What the hook may cost beside bare nft, and how much faster it is to be than the article's.
const AT_MOST: f64 = 1.5;
const AT_LEAST: f64 = 5.0;

/// The rules of the hook for these addresses, in a file for `nft -f`.
pub fn ruleset(vips: &[String]) -> NamedTempFile {
    let dry = Command::new(HOOK).args(["--dry-run", "-a"]).args(vips).output().unwrap();
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
    goals("live", &costs, |cost| cost.live);
    goals("CPU", &costs, |cost| cost.cpu);
}

pub fn again() {
    let ruleset = ruleset(&[VIP.to_owned()]);
    let [bare, hook, rendered, script, python] = candidates(&ruleset);
    let check = Candidate::new("bypass-ipvs --check", &[HOOK, "--check", VIP]);
    let candidates = [bare, hook, rendered, script, check, python];
    crate::cost::clean();
    let costs = Meter::new().compare(&candidates, 60, false);
    println!(
        "What keepalived's hooks mostly meet. nft replaces its rules, and the kernel does not let it"
    );
    println!("go before the old ones are out of use; the others look and stop.\n");
    table(&candidates, &costs, false);
    goals("end", &costs, |cost| cost.end);
}

/// One line per candidate; the first one is what the others are held against.
pub fn table(candidates: &[Candidate], costs: &[Cost], live: bool) {
    let (head, of) = if live { ("live", " (live)") } else { ("", " (end)") };
    println!("{:36}{head:>8}{:>8}{:>8}   against nft -f{of}", "median", "end", "CPU");
    for (candidate, cost) in candidates.iter().zip(costs) {
        let figure = |cost: &Cost| if live { cost.live } else { cost.end };
        let first = if live { format!("{:8.2}", ms(cost.live)) } else { " ".repeat(8) };
        let (end, cpu) = (ms(cost.end), ms(cost.cpu));
        let against = ratio(figure(cost), figure(&costs[0]));
        println!("{:36}{first}{end:8.2}{cpu:8.2}   {against:.2}x", candidate.name);
    }
}

/// The hook's place between bare nft, the first, and the article's way, the last.
fn goals(what: &str, costs: &[Cost], figure: impl Fn(&Cost) -> Duration) {
    let (bare, hook) = (figure(&costs[0]), figure(&costs[1]));
    let (slower, faster) = (ratio(hook, bare), ratio(figure(&costs[costs.len() - 1]), hook));
    let word = |met: bool| if met { "met" } else { "missed" };
    println!(
        "\n{what}: {slower:.2} times bare nft (goal: at most {AT_MOST}; {}), \
         {faster:.1} times as fast as the article's (goal: at least {AT_LEAST}; {})",
        word(slower <= AT_MOST),
        word(faster >= AT_LEAST)
    );
}
