//! Inventories that nobody means well with: what the fuzzer kept, and variations of it; then YAML
//! bombs, nesting without end and files without end, to the real program with little memory.

#[path = "../fuzz/entry/inventory.rs"]
mod inventory;

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::hostile::Hostile;
use crate::matrix::inventories;
use crate::place::{PROGRAM, Place, Run};

/// What breaks YAML, or this inventory.
const WORDS: [&[u8]; 40] = [
    b"\n",
    b"\n  ",
    b"\n    ",
    b"\n  - ",
    b": ",
    b"- ",
    b"[",
    b"]",
    b"{",
    b"}",
    b", ",
    b"#",
    b"'",
    b"\"",
    b"|\n",
    b">-\n",
    b"&a ",
    b"*a ",
    b"!!int ",
    b"<<: *a",
    b"? ",
    b"---\n",
    b"...\n",
    b"~",
    b"\t",
    b"\0",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"\xff",
    b"nodes:",
    b"name: ",
    b"auth_pass: ",
    b"priority: 255",
    b"-1",
    b"1e9",
    b"99999999999999999999",
    b"\\x",
    b"$x",
    b"0x10",
];

#[test]
fn no_inventory_brings_the_reader_down() {
    let hostile =
        Hostile { name: "inventory", words: &WORDS, variations: 3_000, longest: 8 * 1024 };
    let samples = inventories().into_iter().map(|(_, text)| text.into_bytes()).collect();
    hostile.play(samples, inventory::inventory);
}

/// The largest inventory that is read, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// What the program may use, in bytes of address space; and seconds of processor time, after which
/// the kernel ends it.
const MEMORY: usize = 512 * 1024 * 1024;
const SECONDS: u64 = 60;

/// Runs the program within its limits on an inventory from standard input.
fn limited(text: &[u8]) -> Run {
    let mut child = Command::new("prlimit")
        .args([format!("--as={MEMORY}"), format!("--cpu={SECONDS}"), "--core=0".to_owned()])
        .args([PROGRAM, "gen-conf", "-i", "-", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prlimit of util-linux is needed");
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_vec();
    // It stops to read where it has read enough.
    let writer = std::thread::spawn(move || stdin.write_all(&text));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    Run::of(output)
}

/// Asserts a refusal in words, within the limits.
fn refused(what: &str, text: &[u8], code: i32, words: &str) {
    let Run { code: ended, stdout, stderr } = limited(text);
    let start: String = stderr.chars().take(300).collect();
    assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{what}: {start}");
    assert!(stderr.contains(words), "{what}: no {words:?} in {start}");
    assert!(stderr.len() < 64 * 1024, "{what}: {} bytes of report", stderr.len());
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn nesting_without_end_is_refused() {
    for (what, text) in [
        ("lists", "[".repeat(LARGEST)),
        ("mappings", "{a: ".repeat(LARGEST / 4)),
        ("indents", lines(2_000, |depth| format!("{}a:\n", " ".repeat(depth)))),
        ("dashes", "- ".repeat(LARGEST / 2)),
        ("keys", "? ".repeat(LARGEST / 2)),
    ] {
        refused(what, text.as_bytes(), 1, "error: ");
    }
}

#[test]
fn yaml_bombs_are_refused() {
    let laughs = lines(30, |level| match level {
        0 => "a0: &a0 [x]\n".to_owned(),
        _ => format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(",")),
    });
    let long = "x".repeat(1024 * 1024);
    for (what, text) in [
        ("a billion laughs", laughs),
        ("a long value again and again", format!("a: &a {long}\nb: [{}]", "*a,".repeat(1_000))),
        ("aliases", format!("a: &a x\nb: [{}]", "*a,".repeat(100_000))),
        ("anchors", lines(100_000, |number| format!("- &a{number} x\n"))),
        ("merges", format!("a: &a {{x: 1}}\nb: {{{}}}", "<<: *a, ".repeat(20_000))),
        ("an alias of itself", "a: &a [*a]\n".to_owned()),
        ("values", "- a\n".repeat(LARGEST / 4)),
        ("keys", lines(300_000, |number| format!("k{number}:\n"))),
        ("documents", "---\n".repeat(LARGEST / 4)),
        ("newlines", "\n".repeat(LARGEST)),
        ("one line", format!("nodes: {}", "x".repeat(LARGEST - 7))),
        ("escapes", format!("\"{}\"", "\\x41".repeat(LARGEST / 4 - 1))),
        ("zeroes", "\0".repeat(LARGEST)),
    ] {
        assert!(text.len() <= LARGEST, "{what}: {}", text.len());
        refused(what, text.as_bytes(), 1, "error: ");
    }
}

/// No more is read than one byte above the largest, be there 100 MB or no end.
#[test]
fn large_inventories_are_refused() {
    refused("a byte more", &vec![b'#'; LARGEST + 1], 6, "larger than 4 MiB");
    refused("100 MB", &vec![b'\n'; 100_000_000], 6, "larger than 4 MiB");
    let place = Place::with("");
    let mut command = place.command("prlimit");
    command.args([&format!("--as={MEMORY}"), PROGRAM, "gen-conf", "-i", "/dev/zero", "--stdout"]);
    let endless = Run::of(command.output().unwrap());
    assert_eq!(endless.code, Some(6), "{}", endless.stderr);
    assert!(endless.stderr.contains("/dev/zero: larger than 4 MiB"), "{}", endless.stderr);
}

/// Few lines that stand for much: all nodes for each service and each instance.
#[test]
fn clusters_without_end_are_refused() {
    let nodes = lines(20_000, |node| {
        format!("  - {{name: n{node}, address: 10.0.{}.{}}}\n", node / 256, node % 256)
    });
    let instance = "interface: eth0, virtual_router_id: 1, state: BACKUP, priority: 100";
    let one = format!("vrrp_instance: {{a: {{{instance}, virtual_ipaddress: 11.0.0.1}}}}\n");
    let services = lines(10_000, |at| {
        format!("  - {{port: {}, lb_algo: wlc, check: {{type: TCP_CHECK}}}}\n", at + 1)
    });
    let instances = lines(10_000, |at| {
        format!("  i{at}: {{{instance}, virtual_ipaddress: 11.0.{}.{}}}\n", at / 256, at % 256)
    });
    let unicast = one.replace("{interface", "{unicast: true, interface");
    for (what, rest) in [
        ("servers of virtual servers", format!("{one}virtual_server:\n{services}")),
        ("nodes of instances", format!("vrrp_instance:\n{instances}")),
        ("peers", unicast),
    ] {
        refused(what, format!("nodes:\n{nodes}{rest}").as_bytes(), 1, what);
    }
}

/// Whoever has ten thousand problems reads the first ones, and does not wait for the others.
#[test]
fn problems_without_end_are_counted() {
    let text = format!("nodes:\n{}", "  - {nam: x}\n".repeat(10_000));
    refused("problems", text.as_bytes(), 1, "... and 19901 more");
}
