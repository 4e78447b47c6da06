//! Hostile bytes against the reply parser. Nothing panics, what comes out is printable and no longer
//! than it may be, and how the bytes are split changes nothing. The fuzzer calls this, and so does an
//! ordinary test.
//!
//! The first byte chooses how the rest is cut.

use lvskit::smtp::esmtp::reply::{LONGEST_LINE, MOST_LINES, Malformed, Reply, ReplyBuffer};

/// An escaped byte has up to four characters.
const LONGEST_TEXT: usize = 4 * LONGEST_LINE;

fn read(bytes: &[u8], piece: usize) -> (Vec<Reply>, Option<Malformed>) {
    let mut buffer = ReplyBuffer::default();
    let mut replies = Vec::new();
    for piece in bytes.chunks(piece) {
        buffer.push(piece);
        loop {
            match buffer.take() {
                Ok(None) => break,
                Ok(Some(reply)) => replies.push(reply),
                Err(malformed) => return (replies, Some(malformed)),
            }
        }
    }
    (replies, None)
}

/// Reads everything twice; panics where a promise is broken.
pub fn reply(data: &[u8]) {
    let [piece, bytes @ ..] = data else { return };
    let (replies, end) = read(bytes, bytes.len().max(1));
    for reply in &replies {
        assert!((200..=559).contains(&reply.code));
        assert!((1..=MOST_LINES).contains(&reply.lines.len()));
        for line in &reply.lines {
            assert!(
                line.len() <= LONGEST_TEXT
                    && line.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            );
        }
    }
    assert_eq!((replies, end), read(bytes, usize::from(*piece).max(1)));
}
