//! Times as keepalived.conf writes them, so that what is rendered reads as it was written.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::NoKeyword;
use crate::smtp::timer;

/// A time as keepalived.conf writes it: seconds with up to six decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(Duration);

impl Seconds {
    /// The longest timer that keepalived accepts, in whole seconds.
    pub const MAX: u64 = 4294;

    /// One second, keepalived's default for several timers.
    pub const ONE: Seconds = Seconds(Duration::from_secs(1));

    /// A time of at least a microsecond and at most [`Seconds::MAX`] seconds, in whole
    /// microseconds; `None` for others.
    pub fn new(time: Duration) -> Option<Seconds> {
        let whole = time.subsec_nanos().is_multiple_of(1000);
        let range = Duration::from_micros(1)..=Duration::from_secs(Self::MAX);
        (whole && range.contains(&time)).then_some(Seconds(time))
    }

    /// The time.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Seconds {
    type Err = NoKeyword;

    fn from_str(text: &str) -> Result<Seconds, NoKeyword> {
        timer::seconds(text).ok().and_then(Seconds::new).ok_or(NoKeyword)
    }
}

/// A time that may be 0, which is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause(pub Option<Seconds>);

impl FromStr for Pause {
    type Err = NoKeyword;

    fn from_str(text: &str) -> Result<Pause, NoKeyword> {
        timer::seconds(text).map(|time| Pause(Seconds::new(time))).map_err(|_| NoKeyword)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())?;
        match self.0.subsec_micros() {
            0 => Ok(()),
            micros => f.write_str(format!(".{micros:06}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_without_needless_zeros() {
        for (micros, written) in [(5_000_000, "5"), (500_000, "0.5"), (1_000_001, "1.000001")] {
            let seconds = Seconds::new(Duration::from_micros(micros)).unwrap();
            assert_eq!(seconds.to_string(), written);
        }
        assert_eq!(Seconds::new(Duration::ZERO), None);
        assert_eq!(Seconds::new(Duration::from_nanos(1500)), None);
        assert_eq!(Seconds::new(Duration::from_secs(4295)), None);
    }
}
