//! Numbers and times: what is written in the range of a key, as keepalived.conf has it.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Value;
use super::wrong::{Read, invalid};
use crate::cluster::Seconds;
use crate::smtp::timer;

/// A whole number in a range.
pub(super) fn whole(text: &str, name: &str, range: RangeInclusive<i64>) -> Read<String> {
    match text.parse::<i64>() {
        Ok(number) if range.contains(&number) => Ok(number.to_string()),
        _ => invalid(name, text, Value::Int(*range.start(), *range.end()).shown()),
    }
}

/// Seconds in a range of microseconds and in steps of some.
pub(super) fn seconds(
    text: &str,
    name: &str,
    range: RangeInclusive<u64>,
    step: u64,
) -> Read<String> {
    let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let fits = |time: &Duration| range.contains(&micros(time)) && micros(time).is_multiple_of(step);
    match timer::seconds(text).ok().filter(fits) {
        Some(Duration::ZERO) => Ok("0".to_owned()),
        Some(time) => match Seconds::new(time) {
            Some(seconds) => Ok(seconds.to_string()),
            None => invalid(name, text, "seconds with at most six decimal places"),
        },
        None => invalid(name, text, Value::Seconds(*range.start(), *range.end(), step).shown()),
    }
}

/// A number in a range, and perhaps `reverse`.
pub(super) fn weight(text: &str, name: &str, range: RangeInclusive<i64>) -> Read<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |text: &&str| text.parse().is_ok_and(|number: i64| range.contains(&number));
    match words.as_slice() {
        [one] | [one, "reverse" | "noreverse"] if number(one) => Ok(words.join(" ")),
        _ => invalid(name, text, Value::Weight(*range.start(), *range.end()).shown()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wrong::tests::all;
    use super::*;

    #[test]
    fn the_edges_of_every_range() {
        all(|text| whole(text, "x", 1..=255), &["1", "255"], &["0", "256", "-1", "1.0", "", "0x1"]);
        let six = |text: &str| seconds(text, "x", 1..=4_294_000_000, 1);
        let bad = ["0", "-1", "4294.1", "1e3", "inf", "NaN", "0.0000001", "1.2.3", "", ".", ".5"];
        all(six, &["5", "0.5", "0.000001", "4294"], &bad);
        let hundredths = |text: &str| seconds(text, "x", 10_000..=255_000_000, 10_000);
        let bad = ["0", "256", "0.001", "0.015", "0.0100001", "1.000001", "-1", ""];
        all(hundredths, &["1", "255", "0.01", "40.95", "0.10"], &bad);
        all(
            |text| weight(text, "x", -5..=5),
            &["-5", "5 reverse"],
            &["6", "", "1 x", "1 reverse x"],
        );
    }
}
