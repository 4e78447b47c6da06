//! What is drawn: boxes with words, and who belongs to whom. Without places and colours.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Service, VrrpInstance};

/// So many lines of one kind stand in a box; more are counted.
const LINES: usize = 5;

/// A cluster.
pub(crate) struct Picture {
    /// The VRRP instances.
    pub(crate) instances: Vec<Card>,
    /// The sites, at least one; the name is empty for nodes of none.
    pub(crate) sites: Vec<(String, Vec<Card>)>,
}

/// A box.
pub(crate) struct Card {
    /// For an instance the nodes that are MASTER; for a node its own place.
    pub(crate) nodes: Vec<usize>,
    /// The first line.
    pub(crate) title: String,
    /// The others.
    pub(crate) lines: Vec<String>,
    /// What is known of its state.
    pub(crate) state: State,
}

/// What is known of a box's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody asked.
    Plain,
    /// All is well.
    Good,
    /// There are warnings.
    Warning,
    /// There are errors.
    Bad,
    /// It says nothing.
    Silent,
}

impl State {
    /// As a word, since not everybody sees colours.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Plain => "",
            State::Good => "well",
            State::Warning => "warnings",
            State::Bad => "errors",
            State::Silent => "no answer",
        }
    }
}

impl Picture {
    /// An inventory, while all its nodes work.
    pub(crate) fn of(cluster: &Cluster) -> Picture {
        let expected = |instance: &VrrpInstance| {
            let priority = instance.members.iter().map(|member| member.priority).max();
            let best = instance.members.iter().filter(|one| Some(one.priority) == priority);
            // Among equals anybody may be it.
            let best: Vec<usize> = best.map(|member| member.node).collect();
            if best.len() == 1 { best } else { Vec::new() }
        };
        let role = |node: usize, instance: &VrrpInstance| {
            let priority = instance.member(node)?.priority;
            let first = if expected(instance) == [node] { ", MASTER" } else { "" };
            Some(format!("{}: priority {priority}{first}", instance.name.as_str()))
        };
        drawn(cluster, &expected, &role, &|_| (State::Plain, None), &|_| State::Plain)
    }
}

/// What a node is in an instance; `None` where it is no member.
pub(crate) type RoleOf<'a> = &'a dyn Fn(usize, &VrrpInstance) -> Option<String>;

/// Draws a cluster: who is MASTER of an instance, what a node is in it, what is known of a node, with more
/// words, and of an instance.
pub(crate) fn drawn(
    cluster: &Cluster,
    masters: &dyn Fn(&VrrpInstance) -> Vec<usize>,
    role: RoleOf<'_>,
    state: &dyn Fn(usize) -> (State, Option<String>),
    of: &dyn Fn(&VrrpInstance) -> State,
) -> Picture {
    let instances = cluster.vrrp_instances.iter().enumerate().map(|(at, instance)| {
        let nodes = masters(instance);
        let names: Vec<&str> =
            nodes.iter().map(|node| cluster.nodes[*node].name.as_str()).collect();
        let mut lines = few(instance.all_vips().map(|vip| vip.to_string()).collect(), "addresses");
        lines.extend(few(services(cluster, at), "services"));
        let unicast = instance.members.iter().any(|member| member.unicast.is_some());
        let way = if unicast { "unicast" } else { "multicast" };
        let vrid = instance.virtual_router_id;
        lines.push(format!("VRID {vrid}, VRRP {}, {way}", instance.version));
        lines.push(match names.is_empty() {
            true if of(instance) == State::Plain => "MASTER: nobody in particular".to_owned(),
            true => "MASTER: none is known".to_owned(),
            false => format!("MASTER: {}", names.join(", ")),
        });
        Card { nodes, title: instance.name.as_str().to_owned(), lines, state: of(instance) }
    });
    let instances = instances.collect();
    let mut sites: BTreeMap<String, Vec<Card>> = BTreeMap::new();
    for (at, node) in cluster.nodes.iter().enumerate() {
        let (state, more) = state(at);
        let mut lines: Vec<String> = node.addresses().map(|one| one.to_string()).collect();
        let roles = cluster.vrrp_instances.iter().filter_map(|one| role(at, one)).collect();
        lines.extend(few(roles, "instances"));
        lines.extend(more);
        let site = node.site.as_ref().map_or(String::new(), |site| site.as_str().to_owned());
        let title = node.name.as_str().to_owned();
        sites.entry(site).or_default().push(Card { nodes: vec![at], title, lines, state });
    }
    Picture { instances, sites: sites.into_iter().collect() }
}

fn few(mut all: Vec<String>, what: &str) -> Vec<String> {
    let more = all.len().saturating_sub(LINES);
    // One line more is no longer than to count it.
    if more > 1 {
        all.truncate(LINES);
        all.push(format!("and {more} more {what}"));
    }
    all
}

/// What an instance's addresses serve.
fn services(cluster: &Cluster, instance: usize) -> Vec<String> {
    let mine = cluster.virtual_servers.iter().filter(|one| one.vrrp_instance == Some(instance));
    mine.map(|server| {
        let servers = server.real_servers.len();
        let scheduler = server.scheduler;
        let protocol = server.protocol;
        match &server.service {
            Service::Port(port) => format!("{protocol} {port}: {scheduler} to {servers}"),
            Service::Address(address, None) => {
                format!("{protocol} {address}: {scheduler} to {servers}")
            }
            Service::Address(address, Some(port)) => {
                format!("{protocol} {address} {port}: {scheduler} to {servers}")
            }
            Service::Mark(mark) => format!("firewall mark {mark}: {scheduler} to {servers}"),
            Service::Group(name) => format!("group {}: {scheduler} to {servers}", name.as_str()),
        }
    })
    .collect()
}
