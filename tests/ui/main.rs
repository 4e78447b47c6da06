//! What a person reads who made a mistake: NAME.yml is an inventory with one, and NAME.stderr the whole answer of
//! `lvskit gen-conf`, its exit code in the last line. `SNAPSHOTS=overwrite cargo test --test ui` takes the
//! answers as they are now: read the difference before it is committed.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

use snapbox::{Assert, Data};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");

/// All inventories, in order.
fn names() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let inventories = files.filter(|path| path.extension().is_some_and(|kind| kind == "yml"));
    let mut names: Vec<String> =
        inventories.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The whole answer to one inventory.
fn answer(name: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lvskit"))
        .args(["gen-conf", "--stdout", "-i", &format!("{name}.yml")])
        .current_dir(FOLDER)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    format!("{}exit code {code}\n", String::from_utf8(output.stderr).unwrap())
}

#[test]
fn each_mistake_has_its_answer() {
    let names = names();
    assert!(names.len() >= 60, "{}", names.len());
    let assert = Assert::new().action_env("SNAPSHOTS");
    let wrong = |name: &String| {
        let path = Path::new(FOLDER).join(format!("{name}.stderr"));
        let expected = Data::read_from(&path, None);
        assert.try_eq(Some(name), answer(name).into(), expected.raw()).err()
    };
    let all: Vec<_> = thread::scope(|scope| {
        let halves = names.chunks(names.len().div_ceil(4));
        let threads: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().filter_map(wrong).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    let told: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Answers are told in the words of keepalived and of the inventory.
#[test]
fn no_answer_speaks_of_what_reads_the_file() {
    for name in names() {
        let answer = answer(&name);
        for word in
            ["budget", "Option<", "String", "serde", "scalar", "mapping", "sequence", "parser"]
        {
            assert!(!answer.contains(word), "`{word}` in the answer to {name}:\n{answer}");
        }
    }
}
