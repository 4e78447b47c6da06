//! Sessions that are not kept although the inventory promises it: the way of IPVS' sync daemon.

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::cluster::Forwarding;
use crate::inventory::member;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::warning(
        "sync-daemon-is-multicast",
        "sessions are kept by multicast, and the instances use unicast",
        "IPVS' sync daemon knows multicast only (224.0.0.81, UDP port 8848). Where multicast does not pass, \
                  no session reaches the other nodes: in a lab 0 of 8 connections.",
        "let that multicast pass and allow this with the reason; or write `keep_sessions: false`",
    )
    .checked_by(multicast),
    Lint::hint(
        "sync-interface-by-default",
        "the sync daemon takes the first instance's interface",
        "Nodes have instances on several interfaces, and the daemon's datagrams use one of them: with NAT it \
                  should be the inner one.",
        "write `lvs_sync_daemon: INTERFACE` in `global_defs`",
    )
    .checked_by(interface),
];

/// Whether any node runs a sync daemon that somebody needs.
fn runs(drafts: &Drafts<'_>) -> bool {
    !drafts.servers.is_empty()
        && (drafts.keep_sessions || drafts.global_defs.lvs_sync_daemon.is_some())
}

fn multicast(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let Some(instance) = drafts.instances.iter().find(|instance| instance.unicast) else { return };
    if runs(drafts) && drafts.nodes.len() > 1 {
        found.at(
            instance.places.key("unicast"),
            "with `unicast` advertisements, sessions still go by multicast: the sync daemon knows nothing else",
        );
    }
}

fn interface(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let nat = drafts.servers.iter().any(|server| server.forwarding() == Forwarding::Nat);
    if !runs(drafts) || !nat || drafts.global_defs.lvs_sync_daemon.is_some() {
        return;
    }
    let several = drafts.nodes.iter().any(|node| {
        let own = drafts.instances.iter().filter(|instance| member::runs(instance, node));
        let mut names =
            own.filter_map(|instance| Some(member::interface(instance, node)?.value.as_str()));
        let first = names.next();
        names.any(|name| Some(name) != first)
    });
    if let (true, Some(first)) = (several, drafts.instances.first()) {
        let title = format!("the sync daemon uses the interface of `{}`", first.name());
        found.at(first.at.clone(), title);
    }
}
