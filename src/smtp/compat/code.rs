//! What code a reply line carries. SMTP_CHECK is stricter here than RFC 5321, and its strictness
//! is part of the verdict.

/// The reply code of a line without its line feed: three digits, then the end or a blank.
///
/// Stricter than RFC 5321 section 4.2: there is no code in a line of a multi-line reply (`220-`),
/// nor where a carriage return follows the digits (`220\r`).
///
/// SMTP_CHECK (`smtp_get_status`) converts with C's strtoul and wants three characters used, so
/// it also takes ` 22` or `+22` for a number; below 100, so that no step ever accepts it. Here
/// such a line has no code, which gives the same verdict.
pub fn code(line: &[u8]) -> Option<u16> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let is_code =
        digits.iter().all(u8::is_ascii_digit) && matches!(rest.first(), None | Some(b' '));
    is_code.then(|| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_then_the_end_or_a_blank() {
        for line in [&b"220"[..], b"220 ", b"220 host", b"220 \r", b"220  x"] {
            assert_eq!(code(line), Some(220), "{}", line.escape_ascii());
        }
        assert_eq!(code(b"554 no"), Some(554));
        assert_eq!(code(b"000"), Some(0));
    }

    #[test]
    fn everything_else_has_no_code() {
        for line in [
            &b""[..],
            b"22",
            b"22 ",
            b"2200",
            b"220\r",
            b"220\thost",
            b"220-a",
            b" 220 x",
            b"+220",
            b"0x220",
            b"\xb2\xb2\xb0",
            b"220\x0b",
        ] {
            assert_eq!(code(line), None, "{}", line.escape_ascii());
        }
    }

    /// strtoul(3) with base 10, and SMTP_CHECK's condition on where it must stop.
    fn code_by_strtoul(line: &[u8]) -> Option<u64> {
        let blanks = line.iter().take_while(|b| b" \t\n\x0b\x0c\r".contains(b)).count();
        let sign = usize::from(matches!(line.get(blanks), Some(b'+' | b'-')));
        let start = blanks + sign;
        let digits = line[start..].iter().take_while(|b| b.is_ascii_digit()).count();
        let end = if digits == 0 { 0 } else { start + digits };
        if end != 3 || !matches!(line.get(end), None | Some(b' ')) {
            return None;
        }
        let number = std::str::from_utf8(&line[start..end]).unwrap().parse::<u64>().unwrap();
        Some(if line[blanks] == b'-' { number.wrapping_neg() } else { number })
    }

    #[test]
    fn no_line_of_up_to_five_characters_is_judged_other_than_by_strtoul() {
        let alphabet = b" \t\r+-0259x";
        let mut lines = vec![vec![]];
        for _ in 0..5 {
            let longer = lines.iter().flat_map(|line: &Vec<u8>| {
                alphabet.iter().map(move |byte| [line.as_slice(), &[*byte]].concat())
            });
            lines = longer.chain([vec![]]).collect();
            for line in &lines {
                for wanted in [220, 250] {
                    assert_eq!(
                        code(line) == Some(wanted),
                        code_by_strtoul(line) == Some(wanted.into()),
                        "{}",
                        line.escape_ascii()
                    );
                }
            }
        }
    }
}
