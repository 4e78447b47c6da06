//! Mails that keepalived sends through the cluster's own VIP: the mail that tells of a failed service
//! needs that service, and on a node it meets that node's own one.

use std::net::IpAddr;
use std::ops::Range;

use super::Drafts;
use crate::inventory::read::Problems;

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
        problems.warn(
            at,
            format!("`{KEY}` is {address}, a VIP of this cluster"),
            "name a relay outside of the cluster: a mail about a failed service must not need that \
             service",
        );
    }
}
