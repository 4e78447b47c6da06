//! A hostile server against SMTP_CHECK's dialogue. Nothing panics, it says at most HELO and QUIT,
//! and it always has room for another read. The fuzzer calls this, and so does an ordinary test.
//!
//! The first byte chooses how the rest is cut.

use lvskit::smtp::HeloName;
use lvskit::smtp::compat::dialogue::{Action, Dialogue};

/// Plays the server's part; panics where a promise is broken.
pub fn compat(data: &[u8]) {
    let [piece, bytes @ ..] = data else { return };
    let helo_name = HeloName::default();
    let mut dialogue = Dialogue::new(&helo_name);
    let mut sent = 0;
    let mut left = bytes;
    while !left.is_empty() {
        let room = dialogue.room();
        assert!((1..=511).contains(&room));
        let (read, rest) = left.split_at(usize::from(*piece).max(1).min(room).min(left.len()));
        left = rest;
        match dialogue.receive(read) {
            Ok(Action::Read) => {}
            Ok(Action::Send(_)) => sent += 1,
            Ok(Action::Done) | Err(_) => break,
        }
        assert!(sent <= 2);
    }
}
