//! The guard: nftables base chains per VIP that make a node serve forwarded connections
//! itself while it does not hold the VIP, instead of dropping or balancing them again.
//!
//! The kernel decides packet by packet, from its routing table, so the guard is the same in every
//! VRRP state and stays in place. That is why hooks commute: whatever keepalived starts, in
//! whatever order, and whichever of them is killed, there is only one state to arrive at.
//!
//! - [`plan`] says what should be in force for a VIP, [`ruleset`] turns that into [`chain`]s of `rules`
//!   (pure), each with its [`fingerprint`]; [`mac_sets`] are the sets that these fill;
//! - [`text`] writes the same rules in nft's own language, for `--dry-run` and for people;
//! - [`nft`] hands a ruleset to the kernel;
//! - [`route`] keeps the VIP deliverable after it was given up, so that sessions go on, and [`arp`]
//!   tells whether that is safe; [`settings`] are the kernel's that make it so;
//! - `advice` says what to do when rights, files or memory are missing;
//! - [`address`] takes a VIP away that a killed keepalived left behind;
//! - [`conflicts`] finds what keeps a guard from working although it is in force;
//! - [`listing`] is what was read back, and [`check`] says whether it is the guard;
//! - [`system`] is all of it together, with the [`status`] of each VIP;
//! - [`watch`] puts right what others undo, and tells it with [`log_limit`]; [`wanted`] is what
//!   keepalived.conf wants guarded, [`hold`] what keeps sessions while others replace the ruleset;
//! - [`refusal`] keeps the directors' checks out, for `lvskit drain --server`, and [`drained`] notes it;
//! - [`options`] is the command line, [`hook`] runs it.

pub mod address;
mod advice;
pub mod arp;
pub mod chain;
pub mod check;
pub mod conflicts;
pub mod drained;
pub mod fingerprint;
pub mod hold;
pub mod hook;
pub mod listing;
pub mod log_limit;
pub mod mac_sets;
pub mod nft;
pub mod options;
pub mod own;
pub mod plan;
pub mod refusal;
pub mod route;
mod rule;
mod rules;
pub mod ruleset;
pub mod settings;
pub mod status;
pub mod system;
pub mod text;
pub mod wanted;
pub mod watch;

use nftables::types::NfFamily;

use crate::vip::{Family, Vip};

/// The table that holds all guards, one of this name in family `ip` and one in `ip6`.
///
/// Two tables, not one in `inet`: nat in `inet` needs a newer kernel than RHEL 8's.
pub const TABLE: &str = "lvskit";

/// The addresses as a message names them.
fn list(vips: &[Vip]) -> String {
    vips.iter().map(Vip::to_string).collect::<Vec<_>>().join(", ")
}

/// The family of a VIP's table.
fn family(vip: Vip) -> NfFamily {
    match vip.family() {
        Family::V4 => NfFamily::IP,
        Family::V6 => NfFamily::IP6,
    }
}
