//! Waiting, counted in looks and not by a clock: a machine that stands still for half a minute, as
//! virtual ones do, costs one look and not the test.

use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until something is found, as often as fits into `patience` where looking takes no time.
pub fn within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..=patience.as_millis() / PAUSE.as_millis() {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// The same for what must be found; otherwise `says` tells what there is instead.
pub fn found<T>(
    patience: Duration,
    says: impl FnOnce() -> String,
    look: impl FnMut() -> Option<T>,
) -> T {
    within(patience, look).unwrap_or_else(|| panic!("{}", says()))
}

/// Waits until something holds.
pub fn until(patience: Duration, says: impl FnOnce() -> String, mut holds: impl FnMut() -> bool) {
    found(patience, says, || holds().then_some(()));
}
