//! A hostile server against the RFC 5321 dialogue. Nothing panics, nothing loops, no command can be
//! steered by the server, how a line is split changes no verdict, and what comes at once is never
//! up. The fuzzer calls this, and so does an ordinary test.
//!
//! The first byte chooses the script, the second how the rest is cut.

use lvskit::smtp::Failure;
use lvskit::smtp::esmtp::auth::Credentials;
use lvskit::smtp::esmtp::dialogue::{Action, Dialogue, Script};

/// Says at most: EHLO, XCLIENT, EHLO, STARTTLS, EHLO, AUTH and its two lines, MAIL, RCPT, RSET, QUIT.
const MOST_COMMANDS: usize = 12;

type End = (Vec<String>, Option<Result<(), Failure>>);

fn play<'a>(script: &Script, mut pieces: impl Iterator<Item = &'a [u8]>) -> End {
    let mut dialogue = Dialogue::new(script, None);
    let mut heard = Vec::new();
    let end = loop {
        match dialogue.act() {
            Ok(Action::Read) => match pieces.next() {
                Some(piece) => dialogue.push(piece),
                None => return (heard, None),
            },
            Ok(Action::Send(command)) => {
                assert!(command.ends_with("\r\n") && command.matches(['\r', '\n']).count() == 2);
                heard.push(command);
                assert!(heard.len() <= MOST_COMMANDS);
            }
            Ok(Action::SendSecret(line)) => {
                assert!(!line.secret.contains(['\r', '\n']));
                heard.push(format!("{}{}", line.public, line.secret));
                assert!(heard.len() <= MOST_COMMANDS);
            }
            Ok(Action::StartTls) => dialogue.secured(None),
            Ok(Action::Done) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    (heard, Some(dialogue.failure().map_or(end, |failure| Err(failure.clone()))))
}

/// Plays the server's part; panics where a promise is broken.
pub fn dialogue(data: &[u8]) {
    let [choice, piece, bytes @ ..] = data else { return };
    let chosen = |bit: u8| choice & (1 << bit) != 0;
    let address = || "a@b.example".parse().ok();
    let script = Script {
        lmtp: chosen(0),
        starttls: chosen(1),
        mail_from: chosen(2).then(address).flatten(),
        rcpt_to: chosen(3).then(address).flatten(),
        expect_greeting: chosen(4).then(|| "ESMTP".to_owned()),
        expect_capabilities: Vec::from_iter(chosen(5).then(|| "SIZE".to_owned())),
        xclient: Vec::from_iter(chosen(6).then(|| "ADDR=192.0.2.1".parse().ok()).flatten()),
        credentials: chosen(7).then(|| Credentials::parse(b"a\nb\n").ok()).flatten(),
        ..Script::default()
    };
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let size = usize::from(*piece).max(1);
    assert_eq!(play(&script, lines()), play(&script, lines().flat_map(|line| line.chunks(size))));
    let (_, at_once) = play(&script, Some(bytes).filter(|bytes| !bytes.is_empty()).into_iter());
    assert_ne!(at_once, Some(Ok(())));
}
