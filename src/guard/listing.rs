//! What nft lists of our tables, one of each family, and what that says of VIPs.

use serde_json::Value;

use super::chain::Kind;
use super::check::{self, State};
use super::plan::Guard;
use super::senders::{Listed, Senders};
use crate::vip::{Family, Vip};

/// The listings of our tables in IPv4 and IPv6; `None` for a table that is not there, or whose
/// family nobody asked about.
pub struct Listings(pub [Option<Value>; 2]);

/// What there is of the guards of some VIPs: their chains, and their sets by how they are.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// Every chain.
    pub chains: Vec<(Kind, Vip)>,
    /// As they should be.
    pub right: Vec<Senders>,
    /// Something else under their name: to be replaced.
    pub altered: Vec<Senders>,
    /// Not there: to be created.
    pub missing: Vec<Senders>,
}

impl Present {
    /// As if nothing of `vips` were there.
    pub fn nothing(vips: &[Vip]) -> Present {
        let missing = vips.iter().flat_map(|&vip| Senders::of(vip)).collect();
        Present { missing, ..Present::default() }
    }
}

impl Listings {
    fn of(&self, vip: Vip) -> Option<&Value> {
        let [v4, v6] = &self.0;
        if vip.family() == Family::V4 { v4.as_ref() } else { v6.as_ref() }
    }

    /// The state of a VIP's guard; with `expected`, whether it is this one.
    pub fn judge(&self, vip: Vip, expected: Option<&Guard>) -> State {
        check::judge(vip, expected, self.of(vip))
    }

    /// What there is of the guards of `vips`.
    pub fn present(&self, vips: &[Vip]) -> Present {
        let chains = self.0.iter().flatten().flat_map(check::chains);
        let chains = chains.filter(|(_, vip)| vips.contains(vip)).collect();
        let mut present = Present { chains, ..Present::default() };
        for senders in vips.iter().flat_map(|&vip| Senders::of(vip)) {
            match self.of(senders.vip).map_or(Listed::Missing, |listing| senders.listed(listing)) {
                Listed::Right => present.right.push(senders),
                Listed::Altered(_) => present.altered.push(senders),
                Listed::Missing => present.missing.push(senders),
            }
        }
        present
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
