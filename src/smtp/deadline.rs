//! One limit for the whole run. SMTP_CHECK has none, but a MISC_CHECK is killed at `misc_timeout`;
//! the probe must be done before that, or the verdict is keepalived's and not the probe's.

use std::time::{Duration, Instant};

use super::failure::Failure;

/// How long a run lasts at most: all attempts, with all their [`waits`](super::Session::waits) of
/// one connect timeout each, and with the pauses between them. The default deadline, and what a
/// `misc_timeout` has to exceed.
///
/// `retry` counts the attempts after the first. A result that no [`Duration`] holds becomes
/// [`Duration::MAX`].
pub fn worst_case(
    waits: u32,
    connect_timeout: Duration,
    retry: u32,
    delay_before_retry: Duration,
) -> Duration {
    let attempt = connect_timeout.saturating_mul(waits);
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

    /// A deadline this far from now, or this one if it is nearer.
    pub fn within(&self, limit: Duration) -> Deadline {
        Deadline::after(limit.min(self.left()))
    }

    /// Why a wait was in vain: this deadline if it has passed, otherwise its own reason.
    pub fn or(&self, own: Failure) -> Failure {
        if self.left().is_zero() { Failure::Deadline(self.limit) } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_worst_case_is_every_wait_of_every_attempt() {
        assert_eq!(worst_case(4, 5 * SECOND, 1, SECOND), 41 * SECOND);
        assert_eq!(worst_case(4, 5 * SECOND, 0, SECOND), 20 * SECOND);
        assert_eq!(worst_case(7, SECOND / 2, 3, 2 * SECOND), 20 * SECOND);
    }

    #[test]
    fn the_worst_case_never_overflows() {
        let longest = Duration::new(u32::MAX.into(), 999_999_000);
        assert!(worst_case(13, longest, u32::MAX, longest) > longest);
        assert_eq!(worst_case(4, Duration::MAX, u32::MAX, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn a_part_of_the_time_ends_with_the_whole() {
        assert!(Deadline::after(SECOND).within(100 * SECOND).left() <= SECOND);
        assert!(Deadline::after(100 * SECOND).within(SECOND).left() <= SECOND);
        assert_eq!(Deadline::after(Duration::ZERO).within(SECOND).left(), Duration::ZERO);
    }

    #[test]
    fn a_passed_deadline_is_the_reason() {
        let passed = Deadline::after(Duration::ZERO);
        assert_eq!(passed.left(), Duration::ZERO);
        assert_eq!(passed.or(Failure::WriteTimeout), Failure::Deadline(Duration::ZERO));
        assert_eq!(Deadline::after(Duration::MAX).or(Failure::WriteTimeout), Failure::WriteTimeout);
    }
}
