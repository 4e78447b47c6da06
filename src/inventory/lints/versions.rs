//! VRRP versions: what IPv6, passwords and intervals want of one.

use std::net::IpAddr;
use std::time::Duration;

use super::lint::Lint;
use crate::cluster::{Release, Version};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::problems::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &IPV6_NEEDS_VERSION_3,
    &IPV6_WITHOUT_LINK_LOCAL,
    &ADVERT_INT_OF_VERSION,
    &AUTHENTICATION_IN_VERSION_3,
];

pub(super) static IPV6_NEEDS_VERSION_3: Lint = Lint::error(
    "ipv6-needs-version-3",
    "VRRP version 2 with IPv6 addresses",
    "VRRP version 2 (RFC 3768) knows IPv4 only.",
    "remove `version`",
);

pub(super) static IPV6_WITHOUT_LINK_LOCAL: Lint = Lint::error(
    "ipv6-without-link-local",
    "an IPv6 instance without a link-local address",
    "RFC 9568 wants a link-local address first. keepalived 2.1.5 refuses an instance without one.",
    "list a link-local address first, such as `fe80::11/64`; or write `target: keepalived 2.2` when all nodes have that",
);

pub(super) static ADVERT_INT_OF_VERSION: Lint = Lint::error(
    "advert-int-of-version",
    "an advert_int that this VRRP version can't send",
    "Version 2 counts whole seconds, version 3 hundredths of a second up to 40.95.",
    "write a whole number of seconds for version 2, at most 40.95 for version 3",
);

pub(super) static AUTHENTICATION_IN_VERSION_3: Lint = Lint::error(
    "authentication-in-version-3",
    "authentication in VRRP version 3",
    "Version 3 has no authentication; keepalived ignores the password and calls it an error.",
    "remove `authentication`",
);

/// VRRP version 3 has 12 bits of centiseconds (RFC 9568, 5.2.7).
const LONGEST_V3_INTERVAL: Duration = Duration::from_millis(40_950);

/// IPv6 addresses mean VRRP version 3 (RFC 9568).
pub(super) fn check(instance: &InstanceDraft, global: Version, problems: &mut Problems) {
    let ipv6 = instance.vips.first().is_some_and(|vip| vip.value.address().is_ipv6());
    if let (Some(said), true) = (&instance.version, ipv6)
        && said.value == Version::V2
    {
        let title = "VRRP version 2 has no IPv6";
        problems.case(&IPV6_NEEDS_VERSION_3, said.at.clone(), title);
    }
    let first = instance.vips.first().filter(|first| match first.value.address() {
        IpAddr::V6(address) => !address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    });
    if let (Some(first), Release::V2_1_5) = (first, problems.target()) {
        problems.found(
            &IPV6_WITHOUT_LINK_LOCAL,
            first.at.clone(),
            format!(
                "{} does not know IPv6 instances without a link-local address",
                Release::V2_1_5
            ),
            "write `target: keepalived 2.2` when all nodes have that",
        );
    }
    let interval = instance.advert_int.as_ref();
    if member::version(instance, global) == Version::V2 && !ipv6 {
        if let Some(interval) = interval.filter(|time| time.value.duration().subsec_nanos() > 0) {
            problems.found(
                &ADVERT_INT_OF_VERSION,
                interval.at.clone(),
                "VRRP version 2 counts whole seconds",
                "write a whole number, or `vrrp_version: 3` in `global_defs`",
            );
        }
        return;
    }
    let version_3 = if ipv6 { "VRRP for IPv6" } else { "VRRP version 3" };
    if let Some(pass) = &instance.auth_pass {
        problems.case(
            &AUTHENTICATION_IN_VERSION_3,
            pass.at.clone(),
            format!("{version_3} has no authentication"),
        );
    }
    if let Some(interval) = interval.filter(|time| time.value.duration() > LONGEST_V3_INTERVAL) {
        problems.found(
            &ADVERT_INT_OF_VERSION,
            interval.at.clone(),
            format!("too long: {version_3} counts hundredths in 12 bits"),
            format!("write at most {} seconds", LONGEST_V3_INTERVAL.as_secs_f64()),
        );
    }
}
