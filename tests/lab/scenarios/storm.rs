//! A hundred transitions in a minute: nodes are drained and filled again, cables pulled and
//! plugged, at random; half of the hooks are killed while they run, nft takes up to half a second,
//! and somebody flushes rules and fallback routes. When it is over every node must be right, soon, and
//! by its last hook: no watcher runs, and before that everything is flushed once more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::Cluster;
use crate::common::random::Random;
use crate::sandbox::ROOT;
use crate::settings;
use crate::setup::{Setup, Way};

const NFT: &str = "/usr/sbin/nft";

/// Between two transitions.
const STEP: Duration = Duration::from_millis(600);

/// How long all nodes are drained before the end, so that each has noticed, and its hooks have ended.
const CALM: Duration = Duration::from_secs(4);

/// When all is calm VRRP needs 3 × 0.2 s and the skew time for the first node to be MASTER again.
const VRRP: Duration = Duration::from_millis(690);

/// What the hooks and all else may take beyond that.
const LIMIT: Duration = Duration::from_secs(2);

/// How long the end is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let transitions = settings::number("TRANSITIONS", 100)?;
    let variants =
        [("ours", Setup::ours().quick()), ("the article's way", Setup::articles().quick())];
    let (mut told, mut wrong) = (Vec::new(), false);
    for (name, setup) in variants {
        if !settings::chosen(name) {
            continue;
        }
        let end = storm(cluster, &setup, transitions)?;
        told.push(format!("{name}: {}", tell(&end)));
        println!("    {}", told[told.len() - 1]);
        wrong |= setup.way == Way::Ours && end.right.is_none_or(|right| right > VRRP + LIMIT);
    }
    ensure!(!wrong, "{}", told.join("; "));
    Ok(told.join("; "))
}

#[derive(Debug)]
struct End {
    transitions: usize,
    killed: usize,
    flushed: usize,
    /// From the last transition until one node is MASTER and every guard is in force.
    right: Option<Duration>,
    /// Until every server is in every balance again, too.
    whole: Option<Duration>,
    /// What was wrong last.
    fault: String,
}

fn tell(end: &End) -> String {
    let seconds = |time: Option<Duration>| {
        time.map_or("never".to_owned(), |time| format!("after {:.1} s", time.as_secs_f64()))
    };
    format!(
        "{} transitions, {} hooks killed, {} flushes, right {}{}, all servers in the balance {}",
        end.transitions,
        end.killed,
        end.flushed,
        seconds(end.right),
        if end.fault.is_empty() { String::new() } else { format!(" (wrong last: {})", end.fault) },
        seconds(end.whole),
    )
}

fn storm(cluster: &mut Cluster, setup: &Setup, transitions: usize) -> Result<End> {
    cluster.set_up(setup)?;
    cluster.stop()?;
    slow_nft()?;
    cluster.set_up(setup)?;
    cluster.watch(false)?;
    let (over, killed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let cluster = &*cluster;
    let flushed = std::thread::scope(|scope| {
        scope.spawn(|| kill_hooks(&over, &killed));
        let result = blow(cluster, transitions);
        over.store(true, Ordering::Relaxed);
        result
    })?;
    let flushed = flushed + last(cluster)?;
    // For our own looks; keepalived's hooks go on with the slow one.
    umount2(NFT, MntFlags::MNT_DETACH)?;
    let began = Instant::now();
    let (mut right, mut whole, mut fault) = (None, None, String::new());
    while began.elapsed() < PATIENCE && whole.is_none() {
        let look = began.elapsed();
        let wrong = wrong(cluster)?;
        if wrong.is_empty() {
            right.get_or_insert(look);
        } else {
            (right, fault) = (None, wrong);
        }
        if right.is_some() && cluster.fault(&cluster.everybody())?.is_none() {
            whole = Some(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let killed = killed.load(Ordering::Relaxed);
    Ok(End { transitions, killed, flushed, right, whole, fault })
}

/// What is wrong, the balance aside; empty if nothing is.
fn wrong(cluster: &Cluster) -> Result<String> {
    let masters = cluster.masters()?;
    if masters != [0] {
        return Ok(format!("MASTERs {masters:?}"));
    }
    for (place, node) in cluster.nodes.iter().enumerate() {
        let right = match cluster.way() {
            Way::Ours => node.guarded(cluster.vip)?,
            Way::Articles => {
                let rules = node.netns.tool("iptables", "-t nat -S PREROUTING");
                rules.matches("REDIRECT").count() == usize::from(place > 0)
            }
        };
        if !right {
            return Ok(format!("the rules of {}", node.short()));
        }
    }
    Ok(String::new())
}

/// The transitions; ends with every node drained. Tells how often a node's rules and routes were taken
/// away.
fn blow(cluster: &Cluster, transitions: usize) -> Result<usize> {
    let (mut drained, mut pulled) = ([false; 4], [false; 4]);
    let mut flushed = 0;
    let mut random = Random::seeded(0x2545_f491_4f6c_dd1d);
    for _ in 0..transitions {
        let began = Instant::now();
        let place = random.below(4);
        let node = &cluster.nodes[place];
        if random.below(2) == 0 {
            flushed += flush(cluster, place);
        }
        if random.below(3) == 0 {
            pulled[place] = !pulled[place];
            if pulled[place] { node.link.pull()? } else { node.link.plug()? }
        } else {
            drained[place] = !drained[place];
            node.drain(drained[place])?;
        }
        std::thread::sleep(STEP.saturating_sub(began.elapsed()));
    }
    for node in &cluster.nodes {
        node.drain(true)?;
    }
    Ok(flushed)
}

/// The last transition, of all nodes at once; nobody kills these hooks. What is right afterwards, they
/// did: nothing was there before.
fn last(cluster: &Cluster) -> Result<usize> {
    std::thread::sleep(CALM);
    let flushed = (0..cluster.nodes.len()).map(|place| flush(cluster, place)).sum();
    for node in &cluster.nodes {
        node.drain(false)?;
        node.link.plug()?;
    }
    Ok(flushed)
}

/// Takes a node's rules and routes away. Not in the article's way: that would mend what its hooks did
/// wrong. Tells how many nodes that were.
fn flush(cluster: &Cluster, place: usize) -> usize {
    if cluster.way() != Way::Ours {
        return 0;
    }
    cluster.nodes[place].flush();
    1
}

/// Kills half of the hooks that it meets.
fn kill_hooks(over: &AtomicBool, killed: &AtomicUsize) {
    let mut random = Random::seeded(0x9e37_79b9_7f4a_7c15);
    while !over.load(Ordering::Relaxed) {
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let pid = process.file_name().to_string_lossy().parse();
            if command.starts_with("bypass")
                && random.below(2) == 0
                && let Ok(pid) = pid
                && kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok()
            {
                killed.fetch_add(1, Ordering::Relaxed);
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Puts a slow nft in nft's place, for everything that is started from now on.
fn slow_nft() -> Result<()> {
    let (real, slow) = (Path::new(ROOT).join("nft"), Path::new(ROOT).join("slow-nft"));
    fs::copy(NFT, &real)?;
    let text =
        format!("#!/bin/bash\nsleep 0.$((RANDOM % 5))\nexec -a nft {} \"$@\"\n", real.display());
    fs::write(&slow, text)?;
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755))?;
    let none = None::<&str>;
    mount(Some(&slow), NFT, none, MsFlags::MS_BIND, none).context("slow nft")
}
