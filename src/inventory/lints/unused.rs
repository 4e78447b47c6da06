//! What is defined and used by nobody: a forgotten `track_script` is a check that changes nothing.

use std::collections::HashSet;

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::cluster::{Service, Tracked};
use crate::conf::statement::Statement;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[Lint::warning(
    "unused-definition",
    "something is defined and used by nobody",
    "keepalived runs no script that no instance tracks, and a group of addresses without a virtual server \
              balances nothing.",
    "track it in an instance, or remove it",
)
.checked_by(unused)];

fn unused(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let mut used: HashSet<(&str, &str)> = HashSet::new();
    let own =
        drafts.nodes.iter().flat_map(|node| node.instances.iter().map(|(_, own)| &own.tracked));
    let all = drafts.instances.iter().map(|instance| &instance.tracked).chain(own);
    for Tracked { script, file, .. } in all.chain(drafts.tracks.groups.iter().map(|it| &it.tracked))
    {
        used.extend(script.iter().map(|line| ("vrrp_script", name(line))));
        used.extend(file.iter().map(|line| ("track_file", name(line))));
    }
    let settings = drafts.instances.iter().map(|instance| &instance.settings);
    let own =
        drafts.nodes.iter().flat_map(|node| node.instances.iter().map(|(_, own)| &own.settings));
    let processes = settings.chain(own).flat_map(|settings| settings.statements("track_process"));
    let lines = processes.flat_map(|list| list.block.iter().flatten());
    used.extend(lines.map(|line| ("vrrp_track_process", name(&line.line))));
    for server in drafts.servers {
        let files = server.all_checks().flat_map(|checks| &checks.files.tracked);
        used.extend(files.map(|file| ("track_file", file.value.as_str())));
        if let Some(Service::Group(name)) = server.service.as_ref().map(|it| &it.value) {
            used.insert(("virtual_server_group", name.as_str()));
        }
    }
    sessions(drafts, found);
    for defined in &drafts.tracks.defined {
        let in_raw = || raw(drafts).any(|line| mentions(line, &defined.name));
        if used.contains(&(defined.section, defined.name.as_str())) || in_raw() {
            continue;
        }
        let title = format!("nobody uses the {} `{}`", defined.section, defined.name);
        let help = match defined.section {
            "vrrp_script" => {
                format!("write `track_script: {}` in an instance, or remove it", defined.name)
            }
            "track_file" => {
                format!("write `track_file: {}` in an instance, or remove it", defined.name)
            }
            "vrrp_track_process" => {
                format!("write `track_process: {}` in an instance, or remove it", defined.name)
            }
            _ => format!("write `group: {}` in a virtual_server, or remove it", defined.name),
        };
        found.with(defined.at.clone(), title, help);
    }
}

/// A BFD session that nothing tracks and no server is checked by.
fn sessions(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let own = drafts.nodes.iter().flat_map(|node| node.instances.iter().map(|(_, own)| own));
    let settings = drafts.instances.iter().map(|instance| &instance.settings);
    let settings = settings.chain(own.map(|own| &own.settings));
    let tracked = settings.flat_map(|settings| settings.statements("track_bfd"));
    let groups = drafts.tracks.groups.iter().flat_map(|group| group.block.block.iter().flatten());
    let tracked = tracked.chain(groups.filter(|one| one.line == "track_bfd"));
    let mut used: HashSet<&str> = HashSet::new();
    for line in tracked.flat_map(|block| block.block.iter().flatten()) {
        used.insert(name(&line.line));
    }
    let checks = drafts.servers.iter().flat_map(ServerDraft::all_checks);
    used.extend(checks.flat_map(|checks| &checks.files.sessions).map(|one| one.value.as_str()));
    let own = drafts.nodes.iter().flat_map(|node| &node.sessions);
    for session in drafts.tracks.sessions.iter().chain(own) {
        let in_raw = || raw(drafts).any(|line| mentions(line, &session.name));
        if !used.contains(session.name.as_str()) && !in_raw() {
            found.with(
                session.at.clone(),
                format!("nobody uses the bfd_instance `{}`", session.name),
                format!("write `track_bfd: {}` in an instance, or remove it", session.name),
            );
        }
    }
}

fn name(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default().trim_matches('"')
}

/// All lines that are taken as they are, wherever they stand.
fn raw<'a>(drafts: &Drafts<'a>) -> impl Iterator<Item = &'a Statement> + use<'a> {
    let nodes = drafts.nodes.iter();
    let nodes =
        nodes.flat_map(|it| it.raw.iter().chain(it.instances.iter().flat_map(|(_, own)| &own.raw)));
    let instances = drafts.instances.iter().flat_map(|instance| &instance.raw);
    let servers = drafts.servers.iter().flat_map(|server| &server.raw);
    drafts.raw.iter().chain(nodes).chain(instances).chain(servers)
}

/// What a file that is included mentions can't be known.
fn mentions(line: &Statement, name: &str) -> bool {
    let is_it = |word: &str| word.trim_matches('"') == name;
    line.words().next().is_some_and(|word| word.starts_with("include"))
        || line.words().any(is_it)
        || line.block.iter().flatten().any(|line| mentions(line, name))
}
