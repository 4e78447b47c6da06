//! A checker of a real server as `check`.

use std::net::IpAddr;

use super::section::{Body, Section};
use super::yaml::{Map, Yaml};
use crate::conf::grammar::Statement;
use crate::conf::placeholder::ADDRESS;
use crate::conf::probe::{CONFIRM, PROBE_USER, RUNNER, SYSLOG};
use crate::inventory::keys::check::{MISC_PATH, TYPE};
use crate::inventory::keys::{self, CONNECTION, PROBE};
use crate::paths;
use crate::smtp::session::{DEFAULT_PORT, TLS_PORT};

/// Whether a block is a checker that has a `type`.
pub(super) fn is_check(statement: &Statement) -> bool {
    let known = keys::Check::with_block(statement.keyword());
    known.is_some() && statement.block.is_some() && statement.values().is_empty()
}

/// The checker as `check`; of a server with that address and port.
pub(super) fn check(block: &Statement, server: IpAddr, port: Option<u16>) -> Option<Yaml> {
    if let Some(probe) = probe(block, server, port) {
        return Some(probe);
    }
    let kind = keys::Check::with_block(block.keyword())?;
    let mut section = Body::of(block).section(kind.table, &block.at);
    let path = section.entries.iter_mut().find(|entry| entry.key == MISC_PATH.name);
    if let Some(Yaml::Text(line)) = path.map(|entry| &mut entry.value) {
        *line = with_placeholder(line, &server.to_string());
    }
    section.set(TYPE.name, Yaml::text(kind.name()), &block.at);
    Some(Yaml::Map(section.into_map(kind.table)))
}

/// A command whose word for the server's address is the placeholder, so that all servers have the same.
fn with_placeholder(line: &str, server: &str) -> String {
    let word = |word| if word == server { ADDRESS } else { word };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Our probe, run by MISC_CHECK; `None` if it is something else, or run otherwise than by gen-conf.
fn probe(block: &Statement, server: IpAddr, port: Option<u16>) -> Option<Yaml> {
    if block.keyword() != "MISC_CHECK" {
        return None;
    }
    let mut body = Body::of(block);
    let (line, at) = body.take_value("misc_path")?;
    let mut words = command(line);
    if ![paths::PROBE, paths::PROBE_WITH_TLS].contains(&words.next()?.rsplit('/').next()?) {
        return None;
    }
    // Follows from the rest.
    body.take("misc_timeout");
    // Other retries than none would be keepalived's, which the inventory can't say of our probe.
    if body
        .take_where(|one| one.keyword() == "retry")
        .last()
        .is_some_and(|one| one.values() != ["0"])
    {
        return None;
    }
    if body.take("user").is_some_and(|user| user.values() != [PROBE_USER]) {
        return None;
    }
    let dynamic = body.take("misc_dynamic").is_some();
    let mut words: Vec<&str> = words.collect();
    let compat = take_flag(&mut words, "--compat");
    take_flag(&mut words, CONFIRM);
    let syslog = take_flag(&mut words, SYSLOG);
    if take_flag(&mut words, "--dynamic") != dynamic {
        return None;
    }
    if words.is_empty() || words.remove(0).parse() != Ok(server) {
        return None;
    }
    let told = take_option(&mut words, "--port").or_else(|| own_port(&words));
    if told.is_some() && told != port.map(|port| port.to_string()) {
        return None;
    }
    let mut section: Section = body.section(&PROBE, &block.at);
    section.set("type", Yaml::text(paths::PROBE), at);
    let names = ["helo_name", "connect_timeout", "retry", "delay_before_retry"];
    for key in names.into_iter().chain(CONNECTION.iter().map(|key| key.name)) {
        if let Some(value) = take_option(&mut words, &format!("--{}", key.replace('_', "-"))) {
            let value = match value.parse::<f64>() {
                Ok(_) => Yaml::Plain(value),
                Err(_) => Yaml::Text(value),
            };
            section.set(key, value, at);
        }
    }
    if !compat {
        section.set("compat", Yaml::plain(false), at);
    }
    if dynamic {
        section.set("misc_dynamic", Yaml::plain(true), at);
    }
    if !syslog {
        section.set("syslog", Yaml::plain(false), at);
    }
    if !words.is_empty() {
        section.set("options", Yaml::one_or_more(options(&words)), at);
    }
    let map: Map = section.into_map(&PROBE);
    Some(Yaml::Map(map))
}

/// The words of a check's command, whether or not gen-conf's runner stands before it.
fn command(line: &str) -> impl Iterator<Item = &str> {
    line.strip_prefix(RUNNER).unwrap_or(line).split_whitespace()
}

/// The port that the probe asks by itself, unless these words name one.
fn own_port(words: &[&str]) -> Option<String> {
    let named = |word: &&str| word.starts_with("--connect-port") || word.starts_with("-p");
    let port = if words.contains(&"--tls") { TLS_PORT } else { DEFAULT_PORT };
    (!words.iter().any(named)).then(|| port.to_string())
}

fn take_flag(words: &mut Vec<&str>, flag: &str) -> bool {
    let before = words.len();
    words.retain(|word| *word != flag);
    words.len() < before
}

fn take_option(words: &mut Vec<&str>, option: &str) -> Option<String> {
    let at = words.iter().position(|word| *word == option)?;
    let value = words.get(at + 1).map(|value| (*value).to_owned())?;
    words.drain(at..at + 2);
    Some(value)
}

/// Each option with its value.
fn options(words: &[&str]) -> Vec<Yaml> {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        match all.last_mut() {
            Some(last) if !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => all.push((*word).to_owned()),
        }
    }
    all.into_iter().map(Yaml::Text).collect()
}
