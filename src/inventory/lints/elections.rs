//! Elections: orders, priorities and preemption that end with one MASTER, the one that was meant.

use super::lint::Lint;
use super::{Drafts, reading, unique};
use crate::conf::word::Word;
use crate::inventory::instance::{InstanceDraft, Order};
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::problems::{Placed, Problems};

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &DELAY_WITHOUT_PREEMPTION,
    &ORDER_WITHOUT_EFFECT,
    &NODE_LISTED_TWICE,
    &ORDER_INCOMPLETE,
    &PREEMPT_AMONG_EQUALS,
    &EQUAL_PRIORITIES,
    &PRIORITY_OF_ALL_NODES,
];

pub(super) static DELAY_WITHOUT_PREEMPTION: Lint = Lint::error(
    "delay-without-preemption",
    "`preempt_delay` with `preempt: false`",
    "It delays a takeover that `preempt: false` forbids.",
    "remove one of them",
);

pub(super) static ORDER_WITHOUT_EFFECT: Lint = Lint::error(
    "order-without-effect",
    "an order of nodes that all have the same priority",
    "`priority` of the instance and `election: uniform` make all nodes equal, so their order does not count.",
    "remove `nodes`, or what makes them equal",
);

pub(super) static NODE_LISTED_TWICE: Lint = Lint::error(
    "node-listed-twice",
    "a node is listed twice",
    "Only one of the places can count.",
    "remove one of them",
);

pub(super) static ORDER_INCOMPLETE: Lint = Lint::hint(
    "order-incomplete",
    "a node is not in the `nodes` of an instance",
    "Only the nodes that are listed run it. That is right for an instance of some nodes, and wrong where a new node was forgotten.",
    "add every node that shall run it, the preferred one first",
);

pub(super) static PREEMPT_AMONG_EQUALS: Lint = Lint::error(
    "preempt-among-equals",
    "preemption with `election: uniform`",
    "Nodes of equal priority never preempt.",
    "remove it, or write `election: ranked`",
);

pub(super) static EQUAL_PRIORITIES: Lint = Lint::warning(
    "equal-priorities",
    "all nodes have the same priority",
    "When advertisements are lost, several nodes become MASTER at the same moment and nobody gives way.",
    "make sure that advertisements always arrive, or write `election: ranked`",
);

pub(super) static PRIORITY_OF_ALL_NODES: Lint = Lint::hint(
    "priority-of-all-nodes",
    "`priority` of an instance is that of all its nodes",
    "It prefers none of them: the node with the highest address becomes MASTER.",
    "give each node its priority in `nodes`, or remove it: the order of `nodes` decides",
);

pub(super) fn check(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    preemption(instance, drafts, problems);
    uniform(instance, problems);
    alike(instance, drafts, problems);
}

fn preemption(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let preempt = instance.preempt.as_ref().map(|preempt| preempt.value);
    if let (Some(false), Some(delay)) = (preempt, &instance.preempt_delay) {
        problems.found(
            &DELAY_WITHOUT_PREEMPTION,
            delay.at.clone(),
            "a delay of a takeover that `preempt: false` forbids",
            "remove `preempt_delay`, or `preempt: false`",
        );
    }
    let Some(order) = &instance.nodes else { return };
    let listed = |node: &NodeDraft| node.name.as_ref().is_none_or(|name| order.has(&name.value));
    let mut own = drafts.nodes.iter().filter(|node| member::of_site(instance, node));
    if (instance.priority.is_some() || instance.is_uniform()) && own.all(listed) {
        problems.found(
            &ORDER_WITHOUT_EFFECT,
            order.at.clone(),
            "an order of nodes that all have the same priority",
            "remove `nodes`, or `priority`",
        );
    }
    check_order(instance, order, drafts, problems);
}

/// The order must name nodes, and each once.
fn check_order(
    instance: &InstanceDraft,
    order: &Order,
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let nodes = drafts.nodes;
    // A name that could not be read is a problem already.
    let Some(names) = nodes.iter().map(|node| node.name.as_ref()).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let known = |name: &Word| {
        let place = drafts.places.get(name.as_str());
        place.is_some_and(|&place| member::of_site(instance, &nodes[place]))
    };
    for name in order.names.iter().filter(|name| !known(&name.value)) {
        let help = match &instance.site {
            Some(_) => "name one of this site",
            None => "name one of the section `nodes`",
        };
        problems.found(
            &reading::UNKNOWN_NAME,
            name.at.clone(),
            format!("there is no node `{}`", name.value.as_str()),
            help,
        );
    }
    let left_out: Vec<&str> = (nodes.iter().zip(names))
        .filter(|(node, name)| member::of_site(instance, node) && !order.has(&name.value))
        .map(|(_, name)| name.value.as_str())
        .collect();
    let listed: Vec<&Placed<_>> = order.names.iter().collect();
    unique(
        &NODE_LISTED_TWICE,
        &listed,
        |name| name.value.clone(),
        "this node stands twice in the order",
        problems,
    );
    if let ([first, rest @ ..], true) = (left_out.as_slice(), order.whole) {
        let others = match rest.len() {
            0 => String::new(),
            1 => " and 1 other node".to_owned(),
            several => format!(" and {several} other nodes"),
        };
        problems.found(
            &ORDER_INCOMPLETE,
            order.at.clone(),
            format!("`{first}`{others} will not run `{}`", instance.name()),
            "add every node that shall run it, the preferred one first",
        );
    }
}

/// Nodes that are all alike.
fn uniform(instance: &InstanceDraft, problems: &mut Problems) {
    let Some(uniform) = instance.election.as_ref().filter(|_| instance.is_uniform()) else {
        return;
    };
    let preempts = instance.preempt.as_ref().filter(|preempt| preempt.value);
    let at = preempts.map(|preempt| &preempt.at);
    let delays = instance.preempt_delay.as_ref().filter(|delay| delay.value.0.is_some());
    if let Some(at) = at.or(delays.map(|delay| &delay.at)) {
        problems.case(&PREEMPT_AMONG_EQUALS, at.clone(), "among equals nobody preempts");
    }
    problems.found(
        &EQUAL_PRIORITIES,
        uniform.at.clone(),
        "equal priorities make a split brain more likely",
        "make sure that adverts always arrive, or write `election: ranked`",
    );
}

/// The same said by a priority of all nodes.
fn alike(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(priority) = &instance.priority else { return };
    let stays = instance.preempt.as_ref().is_some_and(|preempt| !preempt.value);
    let ranking = member::ranking(instance, drafts.nodes, drafts.global_defs).unwrap_or_default();
    let equal = ranking.windows(2).all(|two| two[0].1 == two[1].1);
    if instance.is_uniform() || ranking.len() < 2 || !equal {
        return;
    }
    if stays {
        problems.found(
            &EQUAL_PRIORITIES,
            priority.at.clone(),
            "equal priorities make a split brain more likely",
            "make sure that adverts always arrive, or remove `priority`; for one file on all nodes \
             `election: uniform` says all of it",
        );
    } else {
        problems.case(
            &PRIORITY_OF_ALL_NODES,
            priority.at.clone(),
            format!("all nodes of `{}` have priority {}", instance.name(), priority.value),
        );
    }
}
