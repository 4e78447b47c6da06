//! What holds whatever a server says, and in whatever pieces.

use proptest::prelude::*;

use super::*;

/// Conversations that get far often enough.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let replies = [
        &b"220 a\r\n"[..],
        b"220-a\r\n220 b\r\n",
        b"250 a\r\n",
        b"250-a\r\n250-STARTTLS\r\n250 SIZE\r\n",
        b"250 a\n",
        b"221 a\r\n",
        b"421 a\r\n",
        b"500 a\r\n",
        b"250-",
        b"\0",
        b"x",
    ];
    let reply = prop::sample::select(replies.to_vec()).prop_map(<[u8]>::to_vec);
    let garbage = prop::collection::vec(any::<u8>(), 0..600);
    prop::collection::vec(prop_oneof![9 => reply, 1 => garbage], 0..8).prop_map(|all| all.concat())
}

proptest! {
    /// While no piece goes beyond a line.
    #[test]
    fn the_verdict_does_not_depend_on_the_pieces_of_a_line(
        bytes in traffic(),
        size in 1..40_usize,
        starttls: bool,
        mail: bool,
    ) {
        let script = Script {
            starttls,
            mail_from: mail.then(|| "a@b".parse().unwrap()),
            ..script()
        };
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let pieces: Vec<_> = lines.iter().flat_map(|line| line.chunks(size)).collect();
        prop_assert_eq!(play(&script, &lines), play(&script, &pieces));
    }

    /// A dialogue takes more than one reply, and each has to wait for its command.
    #[test]
    fn what_comes_at_once_is_never_up(bytes in traffic(), mail: bool) {
        let script = Script { mail_from: mail.then(|| "a@b".parse().unwrap()), ..script() };
        prop_assert_ne!(play(&script, &[&bytes]).1, Some(Ok(())));
    }

    #[test]
    fn no_bytes_make_it_panic_or_loop(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..6),
    ) {
        let (heard, _) = play(&script(), &pieces);
        prop_assert!(heard.len() <= 4);
    }
}
