//! The services of a cluster: which instance each belongs to, and which are one service on every
//! address of an instance.

use std::net::IpAddr;

use super::instances::{Shared, in_order};
use super::server::Service;
use super::yaml::{Map, Yaml};
use crate::inventory::keys::VIRTUAL_SERVER;

/// The instance of a service, as gen-conf finds it.
pub(super) fn instance_of(service: &Service, instances: &[Shared<'_>]) -> Option<usize> {
    match service {
        Service::Address(address, _) => {
            instances.iter().position(|instance| instance.vips.contains(address))
        }
        Service::Mark(_) | Service::Group(_) => (instances.len() == 1).then_some(0),
    }
}

/// The services, those that are the same on every address of an instance by its port alone.
pub(super) fn by_port(
    all: Vec<(Service, Option<usize>, Map)>,
    instances: &[Shared<'_>],
) -> Vec<Map> {
    let mut maps = Vec::new();
    let mut rest = all.as_slice();
    while let Some((service, instance, map)) = rest.first() {
        let vips = instance.map_or(&[][..], |at| instances[at].vips.as_slice());
        let port = match service {
            Service::Address(_, Some(port)) => Some(*port),
            _ => None,
        };
        let same = |(vip, (service, _, other)): (&IpAddr, &(Service, Option<usize>, Map))| {
            *service == Service::Address(*vip, port) && other == map
        };
        let everywhere = port.is_some()
            && !vips.is_empty()
            && rest.len() >= vips.len()
            && vips.iter().zip(rest).all(same);
        let mut section = map.clone();
        let mut set = |key: &str, value: Yaml| section.push((key.to_owned(), value));
        if everywhere && instances.len() > 1 {
            let name = instance.map_or("", |at| &instances[at].name);
            set("vrrp_instance", Yaml::text(name));
        }
        match service {
            Service::Address(address, port) => {
                if !everywhere {
                    set("address", Yaml::text(address.to_string()));
                }
                if let Some(port) = port {
                    set("port", Yaml::plain(port));
                }
            }
            Service::Mark(mark) => set("fwmark", Yaml::plain(mark)),
            Service::Group(name) => set("group", Yaml::text(name)),
        }
        maps.push(in_order(section, |key| VIRTUAL_SERVER.keys().position(|one| one.name == key)));
        rest = &rest[if everywhere { vips.len() } else { 1 }..];
    }
    maps
}
