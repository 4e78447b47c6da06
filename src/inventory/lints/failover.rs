//! Failovers that can't happen, or always do: weights that are below the gap of the priorities, nodes that run
//! nothing, orders that something else overrules.

use super::Drafts;
use super::lint::{Found, Lint, Severity};
use crate::cluster::Tracked;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::places::Places;
use crate::inventory::read::nearest;

/// keepalived's highest priority of a node that does not own the address (RFC 5798).
const HIGHEST: i64 = 254;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &Lint {
        id: "weight-never-moves",
        severity: Severity::Warning,
        title: "a weight that can never move the VIPs",
        why: "The failed node stays MASTER: its priority, less the weight, is not below another node's, or the \
              others do not preempt.",
        help: "write a weight above the gap of the priorities, or none: without one a failure puts the node \
               into FAULT",
        check: Some(never_moves),
    },
    &Lint {
        id: "weight-always-moves",
        severity: Severity::Warning,
        title: "a node's own weights overrule the order of the nodes",
        why: "With everything up another node than the first has the highest priority, so the first is never \
              MASTER.",
        help: "let all nodes of the instance track it, or change the priorities",
        check: Some(always_moves),
    },
    &Lint {
        id: "weight-beyond-254",
        severity: Severity::Warning,
        title: "weights that make all priorities 254",
        why: "keepalived cuts priorities at 254, so nodes that should differ are equal while everything is up.",
        help: "write a negative weight, or a smaller one",
        check: Some(beyond),
    },
    &Lint {
        id: "node-without-instance",
        severity: Severity::Warning,
        title: "a node that runs no instance",
        why: "Each instance is bound to another site or to other nodes, so this node never takes a VIP over.",
        help: "correct `site`, of the node or of an instance, or `nodes` of an instance",
        check: Some(idle),
    },
    &Lint {
        id: "order-overruled",
        severity: Severity::Warning,
        title: "a node's priority overrules an instance's own order",
        why: "`priority` of a node counts in all its instances and goes before the order in `nodes` of one of \
              them: instances that should be MASTER on different nodes meet on one.",
        help: "remove `priority` of the node, or write it below `vrrp_instance` of the node for one instance",
        check: Some(overruled),
    },
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

/// All weights but 0 of these lines; what a block itself says counts where the line says nothing.
fn weights<'a>(tracked: &'a Tracked, places: &'a Places, drafts: &Drafts<'_>) -> Vec<Weight<'a>> {
    let kinds = [
        ("track_interface", &tracked.interface),
        ("track_script", &tracked.script),
        ("track_file", &tracked.file),
    ];
    let lines =
        kinds.into_iter().flat_map(|(key, lines)| lines.iter().map(move |line| (key, line)));
    let weighed = lines.filter_map(|(key, line)| {
        let said = line.split_once(" weight ").map(|(_, rest)| rest);
        let number = match said {
            Some(rest) => rest.split(' ').next()?.parse().ok()?,
            None => drafts.tracks.weight(key, name(line))?,
        };
        (number != 0).then_some(Weight { places, key, line, file: key == "track_file", number })
    });
    weighed.collect()
}

fn name(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default().trim_matches('"')
}

/// Whether a sync group moves the instance, in which weights are a matter of the group.
fn grouped(instance: &InstanceDraft, drafts: &Drafts<'_>) -> bool {
    let members = drafts.tracks.groups.iter().flat_map(|group| &group.members);
    members.into_iter().any(|name| name.value.as_str() == instance.name())
}

fn never_moves(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| !grouped(instance, drafts)) {
        let Some(ranking) = member::ranking(instance, drafts.nodes) else { continue };
        let [(first, highest), (_, second), ..] = ranking.as_slice() else { continue };
        let stays = instance.is_uniform()
            || instance.preempt.as_ref().is_some_and(|preempt| !preempt.value);
        let gap = i64::from(*highest) - i64::from(*second);
        let mut all = weights(&instance.tracked, &instance.places, drafts);
        if let Some(own) = drafts.nodes[*first].own(instance.name()) {
            all.extend(weights(&own.tracked, &own.places, drafts));
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
    let up = |weights: Vec<Weight<'_>>| -> i64 {
        weights.iter().filter(|one| !one.file && one.number > 0).map(|one| one.number).sum()
    };
    let common = up(weights(&instance.tracked, &instance.places, drafts));
    let ranking = member::ranking(instance, drafts.nodes).unwrap_or_default();
    let lift = |(place, priority): (usize, u8)| {
        let own = drafts.nodes[place].own(instance.name());
        let own = own.map_or(0, |own| up(weights(&own.tracked, &own.places, drafts)));
        (place, i64::from(priority), i64::from(priority) + common + own)
    };
    ranking.into_iter().map(lift).collect()
}

fn always_moves(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| !grouped(instance, drafts)) {
        let all = lifted(instance, drafts);
        let [(_, first, first_up), rest @ ..] = all.as_slice() else { continue };
        let Some((place, _, up)) = rest.iter().find(|(_, own, up)| own < first && up > first_up)
        else {
            continue;
        };
        let Some(own) = drafts.nodes[*place].own(instance.name()) else { continue };
        let Some(weight) = weights(&own.tracked, &own.places, drafts).into_iter().next() else {
            continue;
        };
        found.at(
            own.places.item(weight.key, name(weight.line)),
            format!(
                "with everything up this node has priority {up} in `{}`, above the first node's {first_up}",
                instance.name()
            ),
        );
    }
}

fn beyond(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| !grouped(instance, drafts)) {
        let all = lifted(instance, drafts);
        let cut = all.iter().filter(|(_, _, up)| *up > HIGHEST).count();
        let differ = all.windows(2).any(|two| two[0].1 != two[1].1);
        if cut < 2 || !differ {
            continue;
        }
        let Some(weight) = weights(&instance.tracked, &instance.places, drafts)
            .into_iter()
            .find(|one| one.number > 0)
        else {
            continue;
        };
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
            (&instance.nodes, member::ranking(instance, drafts.nodes))
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
            let own = node.own(instance.name()).is_some_and(|own| own.priority.is_some());
            node.priority.as_ref().filter(|_| !own).map(|priority| priority.at.clone())
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
