//! What a watcher says of what it finds: each thing once, however often it happens, since nobody reads
//! a flooded log. But an error that was told has an end that is told.

use std::time::{Duration, Instant};

/// How long a repair is not told again after one was.
const SILENCE: Duration = Duration::from_secs(60);

/// What was said so far, as far as it matters.
#[derive(Debug, Default)]
pub struct LogLimit {
    error: String,
    restored: Option<Instant>,
    unsaid: u32,
}

impl LogLimit {
    /// What to say when all is right, and `restored` was not before.
    pub fn fine(&mut self, restored: Option<&str>, now: Instant) -> Option<String> {
        let ended = !std::mem::take(&mut self.error).is_empty();
        let Some(what) = restored else {
            // Somebody else put it right: a hook.
            return ended.then(|| "the guard is in force again".to_owned());
        };
        let lately = self.restored.is_some_and(|last| now.duration_since(last) < SILENCE);
        if lately && !ended {
            self.unsaid += 1;
            return None;
        }
        let more = match self.unsaid {
            0 => String::new(),
            count => format!(" ({count} times more since the last message)"),
        };
        (self.restored, self.unsaid) = (Some(now), 0);
        Some(format!("guard restored: {what}{more}"))
    }

    /// Whether to say that something failed.
    pub fn failed(&mut self, message: &str) -> bool {
        let new = message != self.error;
        if new {
            self.error = message.to_owned();
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Option<&str> = Some("guard restored: a missing");

    #[test]
    fn repairs_are_told_once_a_minute_and_counted() {
        let (mut log_limit, start) = (LogLimit::default(), Instant::now());
        let mut at =
            |seconds| log_limit.fine(Some("a missing"), start + Duration::from_secs(seconds));
        assert_eq!(at(0).as_deref(), SAID);
        assert_eq!([at(1), at(59)], [None, None]);
        let more = " (2 times more since the last message)";
        assert_eq!(at(60), SAID.map(|said| said.to_owned() + more));
        assert_eq!(at(120).as_deref(), SAID);
        assert_eq!(log_limit.fine(None, start), None);
    }

    #[test]
    fn an_error_is_told_once_and_so_is_its_end() {
        let (mut log_limit, now) = (LogLimit::default(), Instant::now());
        assert_eq!(log_limit.fine(Some("a missing"), now).as_deref(), SAID);
        assert_eq!(
            ["no nft", "no nft", "no ip"].map(|why| log_limit.failed(why)),
            [true, false, true]
        );
        // However short the time since the last repair that was told.
        assert_eq!(log_limit.fine(Some("a missing"), now).as_deref(), SAID);
        assert_eq!(log_limit.fine(Some("a missing"), now), None);
        assert!(log_limit.failed("no ip"), "it is new again");
        assert_eq!(log_limit.fine(None, now).as_deref(), Some("the guard is in force again"));
        assert_eq!(log_limit.fine(None, now), None);
    }
}
