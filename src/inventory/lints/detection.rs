//! `failure_detection` together with the rest: where it has no effect, where it can't work, and where it
//! would come too late.

use std::ops::Range;

use super::lint::Lint;
use super::{Drafts, bfd};
use crate::cluster::{Cluster, Method, Timing};
use crate::conf::detection::Detector;
use crate::inventory::problems::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &DETECTION_UNUSED,
    &BFD_NEEDS_OWN_FILES,
    &DETECTION_TOO_SLOW,
    &DETECTION_WITH_DH,
    &DETECTION_ENDS_SESSIONS,
    &DETECTION_BESIDE_REMOVAL,
    &DETECTION_ASKS_MUCH,
];

pub(super) static DETECTION_UNUSED: Lint = Lint::warning(
    "detection-unused",
    "failure detection, or a part of it, has no effect",
    "Whoever wrote it counts on a detection that does not happen.",
    "remove it, or make it count: a `failure_detection` at the top, nodes as servers, nodes of several sites",
);

pub(super) static BFD_NEEDS_OWN_FILES: Lint = Lint::error(
    "bfd-needs-own-files",
    "failure detection that differs between nodes, and one file for all",
    "BFD sessions and timings between sites name the other node, so each node needs a file of its own; `election: uniform` renders the same file for all.",
    "write `method: ping` without `between_sites`, or `election: ranked`",
);

static DETECTION_TOO_SLOW: Lint = Lint::warning(
    "detection-too-slow",
    "failure detection is slower than VRRP",
    "VRRP replaces a dead MASTER before its own server gets no more connections, so clients are still sent to a dead node.",
    "write a shorter `interval`, or fewer `attempts`",
);

pub(super) static DETECTION_WITH_DH: Lint = Lint::error(
    "detection-with-dh",
    "`lb_algo: dh` refuses connections to a dead node",
    "Failure detection gives a dead node weight 0, and the kernel's dh scheduler refuses what falls to such a server.",
    "use `lb_algo: mh` or another, or write `failure_detection: false` in the virtual_server",
);

pub(super) static DETECTION_ENDS_SESSIONS: Lint = Lint::warning(
    "detection-ends-sessions",
    "each false alarm of failure detection ends sessions",
    "A server that is removed loses its sessions. With `inhibit_on_failure` it keeps them and gets no new ones.",
    "remove `inhibit_on_failure: false`, or write `failure_detection: false` in the virtual_server",
);

static DETECTION_BESIDE_REMOVAL: Lint = Lint::hint(
    "detection-beside-removal",
    "a service without failure detection removes servers that fail",
    "A client whose first SYN went to a dead server gets another server only with net.ipv4.vs.expire_nodest_conn. That holds for all services of a node, and \
     lvskit-settings.service sets it only where no service removes servers.",
    "write `inhibit_on_failure: true` in the service too, and `mh-fallback: true` or `sh-fallback: true` with mh or sh",
);

/// From this many pings a second of one node [`DETECTION_ASKS_MUCH`] is told.
const MANY_PINGS: u32 = 1000;

static DETECTION_ASKS_MUCH: Lint = Lint::warning(
    "detection-asks-much",
    "a node sends a thousand pings a second or more",
    "keepalived sends pings of their own for each real_server of each service. A node that is busy with that finds dead nodes late, and may take living ones for dead.",
    "write `failure_detection: false` and `inhibit_on_failure: true` (with mh or sh the fallback flag too) in all virtual servers but the busiest, a longer `interval`, or `method: bfd`, which asks each node once for all services",
);

/// Where it is said.
pub(in crate::inventory) struct At {
    whole: Range<usize>,
    between_sites: Option<Range<usize>>,
    written: Vec<Vec<bfd::Written>>,
}

impl At {
    pub(in crate::inventory) fn of(drafts: &Drafts<'_>) -> Option<At> {
        let draft = drafts.detection?;
        let places = &draft.places;
        let between_sites = draft.far_places.is_some().then(|| places.key("between_sites"));
        Some(At { whole: places.whole(), between_sites, written: bfd::written(drafts) })
    }
}

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(draft) = drafts.detection else {
        for server in drafts.servers {
            if server.places.has("failure_detection") {
                problems.found(
                    &DETECTION_UNUSED,
                    server.places.key("failure_detection"),
                    "`failure_detection` of a virtual server, and the inventory has none",
                    "remove it, or write `failure_detection: {method: ping}` at the top",
                );
            }
        }
        return;
    };
    let detection = &draft.detection;
    if drafts.uniform && detection.method == Method::Bfd {
        problems.found(
            &BFD_NEEDS_OWN_FILES,
            draft.places.value("method"),
            "`method: bfd` needs a file for each node, and with `election: uniform` all have the same",
            "write `method: ping`, or `election: ranked`",
        );
    }
    if let Some(far) = draft.far_places.as_ref().filter(|_| drafts.uniform) {
        problems.found(
            &BFD_NEEDS_OWN_FILES,
            far.whole(),
            "`between_sites` needs files that differ, and with `election: uniform` all are the same",
            "remove it, or write `election: ranked`",
        );
    }
    beside_removal(drafts, problems);
    for server in drafts.servers.iter().filter(|server| server.detected) {
        if let Some(algo) = server.lb_algo.as_ref().filter(|algo| algo.value.name() == "dh") {
            problems.found(&DETECTION_WITH_DH,
                algo.at.clone(),
                "`failure_detection` gives a dead node weight 0, and `dh` then refuses its connections",
                "use `lb_algo: mh` or another; or write `failure_detection: false` in this virtual_server",
            );
        }
        if let Some(removes) = &server.removes {
            problems.found(&DETECTION_ENDS_SESSIONS,
                removes.clone(),
                "without `inhibit_on_failure` each false alarm of `failure_detection` ends sessions",
                "remove `inhibit_on_failure: false`, or write `failure_detection: false` in this virtual_server",
            );
        }
    }
}

/// Told once: there may be a thousand such services.
fn beside_removal(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut servers = drafts.servers.iter();
    if !servers.clone().any(|server| server.detected && server.removes.is_none()) {
        return;
    }
    if let Some(server) = servers.find(|server| !server.detected && server.removes.is_some()) {
        problems.found(
            &DETECTION_BESIDE_REMOVAL,
            server.places.whole(),
            "this service removes servers that fail: `net.ipv4.vs.expire_nodest_conn` can't be set, and of the \
             other services some more connections to a node that dies are lost",
            "write `inhibit_on_failure: true` in each service without `failure_detection`, with mh or sh the fallback flag too",
        );
    }
}

/// What shows in the cluster alone: who asks whom, how often, and how soon VRRP is done.
pub(in crate::inventory) fn check_cluster(cluster: &Cluster, at: &At, problems: &mut Problems) {
    let detector = Detector::new(cluster);
    unused(&detector, at, problems);
    bfd::check_cluster(cluster, &detector, &at.written, &at.whole, problems);
    pings(cluster, &detector, at, problems);
    later_than_vrrp(cluster, &detector, at, problems);
}

/// Finds a detection that asks nobody, or nobody of another site.
fn unused(detector: &Detector<'_>, at: &At, problems: &mut Problems) {
    if detector.detection().is_none() {
        problems.found(
            &DETECTION_UNUSED,
            at.whole.clone(),
            "`failure_detection` has no effect: it is for servers that are nodes, and no virtual_server that has it \
             balances to another node",
            "remove it; servers that are no nodes can have a PING_CHECK in their own `check`",
        );
    } else if let Some(far) = at.between_sites.clone().filter(|_| !detector.asks_far()) {
        problems.found(
            &DETECTION_UNUSED,
            far,
            "`between_sites` has no effect: no node asks one of another site",
            "write `site: NAME` at the nodes, or remove it",
        );
    }
}

/// Finds a detection that usually comes later than the next MASTER: a node dies half way between two questions.
fn later_than_vrrp(cluster: &Cluster, detector: &Detector<'_>, at: &At, problems: &mut Problems) {
    let Some(detection) = detector.detection() else { return };
    let takeovers =
        cluster.vrrp_instances.iter().filter_map(|one| one.takeover(&cluster.global_defs));
    let Some(takeover) = takeovers.min() else { return };
    let of_far = at.between_sites.as_ref().unwrap_or(&at.whole);
    let far = detector.between_sites().map(|far| (" between sites", of_far, far));
    let longest = |timing: &Timing| timing.longest(detection.method);
    let usual = |timing: &Timing| longest(timing) - timing.interval.duration() / 2;
    let mut timings = [("", &at.whole, &detection.near)].into_iter().chain(far);
    if let Some((which, said, timing)) = timings.find(|(.., timing)| usual(timing) > takeover) {
        problems.case(
            &DETECTION_TOO_SLOW,
            said.clone(),
            format!(
                "`failure_detection` finds a dead node{which} after up to {:.2} s, and VRRP replaces a dead MASTER \
                 after {:.2} s: clients are still sent to its server then",
                longest(timing).as_secs_f64(),
                takeover.as_secs_f64()
            ),
        );
    }
}

/// Finds a node that asks the others too much.
fn pings(cluster: &Cluster, detector: &Detector<'_>, at: &At, problems: &mut Problems) {
    let busy = (0..cluster.nodes.len()).find(|&node| detector.sends(node, MANY_PINGS));
    if let Some(busy) = busy {
        let name = cluster.nodes[busy].name.as_str();
        problems.case(
            &DETECTION_ASKS_MUCH,
            at.whole.clone(),
            format!("`failure_detection` makes {name} send {} pings a second, or more", MANY_PINGS),
        );
    }
}
