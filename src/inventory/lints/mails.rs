//! Mails that keepalived sends through the cluster's own VIP: the mail that tells of a failed service
//! needs that service, and on a node it meets that node's own one.

use std::net::IpAddr;
use std::ops::Range;

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::conf::statement::{Settings, Statement};
use crate::inventory::places::Places;
use crate::inventory::problems::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&MAILS_THROUGH_VIP];

/// What has a check of its own.
pub(super) static CHECKED: &[WithCheck] = &[Lint::warning(
    "mails-never-sent",
    "mails that keepalived never sends",
    "keepalived sends mails only with both a relay (`smtp_server`) and somebody who gets them \
                  (`notification_email`), of instances only with `smtp_alert` too, and says nothing where one is \
                  missing.",
    "write both in `global_defs`, or remove what asks for mails",
)
.checked_by(never_sent)];

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
        if let Some(host) = relay(line) {
            through_vip(host, places.item("raw", KEY), drafts, problems);
        }
    }
    for node in drafts.nodes {
        let Some(name) = &node.name else { continue };
        let blocks = node.raw.iter().filter(|line| line.line.starts_with("global_defs"));
        for host in node.global_raw.iter().chain(blocks).filter_map(relay) {
            through_vip(host, name.at.clone(), drafts, problems);
        }
    }
    for instance in drafts.instances {
        let own = drafts.nodes.iter().filter_map(|node| node.own(instance.name()));
        let own = own.map(|own| (&own.places, &own.settings));
        for (places, settings) in own.chain([(&instance.places, &instance.settings)]) {
            commands(places, settings, drafts, problems);
        }
    }
    for server in drafts.servers {
        commands(&server.places, &server.settings, drafts, problems);
    }
}

/// The relay that a line of `raw` names, alone or in a block that is written in one line.
fn relay(line: &Statement) -> Option<&str> {
    let mut words = line.words().skip_while(|word| *word != KEY);
    words.nth(1).map(|host| host.trim_matches('"'))
}

/// Programs that send mails, as hooks name them.
const MAILERS: [&str; 8] =
    ["sendmail", "mail", "mailx", "s-nail", "msmtp", "swaks", "sendemail", "mutt"];

/// A hook that sends a mail by a VIP.
fn commands(places: &Places, settings: &Settings, drafts: &Drafts<'_>, problems: &mut Problems) {
    for key in HOOKS {
        let Some(command) = settings.value(key) else { continue };
        let words = || command.split([' ', '"', '\'', '=', ',', '@', '[', ']']);
        let mailer = |word: &str| {
            word.starts_with("smtp://")
                || MAILERS.contains(&word.rsplit('/').next().unwrap_or_default())
        };
        if !words().any(mailer) {
            continue;
        }
        let address = |word: &str| {
            let host = word.trim_start_matches("smtp://").trim_end_matches('/');
            let bare = host.rsplit_once(':').filter(|_| host.matches(':').count() == 1);
            bare.map_or(host, |(host, _)| host).parse::<IpAddr>().ok()
        };
        if let Some(vip) = words().filter_map(address).find(|address| is_vip(*address, drafts)) {
            problems.case(
                &MAILS_THROUGH_VIP,
                places.value(key),
                format!("`{key}` sends a mail by {vip}, a VIP of this cluster"),
            );
        }
    }
}

/// The keys of commands that tell of a change.
const HOOKS: [&str; 7] = [
    "notify",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "quorum_up",
    "quorum_down",
];

fn is_vip(address: IpAddr, drafts: &Drafts<'_>) -> bool {
    let mut vips = drafts.instances.iter().flat_map(|instance| instance.addresses());
    vips.any(|vip| vip.value.address() == address)
}

fn through_vip(host: &str, at: Range<usize>, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Ok(address) = host.parse::<IpAddr>() else { return };
    if is_vip(address, drafts) {
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
        (true, true) => return unasked(drafts, in_raw("smtp_alert"), found),
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
    let at = (GLOBAL.into_iter().find(|key| drafts.global_places.has(key)))
        .map(|key| drafts.global_places.key(key))
        .or_else(|| asking(drafts));
    if let Some(at) = at {
        found.with(at, format!("keepalived sends no mail without `{lacks}`"), help);
    }
}

/// What in `global_defs` has to do with mails.
const GLOBAL: [&str; 6] = [
    "notification_email",
    KEY,
    "smtp_alert",
    "smtp_alert_vrrp",
    "smtp_alert_checker",
    "notification_email_from",
];

/// The first section that asks for mails.
fn asking(drafts: &Drafts<'_>) -> Option<Range<usize>> {
    let asks = |settings: &Settings| settings.value("smtp_alert") == Some("true");
    let own = drafts.nodes.iter().flat_map(|node| node.instances.iter().map(|(_, own)| own));
    let own = own.map(|own| (&own.places, &own.settings));
    let instances = drafts.instances.iter().map(|one| (&one.places, &one.settings));
    let servers = drafts.servers.iter().map(|one| (&one.places, &one.settings));
    let mut sections = instances.chain(own).chain(servers).filter(|(_, settings)| asks(settings));
    let groups = drafts.tracks.groups.iter();
    let mut groups = groups.filter(|group| {
        group.block.block.iter().flatten().any(|line| line.line == "smtp_alert true")
    });
    let single = |server: &&crate::inventory::server::ServerDraft| {
        server.real_servers.iter().flatten().any(|one| asks(&one.settings))
    };
    (sections.next().map(|(places, _)| places.key("smtp_alert")))
        .or_else(|| groups.next().map(|group| group.places.key("smtp_alert")))
        .or_else(|| {
            let server = drafts.servers.iter().find(single)?;
            server.service.as_ref().map(|service| service.at.clone())
        })
}

/// Without services nothing sends a mail that is not asked for: keepalived's own default is none of instances.
fn unasked(drafts: &Drafts<'_>, in_raw: bool, found: &mut Found<'_>) {
    let global = ["smtp_alert", "smtp_alert_vrrp"].iter().any(|key| drafts.global_places.has(key));
    if drafts.servers.is_empty() && !global && !in_raw && asking(drafts).is_none() {
        found.with(
            drafts.global_places.key("notification_email"),
            "nothing asks for mails: keepalived sends none of instances by itself",
            "write `smtp_alert: true` in `global_defs`, or remove `notification_email`",
        );
    }
}
