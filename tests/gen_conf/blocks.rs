//! keepalived.conf taken apart: which statement stands in which block. A reader of its own, so
//! that the writer is not judged by itself.

/// A statement and the heads of the blocks around it, outermost first, joined by ` / `.
pub type Statement = (String, String);

/// The statements of a file, in order. Empty lines and comments are left out; braces must match.
pub fn statements(text: &str) -> Vec<Statement> {
    let mut around: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_suffix(" {") {
            around.push(head);
        } else if line == "}" {
            assert!(around.pop().is_some(), "a brace too many:\n{text}");
        } else {
            found.push((around.join(" / "), line.to_owned()));
        }
    }
    assert!(around.is_empty(), "never closed: {around:?}\n{text}");
    found
}

/// The values of a keyword wherever it stands, in order.
pub fn values(text: &str, keyword: &str) -> Vec<String> {
    let value = |line: &str| line.strip_prefix(keyword)?.strip_prefix(' ').map(str::to_owned);
    statements(text).iter().filter_map(|(_, line)| value(line)).collect()
}

/// Whether a statement stands somewhere in the file.
pub fn has(text: &str, statement: &str) -> bool {
    statements(text).iter().any(|(_, line)| line == statement)
}

#[test]
fn statements_know_their_blocks() {
    let text = "# c\na {\n    b {\n        c 1\n    }\n\n    d \"x {\"\n}\ne\n";
    let expected = [("a / b", "c 1"), ("a", "d \"x {\""), ("", "e")];
    assert_eq!(statements(text), expected.map(|(at, line)| (at.to_owned(), line.to_owned())));
    assert_eq!(values(text, "c"), ["1"]);
    assert!(has(text, "e") && !has(text, "c"));
}
