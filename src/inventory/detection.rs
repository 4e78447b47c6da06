//! `failure_detection`: the key, what it can't do, and what it takes of a virtual server.

use std::time::Duration;

use super::keys::{BETWEEN_SITES, FAILURE_DETECTION, VIRTUAL_SERVER};
use super::node::NodeDraft;
use super::places::Places;
use super::read::{Placed, Problems, Read, Section, value, wrong};
use super::real_server::RealServerDraft;
use super::server::hashes;
use super::tree::Kind;
use super::{keywords, numbers};
use crate::cluster::{FailureDetection, HashFlags, Method, Scheduler, Seconds, Timing};
use crate::conf::detection::INHIBIT;
use crate::conf::statement::{Settings, Statement};
use crate::smtp::timer;

/// The shortest interval: keepalived's own timers, and those of a busy node, are late by milliseconds.
const SHORTEST: Duration = Duration::from_millis(10);

/// The longest of a ping.
const LONGEST: Duration = Duration::from_secs(10);

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
    let (key, node) = top.node("failure_detection")?;
    if matches!(&node.kind, Kind::Scalar(text) if text == "false") {
        return None;
    }
    let (table, name, at) = (&FAILURE_DETECTION, "failure_detection", key.at.clone());
    let section = Section::open(node, table, name, at, problems)?;
    let method = section.optional("method", problems, method);
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
    if let Some((key, node)) = section.node("between_sites") {
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

fn method(text: &str) -> Read<Method> {
    match text {
        "ping" => Ok(Method::Ping),
        "bfd" => Ok(Method::Bfd),
        _ => wrong(
            format!("invalid method `{text}`: expected ping or bfd"),
            "write ping; or bfd, where keepalived is built with it",
        ),
    }
}

/// What a section says of times, and else what holds around it.
fn timing(
    section: &Section<'_>,
    method: Method,
    around: Timing,
    problems: &mut Problems,
) -> Timing {
    let interval = section.optional("interval", problems, |text| interval(text, method));
    let attempts = section.optional("attempts", problems, attempts);
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
    let max_hops = |text: &str| numbers::number(text, "max_hops", 1..=u8::MAX);
    let max_hops = value(section.optional("max_hops", problems, max_hops));
    let multihop = value(section.optional("multihop", problems, keywords::yes_no));
    for key in ["max_hops", "multihop"] {
        if let (Some((at, _)), Method::Ping) = (section.node(key), method) {
            problems.add(
                at.at.clone(),
                format!("`{key}` has no effect with `method: ping`, which any router lets through"),
                "remove it, or write `method: bfd`",
            );
        }
    }
    Timing { max_hops: max_hops.unwrap_or(0), multihop: multihop.unwrap_or(false), ..far }
}

fn interval(text: &str, method: Method) -> Read<Seconds> {
    let longest = if method == Method::Bfd { LONGEST_BFD } else { LONGEST };
    let Ok(time) = timer::seconds(text) else {
        return wrong(
            format!("invalid interval `{text}`: expected seconds"),
            format!("write seconds from 0.01 to {}, such as 0.1", longest.as_secs()),
        );
    };
    if time < SHORTEST {
        return wrong(
            format!("interval `{text}` is below 10 ms: a busy node would be taken for dead"),
            "write 0.01 or more; 0.1 and 0.05 were measured",
        );
    }
    if time > longest {
        return wrong(
            format!("interval `{text}` is above {} s", longest.as_secs()),
            "write less: the application's own check finds a dead node within seconds",
        );
    }
    let whole = time.subsec_nanos().is_multiple_of(1_000_000);
    match Seconds::new(time).filter(|_| whole) {
        Some(seconds) => Ok(seconds),
        None => wrong(
            format!("invalid interval `{text}`: expected whole milliseconds"),
            "write at most three decimal places",
        ),
    }
}

fn attempts(text: &str) -> Read<u8> {
    match text.parse::<u8>() {
        Ok(number @ 1..=10) => Ok(number),
        _ => wrong(
            format!("invalid attempts `{text}`: expected 1-10"),
            "write 2 or 3: with 1 each lost packet is an alarm, with many a dead node stays for long",
        ),
    }
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
    hash: &mut HashFlags,
) {
    if section.node(INHIBIT).is_none() {
        let rank = |key: &str| VIRTUAL_SERVER.keys().position(|own| own.name == key);
        settings.set_in_order(INHIBIT, vec![Statement::line(INHIBIT)], rank);
    }
    let hashes = lb_algo.is_some_and(hashes);
    if hashes && section.node("mh-fallback").is_none() && section.node("sh-fallback").is_none() {
        hash.fallback = true;
    }
}
