//! `failure_detection` together with the rest: where it has no effect, where it can't work, and where it
//! would come too late.

use super::Drafts;
use crate::cluster::{Method, Seconds};
use crate::inventory::read::Problems;

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(draft) = drafts.detection else {
        for server in drafts.servers {
            if server.places.has("failure_detection") {
                problems.warn(
                    server.places.key("failure_detection"),
                    "`failure_detection` of a virtual server, and the inventory has none",
                    "remove it, or write `failure_detection: {method: ping}` at the top",
                );
            }
        }
        return;
    };
    let detection = &draft.detection;
    let uniform = drafts.instances.iter().all(|instance| instance.is_uniform());
    if uniform && detection.method == Method::Bfd {
        problems.add(
            draft.places.value("method"),
            "`method: bfd` needs a file for each node, and with `election: uniform` all have the same",
            "write `method: ping`, or `election: ranked`",
        );
    }
    if let Some(far) = &draft.far_places {
        let mut sites = drafts.nodes.iter().map(|node| node.site.as_ref().map(|site| &site.value));
        let first = sites.next();
        if sites.all(|site| Some(site) == first) {
            problems.warn(
                draft.places.key("between_sites"),
                "`between_sites` has no effect: all nodes are of one site",
                "write `site: NAME` at the nodes, or remove it",
            );
        } else if uniform {
            problems.add(
                far.whole(),
                "`between_sites` needs files that differ, and with `election: uniform` all are the same",
                "remove it, or write `election: ranked`",
            );
        }
    }
    if !drafts.servers.is_empty() && drafts.servers.iter().all(|server| !server.detected) {
        problems.warn(
            draft.places.whole(),
            "`failure_detection` has no effect: no node is a server here",
            "remove it: other servers may drop pings, so add a PING_CHECK to their `check` by hand",
        );
    }
    let shortest = drafts.instances.iter().map(|instance| {
        instance.advert_int.as_ref().map_or(Seconds::ONE, |advert_int| advert_int.value)
    });
    if let Some(advert_int) = shortest.min().filter(|shortest| detection.near.interval > *shortest)
    {
        problems.warn(
            draft.places.value("interval"),
            format!(
                "interval {} is above advert_int, {advert_int}: VRRP replaces a dead MASTER before its \
                 server gets no more connections",
                detection.near.interval
            ),
            "write an interval of at most advert_int",
        );
    }
    for server in drafts.servers.iter().filter(|server| server.detected) {
        if let Some(algo) = server.lb_algo.as_ref().filter(|algo| algo.value.name() == "dh") {
            problems.add(
                algo.at.clone(),
                "`failure_detection` gives a dead node weight 0, and `dh` then refuses its connections",
                "use `lb_algo: mh` or another; or write `failure_detection: false` in this virtual_server",
            );
        }
        if server.keeps_removing {
            problems.warn(
                server.places.key("inhibit_on_failure"),
                "without `inhibit_on_failure` each false alarm of `failure_detection` ends sessions",
                "remove `inhibit_on_failure: false`, or write `failure_detection: false` here",
            );
        }
    }
}
