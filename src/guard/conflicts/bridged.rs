//! br_netfilter: with it, the kernel sends what a bridge of the node only passes on through the rules for
//! the node's own packets, so that the guard answers for another node. No rule of family ip can tell the
//! two apart: the packet type is "for this host" for both.

use std::net::IpAddr;

use super::finding::{Finding, Id};
use crate::node::addresses::{Address, Interface};
use crate::vip::{Family, Vip};

/// The settings of br_netfilter in the network namespace of the reader, IPv4 and IPv6.
pub(super) const SETTINGS: [&str; 2] = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];

/// A finding about one VIP; `everywhere` says whether the setting of its family is on for all bridges.
pub(super) fn find(vip: Vip, interfaces: &[Interface], everywhere: bool) -> Option<Finding> {
    let v4 = vip.family() == Family::V4;
    let ports = |bridge: &Interface| -> Vec<&Interface> {
        interfaces.iter().filter(|port| port.master == Some(bridge.index)).collect()
    };
    let concerned = |bridge: &&Interface| {
        let on = bridge.filters[usize::from(!v4)];
        let near = bridge.addresses.iter().any(|own| own.subnet_holds(vip.address()));
        // A bridge for guests only, with a way out, may be in any network.
        let outside = ports(bridge).iter().any(|port| leads_outside(port));
        let guests_only = !bridge.addresses.iter().any(|own| is_of_network(own, v4));
        bridge.kind == "bridge"
            && (everywhere || on)
            && ports(bridge).len() > 1
            && (near || guests_only && outside)
    };
    let bridge = interfaces.iter().find(concerned)?;
    let names: Vec<&str> = ports(bridge).iter().map(|port| port.name.as_str()).collect();
    let (name, setting) = (&bridge.name, SETTINGS[usize::from(!v4)]);
    let option = if v4 { "nf_call_iptables" } else { "nf_call_ip6tables" };
    Some(Finding {
        id: Id::Bridged,
        vip,
        breaks: false,
        what: format!(
            "br_netfilter shows the guard what bridge {name} passes between {}",
            names.join(", ")
        ),
        effect: format!(
            "as BACKUP this node answers connections to {vip} that only pass it, such as those of \
             guests on {name}"
        ),
        help: match everywhere {
            true => format!(
                "set net.bridge.{setting} = 0; a bridge of containers that needs it gets it with `ip \
                 link set dev BRIDGE type bridge {option} 1`"
            ),
            false => format!("`ip link set dev {name} type bridge {option} 0`"),
        },
    })
}

/// Whether a port of a bridge is the node's link to other hosts, and not to a guest.
fn leads_outside(port: &Interface) -> bool {
    ["", "vlan", "bond", "team"].contains(&port.kind.as_str())
}

/// Whether an address says which network its interface is in.
fn is_of_network(own: &Address, v4: bool) -> bool {
    match own.address {
        IpAddr::V4(_) => v4,
        IpAddr::V6(address) => !v4 && !address.is_unicast_link_local(),
    }
}
