//! How the bytes arrive: in pieces, in masses, late.

use std::time::Duration;

use super::behaviour::{
    ANYTHING, Behaviour, Chapter, GREETING, HELO, LONG, Place, SHORT, TIMEOUT, UP, Verdict,
    Verdicts, at, down, greeting, helo, quit, up,
};
use crate::common::server::Step::{self, Drip, Pause};
use crate::common::server::say;

/// SMTP_CHECK's buffer.
const BUFFER: usize = 511;

/// Puts a reply into a script that is good otherwise.
type Embed = fn(Vec<Step>) -> Vec<Step>;

const REPLIES: [(&str, &str, Embed); 3] = [
    ("greeting", "220 a\r\n", greeting),
    ("HELO reply", "250 b\r\n", helo),
    ("QUIT reply", "221 c\r\n", quit),
];

/// Each reply in two pieces, wherever it can be cut.
pub fn pieces() -> Chapter {
    let mut all = Vec::new();
    for (what, reply, embed) in REPLIES {
        for cut in 1..reply.len() {
            let (head, tail) = reply.split_at(cut);
            let script = embed(vec![say(head), Pause(SHORT), say(tail)]);
            all.push(up(format!("{what} cut after byte {cut}"), script));
        }
    }
    all.push(down("greeting 220, CR LF later", GREETING, {
        greeting(vec![say("220"), Pause(SHORT), say("\r\n")])
    }));
    all.push(up("greeting 220, LF later", greeting(vec![say("220"), Pause(SHORT), say("\n")])));
    Chapter::new("pieces", all)
}

/// Around the size of the buffer and far beyond it.
pub fn sizes() -> Chapter {
    let junk = |count: usize, then: &str| [&vec![b'A'; count], then.as_bytes()].concat();
    let line = |code: &str, count: usize| [code.as_bytes(), &vec![b'x'; count], b"\n"].concat();
    let later = |head: Vec<u8>, tail: &str| vec![say(head), Pause(SHORT), say(tail)];
    // keepalived logs a line for each buffer that it throws away, so only one is a megabyte.
    let (much, buffers) = (64 << 10, 128 * BUFFER);
    let all = vec![
        up("greeting of 511 bytes", greeting(vec![say(line("220 ", 506))])),
        down("greeting of 512 bytes", GREETING, greeting(vec![say(line("220 ", 507))])),
        down("greeting of 600 bytes", GREETING, greeting(vec![say(line("220 ", 595))])),
        up("511 bytes of junk, then a greeting", greeting(later(junk(511, ""), "220 a\r\n"))),
        down("510, then a greeting", GREETING, greeting(later(junk(510, ""), "220 a\r\n"))),
        down("512, then a greeting", GREETING, greeting(later(junk(512, ""), "220 a\r\n"))),
        up("511 and the greeting at once", greeting(vec![say(junk(511, "220 a\r\n"))])),
        down("600 and the greeting at once", GREETING, greeting(vec![say(junk(600, "220 a\r\n"))])),
        up("511 NULs, then a greeting", greeting(later(vec![0; 511], "220 a\r\n"))),
        down("600 NULs", TIMEOUT, greeting(vec![say(vec![0; 600])])),
        up("511 bytes of junk, then 250", helo(later(junk(511, ""), "250 b\r\n"))),
        down("510, then 250", HELO, helo(later(junk(510, ""), "250 b\r\n"))),
        down("HELO reply of 600 bytes", HELO, helo(vec![say(line("250 ", 595))])),
        up("QUIT reply of 600 bytes", quit(vec![say(line("221 ", 595))])),
        down("greeting of 1 MB", GREETING, greeting(vec![say(line("220 ", 1 << 20))])),
        down("64 kB without an end", TIMEOUT, greeting(vec![say(junk(much, ""))])),
        up(
            "64 kB of whole buffers and a greeting",
            greeting(vec![say(junk(buffers, "220 a\r\n"))]),
        ),
        // No more than is taken at once: a server that is still talking when its client goes may hear
        // of that before it hears HELO.
        down("64 kB of greetings", HELO, greeting(vec![say("220 a\r\n".repeat(much / 7))])),
        down("HELO reply of 64 kB", HELO, helo(vec![say(line("250 ", much))])),
        up("QUIT reply of 64 kB", quit(vec![say(line("221 ", much))])),
    ];
    Chapter::new("sizes", all)
}

/// Pauses within and beyond the timeout, and drips, which begin it anew with each byte.
pub fn times() -> Chapter {
    let mut all = Vec::new();
    for (what, reply, embed) in REPLIES {
        let (head, tail) = reply.split_at(4);
        let with = |pause: Duration| embed(vec![Pause(pause), say(reply)]);
        all.push(up(format!("{what} soon enough"), with(SHORT * 2)));
        all.push(down(format!("{what} too late"), TIMEOUT, with(LONG)));
        all.push(down(format!("{what} begun, then too late"), TIMEOUT, {
            embed(vec![say(head), Pause(LONG), say(tail)])
        }));
        let drip = |text: &str| embed(vec![Drip(text.into(), SHORT * 2)]);
        all.push(up(format!("{what} slower than the timeout, byte by byte"), drip(reply)));
        let longer = reply.replace(" ", " slow as a");
        all.push(beyond_the_deadline(format!("{what} slower than the deadline"), drip(&longer)));
    }
    // Not a whole line before the scenario ends, and always a byte within the timeout.
    let endless = Place::Server(vec![vec![Drip(vec![b'x'; 300], SHORT * 2)]]);
    let expected = Verdicts { smtp_check: Verdict::None, probe: Verdict::Down };
    all.push(at("a drip without end", endless, expected, ANYTHING));
    Chapter::new("times", all)
}

/// SMTP_CHECK waits as long as it takes; a MISC_CHECK has to come to an end.
fn beyond_the_deadline(name: String, script: Vec<Step>) -> Behaviour {
    let expected = Verdicts { smtp_check: Verdict::Up, probe: Verdict::Down };
    at(name, Place::Server(vec![script]), expected, UP)
}
