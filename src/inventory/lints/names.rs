//! Names that lead to nothing, and weights that count for nothing: keepalived reads a file with them,
//! and what they should have done never happens.

use super::lint::Lint;
use super::reading::UNKNOWN_NAME;
use super::{Drafts, unique};
use crate::cluster::Tracked;
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::places::Places;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::track::GroupDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&INSTANCE_IN_TWO_GROUPS, &GROUP_OF_ONE, &WEIGHT_IN_GROUP, &GROUP_ORDER_DIFFERS];

pub(super) static INSTANCE_IN_TWO_GROUPS: Lint = Lint::error(
    "instance-in-two-groups",
    "an instance in two sync groups",
    "keepalived takes the first one only.",
    "list the instance in one vrrp_sync_group",
);

pub(super) static GROUP_OF_ONE: Lint = Lint::error(
    "group-of-one",
    "a sync group of fewer than two instances",
    "keepalived calls that an error, and the group has no effect.",
    "name at least two instances in `group`",
);

pub(super) static WEIGHT_IN_GROUP: Lint = Lint::error(
    "weight-in-group",
    "a weight in a sync group does not count",
    "keepalived sets the weights of what members of a group track to 0.",
    "track it in the group with `weight 0`, or write `sync_group_tracking_weight: true`",
);

pub(super) static GROUP_ORDER_DIFFERS: Lint = Lint::error(
    "group-order-differs",
    "instances of a sync group prefer other nodes",
    "They move together, so they need the same nodes in the same order.",
    "give them the same `site`, `nodes` and priorities",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let grouped: Vec<&Placed<_>> =
        drafts.tracks.groups.iter().flat_map(|group| &group.members).collect();
    let title = "an instance can be in one vrrp_sync_group, once";
    unique(&INSTANCE_IN_TWO_GROUPS, &grouped, |name| name.value.clone(), title, problems);
    for instance in drafts.instances {
        let members = drafts.members(instance);
        tracked(&instance.tracked, &instance.places, &members, drafts, problems);
        in_raw(&instance.settings, &instance.places, drafts, problems);
    }
    for node in drafts.nodes {
        for (_, own) in &node.instances {
            tracked(&own.tracked, &own.places, &[node], drafts, problems);
            in_raw(&own.settings, &own.places, drafts, problems);
        }
    }
    for group in &drafts.tracks.groups {
        tracked(&group.tracked, &group.places, &[], drafts, problems);
        for name in &group.members {
            if drafts.instances.iter().all(|instance| instance.name() != name.value.as_str()) {
                problems.found(
                    &UNKNOWN_NAME,
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
        alike(group, drafts, problems);
        if group.members.len() < 2 {
            let title = "a group of fewer than two instances";
            problems.found(&GROUP_OF_ONE, group.at.clone(), title, "name at least two in `group`");
        }
    }
    let all: Vec<_> = drafts.nodes.iter().collect();
    for server in drafts.servers {
        for file in server.all_checks().flat_map(|checks| &checks.files.tracked) {
            if let Some((what, help)) = missing("track_file", &file.value, &all, drafts) {
                let title = format!("`track_file` names `{}`, {what}", file.value);
                problems.found(&UNKNOWN_NAME, file.at.clone(), title, help);
            }
        }
    }
}

/// What is tracked must be there, on each of the nodes that run it.
fn tracked(
    tracked: &Tracked,
    places: &Places,
    members: &[&NodeDraft],
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let kinds = [
        ("track_script", "vrrp_script", &tracked.script),
        ("track_file", "track_file", &tracked.file),
    ];
    for (key, section, lines) in kinds {
        for name in lines.iter().map(|line| unquoted(line)) {
            if let Some((what, help)) = missing(section, name, members, drafts) {
                let title = format!("`{key}` names `{name}`, {what}");
                problems.found(&UNKNOWN_NAME, places.item(key, name), title, help);
            }
        }
    }
}

/// What is wrong with a name, and what to do about it, unless each of these nodes has it.
fn missing(
    section: &str,
    name: &str,
    members: &[&NodeDraft],
    drafts: &Drafts<'_>,
) -> Option<(String, String)> {
    let mut known =
        drafts.tracks.defined.iter().filter(|it| it.section == section && it.name == name);
    let Some(first) = known.next() else {
        let help = format!("add it to the section `{section}`, or correct the name");
        return Some((format!("which is not in `{section}`"), help));
    };
    if first.everywhere || known.any(|it| it.everywhere) {
        return None;
    }
    let has = |node: &&&NodeDraft| node.tracked.iter().any(|it| it.is(section, name));
    let without = members.iter().find(|node| !has(node))?.name.as_ref()?;
    let help = format!("add it to `{section}` of that node, or of all nodes");
    Some((format!("which {} does not have", without.value), help))
}

/// What a section or `raw` has to define.
fn in_raw(settings: &Settings, places: &Places, drafts: &Drafts<'_>, problems: &mut Problems) {
    let (key, section) = ("track_process", "vrrp_track_process");
    for line in settings.statements(key).iter().flat_map(|list| list.block.iter().flatten()) {
        let name = unquoted(&line.line);
        let known = drafts.tracks.defined.iter().any(|it| it.section == section && it.name == name);
        let raw = drafts.raw.iter().chain(drafts.nodes.iter().flat_map(|node| &node.raw));
        if !known && !may_be_in_raw(&[section, key], name, raw) {
            problems.found(
                &UNKNOWN_NAME,
                places.item(key, name),
                format!("`{key}` names `{name}`, but `{section} {name}` does not exist"),
                "add it to the section `vrrp_track_process`, or correct the name",
            );
        }
    }
}

/// Whether a block with one of these heads and that name is among lines that are taken as they are, or can't
/// be told from them.
pub(super) fn may_be_in_raw<'a>(
    heads: &[&str],
    name: &str,
    mut lines: impl Iterator<Item = &'a Statement>,
) -> bool {
    lines.any(|line| {
        let mut words = line.words();
        let (head, own) = (words.next().unwrap_or_default(), words.next());
        line.line.contains('$')
            || head.starts_with("include")
            || heads.contains(&head) && own.is_some_and(|own| own.trim_matches('"') == name)
    })
}

/// keepalived takes the weights of what members of a group track for 0, unless the group says
/// otherwise: instances with different priorities could not move together.
fn weights(member: &str, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(instance) = drafts.instances.iter().find(|instance| instance.name() == member) else {
        return;
    };
    let own = drafts.nodes.iter().flat_map(|node| &node.instances);
    let own = own.filter(|(name, _)| name.value == member);
    let own = own.map(|(_, own)| (&own.places, &own.tracked));
    for (places, tracked) in std::iter::once((&instance.places, &instance.tracked)).chain(own) {
        let Tracked { interface, script, file } = tracked;
        let none: &Vec<String> = &Vec::new();
        let kinds = [
            ("track_interface", interface, none),
            ("track_script", script, &drafts.tracks.weighted_scripts),
            ("track_file", file, &drafts.tracks.weighted_files),
        ];
        let lines = kinds.iter().flat_map(|(key, all, w)| all.iter().map(move |l| (*key, l, w)));
        for (key, line, weighted) in lines {
            let counts = match line.split_once(" weight ") {
                Some((_, weight)) => weight.split(' ').next() != Some("0"),
                None => weighted.iter().any(|name| name == unquoted(line)),
            };
            if counts {
                problems.found(
                    &WEIGHT_IN_GROUP,
                    places.item(key, unquoted(line)),
                    format!("in a vrrp_sync_group the weight of `{line}` does not count"),
                    "track it in the group with `weight 0`; or `sync_group_tracking_weight: true`",
                );
            }
        }
    }
}

/// The name in a line of what is tracked.
fn unquoted(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default().trim_matches('"')
}

/// Instances that move together have to be on the same nodes, and prefer them in the same order.
fn alike(group: &GroupDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let find = |name: &Placed<Word>| {
        drafts.instances.iter().find(|instance| instance.name() == name.value.as_str())
    };
    let preferred = |instance: &InstanceDraft| {
        let ranking = member::ranking(instance, drafts.nodes, drafts.global_defs)?;
        let equal = ranking.windows(2).all(|two| two[0].1 == two[1].1);
        Some((ranking.into_iter().map(|(place, _)| place).collect::<Vec<_>>(), equal))
    };
    let Some(first) = group.members.first().and_then(find) else { return };
    for name in &group.members[1..] {
        let Some(other) = find(name) else { continue };
        let (Some(a), Some(b)) = (preferred(first), preferred(other)) else { continue };
        if a != b {
            let said = |one: &InstanceDraft| one.priority.as_ref().map(|said| said.at.clone());
            if let (Some(at), true) = (said(first).or(said(other)), a.1 != b.1) {
                let (equal, ranked) = if a.1 { (first, other) } else { (other, first) };
                problems.found(
                    &GROUP_ORDER_DIFFERS,
                    at,
                    format!(
                        "`priority` makes all nodes of `{}` equal, and `{}` prefers one of them",
                        equal.name(),
                        ranked.name()
                    ),
                    "remove it: the order of `nodes` decides; or give each node its priority there",
                );
                continue;
            }
            problems.found(
                &GROUP_ORDER_DIFFERS,
                name.at.clone(),
                format!("`{}` and `{}` prefer other nodes", first.name(), other.name()),
                "give instances of a group the same `site`, and let them prefer nodes in the same order",
            );
        }
    }
}
