//! The blocks of a virtual server: one for each address that it is reached by, and in each the address by
//! which a real server, or a node, is spoken to. Whoever asks, checks or lets in a server goes by these.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::group::{self, Entry};
use crate::cluster::{
    AddressFamily, Cluster, RealServer, Service, VirtualAddress, VirtualServer, VrrpInstance,
};
use crate::vip::Family;

/// One block of a virtual server.
pub(super) struct Block<'a> {
    service: &'a Service,
    pub(super) family: Family,
    /// Its address, where it has one; of a group's first addresses one that is a VIP, else the first.
    vip: Option<IpAddr>,
    /// 1–65535; none for all, and where a mark or a group says it.
    pub(super) port: Option<u16>,
}

/// One for each address of its instance, or the one that was asked for.
pub(super) fn blocks<'a>(
    cluster: &'a Cluster,
    server: &'a VirtualServer,
) -> impl Iterator<Item = Block<'a>> {
    let service = &server.service;
    let of =
        move |vip: IpAddr, port| Block { service, family: Family::of(vip), vip: Some(vip), port };
    let instance = server.vrrp_instance.map(|at| &cluster.vrrp_instances[at]);
    let (port, one) = match service {
        Service::Port(port) => (Some(*port), None),
        Service::Address(vip, port) => (None, Some(of(*vip, *port))),
        Service::Mark(_) | Service::Group(_) => match first_of_group(cluster, service) {
            Some(first) => (None, Some(of(first, None))),
            None => (None, Some(Block { service, family: family(server), vip: None, port: None })),
        },
    };
    let each = instance.filter(|_| port.is_some()).into_iter();
    let vips = each.flat_map(VrrpInstance::all_vips);
    vips.map(move |vip| of(vip.address(), port)).chain(one)
}

/// An address of a group, where it has any: of the first line with some a VIP of an instance, else the first.
fn first_of_group(cluster: &Cluster, service: &Service) -> Option<IpAddr> {
    let Service::Group(name) = service else { return None };
    group::entries(cluster, name).find_map(|entry| match entry {
        Entry::Addresses(range, _) => {
            let vip = addresses(cluster).map(VirtualAddress::address).find(|vip| range.has(*vip));
            Some(vip.unwrap_or(range.first))
        }
        Entry::Mark => None,
    })
}

/// The family of a service without an address: what it says itself, or what all servers have.
fn family(server: &VirtualServer) -> Family {
    let has = |family| {
        let one =
            |server: &RealServer| server.addresses.iter().any(|&own| Family::of(own) == family);
        server.real_servers.iter().all(one)
    };
    let of_servers = || if has(Family::V4) { Family::V4 } else { Family::V6 };
    AddressFamily::said(&server.settings).unwrap_or_else(of_servers)
}

impl Block<'_> {
    /// The address by which a real server stands in it: of several of the family the one in the VIP's network,
    /// else the first.
    pub(super) fn address(&self, cluster: &Cluster, one: &RealServer) -> Option<IpAddr> {
        let all = || one.addresses.iter().copied().filter(|own| Family::of(*own) == self.family);
        // Thousands of blocks, mostly with one address.
        let network = self.vip.filter(|_| all().nth(1).is_some());
        let network = network.and_then(|vip| network_of(cluster, vip));
        let near = |own: &IpAddr| network.is_some_and(|it| it.contains(*own));
        all().find(near).or_else(|| all().next())
    }
}

/// What stands behind `virtual_server`.
impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.service, self.vip) {
            (Service::Port(port), Some(vip)) => write!(f, "{vip} {port}"),
            (service, _) => write!(f, "{service}"),
        }
    }
}

/// The network of a VIP, where its length says that.
fn network_of(cluster: &Cluster, vip: IpAddr) -> Option<IpNetwork> {
    addresses(cluster).find(|one| one.address() == vip)?.network()
}

fn addresses(cluster: &Cluster) -> impl Iterator<Item = &VirtualAddress> {
    let instances = cluster.vrrp_instances.iter();
    instances.flat_map(|one| one.virtual_ipaddress.iter().chain(&one.virtual_ipaddress_excluded))
}

/// The address by which a node speaks to one of another node where no service says it: of several of the family
/// the one at the same place among its own, if both are in one VIP's network or none is; else the first in the
/// same network; else the one at the same place, or the first.
pub(super) fn facing(
    cluster: &Cluster,
    node: usize,
    other: usize,
    address: IpAddr,
) -> Option<IpAddr> {
    let family = Family::of(address);
    let own: Vec<IpAddr> = cluster.nodes[node].addresses_of(family).collect();
    if let [] | [_] = own.as_slice() {
        return own.first().copied();
    }
    let place = cluster.nodes[other].addresses_of(family).position(|one| one == address);
    let opposite = place.and_then(|place| own.get(place));
    let networks: Vec<IpNetwork> = addresses(cluster)
        .filter_map(VirtualAddress::network)
        .filter(|network| network.contains(address))
        .collect();
    let near = |one: &&IpAddr| networks.iter().any(|network| network.contains(**one));
    opposite.filter(near).or(own.iter().find(near)).or(opposite).or(own.first()).copied()
}
