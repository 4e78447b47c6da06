//! Weights for `misc_dynamic`: a server that is up, but slow or about to be taken down, gets less
//! or nothing new, while its sessions go on.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::timer;

/// The highest weight that an exit code can tell: 255 less 2 (keepalived.conf(5), MISC_CHECK).
pub const HIGHEST: u8 = 253;

/// How much of a drain marker is read, in bytes.
const MARKER: u64 = 64;

/// The exit code that tells keepalived this weight. Weights above [`HIGHEST`] count as that.
pub fn exit_code(weight: u8) -> u8 {
    weight.min(HIGHEST) + 2
}

/// Less weight for slow answers: `max` up to `fast`, 1 from `slow` on, a straight line between,
/// rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyWeight {
    max: u8,
    fast: Duration,
    slow: Duration,
}

/// The text is no [`LatencyWeight`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LatencyWeightError {
    /// Not three parts.
    #[error("not of the form MAX:FAST:SLOW, like 100:0.1:2")]
    Form,
    /// A weight that can't be told.
    #[error("MAX is not in 1..={HIGHEST}")]
    Max,
    /// A time that is none.
    #[error("FAST or SLOW is {0}")]
    Time(#[from] timer::TimerError),
    /// Nothing lies between the two times.
    #[error("SLOW must be greater than FAST")]
    Order,
}

impl FromStr for LatencyWeight {
    type Err = LatencyWeightError;

    /// Reads `MAX:FAST:SLOW`: a weight from 1 to [`HIGHEST`] and two times in seconds.
    fn from_str(text: &str) -> Result<LatencyWeight, LatencyWeightError> {
        let parts: Vec<_> = text.split(':').collect();
        let [max, fast, slow] = parts[..] else { return Err(LatencyWeightError::Form) };
        let digits = max.bytes().all(|byte| byte.is_ascii_digit());
        let max = max.parse().ok().filter(|max| digits && (1..=HIGHEST).contains(max));
        let max = max.ok_or(LatencyWeightError::Max)?;
        let (fast, slow) = (timer::seconds(fast)?, timer::seconds(slow)?);
        if slow <= fast {
            return Err(LatencyWeightError::Order);
        }
        Ok(LatencyWeight { max, fast, slow })
    }
}

impl LatencyWeight {
    /// The weight of a server that answered in this time: 1 to `max`.
    pub fn weight(&self, latency: Duration) -> u8 {
        let left = self.slow.saturating_sub(latency).min(self.slow - self.fast);
        let share =
            u128::from(self.max - 1) * left.as_nanos() / (self.slow - self.fast).as_nanos().max(1);
        u8::try_from(1 + share).unwrap_or(self.max)
    }
}

/// Why a marker takes the server out of new business, if it does: there is a file, and its content is
/// neither nothing nor `0`, blanks and line ends aside. A file that can't be read counts, because
/// somebody put it there; so does one in a folder that can't be looked into, as nobody knows.
pub fn drained(marker: &Path) -> Option<String> {
    match content(marker) {
        Ok(content) if matches!(content.trim_ascii(), b"" | b"0") => None,
        Ok(_) => Some("drained".to_owned()),
        Err(err) if err.kind() == ErrorKind::NotFound => None,
        Err(err) => Some(format!("drain file: {err}")),
    }
}

/// The beginning of a marker. Whatever is there, it is not waited for: a FIFO has no content.
fn content(marker: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(marker)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut content = Vec::new();
    file.take(MARKER).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(text: &str, seconds: f64) -> u8 {
        text.parse::<LatencyWeight>().unwrap().weight(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn a_straight_line_from_fast_to_slow() {
        for (seconds, expected) in
            [(0.0, 101), (0.1, 101), (0.2, 91), (0.6, 51), (1.05, 6), (1.1, 1), (9.0, 1)]
        {
            assert_eq!(weight("101:0.1:1.1", seconds), expected, "{seconds}");
        }
        assert_eq!(weight("1:0:1", 0.0), 1);
        assert_eq!(weight("253:0:4294967295.999999", 0.0), 253);
    }

    #[test]
    fn what_is_no_formula() {
        use LatencyWeightError::*;
        for (text, error) in [
            ("", Form),
            ("100", Form),
            ("100:1", Form),
            ("100:1:2:3", Form),
            ("0:1:2", Max),
            ("254:1:2", Max),
            ("x:1:2", Max),
            ("+100:1:2", Max),
            (":1:2", Max),
            ("100:1:1", Order),
            ("100:2:1", Order),
            ("100:a:1", Time(timer::TimerError::Notation)),
        ] {
            assert_eq!(text.parse::<LatencyWeight>(), Err(error), "{text}");
        }
    }

    #[test]
    fn exit_codes_are_never_0_or_1() {
        assert_eq!(exit_code(0), 2);
        assert_eq!(exit_code(HIGHEST), 255);
        assert_eq!(exit_code(255), 255);
    }

    #[test]
    fn a_marker_with_something_in_it_drains() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("drain");
        assert_eq!(drained(&marker), None);
        let full = Some("drained".to_owned());
        for (content, reason) in
            [("", &None), ("\n", &None), ("0\n", &None), ("1\n", &full), ("kernel update", &full)]
        {
            std::fs::write(&marker, content).unwrap();
            assert_eq!(drained(&marker), *reason, "{content:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_drains_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for marker in [folder.path(), &fifo] {
            assert_eq!(drained(marker).unwrap(), "drain file: not a regular file");
        }
        let below_a_file = Path::new("/dev/null/drain");
        assert!(drained(below_a_file).unwrap().starts_with("drain file: Not a directory"));
    }
}
