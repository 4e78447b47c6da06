//! Whether this machine ran all the time: a virtual one may stand still for many seconds while its host
//! does other things. What a scenario measured then says nothing of the cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A program that waits its turn on a busy machine gets it sooner.
const STILL: Duration = Duration::from_secs(1);

/// Looks at the clock as long as the program runs.
pub struct Steady(Arc<AtomicU64>);

impl Steady {
    /// From now on.
    pub fn watch() -> Steady {
        let longest = Arc::new(AtomicU64::new(0));
        let steady = Steady(Arc::clone(&longest));
        std::thread::spawn(move || {
            loop {
                let began = Instant::now();
                std::thread::sleep(LOOK);
                longest.fetch_max(began.elapsed().as_millis() as u64, Ordering::Relaxed);
            }
        });
        steady
    }

    /// The longest time in which nothing ran since the last call, where it was long enough to matter.
    pub fn stood_still(&self) -> Option<Duration> {
        let longest = Duration::from_millis(self.0.swap(0, Ordering::Relaxed));
        (longest >= STILL).then_some(longest)
    }
}
