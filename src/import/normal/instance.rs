//! An instance in one spelling: keepalived's defaults said, or left out where they are no number.

use super::super::instance::MOST_PRIORITY;
use super::Normal;
use crate::conf::grammar::Place;

/// Makes its block the same as others.
pub(super) fn normal(at: &Place, block: &mut Vec<Normal>) {
    let master = block.iter().any(|one| one.line == "state MASTER");
    let missing = match master {
        // 255 in fact, and told of elsewhere.
        true => format!("priority {MOST_PRIORITY}"),
        false => "priority 100".to_owned(),
    };
    Normal::default(at, block, &missing);
    Normal::default(at, block, "advert_int 1");
    block.retain(|one| !matches!(one.line.as_str(), "preempt" | "state BACKUP"));
}
