//! Replies as RFC 5321 section 4.2 has them, out of bytes that come in any pieces. What a reply
//! is does not depend on the pieces, and no server can make it hold more than a few kilobytes.

use crate::smtp::printable::printable;

/// The longest line, in bytes, its end included (RFC 5321 section 4.5.3.1.5).
pub const LONGEST_LINE: usize = 512;

/// The most lines of one reply. RFC 5321 has no limit; real servers need some 20.
pub const MOST_LINES: usize = 128;

/// How a record with a TLS alert begins: its type, and the first byte of each version.
const TLS_ALERT: [u8; 2] = [21, 3];

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code: 200 to 559, as its digits allow (RFC 5321 section 4.2).
    pub code: u16,
    /// The text of each line, without code and separator; printable ASCII, all else is escaped.
    pub lines: Vec<String>,
}

impl Reply {
    /// Whether the server will refuse the same again: `5yz`.
    pub fn is_permanent_failure(&self) -> bool {
        self.code / 100 == 5
    }

    /// Code and first line that says something, for people; an enhanced code is part of that.
    pub fn summary(&self) -> String {
        let text = self.lines.iter().find(|line| !line.is_empty()).map_or("", String::as_str);
        format!("{} {text}", self.code).trim_end().to_owned()
    }
}

/// The bytes are no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not three digits of a reply code, then a blank, a hyphen or the end; with the line.
    #[error("no reply code in \"{0}\"")]
    Code(String),
    /// Longer than [`LONGEST_LINE`].
    #[error("a line of more than {LONGEST_LINE} bytes")]
    LongLine,
    /// More than [`MOST_LINES`].
    #[error("more than {MOST_LINES} lines")]
    ManyLines,
    /// The lines of one reply have different codes.
    #[error("one reply with codes {0} and {1}")]
    Codes(u16, u16),
}

/// Bytes that came, and the reply that they may become.
#[derive(Debug, Default)]
pub struct ReplyBuffer {
    bytes: Vec<u8>,
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyBuffer {
    /// Adds what one read gave. Read only while [`take`](Self::take) has no whole reply: so no
    /// more than a line and one read is ever held beside the reply's lines.
    pub fn push(&mut self, read: &[u8]) {
        self.bytes.extend_from_slice(read);
    }

    /// Takes the next whole reply out, if there is one. Further bytes stay for the one after it.
    /// A line ends with a line feed; a carriage return before that is not part of its text.
    ///
    /// # Errors
    /// No reply can become of these bytes. Nothing useful comes afterwards.
    pub fn take(&mut self) -> Result<Option<Reply>, Malformed> {
        while let Some(line) = self.take_line()? {
            let (code, is_last, text) = parse(&line)?;
            if let Some(first) = self.code.filter(|first| *first != code) {
                return Err(Malformed::Codes(first, code));
            }
            if self.lines.len() == MOST_LINES {
                return Err(Malformed::ManyLines);
            }
            self.code = Some(code);
            self.lines.push(printable(text));
            if is_last {
                self.code = None;
                return Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
        Ok(None)
    }

    /// Whether nothing at all has come since the last reply.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.lines.is_empty()
    }

    /// Whether a TLS alert comes instead of a reply (RFC 8446 section 5.1).
    pub fn begins_with_tls_alert(&self) -> bool {
        self.lines.is_empty() && self.bytes.starts_with(&TLS_ALERT)
    }

    /// The first line of what is left, for people; as far as it has come.
    pub fn rest(&self) -> String {
        let line = self.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = &line[..line.len().min(LONGEST_LINE)];
        printable(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn take_line(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        let window = &self.bytes[..self.bytes.len().min(LONGEST_LINE)];
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            return if window.len() == LONGEST_LINE { Err(Malformed::LongLine) } else { Ok(None) };
        };
        let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// The code of a line, whether it is the last of its reply, and its text.
fn parse(line: &[u8]) -> Result<(u16, bool, &[u8]), Malformed> {
    let malformed = || Malformed::Code(printable(line));
    let (digits, rest) = line.split_first_chunk::<3>().ok_or_else(malformed)?;
    let [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'] = digits else {
        return Err(malformed());
    };
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [] => Ok((code, true, rest)),
        [b' ', text @ ..] => Ok((code, true, text)),
        [b'-', text @ ..] => Ok((code, false, text)),
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every reply in the bytes, pushed in these pieces, and how they end.
    fn replies(pieces: &[&[u8]]) -> (Vec<Reply>, Option<Malformed>) {
        let mut buffer = ReplyBuffer::default();
        let mut replies = Vec::new();
        for piece in pieces {
            buffer.push(piece);
            loop {
                match buffer.take() {
                    Ok(Some(reply)) => replies.push(reply),
                    Ok(None) => break,
                    Err(malformed) => return (replies, Some(malformed)),
                }
            }
        }
        (replies, None)
    }

    fn one(bytes: &[u8]) -> Reply {
        let (mut replies, end) = replies(&[bytes]);
        assert_eq!((replies.len(), end), (1, None), "{}", bytes.escape_ascii());
        replies.remove(0)
    }

    #[test]
    fn one_line_or_several() {
        assert_eq!(one(b"220 a\r\n"), Reply { code: 220, lines: vec!["a".to_owned()] });
        assert_eq!(one(b"220\r\n").lines, [""]);
        assert_eq!(one(b"250-a\r\n250-\r\n250 b\n").lines, ["a", "", "b"]);
        assert_eq!(one(b"250-a\r\n250\r\n").lines, ["a", ""]);
        assert_eq!(one(b"220 \xff\x07\0\r\r\n").lines, ["\\xff\\x07\\x00\\r"]);
    }

    #[test]
    fn what_no_reply_can_begin_with() {
        for line in ["", "22", "2200 a", "220_a", " 220 a", "120 a", "620 a", "260 a", "+22 a"] {
            let (_, end) = replies(&[format!("{line}\r\n").as_bytes()]);
            assert_eq!(end, Some(Malformed::Code(line.to_owned())), "{line}");
        }
        assert_eq!(replies(&[b"250-a\r\n550 b\r\n"]).1, Some(Malformed::Codes(250, 550)));
    }

    #[test]
    fn lines_have_a_longest_length() {
        let longest = [b"220 ".as_slice(), &[b'x'; LONGEST_LINE - 6], b"\r\n"].concat();
        assert_eq!(longest.len(), LONGEST_LINE);
        assert_eq!(one(&longest).lines[0].len(), LONGEST_LINE - 6);
        let longer = [b"220 x".as_slice(), &longest[4..]].concat();
        assert_eq!(replies(&[&longer]).1, Some(Malformed::LongLine));
        assert_eq!(replies(&[&longer[..LONGEST_LINE - 1]]), (vec![], None));
        assert_eq!(replies(&[&longer[..LONGEST_LINE]]).1, Some(Malformed::LongLine));
    }

    #[test]
    fn replies_have_a_longest_length() {
        let most = [b"250-x\r\n".repeat(MOST_LINES - 1), b"250 x\r\n".to_vec()].concat();
        assert_eq!(one(&most).lines.len(), MOST_LINES);
        let (_, end) = replies(&[b"250-x\r\n".repeat(MOST_LINES + 1).as_slice()]);
        assert_eq!(end, Some(Malformed::ManyLines));
    }

    #[test]
    fn the_rest_waits_for_its_turn() {
        let mut buffer = ReplyBuffer::default();
        buffer.push(b"220 a\r\n250");
        assert_eq!(buffer.take().unwrap().unwrap().code, 220);
        assert!(!buffer.is_empty());
        assert_eq!(buffer.rest(), "250");
        assert_eq!(buffer.take(), Ok(None));
        buffer.push(b" 2.0.0 b\r\n");
        assert_eq!(buffer.take().unwrap().unwrap().summary(), "250 2.0.0 b");
        assert!(buffer.is_empty());
    }

    /// Bytes that look like replies often enough.
    fn traffic() -> impl Strategy<Value = Vec<u8>> {
        let like_replies =
            [&b"220 a\r\n"[..], b"250-", b"250 ", b"\r\n", b"\n", b"\r", b"\0", b"2", b"250"];
        let piece = prop_oneof![
            prop::sample::select(like_replies.to_vec()).prop_map(<[u8]>::to_vec),
            prop::collection::vec(any::<u8>(), 0..4),
            (0..600_usize).prop_map(|length| vec![b'x'; length]),
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_change_nothing(
            bytes in traffic(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(replies(&pieces), replies(&[&bytes]));
        }
    }
}
