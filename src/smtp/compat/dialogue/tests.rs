//! The verdicts of SMTP_CHECK, each as the read sequence that leads to it.

use proptest::prelude::*;

use super::*;

/// How a read sequence ends for the probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Up,
    BadGreeting,
    BadHelo,
    /// The server closed the connection too early.
    ReadFailure,
    /// The sequence is over and the dialogue still waits.
    ReadTimeout,
}
use Outcome::*;

/// End of stream, as read() tells it.
const EOF: &[u8] = b"";

/// Plays chunks to a dialogue. As a socket does, a chunk that is too long for one read is left
/// over for the next.
fn play<C: AsRef<[u8]>>(chunks: &[C]) -> Outcome {
    let helo_name = HeloName::default();
    let mut dialogue = Dialogue::new(&helo_name);
    for chunk in chunks {
        let mut left = chunk.as_ref();
        loop {
            let (read, rest) = left.split_at(left.len().min(dialogue.room()));
            match dialogue.receive(read) {
                Ok(Action::Read | Action::Send(_)) => left = rest,
                Ok(Action::Done) => return Up,
                Err(Failure::Greeting(_)) => return BadGreeting,
                Err(Failure::Helo(_)) => return BadHelo,
                Err(Failure::Read(..)) => return ReadFailure,
                Err(other) => panic!("a dialogue knows nothing of {other:?}"),
            }
            if left.is_empty() {
                break;
            }
        }
    }
    ReadTimeout
}

/// What follows a good greeting.
const REST: [&[u8]; 2] = [b"250 ok\r\n", b"221 bye\r\n"];

#[test]
fn greetings() {
    for (greeting, outcome) in [
        (&b"220 host\r\n"[..], Up),
        (b"220 host\n", Up),
        (b"220 \r\n", Up),
        (b"220\n", Up),
        (b"220 a\r\n220 b\r\n", Up),
        (b"220\r\n", BadGreeting),
        (b"220\thost\r\n", BadGreeting),
        (b" 220 x\r\n", BadGreeting),
        (b"+220\n", BadGreeting),
        (b"2200\n", BadGreeting),
        (b"22\n", BadGreeting),
        (b"0x220\n", BadGreeting),
        (b"221 x\r\n", BadGreeting),
        (b"421 x\r\n", BadGreeting),
        (b"554 x\r\n", BadGreeting),
        (b"\n", BadGreeting),
        (b"220-a\r\n220 a\r\n", BadGreeting),
    ] {
        assert_eq!(play(&[greeting, REST[0], REST[1]]), outcome, "{}", greeting.escape_ascii());
    }
}

#[test]
fn helo_replies() {
    for (reply, outcome) in [
        (&b"250 host\r\n"[..], Up),
        (b"250\n", Up),
        (b"250\r\n", BadHelo),
        (b"250-a\r\n250 b\r\n", BadHelo),
        (b"251 x\r\n", BadHelo),
        (b"500 x\r\n", BadHelo),
        (b"220 late second line\r\n", BadHelo),
        (EOF, ReadFailure),
    ] {
        assert_eq!(play(&[b"220 a\r\n", reply, REST[1]]), outcome, "{}", reply.escape_ascii());
    }
}

#[test]
fn quit_replies() {
    for (reply, outcome) in [
        (&b"221 bye\r\n"[..], Up),
        (b"500 what\r\n", Up),
        (b"junk\n", Up),
        (b"\n", Up),
        (b"\xff\xfe\n", Up),
        (b"221 bye", ReadTimeout),
        (EOF, ReadFailure),
    ] {
        assert_eq!(play(&[b"220 a\r\n", REST[0], reply]), outcome, "{}", reply.escape_ascii());
    }
}

#[test]
fn reads_decide() {
    let junk = |count| vec![b'A'; count];
    let long_greeting = [&b"220 "[..], &[b'x'; 600], b"\r\n"].concat();
    let [helo, quit] = REST.map(<[u8]>::to_vec);
    for (reads, outcome) in [
        (vec![b"220 a\r\n250 b\r\n221 c\r\n".to_vec()], ReadTimeout),
        (vec![b"220-a\r\n".to_vec(), b"220 a\r\n".to_vec()], BadGreeting),
        (vec![b"2".to_vec(), b"20 a".to_vec(), b"\r\n".to_vec(), helo.clone(), quit.clone()], Up),
        (vec![b"220 a".to_vec()], ReadTimeout),
        (vec![b"220 a".to_vec(), EOF.to_vec()], ReadFailure),
        (vec![junk(511), b"220 ok\r\n".to_vec(), helo.clone(), quit.clone()], Up),
        (vec![junk(510), b"220 ok\r\n".to_vec()], BadGreeting),
        (vec![long_greeting], BadGreeting),
        (vec![b"220 a\0b\r\n".to_vec()], ReadTimeout),
        (vec![b"220 a\0b\r\n".to_vec(), junk(502), b"220 ok\n".to_vec(), helo, quit], Up),
    ] {
        assert_eq!(play(&reads), outcome, "{reads:?}");
    }
}

#[test]
fn it_says_helo_and_quit_and_nothing_else() {
    let name = "probe.example.org".parse().unwrap();
    let mut dialogue = Dialogue::new(&name);
    assert_eq!(dialogue.awaited(), Awaited::Greeting);
    assert_eq!(
        dialogue.receive(b"220 a\r\n"),
        Ok(Action::Send("HELO probe.example.org\r\n".to_owned()))
    );
    assert_eq!(dialogue.awaited(), Awaited::Helo);
    assert_eq!(dialogue.receive(b"250 a\r\n"), Ok(Action::Send("QUIT\r\n".to_owned())));
    assert_eq!(dialogue.awaited(), Awaited::Quit);
    assert_eq!(dialogue.receive(b"221 a\r\n"), Ok(Action::Done));
}

#[test]
fn the_servers_words_are_made_printable() {
    let name = HeloName::default();
    let failure = Dialogue::new(&name).receive(b"554 \x1b[31m\"no\"\r\n").unwrap_err();
    assert_eq!(failure.to_string(), r#"Bad greeting banner from server: "554 \x1b[31m\"no\"\r""#);
}

/// The same judgement in the manner of C: a fixed array that is never cleared, with a NUL after
/// the last byte read. Written from SMTP_CHECK's behaviour, not from the parts under test.
fn play_in_c_manner(chunks: &[Vec<u8>]) -> Outcome {
    let mut array = [0xAA_u8; 512];
    let (mut filled, mut step) = (0, 0);
    for chunk in chunks {
        let mut left = chunk.as_slice();
        loop {
            if filled >= 511 {
                filled = 0;
            }
            let count = left.len().min(512 - filled - 1);
            if count == 0 {
                return ReadFailure;
            }
            array[filled..filled + count].copy_from_slice(&left[..count]);
            left = &left[count..];
            filled += count;
            array[filled] = 0;
            let text = array.split(|byte| *byte == 0).next().unwrap();
            if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line = &text[..end];
                let has = |code: &[u8]| line == code || line.starts_with(&[code, b" "].concat());
                match step {
                    0 if !has(b"220") => return BadGreeting,
                    1 if !has(b"250") => return BadHelo,
                    2 => return Up,
                    _ => (step, filled) = (step + 1, 0),
                }
            }
            if left.is_empty() {
                break;
            }
        }
    }
    ReadTimeout
}

/// Chunks that often get somewhere: replies, pieces of them, junk around the buffer's size, and
/// any bytes at all.
fn chunk() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(vec![
            &b"220 a\r\n"[..], b"220\n", b"220", b" ", b"250 b\r\n", b"250\n", b"25", b"0 c\n",
            b"221 bye\r\n", b"\n", b"\r\n", b"\0", b"220 a\n250 b\n", EOF,
        ]).prop_map(<[u8]>::to_vec),
        2 => (505..1030_usize).prop_map(|count| vec![b'A'; count]),
        1 => prop::collection::vec(any::<u8>(), 0..1200),
    ]
}

proptest! {
    #[test]
    fn any_read_sequence_is_judged_as_in_c(chunks in prop::collection::vec(chunk(), 0..8)) {
        prop_assert_eq!(play(&chunks), play_in_c_manner(&chunks));
    }

    #[test]
    fn any_bytes_behind_a_line_in_the_same_read_change_nothing(
        tails in prop::array::uniform3(prop::collection::vec(any::<u8>(), 0..500)),
    ) {
        let [first, second, third] = tails;
        prop_assert_eq!(
            play(&[
                [&b"220 a\n"[..], &first].concat(),
                [&b"250 b\n"[..], &second].concat(),
                [&b"221 c\n"[..], &third].concat(),
            ]),
            Up
        );
    }
}
