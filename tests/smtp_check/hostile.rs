//! The fuzzer's work, kept: the inputs that it found worth keeping, and some thousand variations of
//! each kind, the same in each run, through the same entries. The fuzzer itself wants a nightly
//! compiler (see tests/fuzz/Cargo.toml); this is for every day.
//!
//! `LVSKIT_SEED=7 cargo test --test smtp_check hostile` makes other variations.

use std::fs;
use std::panic::catch_unwind;

use super::common::random::Random;

#[path = "../fuzz/entry/compat.rs"]
mod compat;
#[path = "../fuzz/entry/dialogue.rs"]
mod dialogue;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus");
const VARIATIONS: usize = 20_000;
const SEED: u64 = 1;

/// The longest variation, in bytes: longer than what a reply may have.
const LONGEST: usize = 2048;

/// What a server is likely to say, or rather not.
const WORDS: [&[u8]; 16] = [
    b"220 mx ESMTP\r\n",
    b"220-",
    b"250-STARTTLS\r\n",
    b"250 SIZE 1\r\n",
    b"250-",
    b"221 bye\r\n",
    b"421 busy\r\n",
    b"502 what\r\n",
    b"454 ",
    b"999 ",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"                                ",
];

/// Changes the input once.
fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let place = random.below(input.len() + 1);
    let end = (place + random.below(16)).min(input.len());
    match random.below(6) {
        0 => drop(input.drain(place..end)),
        1 => drop(input.splice(place..end, WORDS[random.below(WORDS.len())].to_vec())),
        2 => drop(input.splice(place..place, input[place..end].to_vec())),
        3 => input.truncate(place),
        4 => {
            let other = &corpus[random.below(corpus.len())];
            input.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ if place < input.len() => input[place] = random.below(256) as u8,
        _ => input.push(random.below(256) as u8),
    }
    input.truncate(LONGEST);
}

/// Plays everything that was kept for this entry, and variations of it.
fn play(name: &str, entry: fn(&[u8])) {
    let seed = std::env::var("LVSKIT_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut files: Vec<_> = fs::read_dir(format!("{CORPUS}/{name}"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!corpus.is_empty());
    println!("{name}: {} kept inputs, {VARIATIONS} variations, seed {seed}", corpus.len());
    let survives = |input: &[u8]| {
        let played = catch_unwind(|| entry(input));
        assert!(played.is_ok(), "{name}, seed {seed}: b\"{}\"", input.escape_ascii());
    };
    corpus.iter().for_each(|input| survives(input));
    // An odd factor spreads small seeds; 0 would stay 0.
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1));
    for _ in 0..VARIATIONS {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut input, &corpus, &mut random);
        }
        survives(&input);
    }
}

#[test]
fn no_server_steers_the_dialogue() {
    play("dialogue", dialogue::dialogue);
}

#[test]
fn no_server_steers_smtp_checks_dialogue() {
    play("compat", compat::compat);
}
