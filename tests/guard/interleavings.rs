//! keepalived starts hooks in parallel, waits for none and kills some. Whatever the order, the end
//! must be the same: 1,000 random interleavings of `-a` and `-r`, some of them killed at a random
//! moment, while the VIP comes and goes and somebody flushes the rules, before and in the midst of them.

use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::netns::inside;
use crate::common::random::Random;
use crate::node::{Node, OWN, PATIENT, VIP};

const ROUNDS: u32 = 1_000;

/// Chance with a seed that is printed, so that a failure can be repeated.
fn random() -> Random {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("LVSKIT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(now | 1);
    println!("repeat with LVSKIT_SEED={seed}");
    Random::seeded(seed)
}

/// A moment, shorter than `micros`.
fn moment(random: &mut Random, micros: usize) -> Duration {
    Duration::from_micros(random.below(micros) as u64)
}

#[test]
fn a_thousand_interleavings_end_in_the_same_state() {
    if !inside("interleavings::a_thousand_interleavings_end_in_the_same_state") {
        return;
    }
    let node = Node::silent();
    let mut random = random();
    let mut local = false;
    let (mut hooks, mut killed, mut flushed, mut moved) = (0, 0, 0, 0);
    for round in 0..ROUNDS {
        if random.below(4) == 0 {
            node.node.tool("nft", "flush ruleset");
            node.node.ip("route flush table local proto 112");
            flushed += 1;
        }
        let mut running: Vec<(Child, bool)> = Vec::new();
        for _ in 0..2 + random.below(4) {
            let option = if random.below(2) == 0 { "-a" } else { "-r" };
            let hook = node.start_hook(&["--keep-sessions", option, VIP]);
            running.push((hook, random.below(3) == 0));
            std::thread::sleep(moment(&mut random, 2_000));
        }
        if random.below(2) == 0 {
            move_vip(&node, &mut local);
            moved += 1;
        }
        // keepalived never kills the last hook of a node that goes on.
        running[0].1 = false;
        if random.below(3) == 0 {
            // In the midst of these; what it takes away is the next one's to put back.
            node.node.tool("nft", "flush ruleset");
            running.push((node.start_hook(&["--keep-sessions", "-a", VIP]), false));
            flushed += 1;
        }
        hooks += running.len();
        killed += end(running, &mut random);

        let check = node.hook(&["--keep-sessions", "--check", VIP]);
        let told = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(check.status.success(), "round {round}: {told}");
        let (expected, served) = match local {
            true => (VIP, node.served_at(VIP, PATIENT)),
            false => (OWN, node.forwarded_to(VIP, PATIENT)),
        };
        assert_eq!(served, Some(expected.parse().unwrap()), "round {round}, local: {local}");
    }
    assert!(killed > 0 && flushed > 0 && moved > 0);
    println!(
        "{ROUNDS} interleavings of {hooks} hooks: {killed} killed, rules flushed {flushed} times, \
         VIP moved {moved} times; guard in force and packets right after each"
    );
}

fn move_vip(node: &Node, local: &mut bool) {
    match *local {
        true => node.give_up(VIP),
        false => node.take(VIP),
    }
    *local = !*local;
}

/// Kills the marked hooks at random moments and waits for all; returns how many died of it.
fn end(running: Vec<(Child, bool)>, random: &mut Random) -> usize {
    let mut died = 0;
    for (mut hook, kill) in running {
        if kill {
            std::thread::sleep(moment(random, 3_000));
            hook.kill().unwrap();
        }
        let status = hook.wait().unwrap();
        assert!(kill || status.success(), "a hook that nobody killed: {status}");
        died += usize::from(!status.success());
    }
    died
}
