//! The fuzzer's work, kept: the inputs that it found worth keeping, and some thousand variations of
//! each kind, the same in each run, through the same entries. The fuzzer itself takes its time
//! (`make fuzz`); this is for every day.
//!
//! `LVSKIT_SEED=7 cargo test hostile` makes other variations.

use std::fs;
use std::panic::catch_unwind;

use super::random::Random;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus");
const SEED: u64 = 1;

/// What a fuzz target is fed with.
pub struct Hostile {
    /// The target; its inputs are kept in the corpus under this name.
    pub name: &'static str,
    /// What is put into the inputs.
    pub words: &'static [&'static [u8]],
    /// How many variations there are.
    pub variations: usize,
    /// The longest, in bytes.
    pub longest: usize,
}

impl Hostile {
    /// Feeds everything that was kept to the target, and `more`, and variations of both.
    pub fn play(&self, more: Vec<Vec<u8>>, entry: fn(&[u8])) {
        let Hostile { name, variations, .. } = self;
        let seed = std::env::var("LVSKIT_SEED").map_or(SEED, |seed| seed.parse().unwrap());
        let mut corpus = kept(name);
        corpus.extend(more);
        assert!(!corpus.is_empty());
        println!("{name}: {} kept inputs, {variations} variations, seed {seed}", corpus.len());
        let survives = |input: &[u8]| {
            let played = catch_unwind(|| entry(input));
            assert!(played.is_ok(), "{name}, seed {seed}: b\"{}\"", input.escape_ascii());
        };
        corpus.iter().for_each(|input| survives(input));
        // An odd factor spreads small seeds; 0 would stay 0.
        let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1));
        for _ in 0..*variations {
            let mut input = corpus[random.below(corpus.len())].clone();
            for _ in 0..=random.below(4) {
                self.change(&mut input, &corpus, &mut random);
            }
            survives(&input);
        }
    }

    /// Changes the input once.
    fn change(&self, input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
        let place = random.below(input.len() + 1);
        let end = (place + random.below(16)).min(input.len());
        match random.below(6) {
            0 => drop(input.drain(place..end)),
            1 => {
                let word = self.words[random.below(self.words.len())];
                drop(input.splice(place..end, word.to_vec()));
            }
            2 => drop(input.splice(place..place, input[place..end].to_vec())),
            3 => input.truncate(place),
            4 => {
                let other = &corpus[random.below(corpus.len())];
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ if place < input.len() => input[place] = random.below(256) as u8,
            _ => input.push(random.below(256) as u8),
        }
        input.truncate(self.longest);
    }
}

fn kept(name: &str) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(format!("{CORPUS}/{name}")).unwrap();
    let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}
