//! Hostile servers against the parser and both dialogues: what the fuzzer kept, and variations of it.

#[path = "../fuzz/entry/compat.rs"]
mod compat;
#[path = "../fuzz/entry/dialogue.rs"]
mod dialogue;
#[path = "../fuzz/entry/reply.rs"]
mod reply;

use super::common::hostile::Hostile;

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

fn play(name: &'static str, entry: fn(&[u8])) {
    // The longest is longer than what a reply may have.
    let server = Hostile { name, words: &WORDS, variations: 20_000, longest: 2048 };
    server.play(Vec::new(), entry);
}

#[test]
fn no_server_steers_the_dialogue() {
    play("dialogue", dialogue::dialogue);
}

#[test]
fn no_server_steers_smtp_checks_dialogue() {
    play("compat", compat::compat);
}

#[test]
fn no_server_steers_the_parser() {
    play("reply", reply::reply);
}
