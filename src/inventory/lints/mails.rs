//! Mails that keepalived sends through the cluster's own VIP: the mail that tells of a failed service
//! needs that service, and on a node it meets that node's own one.

use std::net::IpAddr;
use std::ops::Range;

use super::Drafts;
use super::lint::{Found, Lint, Severity};
use crate::conf::statement::Settings;
use crate::inventory::read::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &MAILS_THROUGH_VIP,
    &Lint {
        id: "mails-never-sent",
        severity: Severity::Warning,
        title: "mails that keepalived never sends",
        why: "keepalived sends mails only with both a relay (`smtp_server`) and somebody who gets them \
              (`notification_email`), and says nothing where one is missing.",
        help: "write both in `global_defs`, or remove what asks for mails",
        check: Some(never_sent),
    },
];

pub(super) static MAILS_THROUGH_VIP: Lint = Lint::warning(
    "mails-through-vip",
    "keepalived's mails go through the cluster's own VIP",
    "The mail about a failed service needs that service.",
    "name a relay outside of the cluster",
);

const KEY: &str = "smtp_server";

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let places = drafts.global_places;
    if let Some(server) = &drafts.global_defs.smtp_server {
        through_vip(server.host.as_str(), places.value(KEY), drafts, problems);
    }
    for line in &drafts.global_defs.raw {
        let mut words = line.words();
        if let (Some(KEY), Some(host)) = (words.next(), words.next()) {
            through_vip(host.trim_matches('"'), places.item("raw", KEY), drafts, problems);
        }
    }
}

fn through_vip(host: &str, at: Range<usize>, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Ok(address) = host.parse::<IpAddr>() else { return };
    let mut vips = drafts.instances.iter().flat_map(|instance| instance.addresses());
    if vips.any(|vip| vip.value.address() == address) {
        problems.found(
            &MAILS_THROUGH_VIP,
            at,
            format!("`{KEY}` is {address}, a VIP of this cluster"),
            "name a relay outside of the cluster: a mail about a failed service must not need that \
             service",
        );
    }
}

fn never_sent(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let defs = drafts.global_defs;
    let own = drafts.nodes.iter().flat_map(|node| node.raw.iter().chain(&node.global_raw));
    let raw: Vec<_> = defs.raw.iter().chain(drafts.raw).chain(own).collect();
    let in_raw = |keyword: &str| raw.iter().any(|line| line.words().any(|word| word == keyword));
    if raw.iter().any(|line| line.words().any(|word| word.starts_with("include"))) {
        return;
    }
    let relay = defs.smtp_server.is_some() || in_raw(KEY);
    let to = !defs.notification_email.is_empty() || in_raw("notification_email");
    let (lacks, help) = match (relay, to) {
        (true, true) => return,
        (false, true) => (KEY, "add `smtp_server: RELAY` to `global_defs`"),
        (true, false) => {
            ("notification_email", "add `notification_email: ADDRESS` to `global_defs`")
        }
        (false, false) => (
            "smtp_server` and `notification_email",
            "add `smtp_server: RELAY` and `notification_email: ADDRESS` to `global_defs`",
        ),
    };
    // The first place that asks for mails: who gets them, which relay, or an alert.
    let global = ["notification_email", KEY, "smtp_alert", "smtp_alert_vrrp", "smtp_alert_checker"];
    let asks = |settings: &Settings| settings.value("smtp_alert") == Some("true");
    let instances = drafts.instances.iter().filter(|instance| asks(&instance.settings));
    let servers = drafts.servers.iter().filter(|server| asks(&server.settings));
    let at = (global.into_iter().find(|key| drafts.global_places.has(key)))
        .map(|key| drafts.global_places.key(key))
        .or_else(|| instances.map(|one| one.places.key("smtp_alert")).next())
        .or_else(|| servers.map(|one| one.places.key("smtp_alert")).next());
    if let Some(at) = at {
        found.with(at, format!("keepalived sends no mail without `{lacks}`"), help);
    }
}
