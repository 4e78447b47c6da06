//! Hides the secrets of keepalived.conf(5): the passwords of `authentication` and of `SSL`, what
//! scripts are told to log in with, and the same words wherever else they stand. Works on lines, not
//! on a tree: a file that was written by hand may be broken, and may have secrets in comments. An
//! inventory has the same commands in it.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What stands in place of a secret, however long that is.
const MASK: &str = "********";

/// Words after which a secret follows, and ends of such words: `auth_pass`, `--db-password=`.
const MARKS: [&str; 4] = ["pass", "pwd", "apikey", "authpass"];
const ENDS: [&str; 5] = ["password", "passwd", "passphrase", "secret", "token"];

/// The secrets of some texts, the longest first, so that none hides a part of another.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Collects the secrets of all texts: what is one in either is hidden in both.
    pub(crate) fn of(texts: &[&str]) -> Secrets {
        let lines = || texts.iter().flat_map(|text| text.lines());
        let mut all: BTreeSet<&str> = lines().filter_map(marked).map(first_word).collect();
        // keepalived's `$NAME=value`, used as `auth_pass $NAME` or `${NAME}`.
        let variables: BTreeSet<&str> = (all.iter())
            .filter_map(|value| value.strip_prefix('$'))
            .map(|name| name.trim_matches(['{', '}']))
            .collect();
        for line in lines() {
            all.extend(logins(line));
            let definition = line.trim_start().strip_prefix('$').and_then(|it| it.split_once('='));
            if let Some((_, value)) = definition.filter(|(name, _)| variables.contains(name)) {
                all.extend([value.trim(), first_word(value)]);
            }
        }
        let mut all: Vec<String> =
            all.into_iter().filter(|it| !["", "{", "}"].contains(it)).map(str::to_owned).collect();
        all.sort_by_key(|secret| Reverse(secret.len()));
        Secrets(all)
    }

    /// The line without secrets; its end is kept.
    pub(crate) fn mask<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(line);
        if let Some(value) = marked(line) {
            let at = value.as_ptr() as usize - line.as_ptr() as usize;
            let end = &line[line.trim_end().len()..];
            shown = Cow::Owned(format!("{}{MASK}{end}", &line[..at]));
        }
        for secret in &self.0 {
            if let Some(masked) = mask_words(&shown, secret, |_| MASK.to_owned()) {
                shown = Cow::Owned(masked);
            }
        }
        shown
    }

    /// The text with a star for each byte of a secret, so that every place in it stays the same.
    pub(crate) fn star(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            mask_words(&text, secret, |secret| "*".repeat(secret.len())).unwrap_or(text)
        })
    }
}

/// What follows the first mark of a line, to the end of the line.
fn marked(line: &str) -> Option<&str> {
    let is_part = |c: char| c.is_alphanumeric();
    let mut at = 0;
    while let Some(start) = line[at..].find(is_part) {
        let start = at + start;
        let length = line[start..].find(|c| !is_part(c)).unwrap_or(line.len() - start);
        at = start + length;
        let after = after_key(line, start, at);
        let ends = after.is_empty() || after.starts_with([' ', '\t', '=', ':', '"', '\'']);
        let value = after.trim_start_matches([' ', '\t', '=', ':']).trim_end();
        // The only auth_type that is in use is called PASS.
        let before = line[..start].trim_end_matches([' ', '\t', '=', ':', '"', '\'']);
        let is_type = before.ends_with("auth_type");
        if ends && !value.is_empty() && !is_type && is_mark(&line[start..at]) {
            return Some(value);
        }
    }
    None
}

/// What follows the word from `start` to `end`. In JSON the quote behind a whole key is the key's own: the
/// colon after it is no secret.
fn after_key(line: &str, start: usize, end: usize) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let (before, after) = (line[..start].trim_end_matches(is_part), &line[end..]);
    let quoted = ['"', '\''].into_iter().find(|&quote| before.ends_with(quote));
    match quoted.and_then(|quote| after.strip_prefix(quote)) {
        Some(rest) if rest.trim_start().starts_with(':') => rest,
        _ => after,
    }
}

/// Asked of every word of every line: nothing is copied.
fn is_mark(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit()).as_bytes();
    let ends = |end: &str| {
        let tail = word.len().checked_sub(end.len()).map(|at| &word[at..]);
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    };
    MARKS.iter().any(|mark| word.eq_ignore_ascii_case(mark.as_bytes()))
        || ENDS.into_iter().any(ends)
}

/// The first word of a value, without quotes.
fn first_word(value: &str) -> &str {
    let value = value.trim_start();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
        _ => value.split([' ', '\t', '"', '\'', '}']).next().unwrap_or_default(),
    }
}

/// The USER:PASSWORD of a line's URLs.
fn logins(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).filter_map(|rest| {
        let host = rest.find(['/', ' ', '\t', '"', '\'']).unwrap_or(rest.len());
        let (login, _) = rest[..host].rsplit_once('@')?;
        Some(login)
    })
}

/// Puts something in place of a secret wherever it stands for itself; `None` where it does not.
fn mask_words(line: &str, secret: &str, instead: impl Fn(&str) -> String) -> Option<String> {
    let joins = |inside: Option<char>, outside: Option<char>| {
        inside.is_some_and(char::is_alphanumeric) && outside.is_some_and(char::is_alphanumeric)
    };
    let mut shown = String::new();
    let mut kept = 0;
    for (at, _) in line.match_indices(secret) {
        let (before, after) = (&line[..at], &line[at + secret.len()..]);
        let part_of_another = joins(secret.chars().next(), before.chars().next_back())
            || joins(secret.chars().next_back(), after.chars().next());
        if !part_of_another {
            shown.push_str(&line[kept..at]);
            shown.push_str(&instead(secret));
            kept = at + secret.len();
        }
    }
    shown.push_str(&line[kept..]);
    (kept > 0).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shown(text: &str, expected: &str) {
        let secrets = Secrets::of(&[text]);
        let masked: String = text.split_inclusive('\n').map(|line| secrets.mask(line)).collect();
        assert_eq!(masked, expected);
    }

    #[test]
    fn passwords_are_hidden_in_every_shape() {
        shown("    auth_pass mrelay\n", "    auth_pass ********\n");
        shown("auth_pass \"a b\" # a b\r\n", "auth_pass ********\r\n");
        shown("\tauth_type PASS\n", "\tauth_type PASS\n");
        shown(
            "authentication { auth_type PASS auth_pass x }",
            "authentication { auth_type PASS auth_pass ********",
        );
        shown("#auth_pass old", "#auth_pass ********");
        shown("auth_pass secret", "auth_pass ********");
        shown("auth_pass PASS", "auth_pass ********");
        shown("SSL {\n  password geheim\n}\n", "SSL {\n  password ********\n}\n");
        shown("script \"/x --password=geheim -h\"", "script \"/x --password=********");
        shown("DB_PASSWORD2: 'x'", "DB_PASSWORD2: ********");
        shown("\"db-password\": \"x\", \"a\": 1", "\"db-password\": ********");
        shown("run --password\": x\" y", "run --password********");
        shown(
            "misc_path \"/x http://u:p@h/ http://v:q@i/\"",
            "misc_path \"/x http://********@h/ http://********@i/\"",
        );
    }

    #[test]
    fn a_password_is_hidden_wherever_it_stands() {
        shown("auth_pass g#heim\n# g#heim is it\n", "auth_pass ********\n# ******** is it\n");
        shown("$P=geheim\nauth_pass $P\n", "********=********\nauth_pass ********\n");
        shown("auth_pass ${P}\n$P=\"a b\"\n", "auth_pass ********\n$P=********\n");
        shown(
            "auth_pass g\npassword g#heim\n# g#heim\n",
            "auth_pass ********\npassword ********\n# ********\n",
        );
        let secrets = Secrets::of(&["auth_pass old1", "auth_pass new1"]);
        assert_eq!(secrets.mask("# new1, was old1"), "# ********, was ********");
        for json in ["{\"auth_pass\": \"x\", \"b\": 1}", "\"auth_type\": \"PASS\",\n\"b\": [1, 2]"]
        {
            let shown = Secrets::of(&[json]).star(json);
            assert_eq!(shown, json.replace("\"x\"", "\"*\""), "punctuation is no secret");
        }
        assert_eq!(secrets.star("new1 was \u{e4}old1 old1"), "**** was \u{e4}old1 ****");
    }

    #[test]
    fn the_rest_is_shown() {
        for line in [
            "notify_master \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions -r 192.168.3.100\"",
            "vrrp_instance pass-relay {",
            "auth_pass",
            "    priority 100\n",
            "url { path /a://b }",
        ] {
            shown(line, line);
        }
        shown("auth_pass eth\ninterface eth0\n", "auth_pass ********\ninterface eth0\n");
    }
}
