//! `failure_detection`: the key, what it can't do, and what it takes of a virtual server.

use std::time::Duration;

use super::keys::{
    BETWEEN_SITES, FAILURE_DETECTION, Key, VIRTUAL_SERVER, detection as key, server, top,
};
use super::node::NodeDraft;
use super::places::Places;
use super::problems::{Placed, Problems, value};
use super::read::Section;
use super::real_server::RealServerDraft;
use super::settings;
use super::tree::Kind;
use crate::cluster::{FailureDetection, Method, Scheduler, Seconds, Timing};
use crate::conf::statement::Settings;

/// The longest min_rx that keepalived's BFD takes (bfd/bfd.h).
const LONGEST_BFD: Duration = Duration::from_secs(1);

/// `failure_detection` as it was read.
pub(super) struct DetectionDraft {
    pub(super) places: Places,
    /// Those of `between_sites`, where that is said.
    pub(super) far_places: Option<Places>,
    pub(super) detection: FailureDetection,
}

/// The key; `None` where there is none, or `false`, or something was wrong.
pub(super) fn read(top: &Section<'_>, problems: &mut Problems) -> Option<DetectionDraft> {
    let (key, node) = top.node(top::FAILURE_DETECTION)?;
    if matches!(&node.kind, Kind::Scalar(text) if text == "false") {
        return None;
    }
    if let Kind::Scalar(_) | Kind::Null = &node.kind {
        problems.add(
            node.at.clone(),
            "`failure_detection` is a section, or `false`",
            "write `failure_detection: {method: ping}`; or `{method: bfd}`, or `false`",
        );
        return None;
    }
    let (table, name, at) = (&FAILURE_DETECTION, "failure_detection", key.at.clone());
    let section = Section::open(node, table, name, at, problems)?;
    let method = section.get(key::METHOD, problems);
    let method = value(method).unwrap_or(Method::Ping);
    let (interval, attempts) = method.default_timing();
    let usual = Timing {
        interval: Seconds::new(interval).unwrap_or(Seconds::ONE),
        attempts,
        max_hops: 0,
        multihop: false,
    };
    let near = timing(&section, method, usual, problems);
    let mut far = near;
    let mut far_places = None;
    if let Some((key, node)) = section.node(key::BETWEEN) {
        let (table, at) = (&BETWEEN_SITES, key.at.clone());
        if let Some(section) = Section::open(node, table, "between_sites", at, problems) {
            far_places = Some(Places::of(&section));
            far = between_sites(&section, method, near, problems);
            section.close(problems);
        }
    }
    let places = Places::of(&section);
    section.close(problems);
    let detection = FailureDetection { method, near, far, uniform: false };
    Some(DetectionDraft { places, far_places, detection })
}

/// What a section says of times, and else what holds around it.
fn timing(
    section: &Section<'_>,
    method: Method,
    around: Timing,
    problems: &mut Problems,
) -> Timing {
    let interval = section.get(key::INTERVAL, problems);
    let attempts = section.get(key::ATTEMPTS, problems);
    if let Some(too_long) = interval.as_ref().filter(|_| method == Method::Bfd)
        && too_long.value.duration() > LONGEST_BFD
    {
        problems.add(
            too_long.at.clone(),
            format!("invalid interval `{}`: keepalived's BFD takes at most 1 s", too_long.value),
            "write less, or `method: ping`",
        );
    }
    Timing {
        interval: value(interval).unwrap_or(around.interval),
        attempts: value(attempts).unwrap_or(around.attempts),
        ..around
    }
}

fn between_sites(
    section: &Section<'_>,
    method: Method,
    near: Timing,
    problems: &mut Problems,
) -> Timing {
    let far = timing(section, method, near, problems);
    if method == Method::Ping {
        for key in [key::MAX_HOPS.any(), key::MULTIHOP.any()] {
            if let Some((at, _)) = section.node(key) {
                problems.add(
                    at.at.clone(),
                    format!(
                        "`{}` has no effect with `method: ping`, which any router lets through",
                        key.name
                    ),
                    "remove it, or write `method: bfd`",
                );
            }
        }
        return far;
    }
    let max_hops = value(section.get(key::MAX_HOPS, problems));
    let multihop = value(section.get(key::MULTIHOP, problems));
    Timing { max_hops: max_hops.unwrap_or(0), multihop: multihop.unwrap_or(false), ..far }
}

/// Whether a node is among the servers.
pub(super) fn has_nodes(real_servers: Option<&[RealServerDraft]>, nodes: &[NodeDraft]) -> bool {
    let is_node = |one: &RealServerDraft| match one.stranger() {
        Some(address) => nodes.iter().any(|node| node.has(address.value)),
        None => one.node().is_some(),
    };
    real_servers.is_none_or(|all| all.iter().any(is_node))
}

/// What a failure detection takes, unless the section says otherwise: a node that seems dead stays in the
/// table with weight 0, so that its sessions go on if it is not, and the scheduler gives its share to
/// others.
pub(super) fn keep_dead(
    section: &Section<'_>,
    lb_algo: Option<&Placed<Scheduler>>,
    settings: &mut Settings,
) {
    let mut add = |key: Key| settings::add(settings, &VIRTUAL_SERVER, key, key.keyword.to_owned());
    if !section.has(server::INHIBIT_ON_FAILURE) {
        add(server::INHIBIT_ON_FAILURE);
    }
    if section.has(server::MH_FALLBACK) || section.has(server::SH_FALLBACK) {
        return;
    }
    match lb_algo.map(|algo| algo.value) {
        Some(Scheduler::Mh) => add(server::MH_FALLBACK),
        Some(Scheduler::Sh) => add(server::SH_FALLBACK),
        _ => {}
    }
}
