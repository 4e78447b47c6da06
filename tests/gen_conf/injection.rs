//! Hostile texts in every value and every name of an inventory. Each is refused, or comes out as the
//! one statement that it was meant to be: no other statement appears, disappears or changes. The
//! judge is the parser of keepalived.conf's grammar, which keepalived itself judges in
//! tests/import/grammar.rs.

use std::collections::{BTreeMap, BTreeSet};

use lvskit::conf::build::Files;
use lvskit::conf::grammar::{self, Include, NoFiles, Statement, Wanted};
use lvskit::inventory::keys::{Role, sections};
use lvskit::inventory::{no_secrets, parse, report};
use serde_json::Value;

use crate::common::random::Random;
use crate::keys;
use crate::spots::{Spot, spots, with};

/// What ends a word, a line, a block or a file somewhere, or begins another one.
const PIECES: [&str; 34] = [
    "\"",
    "\\",
    "#",
    "!",
    "{",
    "}",
    "\n",
    "\r",
    "\t",
    "$A",
    "${_RANDOM}",
    "@id ",
    "~SEQ(1,2)",
    "'",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "é",
    " ",
    "  ",
    "\u{b}",
    "include /etc/passwd",
    "%n",
    ";",
    "}\nvrrp_instance X {",
    "\" {",
    "} x {",
    "\nnotify_master /bin/sh",
    "`id`",
    "\\\n",
    "\\#",
    "[",
    "-",
];

/// Texts that are nothing but an attack, or nothing at all.
const WHOLE: [&str; 8] =
    ["", " ", "{", "}", "\"", "x\n}\nglobal_defs {\nscript_user root", "include /etc/passwd", "\\"];

/// The lists whose items are lines of their own: there the first word is a value.
const LISTS: [&str; 13] = [
    "notification_email",
    "virtual_ipaddress",
    "virtual_ipaddress_excluded",
    "unicast_peer",
    "track_interface",
    "track_script",
    "track_file",
    "track_process",
    "track_bfd",
    "virtual_routes",
    "virtual_rules",
    "group",
    "virtual_server_group",
];

/// All files of an inventory; `None` if it is refused.
fn rendered(inventory: &str) -> Option<Vec<String>> {
    let cluster = match parse(inventory, &no_secrets) {
        Ok(checked) => checked.cluster,
        Err(problems) => {
            assert!(!problems.is_empty());
            let told = report("inventory.yml", inventory, &problems, false);
            assert!(told.contains("inventory.yml:"), "no place: {told}\n{inventory}");
            return None;
        }
    };
    // A line that grows too long is refused here.
    let files = Files::new(&cluster);
    (0..cluster.nodes.len()).map(|node| files.text(node).ok()).collect()
}

/// What `raw` includes is its own business.
struct Unread;

impl Include for Unread {
    fn files(&mut self, _: Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
        Ok(Vec::new())
    }
}

/// How often each block and keyword is there, and each word.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    keywords: BTreeMap<String, usize>,
    words: BTreeMap<String, usize>,
}

fn shape(files: &[String], case: &str, include: &mut dyn Include) -> Shape {
    let mut shape = Shape::default();
    for text in files {
        let tree = grammar::parse("k.conf", text, Some(""), include)
            .unwrap_or_else(|error| panic!("{error}\n{case}\n{text}"));
        count(&tree, "", "", &mut shape);
    }
    shape
}

fn count(tree: &[Statement], around: &str, parent: &str, shape: &mut Shape) {
    // `track_file NAME {` at the top is no list.
    let list = LISTS.contains(&parent) && (around != "/track_file");
    for statement in tree {
        let keyword = if list { "*" } else { statement.keyword() };
        let path = format!("{around}/{keyword}");
        *shape.keywords.entry(path.clone()).or_default() += 1;
        for word in statement.words.iter().skip(usize::from(!list)) {
            *shape.words.entry(word.clone()).or_default() += 1;
        }
        count(statement.inner(), &path, statement.keyword(), shape);
    }
}

/// The words of `a` that `b` has not.
fn beyond(a: &Shape, b: &Shape) -> Vec<String> {
    let more = |(word, count): (&String, &usize)| {
        (b.words.get(word).unwrap_or(&0) < count).then(|| word.clone())
    };
    a.words.iter().filter_map(more).collect()
}

/// Judges lines that are written as they are: they may say what they like, but only in their block.
/// `before` is how it is without them; `top` says that they are for the end of the file.
fn judge_raw(before: &Shape, inventory: &str, top: bool) -> bool {
    let Some(files) = rendered(inventory) else { return false };
    let after = shape(&files, inventory, &mut Unread);
    for (path, count) in &before.keywords {
        assert!(after.keywords.get(path).unwrap_or(&0) >= count, "{path} is lost\n{inventory}");
    }
    for (path, count) in &after.keywords {
        let new = before.keywords.get(path).unwrap_or(&0) < count;
        let outside = path.matches('/').count() == 1;
        assert!(!(new && outside) || top, "{path} got out\n{inventory}\n{}", files[0]);
    }
    true
}

/// Judges an inventory in which `old` has become `new`; returns whether it was accepted.
fn judge(before: &Shape, inventory: &str, old: &str, new: &str) -> bool {
    let Some(files) = rendered(inventory) else { return false };
    let after = shape(&files, inventory, &mut NoFiles);
    assert_eq!(after.keywords, before.keywords, "{new:?}\n{inventory}\n{}", files[0]);
    let is_of = |word: &String, text: &str| {
        // As one word, as several, or in a command line.
        let text = text.trim();
        word == text || word.contains(text) || text.split_whitespace().any(|part| word == part)
    };
    for word in beyond(&after, before) {
        assert!(is_of(&word, new), "{word:?} comes of {new:?}\n{inventory}\n{}", files[0]);
    }
    for word in beyond(before, &after) {
        assert!(is_of(&word, old), "{word:?} is lost by {new:?}\n{inventory}\n{}", files[0]);
    }
    true
}

/// Hostile texts in the place of a good one.
fn hostile(good: &str, random: &mut Random, count: usize) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = WHOLE.iter().map(|text| (*text).to_owned()).collect();
    all.insert(format!("{good}{}", "x".repeat(1000)));
    while all.len() < count {
        let piece = PIECES[random.below(PIECES.len())];
        let at = (0..=good.len()).filter(|&at| good.is_char_boundary(at)).collect::<Vec<_>>();
        let at = at[random.below(at.len())];
        let mut text = good.to_owned();
        text.insert_str(at, piece);
        if random.below(3) == 0 {
            text.push_str(PIECES[random.below(PIECES.len())]);
        }
        all.insert(text);
    }
    all
}

/// Tries hostile texts in the given places of an inventory; returns how many were tried, and how
/// many of them were accepted.
fn attack(yaml: &str, wanted: impl Fn(&Spot) -> bool, random: &mut Random) -> (usize, usize) {
    let inventory: Value = serde_saphyr::from_str(yaml).unwrap();
    let files = rendered(&inventory.to_string()).unwrap_or_else(|| panic!("refused:\n{yaml}"));
    let before = shape(&files, yaml, &mut NoFiles);
    let mut all = Vec::new();
    spots(&inventory, &mut Vec::new(), &mut all);
    let (mut tried, mut accepted) = (0, 0);
    for spot in all.iter().filter(|spot| wanted(spot)) {
        let (emptied, good) = with(&inventory, spot, "");
        let without = rendered(&emptied);
        let without = without.map(|files| shape(&files, yaml, &mut NoFiles)).unwrap_or_default();
        for text in hostile(&good, random, 32) {
            if text == good {
                continue;
            }
            let (changed, old) = with(&inventory, spot, &text);
            let raw = ["raw", "virtual_routes", "virtual_rules", "virtual_server_group"];
            let raw = !spot.is_key && spot.path.iter().any(|step| raw.contains(&step.as_str()));
            tried += 1;
            accepted += usize::from(match raw {
                true => judge_raw(&without, &changed, spot.path.len() == 1),
                false => judge(&before, &changed, &old, &text),
            });
        }
    }
    (tried, accepted)
}

/// A cluster that has something of everything that is read by hand.
const EVERYTHING: &str = r#"
drain_file: /run/keepalived-lvskit/drain
bypass: false
network: [10.0.0.0/8, "fd00::/64"]
global_defs:
  notification_email: [a@b.c, d@e.f]
  notification_email_from: k@b.c
  smtp_server: mail.b.c 25
  smtp_connect_timeout: 30
  vrrp_version: 2
  lvs_sync_daemon: eth0
  raw: process_names
nodes:
  - name: a.b.c
    address: [10.0.0.1, "fd00::1"]
    site: one
    interface: eth0
    priority: 100
    weight: 2
    vrrp_instance: {i: {track_interface: eth1 weight 5}}
  - {name: b.b.c, address: [10.0.0.2, "fd00::2"], site: one, interface: eth0}
track_file: {tf: {file: /run/tf, weight: 1}}
vrrp_script: {vs: {script: /usr/bin/test 1, user: nobody}}
vrrp_sync_group: {sg: {group: [i, j], notify: /bin/n, sync_group_tracking_weight: true}}
vrrp_instance:
  i:
    virtual_router_id: 1
    site: one
    nodes: [a.b.c, b.b.c]
    advert_int: 2
    authentication: {auth_type: PASS, auth_pass: secret}
    unicast: true
    virtual_ipaddress:
      - 10.0.0.9/24
      - {address: 10.0.0.8/24, dev: eth0, label: "eth0:1", brd: 10.0.0.255, scope: global}
    virtual_ipaddress_excluded: 10.0.0.7/32
    track_script: vs weight 3
    track_file: tf weight 1
    notify: {command: /bin/n 'a b', user: nobody nogroup}
    raw: accept
  j: {virtual_router_id: 2, site: one, nodes: [a.b.c, b.b.c], virtual_ipaddress: "fd00::9/64"}
virtual_server_group: {vg: [10.0.0.9 80, 10.0.0.20-30 80, fwmark 7]}
virtual_server:
  - vrrp_instance: i
    port: 25
    lb_algo: mh
    mh-port: true
    lb_kind: DR
    protocol: TCP
    weight: 1
    nodes: [a.b.c]
    delay_loop: 5
    check:
      - {type: smtp-check, helo_name: h.b.c, connect_timeout: 3, connect_port: 2525}
      - {type: smtp-check, compat: false, options: [--starttls, --helo-name x.y]}
      - {type: HTTP_GET, raw: x, url: {path: /x, status_code: 200, raw: y}}
  - {group: vg, vrrp_instance: i, nodes: [a.b.c], lb_algo: rr, check: {type: TCP_CHECK, connect_port: 80}}
  - {fwmark: 3, nodes: b.b.c, lb_algo: rr, vrrp_instance: i, check: {type: DNS_CHECK, query: A, name: b.c, connect_port: 53}}
  - address: 10.0.0.9
    port: 81
    lb_algo: rr
    lb_kind: NAT
    quorum: 1
    quorum_up: /bin/q a
    sorry_server: 10.0.0.3 80
    raw: hysteresis 0
    check: {type: FILE_CHECK, track_file: tf, weight: 1}
    real_server: [{address: 10.1.0.1, port: 8080, weight: 4, check: {type: PING_CHECK}}, {node: a.b.c}]
raw: |
  static_routes {
    10.9.0.0/16 via 10.0.0.4
  }
"#;

#[test]
fn nothing_gets_out_of_a_value_that_is_read_by_hand() {
    let (tried, accepted) = attack(EVERYTHING, |_| true, &mut Random::seeded(5));
    // Or nothing was proven.
    assert!(tried > 3_000 && accepted > 100, "{accepted} of {tried}");
    println!("injection: {accepted} of {tried} accepted, the others refused");
}

#[test]
fn nothing_gets_out_of_a_value_that_becomes_a_statement() {
    let mut random = Random::seeded(6);
    let (mut tried, mut accepted) = (0, 0);
    for (path, table) in sections() {
        for key in table.keys().filter(|key| key.role == Role::Plain) {
            let Some(yaml) = keys::inventory(&path, key) else { continue };
            let yaml = format!("target: '2.4'\n{yaml}");
            let here = |spot: &Spot| !spot.is_key && spot.path.iter().any(|step| step == key.name);
            let (more, good) = attack(&yaml, here, &mut random);
            assert!(more > 0, "{path}.{}", key.name);
            tried += more;
            accepted += good;
        }
    }
    assert!(tried > 4_000 && accepted > 200, "{accepted} of {tried}");
    println!("injection: {accepted} of {tried} accepted, the others refused");
}

/// The judge would notice: here it is given what a careless program writes.
#[test]
fn a_careless_program_would_be_noticed() {
    let good =
        "vrrp_instance i {\n    authentication {\n        auth_pass x\n    }\n}\n".to_owned();
    let before = shape(std::slice::from_ref(&good), "", &mut NoFiles);
    for attack in ["x\n    }\n    notify_master /bin/sh\n    y {", "x } } z { y { v", "x # \\\n"] {
        let text = good.replace("auth_pass x", &format!("auth_pass {attack}"));
        let noticed = match grammar::parse("k.conf", &text, None, &mut NoFiles) {
            Ok(_) => shape(&[text], "", &mut NoFiles) != before,
            Err(_) => true,
        };
        assert!(noticed, "{attack:?}");
    }
}
