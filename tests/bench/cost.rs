//! What one call costs: until its rule is live, from its start to its end, and processor time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub const HOOK: &str = env!("CARGO_BIN_EXE_bypass-ipvs");

const HELPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/cost.py");

/// Time for the kernel to finish, in the background, what was taken away before a call.
const SETTLE: Duration = Duration::from_millis(25);

/// Takes away what any candidate adds, whether it is there or not.
const CLEAN: &str = "add table ip lvskit; delete table ip lvskit; \
                     add table ip nat; delete table ip nat";

/// Something that puts a rule in force.
pub struct Candidate {
    pub name: String,
    pub command: Vec<String>,
}

impl Candidate {
    pub fn new(name: &str, command: &[&str]) -> Candidate {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Candidate { name: name.to_owned(), command }
    }
}

/// What calls cost: of one, or the median of many, each figure for itself.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From the start of the call until `nft monitor` tells of its rule; zero if nobody listens.
    pub live: Duration,
    pub end: Duration,
    /// Of the process and everything that it waited for.
    pub cpu: Duration,
    /// The shortest from start to end: on a busy machine, what comes closest to an idle one.
    pub best: Duration,
    pub status: i32,
}

/// Starts calls one by one, and hears of new rules from the kernel.
pub struct Meter {
    helper: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// It reads every set of the host, so it is there only where it is asked for.
    monitor: Option<(Child, Receiver<Instant>)>,
}

impl Drop for Meter {
    fn drop(&mut self) {
        let monitor = self.monitor.as_mut().map(|(child, _)| child);
        for child in [&mut self.helper].into_iter().chain(monitor) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Meter {
    pub fn new() -> Meter {
        let mut helper = piped(Command::new("python3").arg(HELPER));
        let commands = helper.stdin.take().unwrap();
        let answers = BufReader::new(helper.stdout.take().unwrap());
        Meter { helper, commands, answers, monitor: None }
    }

    /// One that also hears when a rule is live.
    pub fn listening() -> Meter {
        let mut monitor = piped(Command::new("nft").args(["monitor", "new", "rules"]));
        let (heard, rules) = channel();
        let lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for _ in lines.map_while(Result::ok).filter(|line| line.starts_with("add rule")) {
                let _ = heard.send(Instant::now());
            }
        });
        let mut meter = Meter::new();
        meter.monitor = Some((monitor, rules));
        meter
    }

    /// One call, whatever its outcome.
    pub fn call(&mut self, command: &[String]) -> Cost {
        let rules = self.monitor.as_ref().map(|(_, rules)| rules);
        while rules.is_some_and(|rules| rules.try_recv().is_ok()) {}
        let line = serde_json::to_string(command).unwrap();
        let began = Instant::now();
        writeln!(self.commands, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let mut figures = answer.split_whitespace().map(|figure| figure.parse::<i64>().unwrap());
        let mut next = || figures.next().unwrap();
        let status = next() as i32;
        let mut micros = || Duration::from_micros(next() as u64);
        let (end, cpu) = (micros(), micros());
        let live = rules.map_or(Duration::ZERO, |rules| {
            rules.recv_timeout(Duration::from_secs(1)).expect("no rule was heard of") - began
        });
        Cost { live, end, cpu, best: end, status }
    }

    /// All candidates in turns; the medians of each.
    pub fn compare(&mut self, candidates: &[Candidate], turns: usize, clean: bool) -> Vec<Cost> {
        let mut costs = vec![Vec::new(); candidates.len()];
        for turn in 0..=turns {
            for (place, candidate) in candidates.iter().enumerate() {
                if clean {
                    self::clean();
                }
                let cost = self.call(&candidate.command);
                assert_eq!(cost.status, 0, "{}: {:?}", candidate.name, candidate.command);
                // The first turn only warms the caches.
                if turn > 0 {
                    costs[place].push(cost);
                }
            }
        }
        costs.iter().map(|costs| medians(costs)).collect()
    }
}

fn piped(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A host on which no candidate ever ran.
pub fn clean() {
    let status = Command::new("nft").arg(CLEAN).status().unwrap();
    assert!(status.success());
    let flush = ["route", "flush", "table", "local", "proto", "112"];
    assert!(Command::new("ip").args(flush).status().unwrap().success());
    std::thread::sleep(SETTLE);
}

fn medians(costs: &[Cost]) -> Cost {
    let median = |figure: fn(&Cost) -> Duration| middle(costs.iter().map(figure).collect());
    Cost {
        live: median(|cost| cost.live),
        end: median(|cost| cost.end),
        cpu: median(|cost| cost.cpu),
        best: costs.iter().map(|cost| cost.end).min().unwrap_or_default(),
        status: 0,
    }
}

/// The median.
pub fn middle<T: PartialOrd + Copy>(mut figures: Vec<T>) -> T {
    figures.sort_by(|a, b| a.partial_cmp(b).unwrap());
    figures[figures.len() / 2]
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

pub fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
