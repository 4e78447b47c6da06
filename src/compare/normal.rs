//! A file's statements in one spelling, so that two files which say the same to keepalived look the
//! same: numbers, truth values and old names are written in one way, and keepalived's defaults are left
//! out.

mod defaults;
mod global;
mod instance;
mod server;

use std::net::IpAddr;

use crate::conf::grammar::{Place, Statement};

/// Blocks without a name that are one block however often they stand.
const LISTS: [&str; 10] = [
    "global_defs",
    "notification_email",
    "group",
    "authentication",
    "unicast_peer",
    "virtual_ipaddress",
    "virtual_ipaddress_excluded",
    "track_interface",
    "track_script",
    "track_file",
];

/// Blocks whose lines stand beside each other, in any order. Elsewhere the last of two lines counts.
const LINES: [&str; 8] = [
    "static_ipaddress",
    "static_routes",
    "static_rules",
    "virtual_routes",
    "virtual_rules",
    "virtual_server_group",
    "track_bfd",
    "track_process",
];

/// A statement in its one spelling.
#[derive(Debug)]
pub(super) struct Normal {
    /// Where it stands.
    pub(super) at: Place,
    pub(super) line: String,
    pub(super) block: Option<Vec<Normal>>,
}

impl PartialEq for Normal {
    /// The same words; where they stand does not matter.
    fn eq(&self, other: &Normal) -> bool {
        self.line == other.line && self.block == other.block
    }
}

/// The blocks of which a file has one of each name.
const NAMED: [&str; 6] = [
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
    "track_file",
    "virtual_server",
    "virtual_server_group",
];

/// The statements of a file.
pub(super) fn normal(tree: &[Statement]) -> Vec<Normal> {
    let mut all = block(tree, "");
    global::resolve(&mut all);
    all
}

/// The statements of a block with that head.
fn block(statements: &[Statement], head: &str) -> Vec<Normal> {
    let mut all: Vec<Normal> = Vec::new();
    // script_user is told of elsewhere.
    for statement in statements.iter().filter(|one| one.keyword() != "script_user") {
        // A list on one line is the same as one a line.
        if matches!(head, "group" | "notification_email") {
            let word = |word: &String| Normal::leaf(&statement.at, word.clone());
            all.extend(statement.words.iter().map(word));
            continue;
        }
        let line = line(&statement.words);
        let mut block = statement.block.as_ref().map(|inner| block(inner, &line));
        let mut line = line;
        match (statement.keyword(), &mut block) {
            ("virtual_server", Some(inner)) => {
                line = server::normal(&statement.at, &line, inner);
            }
            ("vrrp_instance", Some(inner)) => instance::normal(&statement.at, inner),
            ("authentication", Some(inner)) => instance::password(inner),
            ("track_interface", Some(inner)) => defaults::without_suffix(inner, " weight 0"),
            ("unicast_peer", Some(inner)) => inner.iter_mut().for_each(instance::without_length),
            ("unicast_src_ip" | "mcast_src_ip", None) => line = instance::without_length_of(&line),
            _ => {}
        }
        if let Some(inner) = &mut block {
            defaults::leave_out(statement.keyword(), inner);
        }
        let one = Normal { at: statement.at.clone(), line, block };
        one.add_to(&mut all);
    }
    all
}

impl Normal {
    fn leaf(at: &Place, line: String) -> Normal {
        Normal { at: at.clone(), line, block: None }
    }

    /// Its first word.
    pub(super) fn keyword(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Adds it to the statements of a block, a list to what there is of it.
    fn add_to(self, all: &mut Vec<Normal>) {
        let same = |other: &&mut Normal| other.is_list() && other.line == self.line;
        match all.iter_mut().find(same).filter(|_| self.is_list()) {
            Some(Normal { block: Some(items), .. }) => {
                self.block.into_iter().flatten().for_each(|one| one.add_to(items));
            }
            _ => all.push(self),
        }
    }

    /// Says in a block what it does not say.
    fn default(at: &Place, block: &mut Vec<Normal>, line: &str) {
        let keyword = line.split(' ').next().unwrap_or_default();
        if block.iter().all(|one| one.keyword() != keyword) {
            block.push(Normal::leaf(at, line.to_owned()));
        }
    }

    /// Whether it is a block without a name, which only its statements make different.
    pub(super) fn is_list(&self) -> bool {
        self.block.is_some() && LISTS.contains(&self.line.as_str())
    }

    /// Whether it is a block in which the last of several lines with one keyword counts.
    pub(super) fn holds_settings(&self) -> bool {
        !self.is_list() && !LINES.contains(&self.keyword())
    }

    /// Whether it is a block of which a file has one of each name.
    pub(super) fn is_named(&self) -> bool {
        self.block.is_some() && NAMED.contains(&self.keyword())
    }

    /// What it is called among blocks with the same keyword: virtual servers of one address and port differ
    /// in their protocol.
    pub(super) fn name(&self) -> String {
        let Some(block) = &self.block else { return self.line.clone() };
        let protocol = block.iter().find(|one| one.line.starts_with("protocol "));
        match protocol.filter(|_| self.line.starts_with("virtual_server ")) {
            Some(protocol) => format!("{} {} {{", self.line, protocol.line),
            None => format!("{} {{", self.line),
        }
    }
}

/// Statements whose words are only texts, and blocks with names that are.
const TEXTS: [&str; 8] = [
    "auth_pass",
    "router_id",
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
    "virtual_server_group",
    "track_file",
    "vrrp_track_file",
];

/// The words of a statement in one spelling.
fn line(words: &[String]) -> String {
    let text = words.first().is_some_and(|keyword| TEXTS.contains(&keyword.as_str()));
    let mut normal: Vec<String> = match text {
        true => words.to_vec(),
        false => words.iter().map(|word| address(word).unwrap_or_else(|| number(word))).collect(),
    };
    // Program and arguments are one word, and a user behind them another.
    for word in normal.iter_mut().skip(1).filter(|word| word.contains([' ', '\t'])) {
        *word = format!("\"{word}\"");
    }
    if let Some(keyword) = normal.first_mut() {
        let new = match keyword.as_str() {
            "lvs_sched" => "lb_algo",
            "lvs_method" => "lb_kind",
            "nb_get_retry" => "retry",
            "vrrp_track_file" => "track_file",
            "lvs_flush_onstop" => "lvs_flush_on_stop",
            same => same,
        };
        *keyword = new.to_owned();
    }
    if let ([_, value], false) = (normal.as_mut_slice(), text) {
        match value.as_str() {
            "on" | "yes" | "true" => drop(normal.pop()),
            "off" | "no" => *value = "false".to_owned(),
            _ => {}
        }
    }
    normal.join(" ")
}

/// An IPv6 address can be written in many ways.
fn address(word: &str) -> Option<String> {
    let (address, length) = word.split_at(word.find('/').unwrap_or(word.len()));
    let address: IpAddr = address.parse().ok()?;
    Some(format!("{address}{length}"))
}

/// `2` for `2.0` and for `02`, `0.5` for `0.50`: keepalived knows no octal numbers.
fn number(word: &str) -> String {
    let (whole, rest) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) {
        return word.to_owned();
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        number => number,
    };
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_all() {
        for (text, normal) in [
            ("priority 0144", "priority 144"),
            ("advert_int 2.0", "advert_int 2"),
            ("delay 0.50", "delay 0.5"),
            ("delay 1.2.3.40", "delay 1.2.3.40"),
            ("weight 000", "weight 0"),
            ("address fd00:0::1/64", "address fd00::1/64"),
            ("smtp_alert on", "smtp_alert"),
            ("smtp_alert off", "smtp_alert false"),
            ("auth_pass 0123", "auth_pass 0123"),
            ("auth_pass on", "auth_pass on"),
            ("lvs_sched rr", "lb_algo rr"),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(line(&words), normal);
        }
    }
}
