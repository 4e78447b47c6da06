//! Any bytes as an inventory. Nothing panics; every problem has a place in the text and a report;
//! what is rendered is one line per statement, short enough for keepalived, and the same each time.
//! The fuzzer calls this, and so does an ordinary test.

use lvskit::conf::build::Files;
use lvskit::inventory::{no_secrets, parse, report};

/// keepalived cuts lines at 1024 bytes without a word.
const LONGEST_LINE: usize = 1000;

/// Reads an inventory and goes on with it; panics where a promise is broken.
pub fn inventory(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let cluster = match parse(text, &no_secrets) {
        Ok(checked) => {
            let warnings = checked.warnings;
            assert!(warnings.iter().all(|warning| text.get(warning.at.clone()).is_some()));
            let _ = report("inventory.yml", text, &warnings, false);
            checked.cluster
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| text.get(problem.at.clone()).is_some()));
            assert!(problems.iter().all(|problem| !problem.title.is_empty()));
            let report = report("inventory.yml", text, &problems, false);
            assert!(report.contains("inventory.yml:"));
            return;
        }
    };
    assert!(!cluster.nodes.is_empty());
    let files = Files::new(&cluster);
    for node in 0..cluster.nodes.len() {
        // Refused with a reason where a line would grow too long.
        let Ok(rendered) = Files::new(&cluster).text(node) else { continue };
        assert_eq!(files.text(node).ok().as_ref(), Some(&rendered), "what is shared is the same");
        assert!(rendered.bytes().all(|byte| byte == b'\n' || matches!(byte, b' '..=b'~')));
        assert!(rendered.lines().all(|line| line.len() <= LONGEST_LINE));
        let count = |brace: &str| rendered.lines().filter(|line| line.trim() == brace).count();
        let opened = rendered.lines().filter(|line| line.ends_with(" {")).count();
        assert_eq!(opened, count("}"));
    }
}
