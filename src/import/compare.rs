//! The proof: the inventory is rendered, and what the files say is held against it, statement by
//! statement. What is not the same is told.

use std::collections::BTreeMap;

use super::notes::Notes;
use crate::conf::grammar::{Place, Statement};
use crate::secrets::Secrets;

/// A statement and the heads of the blocks around it; what does not matter is made the same.
type Said = (Vec<String>, String);

/// Scripts that were told of already.
const HOOKS: [&str; 4] = ["bypass-ipvs", "bypass_ipvs.py", "bypass_ipvs.sh", "lvskit_drain"];

/// What goes without saying, by its block. script_user is told of elsewhere, and keepalived itself
/// ignores the protocol of a mark.
const DEFAULTS: [(&str, &str); 3] =
    [("vrrp_instance", "preempt"), ("vrrp_instance", "state BACKUP"), ("real_server", "weight 1")];

/// Tells what `file` says and `rendered` does not, and the other way round, of the node `name`.
pub(super) fn compare(
    name: &str,
    file: &[Statement],
    rendered: &[Statement],
    hooks_told: bool,
    notes: &mut Notes,
) {
    let (mut before, mut after) = (statements(file), statements(rendered));
    if hooks_told {
        let told = |(around, line): &Said| {
            HOOKS.iter().any(|hook| line.contains(hook) || around.iter().any(|b| b.contains(hook)))
        };
        before.retain(|said, _| !told(said));
        after.retain(|said, _| !told(said));
    }
    for (said, places) in &before {
        let kept = after.get(said).map_or(0, Vec::len);
        for at in places.iter().skip(kept) {
            notes.at(at, format_args!("{} is not in the inventory", shown(said)));
        }
    }
    for (said, places) in &after {
        let had = before.get(said).map_or(0, Vec::len);
        if places.len() > had {
            notes.of(name, format_args!("gen-conf adds {}", shown(said)));
        }
    }
}

fn statements(tree: &[Statement]) -> BTreeMap<Said, Vec<Place>> {
    let mut all = BTreeMap::new();
    add(tree, &mut Vec::new(), &mut all);
    all
}

fn add(tree: &[Statement], around: &mut Vec<String>, all: &mut BTreeMap<Said, Vec<Place>>) {
    for statement in tree {
        let line = normal(&statement.words);
        let block = around.last().and_then(|head| head.split(' ').next()).unwrap_or_default();
        let of_mark = around.last().is_some_and(|head| head.starts_with("virtual_server fwmark "));
        let ignored = of_mark && statement.keyword() == "protocol";
        if DEFAULTS.contains(&(block, line.as_str()))
            || ignored
            || statement.keyword() == "script_user"
        {
            continue;
        }
        match &statement.block {
            None => all.entry((around.clone(), line)).or_default().push(statement.at.clone()),
            Some(block) => {
                // A list on one line is the same as one a line.
                let list = matches!(statement.keyword(), "group" | "notification_email");
                around.push(line);
                if list {
                    for word in block.iter().flat_map(|one| &one.words) {
                        let said = (around.clone(), word.clone());
                        all.entry(said).or_default().push(statement.at.clone());
                    }
                } else {
                    add(block, around, all);
                }
                around.pop();
            }
        }
    }
}

/// The words of a statement; numbers, truth values and old names in one spelling.
fn normal(words: &[String]) -> String {
    let mut normal: Vec<String> = words.iter().map(|word| number(word)).collect();
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
    if let [_, value] = normal.as_mut_slice() {
        match value.as_str() {
            "on" | "yes" | "true" => drop(normal.pop()),
            "off" | "no" => *value = "false".to_owned(),
            _ => {}
        }
    }
    normal.join(" ")
}

/// `2` for `2.0`.
fn number(word: &str) -> String {
    match word.split_once('.') {
        Some((whole, rest)) if !rest.is_empty() && rest.bytes().all(|b| b == b'0') => {
            match whole.parse::<u64>() {
                Ok(number) => number.to_string(),
                Err(_) => word.to_owned(),
            }
        }
        _ => word.to_owned(),
    }
}

/// For people, without passwords.
fn shown((around, line): &Said) -> String {
    let secrets = Secrets::of(&[line]);
    let line = secrets.mask(line);
    match around.split_first() {
        None => format!("`{line}`"),
        Some(_) => format!("`{line}` in {}", around.join(" / ")),
    }
}
