//! Names that lead to nothing, and weights that count for nothing: keepalived reads a file with them,
//! and what they should have done never happens.

use std::ops::Range;

use super::Drafts;
use crate::cluster::Tracked;
use crate::inventory::read::Problems;

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        tracked(&instance.tracked, &instance.at, drafts, problems);
    }
    for node in drafts.nodes {
        for (name, own) in &node.instances {
            tracked(&own.tracked, &name.at, drafts, problems);
        }
    }
    for group in &drafts.tracks.groups {
        tracked(&group.tracked, &group.at, drafts, problems);
        for name in &group.members {
            if drafts.instances.iter().all(|instance| instance.name() != name.value.as_str()) {
                problems.add(
                    name.at.clone(),
                    format!("there is no VRRP instance `{}`", name.value.as_str()),
                    "name one of the section `vrrp_instance`",
                );
            }
        }
        if !group.weights {
            for name in &group.members {
                weights(name.value.as_str(), drafts, problems);
            }
        }
        if group.members.len() < 2 {
            let title = "a group of fewer than two instances";
            problems.add(group.at.clone(), title, "name at least two in `group`");
        }
    }
    for server in drafts.servers {
        let own = server.checks.iter();
        let others = server.real_servers.iter().flatten().filter_map(|one| one.checks.as_ref());
        for file in own.chain(others).flat_map(|checks| &checks.track_files) {
            if !drafts.tracks.files.contains(&file.value) {
                problems.add(
                    file.at.clone(),
                    format!("there is no track_file `{}`", file.value),
                    "name one of the section `track_file`",
                );
            }
        }
    }
}

/// What is tracked must be there.
fn tracked(tracked: &Tracked, at: &Range<usize>, drafts: &Drafts<'_>, problems: &mut Problems) {
    let kinds = [
        ("track_script", "vrrp_script", &tracked.script, &drafts.tracks.scripts),
        ("track_file", "track_file", &tracked.file, &drafts.tracks.files),
    ];
    for (key, section, lines, known) in kinds {
        for line in lines {
            let name = line.split(' ').next().unwrap_or_default();
            if !known.iter().any(|known| known == name) {
                problems.add(
                    at.clone(),
                    format!("`{key}` names `{name}`, which is no `{section}`"),
                    format!("add it to the section `{section}`, or correct the name"),
                );
            }
        }
    }
}

/// keepalived takes the weights of what members of a group track for 0, unless the group says
/// otherwise: instances with different priorities could not move together.
fn weights(member: &str, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(instance) = drafts.instances.iter().find(|instance| instance.name() == member) else {
        return;
    };
    let Tracked { interface, script, file } = &instance.tracked;
    let weighted = |line: &&String| line.contains(" weight ") && !line.contains(" weight 0");
    for line in interface.iter().chain(script).chain(file).filter(weighted) {
        problems.add(
            instance.at.clone(),
            format!("in a vrrp_sync_group the weight of `{line}` does not count"),
            "track it in the group, without a weight; or `sync_group_tracking_weight: true` there",
        );
    }
}
