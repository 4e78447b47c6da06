//! What a keepalived that was killed leaves behind: its VIP, still on the interface while another
//! node is MASTER. The node would balance what that MASTER forwards to it. Nobody on the node can
//! know, except the service manager, which runs `--give-up` when keepalived is dead.

use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

use super::advice;
use crate::node::addresses::{Address, Interface, interfaces};
use crate::node::netlink::{NETLINK_ROUTE, Netlink, NetlinkError};
use crate::vip::Vip;

/// A VIP on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The address.
    pub vip: Vip,
    /// Its interface.
    pub interface: String,
    index: u32,
    address: Address,
}

/// Takes `vips` off their interfaces, the loopback one aside; tells where they were.
///
/// # Errors
/// The first one, after all were tried.
pub fn give_up(vips: &[Vip]) -> Result<Vec<Held>, NetlinkError> {
    let held = held(interfaces()?, vips);
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    let mut outcome = Ok(());
    for Held { address, index, .. } in &held {
        // ip address del 192.168.3.100/32 dev eth0, or 192.168.3.100 peer 192.168.3.1/24: without the
        // peer that is there the kernel would not find it.
        let order = RouteNetlinkMessage::DelAddress(address.message(*index));
        outcome = outcome.and(match netlink.change(order, 0) {
            // It has gone meanwhile, or its interface has.
            Err(NetlinkError::Refused(Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ENXIO)) => {
                Ok(())
            }
            other => other,
        });
    }
    outcome.map(|()| held)
}

/// Where `vips` are configured on this node, the loopback interface aside.
fn held(interfaces: Vec<Interface>, vips: &[Vip]) -> Vec<Held> {
    let mut found = Vec::new();
    for interface in interfaces.into_iter().filter(|interface| !interface.is_loopback()) {
        for address in interface.addresses {
            let vip = Vip::try_from(address.address).ok().filter(|vip| vips.contains(vip));
            if let Some(vip) = vip {
                let (name, index) = (interface.name.clone(), interface.index);
                found.push(Held { vip, interface: name, index, address });
            }
        }
    }
    found
}

/// What an administrator can do about an error of the kernel when an address has to go.
pub fn advice(error: &NetlinkError) -> &'static str {
    advice::netlink(error)
        .unwrap_or("see `ip address show`; `ip address del` takes an address off by hand")
}
