//! Where the cluster's addresses are seen from this host: the interface whose network has all of them. A
//! controller outside of that network has none, and is asked.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::node::addresses::Interface;

/// An interface of this host and the network behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) interface: String,
    pub(super) network: IpNetwork,
}

/// The first interface with a subnet that holds all `wanted`, the narrowest subnet of several.
pub(super) fn find(interfaces: &[Interface], wanted: &[IpAddr]) -> Option<Found> {
    let reached = interfaces.iter().filter(|interface| !interface.receives_nothing());
    let subnets = reached
        .flat_map(|interface| interface.addresses.iter().map(move |address| (interface, address)));
    let hold = subnets.filter(|(_, address)| {
        address.peer.is_none() && wanted.iter().all(|&wanted| address.subnet_holds(wanted))
    });
    let (interface, address) =
        hold.min_by_key(|(interface, address)| (u8::MAX - address.prefix, interface.index))?;
    let whole = IpNetwork::new(address.address, address.prefix).ok()?;
    let network = IpNetwork::new(whole.network(), whole.prefix()).ok()?;
    Some(Found { interface: interface.name.clone(), network })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::addresses::{Address, AddressFlags, AddressScope};

    fn interface(index: u32, name: &str, kind: &str, addresses: &[(&str, u8)]) -> Interface {
        let address = |&(address, prefix): &(&str, u8)| Address {
            address: address.parse().unwrap(),
            prefix,
            peer: None,
            scope: AddressScope::Universe,
            flags: AddressFlags::empty(),
        };
        let addresses = addresses.iter().map(address).collect();
        Interface { index, name: name.into(), kind: kind.into(), addresses, ..Interface::default() }
    }

    #[test]
    fn the_narrowest_network_that_holds_all_is_found() {
        let known = [
            interface(2, "wan0", "", &[("10.1.2.3", 8)]),
            interface(3, "dummy0", "dummy", &[("10.0.0.7", 29)]),
            interface(4, "eth1", "", &[("10.0.0.11", 24), ("fd00::11", 64)]),
        ];
        let find = |wanted: &[&str]| {
            let wanted: Vec<IpAddr> = wanted.iter().map(|text| text.parse().unwrap()).collect();
            find(&known, &wanted).map(|found| format!("{} {}", found.interface, found.network))
        };
        assert_eq!(find(&["10.0.0.11", "10.0.0.10"]).as_deref(), Some("eth1 10.0.0.0/24"));
        assert_eq!(find(&["10.0.0.11", "10.0.9.10"]).as_deref(), Some("wan0 10.0.0.0/8"));
        assert_eq!(find(&["fd00::1"]).as_deref(), Some("eth1 fd00::/64"));
        assert_eq!(find(&["192.0.2.1"]), None);
    }
}
