//! What nft lists of our tables, one of each family, and what that says of VIPs.

use serde_json::Value;

use super::check::{self, State};
use super::senders::{Listed, Senders};
use crate::vip::{Family, Vip};

/// The listings of our tables in IPv4 and IPv6; `None` for a table that is not there, or whose
/// family nobody asked about.
pub struct Listings(pub [Option<Value>; 2]);

/// Sets, by what there is of them.
#[derive(Debug, Clone, Default)]
pub struct Sets {
    /// As they should be.
    pub right: Vec<Senders>,
    /// Something else under their name: to be replaced.
    pub altered: Vec<Senders>,
    /// Not there: to be created.
    pub missing: Vec<Senders>,
}

impl Sets {
    /// Those of `vips`, as if none were there.
    pub fn missing(vips: &[Vip]) -> Sets {
        let missing = vips.iter().flat_map(|&vip| Senders::of(vip)).collect();
        Sets { missing, ..Sets::default() }
    }
}

impl Listings {
    fn of(&self, vip: Vip) -> Option<&Value> {
        let [v4, v6] = &self.0;
        if vip.family() == Family::V4 { v4.as_ref() } else { v6.as_ref() }
    }

    /// The state of a VIP's guard.
    pub fn judge(&self, vip: Vip) -> State {
        check::judge(vip, self.of(vip))
    }

    /// What there is of the sets of `vips`.
    pub fn sets(&self, vips: &[Vip]) -> Sets {
        let mut sets = Sets::default();
        for senders in vips.iter().flat_map(|&vip| Senders::of(vip)) {
            match self.of(senders.vip).map_or(Listed::Missing, |listing| senders.listed(listing)) {
                Listed::Right => sets.right.push(senders),
                Listed::Altered(_) => sets.altered.push(senders),
                Listed::Missing => sets.missing.push(senders),
            }
        }
        sets
    }

    /// The VIPs that have a guard or a part of one, or are among `routes`; each once, in order.
    pub fn vips(&self, routes: &[Vip]) -> Vec<Vip> {
        let mut vips: Vec<Vip> = self.0.iter().flatten().flat_map(check::vips).collect();
        vips.extend(routes);
        vips.sort();
        vips.dedup();
        vips
    }
}
