//! What nft lists of our tables, one of each family, and what that says of VIPs.

use serde_json::Value;

use super::check::{self, State};
use super::senders::Senders;
use crate::vip::{Family, Vip};

/// The listings of our tables in IPv4 and IPv6; `None` for a table that is not there, or whose
/// family nobody asked about.
pub struct Listings(pub [Option<Value>; 2]);

impl Listings {
    fn of(&self, vip: Vip) -> Option<&Value> {
        let [v4, v6] = &self.0;
        if vip.family() == Family::V4 { v4.as_ref() } else { v6.as_ref() }
    }

    /// The state of a VIP's guard.
    pub fn judge(&self, vip: Vip) -> State {
        check::judge(vip, self.of(vip))
    }

    /// The sets of `vips` that are there, and those that are not.
    pub fn sets(&self, vips: &[Vip]) -> (Vec<Senders>, Vec<Senders>) {
        let stands = |set: &Senders| self.of(set.vip).is_some_and(|listing| set.stand_in(listing));
        vips.iter().flat_map(|&vip| Senders::of(vip)).partition(stands)
    }

    /// The VIPs that have a guard, or are among `routes`; each once, in order.
    pub fn vips(&self, routes: &[Vip]) -> Vec<Vip> {
        let mut vips: Vec<Vip> = self.0.iter().flatten().flat_map(check::vips).collect();
        vips.extend(routes);
        vips.sort();
        vips.dedup();
        vips
    }
}
