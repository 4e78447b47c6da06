//! The guard: one nftables base chain per VIP that makes a node serve forwarded connections
//! itself while it does not hold the VIP, instead of dropping or balancing them again.
//!
//! The kernel decides packet by packet, from its routing table, so the guard is the same in every
//! VRRP state and stays in place. That is why hooks commute: whatever keepalived starts, in
//! whatever order, and whichever of them is killed, there is only one state to arrive at.
//!
//! - [`ruleset`] turns a VIP into rules (pure);
//! - [`text`] writes the same rules in nft's own language, for `--dry-run` and for people;
//! - [`nft`] hands a ruleset to the kernel and reads a chain back;
//! - [`check`] says whether what was read back is the guard.

pub mod check;
pub mod hook;
pub mod nft;
pub mod ruleset;
pub mod text;

use crate::vip::Vip;

/// The table that holds all guards, one of this name in family `ip` and one in `ip6`.
///
/// Two tables, not one in `inet`: nat in `inet` needs a newer kernel than RHEL 8's.
pub const TABLE: &str = "lvskit";

/// The name of a VIP's chain: `vip-192.168.3.100`, `vip-fd00--100`.
///
/// nft's own language allows no colon in a name, so that of an IPv6 address becomes a dash; an
/// address contains no dash itself, so two VIPs never share a chain.
pub fn chain_name(vip: Vip) -> String {
    format!("vip-{vip}").replace(':', "-")
}

/// nft's word for the address family of a VIP.
pub fn family_name(vip: Vip) -> &'static str {
    if vip.address().is_ipv4() { "ip" } else { "ip6" }
}
