//! The fallback route: it keeps the VIP a local address of a node that gave it up, so that the
//! sessions which end there go on. While the node holds the VIP, the route that comes with the
//! address wins, by its metric; `fib daddr . iif` sees that one only, so the guard is not deceived.
//!
//! Never without the guard: a node with the route and no guard would balance what the MASTER
//! forwards to it.

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

use super::advice;
use crate::node::addresses::LOOPBACK;
use crate::node::netlink::{NETLINK_ROUTE, Netlink, NetlinkError};
use crate::node::routes::{LocalRoute, local_routes};
use crate::vip::{Family, Vip};

/// A protocol number that nobody else uses (VRRP's, of all) makes a route ours.
const PROTOCOL: u8 = 112;

/// After every address's own route, which has 0.
const METRIC: u32 = 4000;

/// The fallback route of a VIP.
fn of(vip: Vip) -> LocalRoute {
    LocalRoute { address: vip.address(), interface: LOOPBACK, metric: METRIC, protocol: PROTOCOL }
}

/// Puts the fallback routes of `vips` in place; those that are there already stay. Tells whether one was
/// missing.
///
/// # Errors
/// The first one, after all were tried.
pub fn install(vips: &[Vip]) -> Result<bool, NetlinkError> {
    let present = local_routes(PROTOCOL, &Family::of_all(vips))?;
    let missing: Vec<LocalRoute> =
        vips.iter().map(|&vip| of(vip)).filter(|route| !present.contains(route)).collect();
    let any = !missing.is_empty();
    each(missing.into_iter(), |netlink, route| {
        // ip route replace local 192.168.3.100 dev lo table local proto 112 metric 4000
        let order = RouteNetlinkMessage::NewRoute(route.message());
        netlink.change(order, NLM_F_CREATE | NLM_F_REPLACE)
    })
    .map(|()| any)
}

/// Takes the fallback routes of `vips` away, where there are any.
///
/// # Errors
/// The first one, after all were tried.
pub fn remove(vips: &[Vip]) -> Result<(), NetlinkError> {
    let present = list()?.into_iter().filter(|vip| vips.contains(vip));
    each(present.map(of), |netlink, route| {
        // ip route del local 192.168.3.100 dev lo table local proto 112 metric 4000
        match netlink.change(RouteNetlinkMessage::DelRoute(route.message()), 0) {
            // It has gone meanwhile.
            Err(NetlinkError::Refused(Errno::ESRCH)) => Ok(()),
            other => other,
        }
    })
}

/// The addresses that have a fallback route.
pub fn list() -> Result<Vec<Vip>, NetlinkError> {
    let routes = local_routes(PROTOCOL, &Family::ALL)?;
    let ours = routes.into_iter().filter(|route| route.metric == METRIC);
    let mut vips: Vec<Vip> = ours.filter_map(|route| Vip::try_from(route.address).ok()).collect();
    vips.dedup();
    Ok(vips)
}

/// Has the kernel do something to all of `routes`; the first error then.
fn each(
    routes: impl Iterator<Item = LocalRoute>,
    order: impl Fn(&mut Netlink, &LocalRoute) -> Result<(), NetlinkError>,
) -> Result<(), NetlinkError> {
    let mut routes = routes.peekable();
    if routes.peek().is_none() {
        return Ok(());
    }
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    let mut outcome = Ok(());
    for route in routes {
        outcome = outcome.and(order(&mut netlink, &route));
    }
    outcome
}

/// `route replace local 192.168.3.100 dev lo table local proto 112 metric 4000`, as ip(8) takes it.
pub fn command(verb: &str, vip: Vip) -> String {
    format!("route {verb} local {vip} dev lo table local proto {PROTOCOL} metric {METRIC}")
}

/// What takes the fallback routes of `vips` away by hand, for a message.
pub fn removal(vips: &[Vip]) -> String {
    let line = |&vip: &Vip| format!("`ip {}`", command("del", vip));
    vips.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// What an administrator can do about an error of the kernel when a route has to come or go.
pub fn advice(error: &NetlinkError) -> &'static str {
    advice::netlink(error).unwrap_or(match error.errno() {
        Some(Errno::ENETDOWN) => "the loopback interface must be up: `ip link set lo up`",
        _ => "see `ip route show table local`",
    })
}
