//! What the kernel has in our tables, one of each family, and what that says of VIPs.

use super::TABLE;
use super::check::{self, State};
use super::mac_sets::{Listed, MacSet};
use super::plan::Guard;
use super::ruleset::Present;
use crate::node::netlink::NetlinkError;
use crate::node::nft::{self, Nft, Ruleset};
use crate::vip::{Family, Vip};

/// Our tables in IPv4 and IPv6; empty for a table that is not there, or whose family nobody asked about.
pub struct Listings([Ruleset; 2]);

impl Listings {
    /// Asks the kernel for the tables of the families of `vips`; of both with an empty list.
    ///
    /// Only our tables are read: what others have in theirs can be much.
    pub fn read(vips: &[Vip]) -> Result<Listings, NetlinkError> {
        let families = if vips.is_empty() { Family::ALL.to_vec() } else { Family::of_all(vips) };
        let mut nft = Nft::open()?;
        let mut table = |family| match families.contains(&family) {
            true => nft.table(number(family), TABLE),
            false => Ok(Ruleset::default()),
        };
        let [v4, v6] = Family::ALL;
        Ok(Listings([table(v4)?, table(v6)?]))
    }

    fn of(&self, vip: Vip) -> &Ruleset {
        let [v4, v6] = &self.0;
        if vip.family() == Family::V4 { v4 } else { v6 }
    }

    /// Those of `guards` that are not in force, and how each is.
    pub fn wrong(&self, guards: &[Guard]) -> Vec<(Vip, State)> {
        let judged = guards.iter().map(|guard| (guard.vip, self.judge(guard.vip, Some(guard))));
        judged.filter(|(_, state)| *state != State::InForce).collect()
    }

    /// The family of a table that another process holds, and which process that is.
    pub fn held(&self) -> Option<(Family, String)> {
        let tables = Family::ALL.into_iter().zip(&self.0);
        tables.into_iter().find_map(|(family, ruleset)| {
            Some((family, ruleset.tables.iter().find_map(check::holder)?))
        })
    }

    /// Whether a chain of `vips` has to be deleted before the guard's can be there.
    pub fn misplaced(&self, vips: &[Vip]) -> bool {
        self.0.iter().any(|ruleset| check::misplaced(vips, ruleset))
    }

    /// The state of a VIP's guard; with `expected`, whether it is this one.
    pub fn judge(&self, vip: Vip, expected: Option<&Guard>) -> State {
        check::judge(vip, expected, self.of(vip))
    }

    /// What there is of the guards of `vips`.
    pub fn present(&self, vips: &[Vip]) -> Present {
        let chains = self.0.iter().flat_map(check::chains);
        let chains = chains.filter(|(_, vip)| vips.contains(vip)).collect();
        let mut present = Present { chains, ..Present::default() };
        for mac_set in vips.iter().flat_map(|&vip| MacSet::of(vip)) {
            match mac_set.listed(self.of(mac_set.vip)) {
                Listed::Right => present.right.push(mac_set),
                Listed::Altered(_) => present.altered.push(mac_set),
                Listed::Missing => present.missing.push(mac_set),
            }
        }
        present
    }

    /// The VIPs that have a guard or a part of one, or are among `routes`; each once, in order.
    pub fn vips(&self, routes: &[Vip]) -> Vec<Vip> {
        let mut vips: Vec<Vip> = self.0.iter().flat_map(check::vips).collect();
        vips.extend(routes);
        vips.sort();
        vips.dedup();
        vips
    }
}

/// The kernel's number of a family.
fn number(family: Family) -> nft::Family {
    match family {
        Family::V4 => nft::Family::IPv4,
        Family::V6 => nft::Family::IPv6,
    }
}
