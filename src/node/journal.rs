//! What keepalived itself wrote to systemd's journal about its instances, of the last day: for nodes whose
//! keepalived.conf has none of our hooks. Read by journalctl, which may take long where journals are large.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::child;

/// Where all distributions with systemd install it.
const PROGRAM: &str = "/usr/bin/journalctl";

/// Of the last 24 hours the last lines only: a keepalived that logs much must not fill the memory.
const ARGS: [&str; 7] = [
    "--unit=keepalived",
    "--since=-24h",
    "--lines=5000",
    "--output=json",
    "--output-fields=MESSAGE",
    "--quiet",
    "--no-pager",
];

/// How long it may take. What it tells is worth no more.
const LIMIT: Duration = Duration::from_millis(300);

/// A line by which keepalived tells an instance's new state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// In seconds since 1970.
    pub time: u64,
    /// The instance.
    pub instance: String,
    /// Whether it became MASTER; else BACKUP or FAULT.
    pub master: bool,
}

/// The lines of the last day, the oldest first.
///
/// # Errors
/// Why journalctl tells nothing: it is missing, slow, or refuses.
pub fn entered() -> Result<Vec<Entered>, String> {
    let text = child::run(Path::new(PROGRAM), &ARGS, b"", LIMIT);
    text.map(|text| parse(&text)).map_err(|error| error.to_string())
}

/// An entry. Where a message is not text, journalctl writes its bytes as a list, and the line is passed over.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "MESSAGE")]
    message: String,
    /// In microseconds.
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    time: String,
}

/// Lines that are none, or that say something else, are passed over.
fn parse(text: &str) -> Vec<Entered> {
    let one = |line: &str| {
        let Entry { message, time } = serde_json::from_str(line).ok()?;
        // `(mail) Entering MASTER STATE`, `VRRP_Instance(mail) Entering BACKUP STATE (init)`
        let (before, after) = message.split_once(") Entering ")?;
        let master = match after.split(' ').next()? {
            "MASTER" => true,
            "BACKUP" | "FAULT" => false,
            _ => return None,
        };
        let instance = before.split_once('(')?.1.to_owned();
        Some(Entered { time: time.parse::<u64>().ok()? / 1_000_000, instance, master })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As journalctl of systemd 252 writes lines of keepalived 2.2.7 and, the last, of 1.3.
    const SAID: &str = r#"{"__CURSOR":"s=7;i=1","__REALTIME_TIMESTAMP":"1764043812123456","_BOOT_ID":"3","__MONOTONIC_TIMESTAMP":"9","MESSAGE":"(mail) Entering BACKUP STATE (init)"}
{"__REALTIME_TIMESTAMP":"1764043813123456","MESSAGE":"(mail) Entering MASTER STATE"}
{"__REALTIME_TIMESTAMP":"1764043814123456","MESSAGE":"(mail) Received advert from 192.168.3.102 with lower priority 90, ours 100, forcing new election"}
{"__REALTIME_TIMESTAMP":"1764043815123456","MESSAGE":[40,255]}
{"__REALTIME_TIMESTAMP":"1764043816123456","MESSAGE":"VRRP_Instance(web) Entering FAULT STATE"}
-- No entries --
"#;

    #[test]
    fn states_are_read_and_all_else_is_passed_over() {
        let told = parse(SAID);
        let told: Vec<_> =
            told.iter().map(|one| (one.time, one.instance.as_str(), one.master)).collect();
        assert_eq!(
            told,
            [
                (1_764_043_812, "mail", false),
                (1_764_043_813, "mail", true),
                (1_764_043_816, "web", false)
            ]
        );
    }
}
