//! Whose the notify scripts are: ours, those of the article and its kind, or somebody else's.

use super::file::{File, all_article};
use super::nodes::Node;
use super::notes::Notes;
use super::section::Body;
use super::yaml::Yaml;
use crate::conf::grammar::{Place, Statement};
use crate::guard::plan::Services;

/// The statements that bypass-ipvs takes.
pub(super) const NOTIFY: [&str; 4] =
    ["notify_master", "notify_backup", "notify_fault", "notify_stop"];

/// A hook that bypass-ipvs is, or can take the place of.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) kind: Kind,
    pub(super) at: Place,
    /// The program, as the file calls it.
    pub(super) program: String,
    /// What it says is balanced, at whichever address.
    pub(super) services: Option<Services>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// bypass-ipvs, perhaps with --keep-sessions, and whether it says what is balanced.
    Ours { keep_sessions: bool, services: bool },
    /// bypass_ipvs.py of the article, or bypass_ipvs.sh.
    Article,
}

/// The hooks of an instance and their statements, if all that it has are for the redirection of
/// its addresses; they are taken then.
pub(super) fn take(body: &mut Body<'_>) -> Option<(Vec<Hook>, Vec<Statement>)> {
    let statements: Vec<&Statement> =
        NOTIFY.iter().filter_map(|keyword| body.take(keyword)).collect();
    let hooks: Option<Vec<Hook>> = statements.iter().map(|one| hook(one)).collect();
    let has = |keyword: &str| statements.iter().any(|one| one.keyword() == keyword);
    match hooks {
        Some(hooks) if has("notify_master") && has("notify_backup") => {
            Some((hooks, statements.into_iter().cloned().collect()))
        }
        _ => {
            statements.into_iter().for_each(|one| body.put_back(one));
            None
        }
    }
}

/// Whether a statement is one that bypass-ipvs is, or can take the place of.
pub(super) fn is_hook(statement: &Statement) -> bool {
    NOTIFY.contains(&statement.keyword()) && hook(statement).is_some()
}

fn hook(statement: &Statement) -> Option<Hook> {
    let line = statement.values().first()?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?;
    // Behind an interpreter, the script is the program.
    if file_name(program).starts_with("python") || matches!(file_name(program), "sh" | "bash") {
        program = words.next()?;
    }
    let master = statement.keyword() == "notify_master";
    let arguments: Vec<&str> = words.collect();
    let mut services = None;
    let kind = match (file_name(program), arguments.as_slice()) {
        ("bypass-ipvs", words) => {
            let (kind, said) = ours(words, option_for(master))?;
            services = said;
            kind
        }
        ("bypass_ipvs.py", [option, _]) if *option == option_for(master) => Kind::Article,
        ("bypass_ipvs.sh", [action, _]) if *action == if master { "del" } else { "add" } => {
            Kind::Article
        }
        _ => return None,
    };
    Some(Hook { kind, at: statement.at.clone(), program: program.to_owned(), services })
}

/// What bypass-ipvs is told, and what it is told to redirect; `None` where it is told what gen-conf
/// never says.
fn ours(mut words: &[&str], option: &str) -> Option<(Kind, Option<Services>)> {
    let (mut keep_sessions, mut services) = (false, false);
    let mut all: Option<Services> = None;
    loop {
        match words {
            ["--keep-sessions", rest @ ..] => (keep_sessions, words) = (true, rest),
            ["--service", said, rest @ ..] => {
                (services, words) = (true, rest);
                let list = said.split('@').next().unwrap_or(said);
                if let Ok(more) = list.parse::<Services>() {
                    all = Some(all.map_or(more.clone(), |all| all.and(more)));
                }
            }
            [own, _, ..] if *own == option => {
                return Some((Kind::Ours { keep_sessions, services }, all));
            }
            _ => return None,
        }
    }
}

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
             itself and balances nothing (`bypass-ipvs --check` tells of it as port-taken); when \
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

fn option_for(master: bool) -> &'static str {
    if master { "-r" } else { "-a" }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
