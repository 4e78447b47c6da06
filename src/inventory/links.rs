//! What the checks of a server have to do with other parts of an inventory. Checks and probes note it while they
//! are read, and what looks at several parts together asks for it.

use std::net::IpAddr;
use std::path::PathBuf;

use super::problems::Placed;

/// What checks have to do with other parts: files that they name, and weights.
#[derive(Default)]
pub(super) struct Files {
    /// Names of a `track_file`.
    pub(super) tracked: Vec<Placed<String>>,
    /// Names of a `bfd_instance`.
    pub(super) sessions: Vec<Placed<String>>,
    /// What `--drain-file` of our probe names.
    pub(super) draining: Vec<Placed<PathBuf>>,
    /// Addresses that are asked instead of the server's own.
    pub(super) targets: Vec<Placed<IpAddr>>,
    /// Addresses that checks come from.
    pub(super) sources: Vec<Placed<IpAddr>>,
    /// Programs of MISC_CHECK.
    pub(super) commands: Vec<Placed<String>>,
    /// Whether a check says how often it is done.
    pub(super) paced: bool,
    /// Whether a check says the weight.
    pub(super) weighing: bool,
    /// Whether it says more of it than 0 or not.
    pub(super) grading: bool,
}
