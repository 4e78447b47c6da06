//! Mutants of all samples: none brings the reader down, and keepalived takes what is rendered of those that
//! are accepted. The seed is fixed, so that a mutant that fails can be made again; LVSKIT_MUTANTS says how
//! many there are.

use std::collections::BTreeSet;

use lvskit::conf::build::Files;
use lvskit::inventory::{self, no_secrets};

use crate::common::netns::{Netns, inside};
use crate::common::random::Random;
use crate::common::releases::{KILLS_ITSELF, as_root, interfaces, judge, skipped};
use crate::matrix::inventories;

const SEED: u64 = 20_261_129;

/// So many where nothing else is said: enough to notice what breaks most of them.
const FEW: usize = 400;

/// Values that are wrong, odd or the last that is right, for the place of another.
const VALUES: [&str; 14] = [
    "0",
    "1",
    "-1",
    "255",
    "256",
    "65536",
    "4294967296",
    "true",
    "false",
    "''",
    "[]",
    "{}",
    "10.0.0.1",
    "x y",
];

/// A text with one change.
fn mutant(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    let other = random.below(lines.len());
    match random.below(8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[other].clone()),
        2 => lines.swap(at, other),
        3 => lines[at] = format!("  {}", lines[at]),
        4 => lines[at] = lines[at].strip_prefix("  ").unwrap_or(&lines[at]).to_owned(),
        5 => {
            if let Some((key, _)) = lines[at].split_once(": ") {
                lines[at] = format!("{key}: {}", VALUES[random.below(VALUES.len())]);
            }
        }
        6 => {
            let (own, others) = (lines[at].clone(), lines[other].clone());
            if let (Some((key, _)), Some((_, value))) =
                (own.split_once(": "), others.split_once(": "))
            {
                lines[at] = format!("{key}: {value}");
            }
        }
        _ => {
            let digits: Vec<usize> = lines[at]
                .char_indices()
                .filter(|(_, c)| c.is_ascii_digit())
                .map(|(at, _)| at)
                .collect();
            if !digits.is_empty() {
                let place = digits[random.below(digits.len())];
                let digit = random.below(10).to_string();
                lines[at].replace_range(place..=place, &digit);
            }
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn keepalived_takes_every_mutant_that_is_accepted() {
    if !inside("mutants::keepalived_takes_every_mutant_that_is_accepted") {
        return;
    }
    let count = std::env::var("LVSKIT_MUTANTS").map_or(FEW, |text| text.parse().unwrap());
    let judges = skipped().is_none();
    let netns = Netns::new();
    let (mut random, samples) = (Random::seeded(SEED), inventories());
    let (mut links, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let (mut accepted, mut refused) = (0, Vec::new());
    for number in 0..count {
        let (name, sample) = &samples[random.below(samples.len())];
        let text = mutant(sample, &mut random);
        let Ok(checked) = inventory::parse(&text, &no_secrets) else { continue };
        accepted += 1;
        let files = Files::new(&checked.cluster);
        // A line that is too long is told when it is written.
        let all = (0..checked.cluster.nodes.len()).filter_map(|node| files.text(node).ok());
        for file in all.filter(|_| judges) {
            if !seen.insert(file.clone()) {
                continue;
            }
            let named = interfaces(&file);
            // The kernel has no longer names, and some are none.
            let mut made = named.iter().all(|name| links.contains(name));
            if !made && links.len() < 200 {
                made = named.iter().all(|name| {
                    links.contains(name) || {
                        netns.ip(&format!(
                            "link add {name} type veth peer name peer{}",
                            links.len()
                        ));
                        links.insert(name.clone())
                    }
                });
            }
            if !made {
                continue;
            }
            let (code, said) = judge(&netns, KILLS_ITSELF, &as_root(&file).0);
            if code != Some(0) || !said.is_empty() {
                refused.push(format!("{number}, of {name}: {code:?} {said}"));
            }
        }
    }
    println!(
        "mutants: {count}, {accepted} accepted, {} different files judged, {} refused by keepalived",
        seen.len(),
        refused.len()
    );
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
