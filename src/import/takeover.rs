//! What is said of notify scripts: which give way to bypass-ipvs, and which stay, and why.

use super::file::File;
use super::hooks::{Hook, Kind, NOTIFY, file_name};
use super::nodes::Node;
use super::notes::Notes;
use super::yaml::Yaml;

/// Says that hooks of ours get to know what is balanced; returns whether there are any.
pub(super) fn tell_services(files: &[File<'_>], notes: &mut Notes) -> bool {
    let silent = |hook: &&Hook| matches!(hook.kind, Kind::Ours { services: false, .. });
    // Without virtual servers gen-conf knows of none either.
    if !super::bypass(files) || files.iter().all(|file| file.servers.is_empty()) {
        return false;
    }
    let mut any = false;
    for hook in files.iter().filter_map(File::hooks).flatten().filter(silent) {
        notes.at(
            &hook.at,
            "added: `--service`: only what is balanced leads to the node's own services, not every \
             port of the address",
        );
        any = true;
    }
    any
}

/// Says where hooks of the article's kind give way to ours, or why they don't; returns whether there
/// are any that do. In files that gen-conf `rendered` it is no news that there are none.
pub(super) fn tell(files: &[File<'_>], nodes: &[Node], rendered: bool, notes: &mut Notes) -> bool {
    if !super::bypass(files) {
        without(files, nodes, rendered, notes);
        return false;
    }
    for hook in files.iter().filter_map(File::hooks).flatten() {
        if hook.kind == Kind::Article {
            notes.at(&hook.at, format_args!("{} gives way to bypass-ipvs", hook.program));
        }
    }
    old_notify(files, notes);
    if files.iter().filter_map(File::hooks).flatten().any(|hook| hook.kind == Kind::Article) {
        notes.add(
            "the old hook's iptables rule outlives it: a MASTER that has it serves everything \
             itself and balances nothing (`/usr/libexec/keepalived/bypass-ipvs --check` tells of it as port-taken); when \
             bypass-ipvs is in force, remove it once on each node: `iptables -t nat -S PREROUTING \
             | grep REDIRECT` shows it, `iptables -t nat -D PREROUTING ...` with its words removes \
             it; or reboot",
        );
    }
    let article = files.iter().filter_map(File::hooks).any(|hooks| all_article(&hooks));
    if article && files.iter().all(|file| file.drain_file.is_none()) {
        notes.add(
            "added: bypass-ipvs keeps sessions and runs when keepalived stops too, and \
             /run/keepalived-lvskit/drain drains a node; `keep_sessions: false` and \
             `drain_file: false` turn that off",
        );
    }
    article
}

/// Says where `notify` still runs a program that gives way to bypass-ipvs: it stays, and does what it did.
fn old_notify(files: &[File<'_>], notes: &mut Notes) {
    let hooks = || files.iter().filter_map(File::hooks).flatten();
    let old = |name: &str| {
        hooks().any(|hook| hook.kind == Kind::Article && file_name(&hook.program) == name)
    };
    for entry in
        files.iter().flat_map(|file| &file.instances).filter_map(|one| one.section.get("notify"))
    {
        let line = match &entry.value {
            Yaml::Text(line) => Some(line),
            Yaml::Map(map) => map.iter().find_map(|(_, value)| match value {
                Yaml::Text(line) => Some(line),
                _ => None,
            }),
            _ => None,
        };
        if line.is_some_and(|line| line.split_whitespace().any(|word| old(file_name(word)))) {
            notes.at(
                &entry.at,
                "`notify` runs the old hook too and stays; remove it from the inventory, or both work against \
                 each other",
            );
        }
    }
}

/// Says which instances have no hooks where others have, or that none has where the nodes serve.
fn without(files: &[File<'_>], nodes: &[Node], rendered: bool, notes: &mut Notes) {
    let instances = || files.iter().flat_map(|file| &file.instances);
    let none = instances().all(|one| one.hooks.is_none());
    if none && (rendered || !serve(files, nodes)) {
        return;
    }
    for one in instances().filter(|one| one.hooks.is_none()) {
        if none {
            let own = NOTIFY.iter().chain(&["notify"]).filter(|key| one.section.get(key).is_some());
            let own: Vec<&str> = own.copied().collect();
            let hooks = match own.as_slice() {
                [] => String::new(),
                all => format!(", and the instance's {}", all.join(", ")),
            };
            notes.at(
                &one.at,
                format_args!(
                    "the nodes are servers too, and no hook here is known to let them serve without the \
                     address; `bypass: false` leaves that as it is; to have bypass-ipvs do it, delete \
                     that line, `drain_file: false`{hooks}"
                ),
            );
            continue;
        }
        notes.at(
            &one.at,
            format_args!(
                "{} has no hooks that bypass-ipvs could take the place of, so those of the other \
                 instances stay too, and `bypass: false` says so; without that line and the hooks \
                 it runs in all",
                one.name
            ),
        );
    }
}

/// Whether nodes are servers.
fn serve(files: &[File<'_>], nodes: &[Node]) -> bool {
    let servers = files.iter().flat_map(|file| &file.servers);
    let mut servers = servers.flat_map(|server| &server.real_servers);
    servers.any(|server| nodes.iter().any(|node| node.addresses.contains(&server.address)))
}

/// Whether hooks are all of the kind.
fn all_article(hooks: &[&Hook]) -> bool {
    hooks.iter().all(|hook| hook.kind == Kind::Article)
}
