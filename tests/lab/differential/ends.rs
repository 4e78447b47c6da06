//! How a connection ends: silence, close, half-close and reset at every step.

use super::behaviour::{ANYTHING, Chapter, READ, SHORT, TIMEOUT, down, good, helo, quit, up};
use crate::common::server::Step::{self, Abort, Close, HalfClose, Hear, Pause, Reset};
use crate::common::server::say;

pub fn ends() -> Chapter {
    let greeted = |then: Step| vec![say("220 a\r\n"), then];
    let heard_helo = |then: Step| vec![say("220 a\r\n"), Hear, then];
    let said_250 = |then: Step| vec![say("220 a\r\n"), Hear, say("250 b\r\n"), then];
    let heard_quit = |then: Step| quit(vec![then]);
    let said_221 = |then: Step| quit(vec![say("221 c\r\n"), then]);
    let in_a_line = |text: &str, then: Step| vec![say(text), Pause(SHORT), then];
    let all = vec![
        up("a good server", good()),
        up("a good server that says goodbye and closes", said_221(Close)),
        up("goodbye and half-close", said_221(HalfClose)),
        up("goodbye and reset", said_221(Abort)),
        // Silence.
        down("no greeting", TIMEOUT, vec![]),
        down("no reply to HELO", TIMEOUT, vec![say("220 a\r\n")]),
        down("no reply to QUIT", TIMEOUT, said_250(Hear)),
        // Close.
        down("close at once", READ, vec![Close]),
        down("close after a while", READ, vec![Pause(SHORT), Close]),
        down("close in the greeting", READ, in_a_line("220 a", Close)),
        down("close before the line feed", READ, in_a_line("220 a\r", Close)),
        down("close after the greeting", ANYTHING, greeted(Close)),
        down("close after HELO", READ, heard_helo(Close)),
        down("close in the HELO reply", READ, helo(in_a_line("250", Close))),
        down("close after the HELO reply", ANYTHING, said_250(Close)),
        down("close after QUIT", READ, heard_quit(Close)),
        down("close in the QUIT reply", READ, quit(in_a_line("221 c", Close))),
        // Half-close: nothing more will come, but the server still listens.
        down("half-close at once", READ, vec![HalfClose]),
        down("half-close after the greeting", READ, greeted(HalfClose)),
        down("half-close after HELO", READ, heard_helo(HalfClose)),
        down("half-close after the HELO reply", READ, said_250(HalfClose)),
        down("half-close after QUIT", READ, heard_quit(HalfClose)),
        down("half-close in the greeting", READ, in_a_line("220 a", HalfClose)),
        // Reset.
        down("reset at once", ANYTHING, vec![Abort]),
        down("reset after a while", READ, vec![Pause(SHORT), Abort]),
        down("reset in the greeting", READ, in_a_line("220 a", Abort)),
        down("reset after the greeting", ANYTHING, greeted(Abort)),
        down("reset instead of reading HELO", READ, greeted(Reset)),
        down("reset after HELO", READ, heard_helo(Abort)),
        down("reset in the HELO reply", READ, helo(in_a_line("250 b", Abort))),
        down("reset after the HELO reply", ANYTHING, said_250(Abort)),
        down("reset instead of reading QUIT", READ, said_250(Reset)),
        down("reset after QUIT", READ, heard_quit(Abort)),
        down("reset in the QUIT reply", READ, quit(in_a_line("221 c", Abort))),
    ];
    Chapter::new("ends", all)
}
