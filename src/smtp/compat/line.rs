//! The buffer between read() and the reply code. SMTP_CHECK judges a server by what fits into a
//! buffer of fixed size, one read after the other, so a probe with the same verdicts needs the
//! same buffer and not just a line reader.

/// The most bytes a line may have before its end is read. SMTP_CHECK's buffer (`SMTP_BUFF_MAX`,
/// 512 bytes) keeps the last one for a NUL.
pub const CAPACITY: usize = 511;

/// Collects the bytes of one line, read by read.
///
/// - One line per call at most: what follows a line in the same read is thrown away.
/// - A NUL hides everything behind it, also the end of the line.
/// - A full buffer without a line is forgotten, and the next byte counts as the first.
#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
}

impl LineBuffer {
    /// How many bytes the next read may ask for: 1 to [`CAPACITY`].
    pub fn room(&self) -> usize {
        CAPACITY - self.bytes.len()
    }

    /// Adds the bytes of one read, at most [`room`](Self::room) of them; more are not looked at.
    /// Returns the line once it is complete, without its line feed but with a carriage return
    /// before that. Afterwards the buffer is empty.
    pub fn push(&mut self, read: &[u8]) -> Option<Vec<u8>> {
        let taken = read.len().min(self.room());
        self.bytes.extend_from_slice(&read[..taken]);
        let line = first_line(&self.bytes).map(<[u8]>::to_vec);
        if line.is_some() || self.bytes.len() == CAPACITY {
            self.bytes.clear();
        }
        line
    }
}

/// What stands before the first line feed, unless a NUL comes earlier.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | 0))?;
    (bytes[end] == b'\n').then_some(&bytes[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes the reads and returns the lines that came out.
    fn lines(reads: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut buffer = LineBuffer::default();
        reads.iter().filter_map(|read| buffer.push(read)).collect()
    }

    #[test]
    fn a_line_may_come_in_pieces_and_keeps_its_carriage_return() {
        assert_eq!(lines(&[b"22", b"0 a\r", b"\n"]), [b"220 a\r"]);
    }

    #[test]
    fn the_rest_of_a_read_is_thrown_away() {
        assert_eq!(lines(&[b"220 a\n250 b\n25", b"0 c\n"]), [&b"220 a"[..], b"0 c"]);
    }

    #[test]
    fn a_nul_hides_what_follows_until_the_buffer_is_full() {
        assert_eq!(lines(&[b"220 a\0b\r\n", b"220 c\n"]), [b""; 0]);
        assert_eq!(lines(&[b"\0", &[b'\n'; CAPACITY - 1], b"220 c\n"]), [b"220 c"]);
    }

    #[test]
    fn a_full_buffer_is_forgotten() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.room(), CAPACITY);
        assert_eq!(buffer.push(&[b'A'; CAPACITY - 1]), None);
        assert_eq!(buffer.room(), 1);
        assert_eq!(buffer.push(b"A"), None);
        assert_eq!(buffer.room(), CAPACITY);
        assert_eq!(buffer.push(b"220 ok\n"), Some(b"220 ok".to_vec()));
    }

    #[test]
    fn a_line_that_just_fits_is_a_line() {
        let mut longest = [b'x'; CAPACITY];
        longest[CAPACITY - 1] = b'\n';
        assert_eq!(lines(&[&longest]), [&longest[..CAPACITY - 1]]);
    }

    #[test]
    fn bytes_beyond_the_room_are_not_looked_at() {
        let mut buffer = LineBuffer::default();
        buffer.push(&[b'A'; CAPACITY - 1]);
        assert_eq!(buffer.push(b"B\n"), None);
        assert_eq!(buffer.room(), CAPACITY);
    }
}
