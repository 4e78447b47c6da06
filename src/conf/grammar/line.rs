//! One line: without its comment, cut at its braces, taken apart into words.

/// The longest line, in bytes without its end: keepalived takes the rest for a line of its own.
pub(super) const LONGEST: usize = 1022;

/// What is wrong in a line, and what to do about it.
pub(super) type Wrong = (String, &'static str);

/// keepalived's white space between words.
pub(super) const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

/// Without comment and without blanks at the ends. A backslash at the very end stays, without the
/// blanks before it.
pub(super) fn without_comment(line: &str) -> Result<String, Wrong> {
    if line.len() > LONGEST {
        return Err((
            format!("a line of {} bytes; keepalived reads {LONGEST}", line.len()),
            "make two lines of it",
        ));
    }
    if line.contains('\0') {
        return Err(("a NUL, which ends the line for keepalived".into(), "remove it"));
    }
    let (mut quoted, mut comment) = (false, None);
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if comment.is_none() => quoted = !quoted,
            '#' | '!' if !quoted && comment.is_none() => comment = Some(at),
            '\\' => match chars.next() {
                None if comment.is_some() => {
                    return Err((
                        "a comment that ends with a backslash, which keepalived takes for a \
                         statement"
                            .into(),
                        "remove the backslash",
                    ));
                }
                Some((_, '#' | '!')) if !quoted && comment.is_none() => {
                    return Err((
                        "a backslash before # or !, which only some versions of keepalived \
                         understand"
                            .into(),
                        "put the word into double quotes, without the backslash",
                    ));
                }
                _ => {}
            },
            _ => {}
        }
    }
    if quoted {
        return Err(not_closed());
    }
    let rest = line[..comment.unwrap_or(line.len())].trim_matches([' ', '\t']);
    if rest.contains(char::REPLACEMENT_CHARACTER) {
        return Err(("invalid UTF-8".into(), "save the file as UTF-8"));
    }
    Ok(match rest.strip_suffix('\\') {
        Some(before) => format!("{}\\", before.trim_end_matches([' ', '\t'])),
        None => rest.to_owned(),
    })
}

fn not_closed() -> Wrong {
    ("a double quote that is never closed".into(), "close it on the same line")
}

/// Cuts a line: a brace alone or the text before the first brace, and the rest.
pub(super) fn cut(line: &str) -> (&str, &str) {
    let blank = [' ', '\t'];
    if line.starts_with(['{', '}']) {
        let (brace, rest) = line.split_at(1);
        return (brace, rest.trim_matches(blank));
    }
    let mut quoted = false;
    let brace = line.find(|c| {
        quoted ^= c == '"';
        !quoted && matches!(c, '{' | '}')
    });
    let (text, rest) = line.split_at(brace.unwrap_or(line.len()));
    (text.trim_end_matches(blank), rest.trim_end_matches(blank))
}

/// The words of a line. Quotes begin a word and end one, also without blanks around them.
pub(super) fn words(line: &str) -> Result<Vec<String>, Wrong> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(BLANKS);
    while !rest.is_empty() {
        let word;
        if let Some(quoted) = rest.strip_prefix('"') {
            (word, rest) = quoted.split_once('"').ok_or_else(not_closed)?;
            if matches!(word, "{" | "}") {
                return Err((
                    "a brace alone in quotes, which keepalived takes for a block".into(),
                    "use another word",
                ));
            }
        } else {
            let end = |c: char| c == '"' || BLANKS.contains(&c);
            (word, rest) = rest.split_at(rest.find(end).unwrap_or(rest.len()));
        }
        words.push(word.to_owned());
        rest = rest.trim_start_matches(BLANKS);
    }
    Ok(words)
}
