//! keepalived, asked what it read: `--dump-conf` lists the words of `notification_email` one by
//! one, as its parser made them.

use crate::common::keepalived::{Keepalived, wait_for};
use crate::common::netns::Netns;

/// What it says of its global definitions.
#[derive(Debug, PartialEq, Eq)]
pub struct Globals {
    /// The words of `notification_email`.
    pub to: Vec<String>,
    /// `notification_email_from`
    pub from: Option<String>,
    /// `router_id`
    pub router_id: Option<String>,
}

/// What keepalived understands of a file; an instance must be in it, or nothing runs.
pub fn understood(netns: &Netns, text: &str) -> Globals {
    let keepalived = Keepalived::start(netns, text, &["--dump-conf"]);
    // The line after what is looked for.
    let dumped = |log: &String| log.contains(" Default smtp_alert = ");
    globals(&wait_for(|| keepalived.log(), || Some(keepalived.log()).filter(dumped)))
}

fn globals(log: &str) -> Globals {
    // Each line begins with `Tue Nov 24 20:37:11 2026: `; the year's width does not change.
    // What does not begin with a blank is another process's word in between.
    let dumped = log.lines().filter_map(|line| line.get(26..));
    let lines: Vec<&str> = dumped.filter(|line| line.starts_with(' ')).collect();
    let after = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    let list = lines.iter().skip_while(|line| **line != " Email notification to:").skip(1);
    Globals {
        to: list.map_while(|line| line.strip_prefix("   ")).map(str::to_owned).collect(),
        from: after(" Email notification from = "),
        router_id: after(" Router ID = "),
    }
}
