//! The items of `virtual_ipaddress`: an address, or a section of it and what `ip address` may be
//! told besides.

use super::keys::VIRTUAL_ADDRESS;
use super::read::{Placed, Problems, Read, Section, value, wrong};
use super::tree::{Kind, Node};
use super::{keywords, values};
use crate::cluster::VirtualAddress;
use crate::conf::word::Word;

/// The longest label (IFNAMSIZ without the NUL).
const LABEL_LENGTH: usize = 15;

/// `ADDRESS[/LENGTH]`, or `{address: ADDRESS[/LENGTH], dev: IFACE}`.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Placed<VirtualAddress>> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return problems.value(node, "virtual_ipaddress", values::virtual_address);
    }
    let at = node.at.clone();
    let section = Section::open(node, &VIRTUAL_ADDRESS, "virtual_ipaddress", at, problems)?;
    let address = section.required("address", problems, values::virtual_address);
    let dev = section.optional("dev", problems, values::interface);
    let mut options = String::new();
    let mut option = |name: &'static str, read: fn(&str) -> Read<Word>| {
        if let Some(word) = section.optional(name, problems, read) {
            options.push_str(&format!(" {name} {}", word.value));
        }
    };
    option("brd", broadcast);
    option("scope", scope);
    option("label", label);
    option("peer", |text| values::any_address(text).and_then(|a| values::word(&a.to_string())));
    option("preferred_lft", lifetime);
    for (key, written) in [
        ("home", "home"),
        ("nodad", "-nodad"),
        ("mngtmpaddr", "mngtmpaddr"),
        ("noprefixroute", "noprefixroute"),
        ("autojoin", "autojoin"),
        ("no_track", "no_track"),
    ] {
        if value(section.optional(key, problems, keywords::yes_no)) == Some(true) {
            options.push_str(&format!(" {written}"));
        }
    }
    section.close(problems);
    let mut address = address?;
    address.value.dev = value(dev);
    address.value.options = options;
    Some(address)
}

fn broadcast(text: &str) -> Read<Word> {
    match text {
        "+" | "-" => values::word(text),
        _ => values::any_address(text).and_then(|address| values::word(&address.to_string())),
    }
}

fn scope(text: &str) -> Read<Word> {
    match text {
        "site" | "link" | "host" | "nowhere" | "global" => values::word(text),
        _ => wrong(format!("`{text}` is no scope"), "write site, link, host, nowhere or global"),
    }
}

fn label(text: &str) -> Read<Word> {
    if text.len() > LABEL_LENGTH || text.contains(char::is_whitespace) {
        return wrong(
            format!("`{text}` is no label"),
            format!("write one such as eth0:1, at most {LABEL_LENGTH} characters"),
        );
    }
    values::word(text)
}

fn lifetime(text: &str) -> Read<Word> {
    match text.parse::<u32>() {
        Ok(_) => values::word(text),
        Err(_) if text == "forever" => values::word(text),
        Err(_) => wrong(format!("`{text}` is no lifetime"), "write seconds, or forever"),
    }
}
