//! The grammar's rules, one by one. That they are keepalived's is proven by keepalived itself, in
//! tests/import/grammar.rs.

use super::*;

fn read(text: &str) -> Result<Vec<Statement>, Error> {
    parse("k.conf", text, Some("node1"), &mut NoFiles)
}

/// A tree in one line: words in brackets, blocks in braces.
fn shown(statements: &[Statement]) -> String {
    let one = |statement: &Statement| {
        let words = statement.words.join("|");
        match &statement.block {
            None => format!("[{words}]"),
            Some(block) => format!("[{words}]{{{}}}", shown(block)),
        }
    };
    statements.iter().map(one).collect()
}

fn reads(text: &str, tree: &str) {
    let read = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(shown(&read), tree, "{text:?}");
}

fn refuses(text: &str, line: usize, words: &str) {
    let error = read(text).unwrap_err();
    assert_eq!((error.at.line, &*error.at.file), (line, "k.conf"), "{error}");
    assert!(error.what.contains(words) && !error.help.is_empty(), "{text:?}: {error}");
}

#[test]
fn words_and_quotes() {
    reads("a b\tc", "[a|b|c]");
    reads("a\"b\"c \"d e\"f", "[a|b|c|d e|f]");
    reads("a \"\" b", "[a||b]");
    reads("a 'b c' \\d", "[a|'b|c'|\\d]");
    refuses("a\nb \"c", 2, "never closed");
    refuses("a \"{\"", 1, "brace alone");
}

#[test]
fn comments() {
    reads("# a\n  ! b\na # b\nc#d!e\n\"f#g!h\" # i \"j", "[a][c][f#g!h]");
    reads("a\r\n\r\nb # c\r\n", "[a][b]");
    refuses("# a \\", 1, "ends with a backslash");
    refuses("a\\#b", 1, "some versions");
    reads("\"a\\#b\"", "[a\\#b]");
}

#[test]
fn blocks() {
    reads("a {\n b\n c {\n }\n}\nd", "[a]{[b][c]{}}[d]");
    reads("a\n\n# c\n{\nb}", "[a]{[b]}");
    reads("a { b } c{d{e}f}", "[a]{[b]}[c]{[d]{[e]}[f]}");
    reads("a x{y}", "[a|x]{[y]}");
    reads("a \"x{y}\" {\n}", "[a|x{y}]{}");
    refuses("a {\nb {\n}\n", 1, "block of `a`");
    refuses("}", 1, "without its {");
    refuses("{", 1, "without a keyword");
    refuses("a {\n} {\n}", 2, "without a keyword");
    refuses(&"a {".repeat(20), 1, "without end");
}

#[test]
fn lines() {
    let longest = format!("a {}", "x".repeat(1020));
    assert_eq!(read(&longest).unwrap()[0].words[1].len(), 1020);
    refuses(&format!("{longest}x"), 1, "1023 bytes");
    refuses("a \\\n b", 1, "continued");
    refuses("a\0b", 1, "NUL");
    refuses("a\nb \u{fffd} # c", 2, "invalid UTF-8");
    reads("a # \u{fffd}\nb ü", "[a][b|ü]");
}

#[test]
fn definitions() {
    reads("$A=b c\nx $A \"$A\" ${A}d $A,", "[x|b|c|$A|b|cd|b|c,]");
    reads("$A=b\nx $Ay $A/ \"$A \" $$A $B", "[x|$Ay|$A/|b |$b|$B]");
    reads("$A=b { c }\n$A\nd", "[b]{[c]}[d]");
    reads("$A=a \\\n  b {\\\n c\\\n }\nx { $A\n}\n$A x", "[x]{[a][b]{[c]}}[$A|x]");
    reads("$A=$B\n$B=1\nx $A", "[x|1]");
    reads("$A = 1", "[$A|=|1]");
    refuses("$A=$A\nx $A", 2, "longer than a line");
    refuses("$A=x$A \nx ${A}", 2, "longer than a line");
    refuses("x $_RANDOM", 1, "keepalived's own");
}

#[test]
fn definitions_can_not_grow_without_end() {
    let mut text = "$A0=x \\\n y\n".to_owned();
    for level in 1..64 {
        let below = level - 1;
        text += &format!("$A{level}=$A{below}\\\n$A{below}\n");
    }
    let error = read(&format!("{text}$A63")).unwrap_err();
    assert!(error.what.contains("100000 lines"), "{error}");
}

#[test]
fn conditions() {
    reads("@node1 a\n@node2 b\n@^node1 c\n@^node2 d\n@node1", "[a][d]");
    reads("$A=@node2\n$A a\nx { @node1 b\n@node2 c }\n}", "[x]{[b]}");
    let error = parse("k.conf", "\n@node1 a", None, &mut NoFiles).unwrap_err();
    assert!(error.to_string().starts_with("k.conf:2: "), "{error}");
    refuses("~SEQ(a, 1, 0, 5) x $a", 1, "~SEQ");
    refuses("~LST(a, b, c) x $a", 1, "~LST");
}

#[test]
fn includes() {
    struct Two;
    impl Include for Two {
        fn files(&mut self, wanted: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
            let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
            Ok(match (&*wanted.at.file, wanted.pattern) {
                ("k.conf", "two") => vec![file("1", "b 1\n$X=2"), file("2", "c $X\ninclude three")],
                ("2", "three") => vec![file("3", "d")],
                ("k.conf", "brace") => vec![file("b", "\n}")],
                ("k.conf", "open") => vec![file("o", "\nx {")],
                _ => vec![file("loop", "include loop")],
            })
        }
    }
    let read = |text: &str| parse("k.conf", text, None, &mut Two);
    let tree = read("a {\ninclude two\ne\n}").unwrap();
    assert_eq!(shown(&tree), "[a]{[b|1][c|2][d][e]}");
    let places: Vec<String> = tree[0].inner().iter().map(|s| s.at.to_string()).collect();
    assert_eq!(places, ["1:1", "2:1", "3:1", "k.conf:3"]);
    for (text, place) in [("a {\ninclude brace", "b:2"), ("include open\n}", "o:2")] {
        assert_eq!(read(text).unwrap_err().at.to_string(), place);
    }
    assert!(read("include loop").unwrap_err().what.contains("includes itself"));
    refuses("include /etc/x", 1, "can't be included");
}
