//! The node's own address at a VIP: where it serves what it does not balance. By itself the kernel
//! takes an interface's first IPv4 address or its newest IPv6 one, which is a VIP where keepalived's
//! addresses came before the node's own, and always in IPv6; IPVS would balance the packet again.

use std::net::IpAddr;

use super::listing::Listings;
use super::plan::{Guard, Target};
use super::route;
use crate::node::addresses::{self, Address, AddressFlags, AddressScope, Interface};
use crate::vip::{Family, Vip};

/// Sets each guard's target by this node's addresses now, if the kernel tells them. Hooks and the
/// watcher call it for whatever they put in force or compare, so they arrive at the same guard.
#[must_use]
pub fn here(guards: &[Guard]) -> Vec<Guard> {
    resolved_here(guards, || {
        let routes = route::list().unwrap_or_default();
        Listings::read(&[]).map(|listings| listings.vips(&routes)).unwrap_or(routes)
    })
}

/// The same where what the kernel has of these guards is read already.
#[must_use]
pub fn among(guards: &[Guard], listings: &Listings) -> Vec<Guard> {
    resolved_here(guards, || listings.vips(&route::list().unwrap_or_default()))
}

/// `known` are the VIPs that have a guard or a fallback route here, as far as the kernel tells.
fn resolved_here(guards: &[Guard], known: impl FnOnce() -> Vec<Vip>) -> Vec<Guard> {
    let named: Vec<Vip> = guards.iter().map(|guard| guard.vip).collect();
    let Ok(interfaces) = addresses::addressed(&Family::of_all(&named)) else {
        return guards.to_vec();
    };
    let vips = if unclear(&interfaces, &named) { known() } else { Vec::new() };
    resolved(guards, &interfaces, &vips)
}

/// Whether an interface has several addresses of a family that could be its own: only then other
/// VIPs matter, which takes time to find out.
fn unclear(interfaces: &[Interface], vips: &[Vip]) -> bool {
    let several = |interface: &&Interface| {
        Family::ALL.into_iter().any(|family| {
            let own = |address: &&Address| is_own(address, family, vips);
            interface.addresses.iter().filter(own).count() > 1
        })
    };
    interfaces.iter().find(several).is_some()
}

/// Sets each guard's target by the node's addresses. `vips` are all virtual addresses that are known
/// of, besides those of the guards.
#[must_use]
pub fn resolved(guards: &[Guard], interfaces: &[Interface], vips: &[Vip]) -> Vec<Guard> {
    let vips: Vec<Vip> = guards.iter().map(|guard| guard.vip).chain(vips.iter().copied()).collect();
    let resolve = |guard: &Guard| Guard {
        target: own_address(guard.vip, interfaces, &vips),
        ..guard.clone()
    };
    guards.iter().map(resolve).collect()
}

/// Where the node serves `vip`, going by its addresses, of which `vips` are not its own.
///
/// Its own address is one on the interface with the VIP's subnet; whether the node holds the VIP makes
/// no difference. IPv4 leaves the choice to the kernel while that is no VIP: that follows a new
/// address by itself. So does a node without an address of its own there.
pub fn own_address(vip: Vip, interfaces: &[Interface], vips: &[Vip]) -> Target {
    let is_own = |address: &Address| is_own(address, vip.family(), vips);
    // The VIP itself is among `vips`.
    for interface in interfaces.iter().filter(|interface| !interface.is_loopback()) {
        let own = interface.addresses.iter().filter(|address| is_own(address));
        let Some(best) =
            own.filter(|own| own.subnet_holds(vip.address())).min_by_key(|own| rank(own))
        else {
            continue;
        };
        let first = interface.addresses.iter().find(|one| one.address.is_ipv4());
        return match vip.family() {
            Family::V4 if first.is_some_and(is_own) => Target::Redirect,
            _ => Target::Own(best.address),
        };
    }
    Target::Redirect
}

/// Whether it can be the node's own address of a family.
fn is_own(address: &Address, family: Family, vips: &[Vip]) -> bool {
    Family::of(address.address) == family
        && address.scope == AddressScope::Universe
        && !vips.iter().any(|vip| vip.address() == address.address)
}

/// Best first: addresses that stay, then the lowest, so that another address beside it changes
/// nothing.
fn rank(own: &Address) -> (bool, bool, IpAddr) {
    // Not to be used yet or any more, or for a while only, as privacy addresses (in IPv4 the same bit
    // says secondary).
    let unusable = [AddressFlags::Tentative, AddressFlags::Dadfailed, AddressFlags::Deprecated];
    let unusable = unusable.into_iter().any(|flag| own.flags.contains(flag))
        || (own.address.is_ipv6() && own.flags.contains(AddressFlags::Secondary));
    (unusable, !own.flags.contains(AddressFlags::Permanent), own.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(addresses: &str) -> Interface {
        let addresses = addresses.split_whitespace().map(|text| {
            let (text, flags) = match text.split_once(':').filter(|(flag, _)| flag.len() > 4) {
                Some(("deprecated", text)) => (text, AddressFlags::Deprecated),
                Some(("dynamic", text)) => (text, AddressFlags::empty()),
                _ => (text, AddressFlags::Permanent),
            };
            let (address, prefix) = text.split_once('/').unwrap();
            let address: IpAddr = address.parse().unwrap();
            let link = text.starts_with("fe80");
            Address {
                address,
                prefix: prefix.parse().unwrap(),
                peer: None,
                scope: if link { AddressScope::Link } else { AddressScope::Universe },
                flags,
            }
        });
        Interface { addresses: addresses.collect(), ..Interface::default() }
    }

    #[test]
    fn the_address_that_is_no_vip() {
        let own = |address: &str| Target::Own(address.parse().unwrap());
        let vips = ["10.0.0.100", "10.0.0.110", "fd00::100", "fd00::110"];
        let vips = vips.map(|vip| vip.parse().unwrap());
        for (vip, interfaces, target) in [
            ("10.0.0.100", &[][..], Target::Redirect),
            ("10.0.0.100", &["10.0.0.2/24"], Target::Redirect),
            ("10.0.0.100", &["10.0.0.2/24 10.0.0.110/32"], Target::Redirect),
            ("10.0.0.100", &["10.0.0.110/32 10.0.0.2/24"], own("10.0.0.2")),
            ("10.0.0.100", &["10.0.0.100/32 10.0.0.2/24"], own("10.0.0.2")),
            ("10.0.0.100", &["10.0.0.110/24 10.0.0.2/24 10.0.0.3/24"], own("10.0.0.2")),
            ("10.0.0.100", &["10.0.0.110/32 dynamic:10.0.0.2/24 10.0.0.3/24"], own("10.0.0.3")),
            // The VIP's subnet is the second interface's; the first has no VIP at all.
            ("10.0.0.100", &["172.16.0.1/16", "10.0.0.110/32 10.0.0.2/24"], own("10.0.0.2")),
            ("10.0.0.100", &["10.0.0.110/32 172.16.0.1/16"], Target::Redirect),
            // The kernel takes the first one, another own address.
            ("10.0.0.100", &["172.16.0.1/16 10.0.0.110/32 10.0.0.2/24"], Target::Redirect),
            ("fd00::100", &["fe80::1/64"], Target::Redirect),
            ("fd00::100", &["fd00::2/64 fe80::1/64"], own("fd00::2")),
            ("fd00::100", &["fd00::110/64 fd00::2/64 fe80::1/64"], own("fd00::2")),
            ("fd00::100", &["deprecated:fd00::1/64 fd00::2/64"], own("fd00::2")),
            ("fd00::100", &["fd01::1/64 fd00::2/64"], own("fd00::2")),
            ("fd00::100", &["fd00::2/128"], Target::Redirect),
            ("fd00::100", &["10.0.0.2/24"], Target::Redirect),
        ] {
            let interfaces: Vec<Interface> =
                interfaces.iter().map(|text| interface(text)).collect();
            let found = own_address(vip.parse().unwrap(), &interfaces, &vips);
            assert_eq!(found, target, "{vip}: {interfaces:#?}");
        }
    }
}
