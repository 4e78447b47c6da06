//! BFD sessions that keepalived takes for one, and names of sessions that lead to none: it ignores the second session, and
//! the check or track_bfd; from 2.2 on `keepalived -t` says so.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;

use super::Drafts;
use super::addresses::NODE_LACKS_FAMILY;
use super::lint::Lint;
use super::names::may_be_in_raw;
use super::reading::UNKNOWN_NAME;
use crate::cluster::{Cluster, Family, Method};
use crate::conf::detection::Detector;
use crate::conf::statement::{Settings, Statement};
use crate::inventory::node::NodeDraft;
use crate::inventory::places::Places;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::track::SessionDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&BFD_SESSION_TWICE, &BFD_SESSION_TELLS_OTHERS];

static BFD_SESSION_TWICE: Lint = Lint::error(
    "bfd-session-twice",
    "two BFD sessions with one name, or with the same addresses",
    "keepalived ignores the second one.",
    "remove one of them, or rename it",
);

static BFD_SESSION_TELLS_OTHERS: Lint = Lint::error(
    "bfd-session-tells-others",
    "a BFD session that does not report to the process that uses it",
    "A session with `vrrp` reports to the VRRP process only, one with `checker` to the checks only. keepalived ignores a track_bfd or BFD_CHECK of the other kind, so nothing follows the session.",
    "remove `vrrp: true` or `checker: true` from the bfd_instance",
);

/// Which of keepalived's processes follows a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Vrrp,
    Checker,
}

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        // A node's own `track_bfd` replaces the instance's.
        let says = |node: &&NodeDraft| {
            node.own(instance.name()).is_some_and(|own| own.places.has("track_bfd"))
        };
        let mut members = drafts.members(instance);
        members.retain(|node| !says(node));
        tracked(&instance.settings, &instance.places, &members, drafts, problems);
    }
    for node in drafts.nodes {
        for (_, own) in &node.instances {
            tracked(&own.settings, &own.places, &[node], drafts, problems);
        }
    }
    for server in drafts.servers {
        let named = || server.all_checks().flat_map(|checks| &checks.files.sessions);
        // There may be thousands, mostly without one.
        if named().next().is_none() {
            continue;
        }
        let nodes = match server.instance.map(|at| &drafts.instances[at]) {
            Some(instance) => drafts.members(instance),
            None => drafts.nodes.iter().collect(),
        };
        for name in named() {
            followed("BFD_CHECK", &name.value, By::Checker, &name.at, &nodes, drafts, problems);
        }
    }
    neighbors(drafts, problems);
}

fn tracked(
    settings: &Settings,
    places: &Places,
    members: &[&NodeDraft],
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let lists = settings.statements("track_bfd").iter();
    for line in lists.flat_map(|list| list.block.iter().flatten()) {
        let name = line.words().next().unwrap_or_default().trim_matches('"');
        let at = places.item("track_bfd", name);
        followed("track_bfd", name, By::Vrrp, &at, members, drafts, problems);
    }
}

/// Each of these nodes must have a session of that name, which tells who follows it.
fn followed(
    key: &str,
    name: &str,
    by: By,
    at: &Range<usize>,
    nodes: &[&NodeDraft],
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let in_raw = |raw: &[Statement]| may_be_in_raw(&["bfd_instance"], name, raw.iter());
    if in_raw(drafts.raw) {
        return;
    }
    let mut everywhere =
        drafts.nodes.iter().flat_map(|node| &node.sessions).chain(&drafts.tracks.sessions);
    if everywhere.all(|one| one.name != name) && !drafts.nodes.iter().any(|node| in_raw(&node.raw))
    {
        let own = |node: &NodeDraft| called(node) == name;
        let of_detection = drafts.detection.is_some_and(|it| it.detection.method == Method::Bfd)
            && drafts.nodes.iter().any(own);
        let (title, help) = if of_detection {
            (
                format!(
                    "`{key}` names `{name}`, a session that `failure_detection` makes: that one is for its own checks"
                ),
                "write `method: ping` and a `bfd_instance` of your own; or one from a second address of the node, as its `source_ip`",
            )
        } else {
            (
                format!("`{key}` names `{name}`, but `bfd_instance {name}` does not exist"),
                "add it to the section `bfd_instance`, or correct the name",
            )
        };
        problems.found(&UNKNOWN_NAME, at.clone(), title, help);
        return;
    }
    for node in nodes.iter().filter(|node| !in_raw(&node.raw)) {
        let Some(session) = of_node(node, drafts).find(|one| one.name == name) else {
            problems.found(
                &UNKNOWN_NAME,
                at.clone(),
                format!("`{key}` names `{name}`, which {} does not have", called(node)),
                "add it to `bfd_instance` of that node, or of all nodes",
            );
            return;
        };
        let tells = |flag: &str| session.block.block.iter().flatten().any(|line| line.line == flag);
        let (only, other, whom) = match by {
            By::Vrrp => ("checker", "vrrp", "the checks"),
            By::Checker => ("vrrp", "checker", "VRRP"),
        };
        if tells(only) && !tells(other) {
            problems.found(
                &BFD_SESSION_TELLS_OTHERS,
                at.clone(),
                format!("`{key}` names `{name}`, which reports to {whom} only, as it has `{only}`"),
                format!("remove `{only}` from bfd_instance `{name}`, or add `{other}: true`"),
            );
            return;
        }
    }
}

/// The sessions of a node: its own replace those of all nodes that have the same name.
fn of_node<'a>(node: &'a NodeDraft, drafts: &Drafts<'a>) -> impl Iterator<Item = &'a SessionDraft> {
    let shared = drafts.tracks.sessions.iter();
    let replaced = |one: &&SessionDraft| node.sessions.iter().any(|own| own.name == one.name);
    shared.filter(move |one| !replaced(one)).chain(&node.sessions)
}

fn called(node: &NodeDraft) -> String {
    node.name.as_ref().map_or_else(String::new, |name| name.value.to_string())
}

/// keepalived tells sessions apart by both addresses, if both say their own; and ignores a second one.
fn same(one: (IpAddr, Option<IpAddr>), other: (IpAddr, Option<IpAddr>)) -> bool {
    one.0 == other.0 && (one.1.is_none() || other.1.is_none() || one.1 == other.1)
}

fn neighbors(drafts: &Drafts<'_>, problems: &mut Problems) {
    for node in drafts.nodes {
        let with = |one: &SessionDraft| {
            let neighbor = one.neighbor.as_ref()?;
            Some((neighbor.at.clone(), (neighbor.value, one.source)))
        };
        let all: Vec<_> = of_node(node, drafts).filter_map(with).collect();
        for (place, (at, addresses)) in all.iter().enumerate() {
            if all[..place].iter().any(|(_, other)| same(*addresses, *other)) {
                problems.found(
                    &BFD_SESSION_TWICE,
                    at.clone(),
                    format!("two bfd_instances with one neighbour: {}", addresses.0),
                    "remove one of them, or give each a `source_ip` of its own",
                );
            }
        }
    }
}

/// A `bfd_instance` of the inventory, for what shows in the cluster alone.
pub(in crate::inventory) struct Written {
    name: String,
    at: Range<usize>,
    neighbor: Option<Placed<IpAddr>>,
    source: Option<IpAddr>,
}

/// Those of each node.
pub(in crate::inventory) fn written(drafts: &Drafts<'_>) -> Vec<Vec<Written>> {
    let of = |one: &SessionDraft| Written {
        name: one.name.clone(),
        at: one.at.clone(),
        neighbor: one.neighbor.clone(),
        source: one.source,
    };
    drafts.nodes.iter().map(|node| of_node(node, drafts).map(of).collect()).collect()
}

/// Finds sessions of `failure_detection` that can't be, and such that keepalived would take for one: with each
/// other, or with those of the inventory.
pub(super) fn check_cluster(
    cluster: &Cluster,
    detector: &Detector<'_>,
    written: &[Vec<Written>],
    at: &Range<usize>,
    problems: &mut Problems,
) {
    if let (Some(detection), Some((place, asked))) = (detector.detection(), detector.lacking())
        && detection.method == Method::Bfd
    {
        let node = cluster.nodes[place].name.as_str();
        let family = Family::of(asked);
        problems.found(
            &NODE_LACKS_FAMILY,
            at.clone(),
            format!("{node} has no {family} address, and a BFD session with {asked} needs one"),
            format!("give {node} an {family} address too, or write `failure_detection: false` in that virtual_server"),
        );
        return;
    }
    for (place, (node, written)) in cluster.nodes.iter().zip(written).enumerate() {
        let mut names = HashSet::new();
        for (session, name) in detector.sessions(place) {
            if !names.insert(name) {
                problems.found(
                    &BFD_SESSION_TWICE,
                    at.clone(),
                    format!("two sessions of {} would be called `{name}`", node.name.as_str()),
                    "rename the node that has that name, or write `method: ping`",
                );
                return;
            }
            let addresses = (session.neighbor, Some(session.source));
            for own in written {
                if own.name == *name {
                    problems.found(
                        &BFD_SESSION_TWICE,
                        own.at.clone(),
                        format!(
                            "`failure_detection` has a session `{name}` on {} already",
                            node.name.as_str()
                        ),
                        "rename yours",
                    );
                    return;
                }
                let neighbor = own.neighbor.as_ref();
                if let Some(neighbor) =
                    neighbor.filter(|it| same((it.value, own.source), addresses))
                {
                    problems.found(
                        &BFD_SESSION_TWICE,
                        neighbor.at.clone(),
                        format!(
                            "`failure_detection: {{method: bfd}}` has a session with this node already: {}",
                            neighbor.value
                        ),
                        "remove yours",
                    );
                    return;
                }
            }
        }
    }
}
