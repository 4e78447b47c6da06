//! Statements that say what keepalived takes without them, in 2.1.5 to 2.4. Those that depend on other
//! statements are in `instance`, `server` and `global`.

use super::Normal;

/// By the block's keyword.
const DEFAULTS: [(&str, &[&str]); 5] = [
    ("vrrp_script", &["interval 1", "weight 0", "rise 1", "fall 1"]),
    ("track_file", &["weight 1"]),
    ("vrrp_track_file", &["weight 1"]),
    ("virtual_server", &["delay_loop 60", "quorum 1", "hysteresis 0", "connect_timeout 5"]),
    (
        "global_defs",
        &[
            "smtp_connect_timeout 30",
            "vrrp_mcast_group4 224.0.0.18",
            "vrrp_mcast_group6 ff02::12",
            "vrrp_garp_interval 0",
            "vrrp_gna_interval 0",
        ],
    ),
];

/// Leaves them out of a block. Where a keyword stands several times the last counts, so each says something.
pub(super) fn leave_out(keyword: &str, block: &mut Vec<Normal>) {
    if let Some((_, lines)) = DEFAULTS.iter().find(|(own, _)| *own == keyword) {
        let count = |keyword: &str| block.iter().filter(|one| one.keyword() == keyword).count();
        let is_once = |line: &&&str| line.split(' ').next().is_some_and(|one| count(one) < 2);
        let lines: Vec<&str> = lines.iter().filter(is_once).copied().collect();
        block.retain(|one| one.block.is_some() || !lines.contains(&one.line.as_str()));
    }
}

/// Leaves what goes without saying off the end of each line.
pub(super) fn without_suffix(block: &mut [Normal], suffix: &str) {
    for one in block {
        if let Some(rest) = one.line.strip_suffix(suffix) {
            one.line.truncate(rest.len());
        }
    }
}
