//! What files say in older or longer ways, said as an inventory says it, before they are taken apart: one
//! name for an instance in all files, the sync daemon in global_defs, programs with their paths. Each
//! change is told.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::Source;
use super::notes::Notes;
use super::programs;
use crate::conf::grammar::{Place, Statement};

/// Where a program is looked for: systemd's own PATH.
const FOLDERS: [&str; 4] = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"];

/// Rewrites the statements of all files, which are those of `sources` in their order.
pub(super) fn rewrite(trees: &mut [Vec<Statement>], sources: &[Source], notes: &mut Notes) {
    names(trees, notes);
    for (tree, source) in trees.iter_mut().zip(sources) {
        sync_daemon(tree, notes);
        single_groups(tree, notes);
        hosts(tree, notes);
        addresses(tree, notes);
        let root = source.root.as_deref();
        programs::each(tree, &mut |statement| with_path(statement, root, notes));
    }
}

/// An instance as its file has it.
struct Named {
    name: String,
    id: String,
    vips: Vec<IpAddr>,
    at: Place,
}

impl Named {
    fn of(block: &Statement) -> Option<Named> {
        let [name] = block.values() else { return None };
        let inner = block.inner();
        let id =
            inner.iter().rfind(|one| one.keyword() == "virtual_router_id")?.values().first()?;
        let lists = inner.iter().filter(|one| one.keyword() == "virtual_ipaddress");
        let lines = lists.flat_map(Statement::inner);
        let vips = lines.filter_map(|line| line.keyword().split('/').next()?.parse().ok());
        Some(Named {
            name: name.clone(),
            id: id.clone(),
            vips: vips.collect(),
            at: block.at.clone(),
        })
    }

    /// Whether both are one instance: names mean nothing on the wire.
    fn is(&self, other: &Named) -> bool {
        self.id == other.id && self.vips.iter().any(|vip| other.vips.contains(vip))
    }
}

/// Calls the same instance by one name in all files: that of the first which has it.
fn names(trees: &mut [Vec<Statement>], notes: &mut Notes) {
    let mut known: Vec<Named> = Vec::new();
    for tree in trees {
        let blocks = tree.iter().filter(|one| one.keyword() == "vrrp_instance");
        let own: Vec<Named> = blocks.filter_map(Named::of).collect();
        let mut changes: Vec<(String, String)> = Vec::new();
        for one in &own {
            let Some(same) = known.iter().find(|other| other.is(one)) else { continue };
            let taken = own.iter().any(|other| {
                other.name == same.name
                    && !known.iter().any(|first| first.is(other) && first.name != other.name)
            });
            if same.name != one.name && !taken {
                changes.push((one.name.clone(), same.name.clone()));
                notes.at(
                    &one.at,
                    format_args!(
                        "{} is {} of {}: they have one virtual_router_id and address; it gets that name",
                        one.name, same.name, same.at
                    ),
                );
            }
        }
        known
            .extend(own.into_iter().filter(|one| !changes.iter().any(|(old, _)| *old == one.name)));
        if !changes.is_empty() {
            tree.iter_mut().for_each(|one| rename(one, &changes));
        }
    }
}

fn rename(statement: &mut Statement, changes: &[(String, String)]) {
    let new =
        |word: &String| changes.iter().find(|(old, _)| old == word).map(|(_, new)| new.clone());
    let replace = |statement: &mut Statement, from: usize| {
        for word in statement.words.iter_mut().skip(from) {
            if let Some(new) = new(word) {
                *word = new;
            }
        }
        statement.text = statement.words.join(" ");
    };
    match statement.keyword() {
        "vrrp_instance" => replace(statement, 1),
        "global_defs" => {
            for one in statement.block.iter_mut().flatten() {
                if one.keyword() == "lvs_sync_daemon" {
                    replace(one, 2);
                }
            }
        }
        "vrrp_sync_group" => {
            for list in statement.block.iter_mut().flatten().filter(|one| one.keyword() == "group")
            {
                list.block.iter_mut().flatten().for_each(|one| replace(one, 0));
            }
        }
        _ => {}
    }
}

fn leaf(at: &Place, words: &[&str]) -> Statement {
    let words: Vec<String> = words.iter().copied().map(str::to_owned).collect();
    Statement { at: at.clone(), text: words.join(" "), words, indent: None, block: None }
}

/// `lvs_sync_daemon_interface` of an instance starts one daemon for all, as lvs_sync_daemon does.
fn sync_daemon(tree: &mut Vec<Statement>, notes: &mut Notes) {
    let mut found: Option<Statement> = None;
    for instance in tree.iter_mut().filter(|one| one.keyword() == "vrrp_instance") {
        let name = instance.values().first().cloned().unwrap_or_default();
        let Some(block) = &mut instance.block else { continue };
        block.retain(|one| {
            let [interface] = one.values() else { return true };
            let old = one.keyword() == "lvs_sync_daemon_interface";
            if old {
                notes.at(
                    &one.at,
                    "lvs_sync_daemon_interface of an instance becomes lvs_sync_daemon of global_defs",
                );
                found.get_or_insert(leaf(&one.at, &["lvs_sync_daemon", interface, &name]));
            }
            !old
        });
    }
    let said = |one: &Statement| {
        one.keyword() == "global_defs"
            && one.inner().iter().any(|one| one.keyword().starts_with("lvs_sync_daemon"))
    };
    let Some(daemon) = found.filter(|_| !tree.iter().any(said)) else { return };
    match tree.iter_mut().find(|one| one.keyword() == "global_defs" && one.block.is_some()) {
        Some(Statement { block: Some(block), .. }) => block.push(daemon),
        _ => {
            let mut globals = leaf(&daemon.at, &["global_defs"]);
            globals.block = Some(vec![daemon]);
            tree.insert(0, globals);
        }
    }
}

/// A group of one instance groups nothing: what it says besides, its instance can say.
fn single_groups(tree: &mut Vec<Statement>, notes: &mut Notes) {
    let mut moved: Vec<(String, Vec<Statement>)> = Vec::new();
    let instances: Vec<Statement> =
        tree.iter().filter(|one| one.keyword() == "vrrp_instance").cloned().collect();
    tree.retain(|one| {
        if one.keyword() != "vrrp_sync_group" {
            return true;
        }
        let (lists, rest): (Vec<_>, Vec<_>) =
            one.inner().iter().cloned().partition(|one| one.keyword() == "group");
        let members: Vec<&String> =
            lists.iter().flat_map(Statement::inner).flat_map(|line| &line.words).collect();
        let [member] = members.as_slice() else { return true };
        let of_member = |one: &&Statement| one.values() == std::slice::from_ref(*member);
        let Some(instance) = instances.iter().find(of_member) else { return true };
        // These have other meanings in an instance, or it says them itself.
        let same = |one: &Statement| {
            let said = instance.inner().iter().any(|own| own.keyword() == one.keyword());
            !said && (one.keyword() == "smtp_alert" || one.keyword().starts_with("notify_"))
        };
        let left: Vec<&Statement> =
            rest.iter().filter(|one| !same(one) && one.keyword() != "global_tracking").collect();
        if !left.is_empty() {
            return true;
        }
        let and =
            if rest.is_empty() { "" } else { ", and what it says besides becomes the instance's" };
        notes.at(
            &one.at,
            format_args!("a group of {member} alone groups nothing; it is left out{and}"),
        );
        moved.push(((*member).clone(), rest));
        false
    });
    for (member, rest) in moved {
        let mut all = tree.iter_mut().filter(|one| one.keyword() == "vrrp_instance");
        if let Some(Statement { block: Some(block), .. }) =
            all.find(|one| one.values() == std::slice::from_ref(&member))
        {
            block.extend(rest.into_iter().filter(|one| one.keyword() != "global_tracking"));
        }
    }
}

/// A `host` of SMTP_CHECK is a check of its own: keepalived asks them one after the other, and 2.3.3 hangs when
/// it reads one.
fn hosts(tree: &mut [Statement], notes: &mut Notes) {
    let servers = tree.iter_mut().filter(|one| one.keyword() == "virtual_server");
    let real = servers.flat_map(|server| server.block.iter_mut().flatten());
    for server in real.filter(|one| one.keyword() == "real_server") {
        let Some(block) = &mut server.block else { continue };
        let is_host = |one: &Statement| one.keyword() == "host" && one.block.is_some();
        *block = std::mem::take(block)
            .into_iter()
            .flat_map(|check| {
                let (hosts, common): (Vec<_>, Vec<_>) =
                    check.inner().iter().cloned().partition(is_host);
                if check.keyword() != "SMTP_CHECK" || hosts.is_empty() {
                    return vec![check];
                }
                notes.at(&check.at, "each `host` of SMTP_CHECK becomes a check of its own");
                let own = hosts.iter().map(|host| Statement {
                    block: Some(common.iter().chain(host.inner()).cloned().collect()),
                    ..check.clone()
                });
                own.collect()
            })
            .collect();
    }
}

/// keepalived ignores the second one of an address.
fn addresses(tree: &mut [Statement], notes: &mut Notes) {
    for instance in tree.iter_mut().filter(|one| one.keyword() == "vrrp_instance") {
        let mut seen: Vec<IpAddr> = Vec::new();
        let lists = instance.block.iter_mut().flatten();
        for list in lists.filter(|one| one.keyword().starts_with("virtual_ipaddress")) {
            list.block.iter_mut().for_each(|block| {
                block.retain(|line| {
                    let bare = line.keyword().split('/').next().unwrap_or_default();
                    let Ok(address) = bare.parse::<IpAddr>() else { return true };
                    let twice = seen.contains(&address);
                    if twice {
                        notes.at(
                            &line.at,
                            format_args!("{address} stands twice; keepalived ignores this one"),
                        );
                    }
                    seen.push(address);
                    !twice
                });
            });
        }
    }
}

/// Writes the path of a program that keepalived looks for itself. It is looked for here, or below the
/// folder with the node's files.
fn with_path(statement: &mut Statement, root: Option<&Path>, notes: &mut Notes) {
    let Some(line) = statement.words.get(1) else { return };
    if line.starts_with('<') && !line.contains('\'') {
        notes.at(
            &statement.at,
            format_args!(
                "keepalived runs no shell, so `{line}` fails; the inventory has /bin/bash -c, which does it"
            ),
        );
        statement.words[1] = format!("/bin/bash -c '{line}'");
        statement.text = spelled(&statement.words);
        return;
    }
    let program = line.split([' ', '\t']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if program.is_empty() || !program.chars().all(plain) {
        return;
    }
    let here = |folder: &&&str| {
        let path: PathBuf =
            [root.unwrap_or(Path::new("/")), Path::new(**folder), Path::new(program)]
                .iter()
                .collect();
        path.is_file()
    };
    let (path, why) = match FOLDERS.iter().find(here) {
        Some(folder) => (format!("/{folder}/{program}"), "where it was found"),
        None => (format!("/usr/bin/{program}"), "which is assumed"),
    };
    notes.at(
        &statement.at,
        format_args!(
            "keepalived looks for {program} in its PATH; the inventory has {path}, {why}: \
             `command -v {program}` on the node shows it"
        ),
    );
    let line = format!("{path}{}", &line[program.len()..]);
    statement.words[1] = line;
    statement.text = spelled(&statement.words);
}

fn spelled(words: &[String]) -> String {
    let quoted = |(at, word): (usize, &String)| match at > 0 && word.contains([' ', '\t']) {
        true => format!("\"{word}\""),
        false => word.clone(),
    };
    words.iter().enumerate().map(quoted).collect::<Vec<_>>().join(" ")
}
