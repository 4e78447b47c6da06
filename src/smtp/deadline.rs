//! One limit for the whole run. SMTP_CHECK has none, but a MISC_CHECK is killed at `misc_timeout`;
//! the probe must be done before that, or the verdict is keepalived's and not the probe's.

use std::time::{Duration, Instant};

use super::failure::Failure;

/// How often one attempt can wait for a whole connect timeout: to connect, and for each of the
/// three lines.
const WAITS: u32 = 4;

/// How long a run lasts at most, if each line comes in one read: all attempts, with all their
/// waits and with the pauses between them. The default deadline, and what a `misc_timeout` has to
/// exceed.
///
/// `retry` counts the attempts after the first. A result that no [`Duration`] holds becomes
/// [`Duration::MAX`].
pub fn worst_case(connect_timeout: Duration, retry: u32, delay_before_retry: Duration) -> Duration {
    let attempt = connect_timeout.saturating_mul(WAITS);
    let failed_attempt = attempt.saturating_add(delay_before_retry);
    failed_attempt.saturating_mul(retry).saturating_add(attempt)
}

/// A moment that nothing waits beyond.
#[derive(Debug)]
pub struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    /// A deadline this far from now.
    pub fn after(limit: Duration) -> Deadline {
        Deadline { start: Instant::now(), limit }
    }

    /// The time left; zero once it has passed.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }

    /// How long a wait of at most `wanted` may last; never zero if `wanted` is not.
    ///
    /// # Errors
    /// [`Failure::Deadline`] once it has passed.
    pub fn allow(&self, wanted: Duration) -> Result<Duration, Failure> {
        let left = self.left();
        if left.is_zero() { Err(Failure::Deadline(self.limit)) } else { Ok(wanted.min(left)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_worst_case_is_every_wait_of_every_attempt() {
        assert_eq!(worst_case(5 * SECOND, 1, SECOND), 41 * SECOND);
        assert_eq!(worst_case(5 * SECOND, 0, SECOND), 20 * SECOND);
        assert_eq!(worst_case(SECOND / 2, 3, 2 * SECOND), 14 * SECOND);
    }

    #[test]
    fn the_worst_case_never_overflows() {
        let longest = Duration::new(u32::MAX.into(), 999_999_000);
        assert!(worst_case(longest, u32::MAX, longest) > longest);
        assert_eq!(worst_case(Duration::MAX, u32::MAX, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn waits_end_at_the_deadline() {
        let deadline = Deadline::after(Duration::MAX);
        assert_eq!(deadline.allow(SECOND), Ok(SECOND));
        let deadline = Deadline::after(100 * SECOND);
        assert!(deadline.allow(1000 * SECOND).unwrap() <= 100 * SECOND);
    }

    #[test]
    fn a_passed_deadline_allows_nothing() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.left(), Duration::ZERO);
        assert_eq!(deadline.allow(SECOND), Err(Failure::Deadline(Duration::ZERO)));
    }
}
