//! What a server says.

use super::behaviour::{
    Behaviour, Chapter, GREETING, HELO, SHORT, TIMEOUT, down, greeting, helo, named, quit, up,
};
use crate::common::server::Step::Pause;
use crate::common::server::{Step, say};

pub fn greetings() -> Chapter {
    let said = |text: &[u8]| (named("greeting", text), greeting(vec![say(text)]));
    let mut all: Vec<Behaviour> = Vec::new();
    for text in [
        &b"220 host\r\n"[..],
        b"220 host\n",
        b"220 \r\n",
        b"220\n",
        b"220  two blanks\r\n",
        b"220 a\rb\r\n",
        b"220 \xe4\xff\x80\r\n",
        b"220 a\r\n220 b\r\n",
        b"220 a\r\n\0",
    ] {
        let (name, script) = said(text);
        all.push(up(name, script));
    }
    for text in [
        &b"220\r\n"[..],
        b"220\thost\r\n",
        b" 220 x\r\n",
        b"+220\r\n",
        b"+22 x\r\n",
        b" 22 x\r\n",
        b"-22 x\r\n",
        b"2200 x\r\n",
        b"22 x\r\n",
        b"0x220 x\r\n",
        b"0220 x\r\n",
        b"200 x\r\n",
        b"221 x\r\n",
        b"250 x\r\n",
        b"421 x\r\n",
        b"554 x\r\n",
        b"220-a\r\n220 a\r\n",
        b"\n",
        b"\r\n220 a\r\n",
        b"\xef\xbb\xbf220 a\r\n",
        b"\xb2\xb2\xb0 a\r\n",
        b"220\xa0a\r\n",
        b"220\x0ba\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x02\x02\x02\n",
    ] {
        let (name, script) = said(text);
        all.push(down(name, GREETING, script));
    }
    for text in [&b"220 a"[..], b"220 a\r", b"220 a\0b\r\n", b"220\0\n", b"\x00220 a\r\n"] {
        let (name, script) = said(text);
        all.push(down(name, TIMEOUT, script));
    }
    Chapter::new("greetings", all)
}

pub fn to_helo_and_quit() -> Chapter {
    let mut all: Vec<Behaviour> = Vec::new();
    for text in [&b"250 b\r\n"[..], b"250\n", b"250 \r\n", b"250 b\r\n250 c\r\n", b"250 \xff\r\n"] {
        all.push(up(named("to HELO", text), helo(vec![say(text)])));
    }
    for text in [
        &b"250\r\n"[..],
        b"250-b\r\n250 c\r\n",
        b"251 x\r\n",
        b"220 x\r\n",
        b"500 x\r\n",
        b"421 x\r\n",
        b" 250 x\r\n",
        b"250\tx\r\n",
        b"\n",
    ] {
        all.push(down(named("to HELO", text), HELO, helo(vec![say(text)])));
    }
    for text in [&b"250 b"[..], b"250 b\0\r\n"] {
        all.push(down(named("to HELO", text), TIMEOUT, helo(vec![say(text)])));
    }
    for text in [
        &b"221 c\r\n"[..],
        b"221-c\r\n",
        b"500 what\r\n",
        b"junk\n",
        b"\n",
        b"\xff\xfe\n",
        b"\r\n\0",
    ] {
        all.push(up(named("to QUIT", text), quit(vec![say(text)])));
    }
    for text in [&b"221 c"[..], b"221\r", b"221 c\0\r\n"] {
        all.push(down(named("to QUIT", text), TIMEOUT, quit(vec![say(text)])));
    }
    all.extend(unasked());
    Chapter::new("replies", all)
}

/// Lines that nobody waits for. What comes in the same packet is thrown away, what comes later is
/// the next reply.
fn unasked() -> Vec<Behaviour> {
    let later = |text: &str| -> Vec<Step> { vec![Pause(SHORT), say(text)] };
    vec![
        down("220- and 220, two packets", GREETING, {
            greeting([vec![say("220-a\r\n")], later("220 a\r\n")].concat())
        }),
        down("250- and 250, two packets", HELO, {
            helo([vec![say("250-b\r\n")], later("250 b\r\n")].concat())
        }),
        down("220 twice, two packets", HELO, {
            greeting([vec![say("220 a\r\n")], later("220 b\r\n")].concat())
        }),
        up("220, then 250 unasked, then 250", {
            greeting([vec![say("220 a\r\n")], later("250 early\r\n")].concat())
        }),
        down("all replies in one packet", TIMEOUT, vec![say("220 a\r\n250 b\r\n221 c\r\n")]),
        up(
            "all replies, one after the other, unasked",
            [vec![say("220 a\r\n")], later("250 b\r\n"), later("221 c\r\n")].concat(),
        ),
        down("220 and 250 in one packet, then silence", TIMEOUT, vec![say("220 a\r\n250 b\r\n")]),
    ]
}
