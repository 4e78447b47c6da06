//! `~SEQ(NAME, FROM, STEP, TO) LINE`: the line once for each number, with `$NAME` for it.

use super::line::Wrong;

/// More lines than any file needs; one in another makes their product.
const MOST: usize = 65_536;

/// A sequence at the beginning of a line.
pub(super) struct Sequence {
    pub(super) name: String,
    /// What the name stands for in turn.
    pub(super) values: Vec<String>,
    /// The rest of the line.
    pub(super) rest: String,
}

/// Reads the sequence of a line; `None` if the line begins otherwise.
pub(super) fn sequence(line: &str) -> Result<Option<Sequence>, Wrong> {
    let Some(after) = line.strip_prefix("~SEQ") else { return Ok(None) };
    let (hexadecimal, after) = match after.strip_prefix('x') {
        Some(after) => (true, after),
        None => (false, after),
    };
    let wrong = || {
        let what = format!("`{line}` can't be read");
        Err((what, "write ~SEQ(NAME, FROM, STEP, TO) and the line, or its lines one by one"))
    };
    let Some((inner, rest)) = after.strip_prefix('(').and_then(|after| after.split_once(')'))
    else {
        return wrong();
    };
    let mut words = inner.split(',').map(str::trim);
    let name = words.next().unwrap_or_default();
    let Some(numbers) = words.map(number).collect::<Option<Vec<i64>>>() else { return wrong() };
    let towards = |from: i64, to: i64| if to < from { -1 } else { 1 };
    let (from, step, to) = match numbers.as_slice() {
        [to] if *to > 0 => (1, 1, *to),
        [to] => (-1, -1, *to),
        [from, to] => (*from, towards(*from, *to), *to),
        [from, step, to] => (*from, *step, *to),
        _ => return wrong(),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if step == 0 || !begins || !name.chars().all(good) {
        return wrong();
    }
    let ends = |at: i64| if step > 0 { at > to } else { at < to };
    let mut all = Vec::new();
    let mut at = from;
    while !ends(at) {
        if all.len() == MOST {
            return wrong();
        }
        all.push(if hexadecimal { format!("{at:x}") } else { at.to_string() });
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    let rest = rest.trim_start_matches([' ', '\t']).to_owned();
    Ok(Some(Sequence { name: name.to_owned(), values: all, rest }))
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::sequence;

    #[test]
    fn numbers_as_keepalived_counts_them() {
        for (line, numbers) in [
            ("~SEQ(A, 0, 3) x", "0 1 2 3"),
            ("~SEQ(A,3) x", "1 2 3"),
            ("~SEQ(A, 3, 1) x", "3 2 1"),
            ("~SEQ(A, 1, 2, 6) x", "1 3 5"),
            ("~SEQx(A, 0x90, 0x10, 0xc0)  x", "90 a0 b0 c0"),
            ("~SEQ(A, 2, 1, 1) x", ""),
        ] {
            let found = sequence(line).unwrap().unwrap();
            let values = found.values.join(" ");
            assert_eq!((&*found.name, &*values, &*found.rest), ("A", numbers, "x"), "{line}");
        }
        assert!(sequence("priority 5").unwrap().is_none());
        for line in [
            "~SEQ A",
            "~SEQ()",
            "~SEQ(A, 1, 0, 5) x",
            "~SEQ(A, x) y",
            "~SEQ(A, 99999999) x",
            "~SEQ(1, 2) x",
        ] {
            assert!(sequence(line).is_err(), "{line}");
        }
    }
}
