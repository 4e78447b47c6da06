//! The dialogue, told while it happens. SMTP_CHECK's verdict hangs on single bytes and on how they
//! arrive, so each read and each command is shown as it was, with its time.

use std::fmt::Display;
use std::io::Write;
use std::time::Instant;

use super::printable::printable;

/// Where the dialogue is told, if anywhere. A listener that went away changes nothing: what can't
/// be written is lost. One that is slow is waited for; the process has an alarm against one that
/// never listens.
pub struct Trace<'a> {
    start: Instant,
    out: Option<&'a mut dyn Write>,
    left: usize,
}

/// How much is told, in bytes: the longest dialogue of an honest server, with room. SMTP_CHECK reads on
/// as long as a server floods it.
const LONGEST: usize = 256 * 1024;

impl<'a> Trace<'a> {
    /// Tells nobody.
    pub fn silent() -> Trace<'a> {
        Trace { start: Instant::now(), out: None, left: LONGEST }
    }

    /// Tells `out`, with times in seconds from now on.
    pub fn to(out: &'a mut dyn Write) -> Trace<'a> {
        Trace { start: Instant::now(), out: Some(out), left: LONGEST }
    }

    /// What one read gave.
    pub fn server(&mut self, bytes: &[u8]) {
        self.line("S", printable(bytes));
    }

    /// What was sent.
    pub fn client(&mut self, bytes: &[u8]) {
        self.line("C", printable(bytes));
    }

    /// What else happened.
    pub fn note(&mut self, text: impl Display) {
        self.line("*", text);
    }

    fn line(&mut self, who: &str, text: impl Display) {
        if let Some(out) = &mut self.out {
            let line = format!("{:+.3} {who}: {text}\n", self.start.elapsed().as_secs_f64());
            let told = self.left;
            self.left = told.saturating_sub(line.len());
            let line = match (told, self.left) {
                (0, _) => return,
                (_, 0) => format!("* the rest is not shown, it is more than {LONGEST} bytes\n"),
                _ => line,
            };
            let _ = out.write_all(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_a_time_a_speaker_and_printable_text() {
        let mut out = Vec::new();
        let mut trace = Trace::to(&mut out);
        trace.note("connect");
        trace.server(b"220 \x07\r\n");
        trace.client(b"QUIT\r\n");
        let text = String::from_utf8(out).unwrap();
        let told: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        assert!(told.iter().all(|(time, _)| time.starts_with("+0.")), "{text}");
        let told: Vec<_> = told.into_iter().map(|(_, rest)| rest).collect();
        assert_eq!(told, ["*: connect", r"S: 220 \x07\r\n", r"C: QUIT\r\n"]);
    }

    #[test]
    fn a_flood_is_cut_and_that_is_told_once() {
        let mut out = Vec::new();
        let mut trace = Trace::to(&mut out);
        for _ in 0..LONGEST {
            trace.server(&[0; 511]);
        }
        assert!(out.len() <= LONGEST + 100, "{}", out.len());
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("* the rest is not shown, it is more than 262144 bytes\n"));
        assert_eq!(text.matches("not shown").count(), 1);
    }

    #[test]
    fn a_full_listener_is_no_failure() {
        let mut nowhere: &mut [u8] = &mut [];
        Trace::to(&mut nowhere).server(b"220 a\r\n");
    }
}
