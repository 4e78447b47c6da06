//! The grammar against keepalived's own: what it makes of a text, `lvskit::conf::grammar` must
//! make of it too, word by word; and what the one refuses as broken, the other refuses.

use std::fmt::Write;
use std::path::Path;

use lvskit::conf::grammar::{Files, NoFiles, Statement, parse, read};

use crate::common::keepalived::{network, test};
use crate::common::netns::inside;
use crate::common::random::Random;
use crate::keepalived::{Globals, understood};

/// Without one, keepalived does not start what would tell.
const INSTANCE: &str = "vrrp_instance A {\n interface eth0\n virtual_router_id 3\n \
                        virtual_ipaddress {\n 192.168.3.5\n }\n}\n";

/// keepalived's config id, set below for what depends on it.
const ID: &str = "node1";

fn find<'a>(statements: &'a [Statement], keyword: &str) -> Option<&'a Statement> {
    statements.iter().find(|statement| statement.keyword() == keyword)
}

/// What the grammar understands of it.
fn ours(text: &str) -> Globals {
    let tree = parse("keepalived.conf", text, Some(ID), &mut NoFiles).unwrap();
    let defs = find(&tree, "global_defs").unwrap().inner();
    let to = find(defs, "notification_email").map_or(&[][..], Statement::inner);
    let value = |keyword: &str| find(defs, keyword).map(|found| found.values()[0].clone());
    Globals {
        to: to.iter().flat_map(|line| line.words.clone()).collect(),
        from: value("notification_email_from"),
        router_id: value("router_id"),
    }
}

/// A line of pieces that mean something to somebody; no braces, they have tests of their own.
fn line(random: &mut Random) -> String {
    const PIECES: [&str; 28] = [
        "a", "b", "c", " ", " ", "\t", "\"", "\"", "'", "\\", "#", "!", "$A", "$B ", "$_c", "${A}",
        "$", "@", "@node2 ", "@^node2 ", "~", "~SEQ", "=", "$A=", ",", ")", "include", "\u{b}",
    ];
    (0..=random.below(9)).map(|_| PIECES[random.below(PIECES.len())]).collect()
}

#[test]
fn words_are_keepalived_s() {
    if !inside("grammar::words_are_keepalived_s") {
        return;
    }
    let definitions = "$A=one two\n$B=\"x#y\"\n$_c=q\n$M=1 \\\n 2 3 \\\n 4\n";
    let mut random = Random::seeded(20_261_124);
    let mut lines = String::new();
    let (mut read, mut refused) = (0, 0);
    while read < 1000 {
        // So that every line has a word, and shows its number where they differ.
        let line = format!("{read} {}", line(&mut random));
        let alone = parse("x", &format!("{definitions}{line}"), Some(ID), &mut NoFiles);
        if alone.is_err() {
            refused += 1;
            continue;
        }
        writeln!(lines, "{line}").unwrap();
        read += 1;
    }
    assert!(refused > 50, "{refused}");
    lines.push_str("$M\n");
    let text = format!(
        "{definitions}global_defs {{\nrouter_id {ID}\nnotification_email {{\n{lines}}}\n\
         notification_email_from f@g\n}}\n{INSTANCE}"
    );
    let (theirs, ours) = (understood(&network(), &text), ours(&text));
    for (at, (theirs, ours)) in theirs.to.iter().zip(&ours.to).enumerate() {
        assert_eq!(theirs, ours, "after {:?}", &lines.lines().take(at).last());
    }
    assert_eq!(theirs, ours);
}

#[test]
fn blocks_are_keepalived_s() {
    if !inside("grammar::blocks_are_keepalived_s") {
        return;
    }
    let netns = network();
    for text in [
        "global_defs {\n notification_email {\n a\n b\n }\n router_id r\n}\n",
        "global_defs { notification_email { a b } router_id r }\n",
        "global_defs\n\n# c\n{\nnotification_email\n{\na\n}\nrouter_id r}\n",
        "global_defs{notification_email{a}\nrouter_id r\n}",
        "$D=notification_email { a } \\\n router_id q\nglobal_defs { $D\nnotification_email_from f\n}\n",
        "$D=router_id\nglobal_defs {\n$D r # }\n notification_email_from f\n notification_email { \"}{\" x\"{}\"y }\n}\n",
        "global_defs {\n! }\nrouter_id r\n notification_email {\n\"r}\"\n}\n}\n",
        "global_defs {\r\nrouter_id r\r\n}\r\n",
    ] {
        // keepalived shows no mailboxes without it.
        let text = text.replace("router_id r", "router_id r\nnotification_email_from f");
        let text = format!("{text}{INSTANCE}");
        assert_eq!(understood(&netns, &text), ours(&text), "{text}");
    }
}

#[test]
fn longer_lines_are_keepalived_s_too() {
    if !inside("grammar::longer_lines_are_keepalived_s_too") {
        return;
    }
    let netns = network();
    let text = |length: usize| {
        // In short words, since what keepalived says is cut off too.
        let mut word = "abcdefg ".repeat(100);
        word.push_str(&"x".repeat(length - 2 - word.len()));
        format!(
            "global_defs {{\nnotification_email {{\n  {word}\n}}\nnotification_email_from f\nrouter_id r\n}}\n{INSTANCE}"
        )
    };
    assert_eq!(understood(&netns, &text(1022)), ours(&text(1022)));
    let longer = text(1024);
    assert_eq!(understood(&netns, &longer).to.len(), 102, "keepalived cuts it in two");
    let error = parse("x", &longer, None, &mut NoFiles).unwrap_err();
    assert_eq!(error.at.line, 3, "{error}");
}

#[test]
fn what_is_broken_is_refused_by_both() {
    if !inside("grammar::what_is_broken_is_refused_by_both") {
        return;
    }
    let netns = network();
    assert_eq!(test(&netns, INSTANCE).status.code(), Some(0));
    for text in [
        "global_defs {\n router_id \"r\n}\n",
        "global_defs {\n router_id r\n}\n}\n",
        "global_defs {\n router_id r\n",
        "global_defs {\n router_id r\n{\n}\n}\n{\n",
        "global_defs {\n router_id r # \\\n # a \\\n}\n",
    ] {
        let text = format!("{INSTANCE}{text}");
        assert_ne!(test(&netns, &text).status.code(), Some(0), "{text}");
        assert!(parse("x", &text, None, &mut NoFiles).is_err(), "{text}");
    }
}

#[test]
fn what_matches_no_file_stops_keepalived_seldom() {
    if !inside("grammar::what_matches_no_file_stops_keepalived_seldom") {
        return;
    }
    let netns = network();
    for (keyword, goes_on) in [
        ("include", true),
        ("includer", true),
        ("includeb", true),
        ("includem", false),
        ("includew", false),
        ("includea", false),
    ] {
        let text = format!("{INSTANCE}{keyword} none.d/*.conf\n");
        let code = test(&netns, &text).status.code();
        assert_eq!(code == Some(0), goes_on, "{keyword}: {code:?}");
        let ours = read(Path::new("k.conf"), &text, None, &mut Files::default());
        assert_eq!(ours.is_ok(), goes_on, "{keyword}: {ours:?}");
    }
}
