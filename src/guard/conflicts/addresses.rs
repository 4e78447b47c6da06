//! Where the VIPs and the node's own addresses are: a VIP on an interface that no packet comes in by, and
//! a VIP that the kernel takes as the sender of the node's own packets.

use std::net::IpAddr;

use super::finding::{Finding, Id};
use crate::node::addresses::{Address, Interface};
use crate::vip::Vip;

/// The findings about the addresses of one VIP; `vips` are all of the node.
pub(super) fn find(vip: Vip, vips: &[Vip], interfaces: &[Interface]) -> Vec<Finding> {
    [on_lo(vip, interfaces), first(vip, vips, interfaces)].into_iter().flatten().collect()
}

/// Interfaces that have the address.
fn holders(vip: Vip, interfaces: &[Interface]) -> impl Iterator<Item = (&Interface, &Address)> {
    interfaces.iter().filter_map(move |interface| {
        let mut addresses = interface.addresses.iter();
        Some((interface, addresses.find(|address| address.address == vip.address())?))
    })
}

/// In IPv4 `fib daddr . iif` finds the route that is the oldest, whatever interface it is of. (In IPv6 it
/// asks the interface that the packet came in by.)
fn on_lo(vip: Vip, interfaces: &[Interface]) -> Option<Finding> {
    let (interface, address) =
        holders(vip, interfaces).find(|(interface, _)| interface.receives_nothing())?;
    let (name, prefix) = (&interface.name, address.prefix);
    vip.address().is_ipv4().then(|| Finding {
        id: Id::VipOnLo,
        vip,
        breaks: true,
        what: format!("{vip} is configured on {name}, which no client's packet comes in by"),
        effect: "as MASTER this node serves every connection itself and balances none".to_owned(),
        help: format!(
            "run `ip address del {vip}/{prefix} dev {name}` and remove the address from the network \
             configuration; with the guard no node needs it there"
        ),
    })
}

/// An IPv4 VIP whose subnet the node's own address is in, and which was there before it: the own one is
/// secondary, and what the node sends to that subnet goes out from the VIP.
fn first(vip: Vip, vips: &[Vip], interfaces: &[Interface]) -> Option<Finding> {
    let (interface, address) =
        holders(vip, interfaces).find(|(interface, _)| !interface.receives_nothing())?;
    let IpAddr::V4(_) = vip.address() else { return None };
    let mut after = interface.addresses.iter().skip_while(|other| *other != address).skip(1);
    let own = after.find(|other| {
        let is_vip = vips.iter().any(|vip| vip.address() == other.address);
        !is_vip && other.prefix == address.prefix && address.subnet_holds(other.address)
    })?;
    let (name, prefix, own) = (&interface.name, address.prefix, own.address);
    let sender = interface
        .addresses
        .iter()
        .find(|other| other.prefix == prefix && address.subnet_holds(other.address))?;
    (sender == address).then(|| Finding {
        id: Id::VipFirst,
        vip,
        breaks: true,
        what: format!("{vip}/{prefix} comes before this node's own address {own} on {name}"),
        effect: "what this node sends to other servers, its checks too, goes out from the VIP and \
                 gets no answer: healthy servers count as down"
            .to_owned(),
        help: format!(
            "write the VIP as {vip}/32 in keepalived.conf: then {own} stays the sender in any order; \
             now drain this node (`echo 1 > /run/keepalived-lvskit/drain`, later 0): the VIP comes \
             back last"
        ),
    })
}
