//! Clusters without an instance: directors whose addresses another program moves, such as Pacemaker or a router.

use std::ops::Range;

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::conf::statement::Statement;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::warning(
        "no-vrrp-instance",
        "services are balanced, and keepalived moves none of their addresses",
        "Without a vrrp_instance keepalived takes no VIP. Another program has to give the directors the \
                  addresses, and to run `bypass-ipvs` where they are servers too.",
        "add `vrrp_instance`; or allow this, and write who moves the addresses",
    )
    .checked_by(no_instance),
    Lint::error(
        "needs-instance",
        "a key that works by an instance, and there is none",
        "Hooks run at an instance's transitions, the drain file puts instances into FAULT, and the sync \
                  daemon uses the interface of one.",
        "remove it, or add `vrrp_instance`",
    )
    .checked_by(needs_instance),
];

/// Where the inventory asks for what instances do.
pub(in crate::inventory) struct Asked {
    /// `bypass: true`
    pub(in crate::inventory) bypass: Option<Range<usize>>,
    /// `keep_sessions: true`
    pub(in crate::inventory) keep_sessions: Option<Range<usize>>,
    /// `drain_file`
    pub(in crate::inventory) drain_file: Option<Range<usize>>,
}

fn no_instance(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let raw = drafts.nodes.iter().flat_map(|node| &node.raw).chain(drafts.raw);
    if !drafts.instances.is_empty() || raw.into_iter().any(may_have) {
        return;
    }
    if let Some(service) = drafts.servers.iter().find_map(|server| server.service.as_ref()) {
        found.at(
            service.at.clone(),
            "no vrrp_instance: keepalived balances this and takes no address",
        );
    }
}

/// Whether a line that is written as it is may have an instance.
fn may_have(line: &Statement) -> bool {
    let first = line.words().next();
    first.is_some_and(|word| word.starts_with("vrrp_instance") || word.starts_with("include"))
}

fn needs_instance(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    if !drafts.instances.is_empty() || drafts.servers.is_empty() {
        return;
    }
    let Asked { bypass, keep_sessions, drain_file } = drafts.asked;
    if let Some(at) = bypass {
        let title = "`bypass: true`, and no vrrp_instance whose transitions would run it";
        let help = "remove it, and run `/usr/libexec/keepalived/bypass-ipvs -r ADDRESS` where the address comes, `-a` where it goes";
        found.with(at.clone(), title, help);
    }
    if let Some(at) =
        keep_sessions.as_ref().filter(|_| drafts.global_defs.lvs_sync_daemon.is_none())
    {
        let title =
            "`keep_sessions: true`, and no vrrp_instance whose interface the sync daemon could use";
        found.with(
            at.clone(),
            title,
            "write `lvs_sync_daemon: INTERFACE` in `global_defs` instead",
        );
    }
    if let Some(at) = drain_file.as_ref().filter(|_| drafts.drain_file.is_some()) {
        let title = "`drain_file`, and no vrrp_instance that would give its addresses up";
        found.at(at.clone(), title);
    }
}
