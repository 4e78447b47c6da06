//! Seconds as keepalived writes them. The probe takes the values of SMTP_CHECK's options as they
//! stand in a keepalived.conf, so it must read the same notation, to the microsecond.

use std::time::Duration;

/// The text is no timer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimerError {
    /// Not a decimal number with at most six places.
    #[error("not a number of seconds like 5 or 2.5, with at most 6 decimal places")]
    Notation,
    /// More whole seconds than 32 bits hold.
    #[error("more than {} seconds", u32::MAX)]
    TooLong,
    /// Zero where something must take time.
    #[error("must be greater than 0")]
    Zero,
}

/// Reads seconds, 0 to 4294967295.999999 (keepalived.conf(5), `TIMER`): digits, then perhaps a
/// point and one to six more digits. No sign, no exponent, no unit.
///
/// # Errors
/// [`TimerError::Notation`] or [`TimerError::TooLong`].
pub fn seconds(text: &str) -> Result<Duration, TimerError> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(places) || places.len() > 6 {
        return Err(TimerError::Notation);
    }
    let whole: u32 = whole.parse().map_err(|_| TimerError::TooLong)?;
    let micros: u32 = format!("{places:0<6}").parse().map_err(|_| TimerError::Notation)?;
    Ok(Duration::new(whole.into(), micros * 1000))
}

/// Reads seconds as [`seconds`] does, but not 0.
///
/// # Errors
/// Those of [`seconds`], and [`TimerError::Zero`].
pub fn positive_seconds(text: &str) -> Result<Duration, TimerError> {
    let timer = seconds(text)?;
    if timer.is_zero() { Err(TimerError::Zero) } else { Ok(timer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_to_the_microsecond() {
        for (text, micros) in [
            ("0", 0),
            ("5", 5_000_000),
            ("2.5", 2_500_000),
            ("0.000001", 1),
            ("007.050", 7_050_000),
            ("4294967295.999999", 4_294_967_295_999_999),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            ".",
            "5.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1s",
            " 1",
            "1,5",
            "1.2.3",
            "0.0000001",
            "inf",
            "٣",
        ] {
            assert_eq!(seconds(text), Err(TimerError::Notation), "{text}");
        }
        assert_eq!(seconds("4294967296"), Err(TimerError::TooLong));
    }

    #[test]
    fn zero_is_not_positive() {
        assert_eq!(positive_seconds("0.000000"), Err(TimerError::Zero));
        assert_eq!(positive_seconds("0.1"), Ok(Duration::from_millis(100)));
    }
}
