//! Failovers that can't happen, or always do: weights that are below the gap of the priorities, nodes that run
//! nothing, orders that something else overrules.

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::cluster::Tracked;
use crate::conf::statement::{Settings, Statement};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::places::Places;
use crate::inventory::read::nearest;
use crate::inventory::track::GroupDraft;

/// keepalived's highest priority of a node that does not own the address (RFC 9568).
const HIGHEST: i64 = 254;

/// Less than that, as keepalived takes a file's number, is FAULT (keepalived.conf(5), track_file).
const LOWEST_WEIGHT: i64 = -253;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::warning(
        "weight-never-moves",
        "a weight that can never move the VIPs",
        "The failed node stays MASTER: its priority, less the weight, is not below another node's, or the \
                  others do not preempt.",
        "write a weight above the gap of the priorities, or none: without one a failure puts the node \
                   into FAULT",
    )
    .checked_by(never_moves),
    Lint::warning(
        "weight-always-moves",
        "a node's own weights overrule the order of the nodes",
        "With everything up another node than the first has the highest priority, so the first is never \
                  MASTER.",
        "let all nodes of the instance track it, or change the priorities",
    )
    .checked_by(always_moves),
    Lint::warning(
        "weight-beyond-254",
        "weights that make all priorities 254",
        "keepalived cuts priorities at 254, so nodes that should differ are equal while everything is up.",
        "write a negative weight, or a smaller one",
    )
    .checked_by(beyond),
    Lint::warning(
        "node-without-instance",
        "a node that runs no instance",
        "Each instance is bound to another site or to other nodes, so this node never takes a VIP over.",
        "correct `site`, of the node or of an instance, or `nodes` of an instance",
    )
    .checked_by(idle),
    Lint::warning(
        "order-overruled",
        "a node's priority overrules an instance's own order",
        "`priority` of a node goes before the order in `nodes` of an instance, and without an instance's name it \
                  counts in all of them: instances that should be MASTER on different nodes meet on one.",
        "remove the priority, or the order; one that is for a single instance belongs below `vrrp_instance` of \
                   the node",
    )
    .checked_by(overruled),
];

/// A weight that is tracked: where it is written, what it is called, and the number.
struct Weight<'a> {
    places: &'a Places,
    key: &'static str,
    line: &'a str,
    /// Of a file the number is a factor.
    file: bool,
    number: i64,
}

/// What is tracked in one section: its lines, and where they stand.
struct Section<'a> {
    places: &'a Places,
    tracked: &'a Tracked,
    /// The blocks of `track_bfd` and `track_process`.
    more: Vec<&'a Statement>,
}

/// What is tracked by other keys than [`Tracked`] has.
const MORE: [&str; 2] = ["track_bfd", "track_process"];

impl<'a> Section<'a> {
    fn new(places: &'a Places, tracked: &'a Tracked, settings: &'a Settings) -> Section<'a> {
        let more = MORE.iter().flat_map(|key| settings.statements(key)).collect();
        Section { places, tracked, more }
    }

    fn of_group(group: &'a GroupDraft) -> Section<'a> {
        let more = group.block.block.iter().flatten();
        let more = more.filter(|one| MORE.contains(&one.line.as_str())).collect();
        Section { places: &group.places, tracked: &group.tracked, more }
    }
}

/// The sections whose weights count for a node of an instance: weights of members count in a sync group only if it
/// says so, its own always do.
fn sections<'a>(
    instance: &'a InstanceDraft,
    place: usize,
    drafts: &Drafts<'a>,
) -> Vec<Section<'a>> {
    let member = |group: &&GroupDraft| {
        group.members.iter().any(|name| name.value.as_str() == instance.name())
    };
    let group = drafts.tracks.groups.iter().find(member);
    let mut all: Vec<Section<'a>> = group.map(Section::of_group).into_iter().collect();
    if group.is_none_or(|group| group.weights) {
        all.push(Section::new(&instance.places, &instance.tracked, &instance.settings));
        let own = drafts.nodes[place].own(instance.name());
        all.extend(own.map(|own| Section::new(&own.places, &own.tracked, &own.settings)));
    }
    all
}

/// All weights but 0 that count for a node of an instance.
fn all_weights<'a>(
    instance: &'a InstanceDraft,
    place: usize,
    drafts: &Drafts<'a>,
) -> Vec<Weight<'a>> {
    let sections = sections(instance, place, drafts);
    sections.into_iter().flat_map(|section| weights(section, drafts)).collect()
}

/// All weights but 0 of these lines; what a block itself says counts where the line says nothing.
fn weights<'a>(section: Section<'a>, drafts: &Drafts<'_>) -> Vec<Weight<'a>> {
    let Section { places, tracked, more } = section;
    let kinds = [
        ("track_interface", &tracked.interface),
        ("track_script", &tracked.script),
        ("track_file", &tracked.file),
    ];
    let lines = kinds
        .into_iter()
        .flat_map(|(key, lines)| lines.iter().map(move |line| (key, line.as_str())));
    let more = MORE.into_iter().flat_map(|key| {
        let blocks: Vec<&'a Statement> =
            more.iter().copied().filter(|block| block.line == key).collect();
        let lines = blocks.into_iter().flat_map(|block| block.block.iter().flatten());
        lines.map(move |line| (key, line.line.as_str()))
    });
    let weighed = lines.chain(more).filter_map(|(key, line)| {
        let said = line.split_once(" weight ").map(|(_, rest)| rest);
        let number = match said {
            Some(rest) => rest.split(' ').next()?.parse().ok()?,
            None if key == "track_bfd" => session(name(line), drafts)?,
            None => drafts.tracks.weight(key, name(line))?,
        };
        (number != 0 && number >= LOWEST_WEIGHT).then_some(Weight {
            places,
            key,
            line,
            file: key == "track_file",
            number,
        })
    });
    weighed.collect()
}

/// The weight that a `bfd_instance` says itself.
fn session(name: &str, drafts: &Drafts<'_>) -> Option<i64> {
    let own = drafts.nodes.iter().flat_map(|node| &node.sessions);
    let session = drafts.tracks.sessions.iter().chain(own).find(|one| one.name == name)?;
    let mut lines = session.block.block.iter().flatten();
    lines.find_map(|line| line.line.strip_prefix("weight ")?.split(' ').next()?.parse().ok())
}

fn name(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default().trim_matches('"')
}

fn never_moves(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let mut told = Vec::new();
    for instance in drafts.instances {
        // With everything up: a weight that is added while something works counts there.
        let ups = lifted(instance, drafts);
        let [(first, _, highest), others @ ..] = ups.as_slice() else { continue };
        let Some(second) = others.iter().map(|(_, _, up)| up).max() else { continue };
        let stays = instance.is_uniform()
            || instance.preempt.as_ref().is_some_and(|preempt| !preempt.value);
        let gap = highest - second;
        let mut all = all_weights(instance, *first, drafts);
        // A group's line is one case, however many members it has.
        all.retain(|one| !told.contains(&one.places.item(one.key, name(one.line))));
        told.extend(all.iter().map(|one| one.places.item(one.key, name(one.line))));
        if gap < 0 {
            continue; // `weight-always-moves`
        }
        if stays {
            for weight in all {
                let at = weight.places.item(weight.key, name(weight.line));
                let why =
                    if instance.is_uniform() { "election: uniform" } else { "preempt: false" };
                found.with(
                    at,
                    format!(
                        "the weight of `{}` can't move `{}`: with `{why}` no node takes over from a \
                         working MASTER",
                        weight.line,
                        instance.name()
                    ),
                    "write `weight 0`, which puts the node into FAULT; or let nodes preempt",
                );
            }
            continue;
        }
        // Together they may be enough.
        let small: Vec<&Weight<'_>> =
            all.iter().filter(|one| !one.file && one.number.abs() <= gap).collect();
        if small.iter().map(|one| one.number.abs()).sum::<i64>() > gap {
            continue;
        }
        for weight in small {
            found.with(
                weight.places.item(weight.key, name(weight.line)),
                format!(
                    "the weight of `{}`, {}, can't move `{}`: the priorities {highest} and {second} are \
                     {gap} apart",
                    weight.line,
                    weight.number,
                    instance.name(),
                ),
                format!(
                    "write a weight of more than {gap}, such as {}; or `weight 0`, which puts the node \
                     into FAULT",
                    if weight.number < 0 { -gap - 1 } else { gap + 1 }
                ),
            );
        }
    }
}

/// The priorities while everything is up, in the order without weights.
fn lifted(instance: &InstanceDraft, drafts: &Drafts<'_>) -> Vec<(usize, i64, i64)> {
    let up = |weights: &[Weight<'_>]| -> i64 {
        weights.iter().filter(|one| !one.file && one.number > 0).map(|one| one.number).sum()
    };
    let ranking = member::ranking(instance, drafts.nodes, drafts.global_defs).unwrap_or_default();
    let own = |place: usize| drafts.nodes[place].own(instance.name()).is_some();
    // What nodes have in common is reckoned once: there may be many of them.
    let mut common = None;
    let mut lift = |(place, priority): (usize, u8)| {
        let up = match own(place) {
            true => up(&all_weights(instance, place, drafts)),
            false => *common.get_or_insert_with(|| up(&all_weights(instance, place, drafts))),
        };
        (place, i64::from(priority), i64::from(priority) + up)
    };
    ranking.into_iter().map(&mut lift).collect()
}

fn always_moves(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances {
        let all = lifted(instance, drafts);
        let [(_, first, first_up), rest @ ..] = all.as_slice() else { continue };
        let Some((place, _, up)) = rest.iter().find(|(_, own, up)| own < first && up > first_up)
        else {
            continue;
        };
        let Some(own) = drafts.nodes[*place].own(instance.name()) else { continue };
        let own = Section::new(&own.places, &own.tracked, &own.settings);
        let Some(weight) = weights(own, drafts).into_iter().next() else { continue };
        found.at(
            weight.places.item(weight.key, name(weight.line)),
            format!(
                "with everything up this node has priority {up} in `{}`, above the first node's {first_up}",
                instance.name()
            ),
        );
    }
}

fn beyond(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances {
        let all = lifted(instance, drafts);
        let cut = all.iter().filter(|(_, _, up)| *up > HIGHEST).count();
        let differ = all.windows(2).any(|two| two[0].1 != two[1].1);
        if cut < 2 || !differ {
            continue;
        }
        let first = all.first().map_or(0, |(place, ..)| *place);
        let mut weights = all_weights(instance, first, drafts).into_iter();
        let Some(weight) = weights.find(|one| one.number > 0) else { continue };
        found.at(
            weight.places.item(weight.key, name(weight.line)),
            format!("`{}` makes {cut} nodes of `{}` priority 254", weight.line, instance.name()),
        );
    }
}

fn idle(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    if drafts.instances.is_empty() {
        return;
    }
    for node in drafts.nodes {
        if drafts.instances.iter().any(|instance| member::runs(instance, node)) {
            continue;
        }
        let Some(node_name) = &node.name else { continue };
        if drafts.instances.iter().any(|instance| member::of_site(instance, node)) {
            let name = node_name.value.as_str();
            let title = format!("`{name}` runs no instance: the `nodes` of each are others");
            found.with(
                node_name.at.clone(),
                title,
                format!("add `{name}` to `nodes` of an instance"),
            );
            continue;
        }
        let sites: Vec<&str> = drafts
            .instances
            .iter()
            .filter_map(|one| Some(one.site.as_ref()?.value.as_str()))
            .collect();
        let (at, site) = match &node.site {
            Some(site) => (site.at.clone(), format!("of site `{}`", site.value.as_str())),
            None => (node_name.at.clone(), "without a site".to_owned()),
        };
        let alike = node.site.as_ref().and_then(|site| nearest(site.value.as_str(), &sites));
        let help = match alike {
            Some(alike) => format!("did you mean `{alike}`?"),
            None => "correct `site`, of the node or of an instance".to_owned(),
        };
        found.with(
            at,
            format!("`{}` runs no instance: none is {site}", node_name.value.as_str()),
            help,
        );
    }
}

fn overruled(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let mut told = Vec::new();
    for instance in drafts.instances {
        let (Some(order), Some(ranking)) =
            (&instance.nodes, member::ranking(instance, drafts.nodes, drafts.global_defs))
        else {
            continue;
        };
        let places = member::members(instance, drafts.nodes);
        let Some(wanted) = member::order(instance, drafts.nodes, &places) else { continue };
        let equal = ranking.windows(2).all(|two| two[0].1 == two[1].1);
        if equal || !order.whole || wanted.first() == ranking.first().map(|(place, _)| place) {
            continue;
        }
        let said = |place: &usize| {
            let node = &drafts.nodes[*place];
            let own = node.own(instance.name()).and_then(|own| own.priority.as_ref());
            own.or(node.priority.as_ref()).map(|priority| priority.at.clone())
        };
        let Some(at) = ranking.iter().map(|(place, _)| *place).find_map(|place| said(&place))
        else {
            continue;
        };
        if !told.contains(&at) {
            let title = format!("this priority goes before the order of `{}`", instance.name());
            found.at(at.clone(), title);
            told.push(at);
        }
    }
}
