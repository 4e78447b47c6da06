//! What keeps a guard from working although its rules are in force: addresses in the wrong place, and the
//! rules of others. `--check` shows it, hooks and the watcher log it.
//!
//! Each `finding` has a name; `addresses` and `bridged` look at the node's interfaces. The rules of
//! others are read into `step`s (`expression`, with `xt` for those of iptables-nft and `legacy` for
//! those of the old iptables). The first packet of each service (`packet`, `services`) is sent through
//! them (`evaluate`, with `conditions` about the `registers` of a rule), and `rules` judges what
//! happened to it; `closed` sends what other nodes and clients need let in. All of it is pure; `kernel` reads,
//! and `tables` asks sets.

mod addresses;
mod bridged;
mod closed;
mod conditions;
mod evaluate;
mod expression;
mod finding;
mod kernel;
mod legacy;
mod packet;
mod registers;
mod rules;
mod services;
mod step;
mod tables;
mod xt;

pub use closed::{Closed, Flow, Way};
pub use finding::{Finding, Id};
pub use kernel::Findings;

use crate::guard::plan::Services;
use crate::vip::Vip;

/// Looks for what keeps guards from working; their services are read from the kernel where they are not
/// given. What can't be looked at is no error: the guard is what it is.
pub fn find(guards: &[(Vip, Option<Services>)]) -> Findings {
    kernel::find(guards).unwrap_or_else(|error| Findings {
        findings: Vec::new(),
        unread: Some(format!("{error}; run it as root with CAP_NET_ADMIN")),
    })
}

/// What of `flows` the node's own firewall drops for certain.
///
/// # Errors
/// Why rules can't be read; the text says what to do.
pub fn closed(flows: &[Flow]) -> Result<Vec<Closed>, String> {
    kernel::closed(flows)
        .map_err(|error| format!("{error}; run it as root with CAP_NET_ADMIN"))
        .and_then(|(closed, unread)| unread.filter(|_| closed.is_empty()).map_or(Ok(closed), Err))
}

impl Findings {
    /// Whether the service of some VIP certainly suffers.
    pub fn break_something(&self) -> bool {
        self.findings.iter().any(|finding| finding.breaks)
    }

    /// Those of one VIP.
    pub fn of(&self, vip: Vip) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.vip == vip)
    }

    /// What to log: a line each.
    pub fn lines(&self) -> Vec<String> {
        let unread =
            self.unread.iter().map(|why| format!("can't look for conflicting rules: {why}"));
        self.findings.iter().map(Finding::line).chain(unread).collect()
    }
}
