//! How the nodes of an instance agree on the MASTER: state, priorities and order of their files as the
//! election that an inventory would say.

use std::time::Duration;

use super::instance::{Instance, MOST_PRIORITY};
use super::nodes::Node;
use super::notes::Notes;
use super::shared::Shared;
use super::yaml::{Map, Yaml, set};
use crate::cluster::{Election, Seconds};

/// The priority of nodes that are all alike, as gen-conf gives it.
const UNIFORM_PRIORITY: u8 = 100;

/// How the nodes of an instance agree on the MASTER.
pub(super) struct Elected {
    /// All nodes are alike.
    pub(super) uniform: bool,
    /// All nodes have the same priority.
    equal: Option<u8>,
    /// Otherwise than by order.
    priorities: Vec<(usize, u8)>,
    /// Where it is not the cluster's.
    order: Option<Vec<usize>>,
    backup: bool,
}

/// Finds it from what the nodes' files say.
pub(super) fn election(instance: &Shared<'_>, nodes: &[Node], notes: &mut Notes) -> Elected {
    let parts = &instance.parts;
    let count = instance.members.len();
    let said: Vec<(usize, u8)> =
        parts.iter().map(|(place, part)| (*place, part.priority())).collect();
    for (_, part) in parts.iter().filter(|(_, part)| part.is_owner()) {
        let why = if part.priority.is_none() { "MASTER without a priority has" } else { "This is" };
        notes.difference(
            &part.at,
            "priority",
            format_args!("{why} 255, the priority of an owner; {MOST_PRIORITY} in the inventory"),
        );
    }
    let nobody_is_master = parts.iter().all(|(_, part)| !part.master);
    let first = said.first().map_or(UNIFORM_PRIORITY, |(_, priority)| *priority);
    let mut found =
        Elected { uniform: false, equal: None, priorities: Vec::new(), order: None, backup: false };
    if nobody_is_master && said.iter().all(|(_, one)| *one == first) {
        let never = parts.iter().all(|(_, part)| part.nopreempt);
        found.uniform = never
            && first == UNIFORM_PRIORITY
            && nodes.len() == count
            && (parts.len() > 1 || instance.of_nobody());
        if found.uniform || parts.len() > 1 {
            found.equal = Some(first);
            return found;
        }
    }
    if parts.len() == count {
        let mut order = said;
        order.sort_by_key(|(_, priority)| std::cmp::Reverse(*priority));
        let ranked = order.iter().copied().enumerate().map(|(rank, one)| (Some(rank), one));
        found.priorities = unlike_order(ranked.collect(), count, instance.skew_base);
        let order: Vec<usize> = order.into_iter().map(|(place, _)| place).collect();
        found.order = (order != instance.members).then_some(order);
        let delayed =
            |part: &Instance| part.nopreempt || part.section.get("preempt_delay").is_some();
        found.backup = nobody_is_master && !parts.iter().any(|(_, part)| delayed(part));
    } else {
        // Of the others nothing is known.
        notes.of(&instance.name, "the priorities of nodes without a file are assumed, by order");
        let rank = |place: usize| instance.members.iter().position(|member| *member == place);
        let ranked = said.into_iter().map(|one| (rank(one.0), one)).collect();
        found.priorities = unlike_order(ranked, count, instance.skew_base);
    }
    found
}

/// The nodes whose priority does not follow from their rank among `count`, in the inventory that this becomes: there
/// one that is said gives the nodes that say none those of 100, 90, 80, ....
fn unlike_order(
    ranked: Vec<(Option<usize>, (usize, u8))>,
    count: usize,
    skew_base: Duration,
) -> Vec<(usize, u8)> {
    let unlike = |skew_base| {
        let by_order = Election { nodes: count, skew_base };
        let other = move |(rank, (_, said)): &&(Option<usize>, (usize, u8))| {
            rank.map(|rank| by_order.priority(rank)) != Some(*said)
        };
        ranked.iter().filter(other).map(|(_, one)| *one).collect::<Vec<_>>()
    };
    if unlike(skew_base).is_empty() {
        return Vec::new();
    }
    match unlike(Seconds::ONE.duration()) {
        // One has to say it.
        none if none.is_empty() => ranked.into_iter().map(|(_, one)| one).collect(),
        some => some,
    }
}

impl Elected {
    /// Writes it, the keys of all nodes and those of single ones.
    pub(super) fn write(
        self,
        instance: &Shared<'_>,
        nodes: &[Node],
        all: &mut Map,
        single: &mut [Map],
    ) {
        if self.uniform {
            set(all, "election", Yaml::text("uniform"));
        } else if let Some(priority) = self.equal {
            set(all, "priority", Yaml::plain(priority));
        }
        if self.backup {
            set(all, "state", Yaml::text("BACKUP"));
        }
        if let Some(order) = self.order {
            let names = order.into_iter().map(|place| Yaml::text(&nodes[place].name));
            set(all, "nodes", Yaml::one_or_more(names.collect()));
        }
        for (place, priority) in self.priorities {
            debug_assert!(instance.members.contains(&place));
            set(&mut single[place], "priority", Yaml::plain(priority));
        }
    }
}
