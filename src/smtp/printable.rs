//! Bytes from elsewhere as text that is fit for a terminal, a log and one line.

/// Printable ASCII as it is, but for `\"` and `\\`, since messages quote such text; all else escaped
/// as in Rust.
pub fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\'", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_or_a_quotation_is_escaped() {
        for (bytes, text) in [
            (&b"User doesn't exist"[..], "User doesn't exist"),
            (b"\"a\"", "\\\"a\\\""),
            (b"\\'", "\\\\'"),
            (b"\\\\'x", "\\\\\\\\'x"),
            (b"a\r\n\0\x1b", "a\\r\\n\\x00\\x1b"),
            ("ä".as_bytes(), "\\xc3\\xa4"),
        ] {
            assert_eq!(printable(bytes), text);
        }
    }
}
