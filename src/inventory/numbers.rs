//! Numbers and times: each function knows one range, which is keepalived's own.

use std::time::Duration;

use super::read::{Read, wrong};
use crate::cluster::Seconds;
use crate::smtp::timer;

/// VRRP version 3 counts hundredths of seconds.
const HUNDREDTH: Duration = Duration::from_millis(10);

/// The longest `advert_int`, in seconds.
const LONGEST_INTERVAL: u64 = 255;

/// The longest `preempt_delay`, in seconds.
const LONGEST_DELAY: u64 = 1000;

/// A whole number in a range.
pub(super) fn number<T>(text: &str, what: &str, range: std::ops::RangeInclusive<T>) -> Read<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse::<T>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => wrong(
            format!("`{text}` is no {what}"),
            format!("write a whole number from {} to {}", range.start(), range.end()),
        ),
    }
}

/// A TCP or UDP port.
pub(super) fn port(text: &str) -> Read<u16> {
    number(text, "port", 1..=u16::MAX)
}

/// VRID, RFC 5798: 1–255.
pub(super) fn virtual_router_id(text: &str) -> Read<u8> {
    number(text, "virtual_router_id", 1..=255)
}

/// 255 belongs to the owner of an address, which no node of such a cluster is.
pub(super) fn priority(text: &str) -> Read<u8> {
    number(text, "priority", 1..=254)
}

/// Of either version; which of these values one version can have is for the whole inventory to
/// say.
pub(super) fn advert_int(text: &str) -> Read<Seconds> {
    let hundredths = |time: &Duration| {
        (HUNDREDTH..=Duration::from_secs(LONGEST_INTERVAL)).contains(time)
            && time.subsec_nanos().is_multiple_of(HUNDREDTH.subsec_nanos())
    };
    match timer::seconds(text).ok().filter(hundredths).and_then(Seconds::new) {
        Some(seconds) => Ok(seconds),
        None => wrong(
            format!("`{text}` is no advert_int"),
            "write whole seconds from 1 to 255; in VRRP version 3 0.01 to 40.95, in hundredths",
        ),
    }
}

/// 0–1000 seconds; `None` for 0, which is no delay.
pub(super) fn preempt_delay(text: &str) -> Read<Option<Seconds>> {
    match timer::seconds(text) {
        Ok(time) if time <= Duration::from_secs(LONGEST_DELAY) => Ok(Seconds::new(time)),
        _ => wrong(
            format!("`{text}` is no preempt_delay"),
            format!("write seconds from 0 to {LONGEST_DELAY}"),
        ),
    }
}

/// keepalived.conf(5): 0–4294 seconds, and 0 is an error.
pub(super) fn smtp_connect_timeout(text: &str) -> Read<u16> {
    number(text, "timeout in seconds", 1..=4294)
}

/// 1–2147483647: of every server, so that 0 would leave nobody to serve.
pub(super) fn weight(text: &str) -> Read<u32> {
    number(text, "weight", 1..=2_147_483_647)
}

/// 0–2147483647: of one server, which 0 takes out of the balance.
pub(super) fn own_weight(text: &str) -> Read<u32> {
    number(text, "weight", 0..=2_147_483_647)
}

/// 1–4294967295, what a firewall can mark.
pub(super) fn fwmark(text: &str) -> Read<u32> {
    number(text, "fwmark", 1..=u32::MAX)
}

/// Seconds in a range of microseconds, as keepalived.conf writes them.
pub(super) fn seconds_in(
    text: &str,
    what: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Read<String> {
    let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    match timer::seconds(text).ok().filter(|time| range.contains(&micros(time))) {
        Some(Duration::ZERO) => Ok("0".to_owned()),
        Some(time) => match Seconds::new(time) {
            Some(seconds) => Ok(seconds.to_string()),
            None => wrong(format!("`{text}` is no {what}"), "write at most six decimal places"),
        },
        None => wrong(
            format!("`{text}` is no {what}"),
            format!(
                "write seconds, {} and at most {}, such as 5 or 0.5",
                if *range.start() == 0 { "0 or more" } else { "more than 0" },
                range.end() / 1_000_000
            ),
        ),
    }
}

/// Seconds, with up to six decimal places.
pub(super) fn seconds(text: &str) -> Read<Seconds> {
    match timer::seconds(text).ok().and_then(Seconds::new) {
        Some(seconds) => Ok(seconds),
        None => wrong(
            format!("`{text}` is no time"),
            format!("write seconds, more than 0 and at most {}, such as 5 or 0.5", Seconds::MAX),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::values::tests::all;

    #[test]
    fn the_edges_of_every_range() {
        all(virtual_router_id, &["1", "11", "255"], &["0", "256", "-1", "1.0", "", "x", "0x1"]);
        all(priority, &["1", "254"], &["0", "255"]);
        all(port, &["1", "65535"], &["0", "65536"]);
        all(smtp_connect_timeout, &["1", "4294"], &["0", "4295"]);
        all(weight, &["1", "2147483647"], &["0", "-1", "2147483648"]);
        all(own_weight, &["0", "2147483647"], &["-1", "2147483648"]);
        all(fwmark, &["1", "4294967295"], &["0", "4294967296"]);
        all(|text| seconds_in(text, "x", 0..=9_000_000), &["0", "9", "0.000001"], &["9.1", "-1"]);
        all(
            seconds,
            &["5", "0.5", "0.000001", "4294"],
            &["0", "-1", "4294.1", "1e3", "inf", "NaN", "0.0000001", "1.2.3", "", ".", ".5"],
        );
        all(
            advert_int,
            &["1", "255", "0.01", "40.95", "0.10"],
            &["0", "256", "0.001", "0.015", "0.0100001", "1.000001", "-1", ""],
        );
        all(preempt_delay, &["0", "0.5", "4.12", "1000"], &["1000.1", "-1", "", "never"]);
    }
}
