//! The services of a cluster: which instance each belongs to, and which are one service on every
//! address of an instance.

use std::net::IpAddr;

use super::file::File;
use super::server::Service;
use super::shared::Shared;
use super::yaml::{Map, Yaml, in_order};
use crate::guard::plan::{self, Services};
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

/// Whether a firewall mark decides what is balanced.
pub(super) fn is_marked(service: &Service, files: &[File<'_>]) -> bool {
    match service {
        Service::Mark(_) => true,
        Service::Address(..) => false,
        Service::Group(name) => {
            let groups = files.iter().flat_map(|file| &file.server_groups);
            groups.filter(|(own, ..)| own == name).any(|(_, lines, _)| {
                let marks = |text: &String| text.starts_with("fwmark ");
                match lines {
                    Yaml::Text(line) => marks(line),
                    Yaml::Lines(all) => all.iter().any(marks),
                    Yaml::List(all) => {
                        all.iter().any(|one| matches!(one, Yaml::Text(line) if marks(line)))
                    }
                    _ => false,
                }
            })
        }
    }
}

/// What the firewall marks, as far as the hooks of an instance, or of all, tell: what they redirect
/// beside the ports that are balanced.
pub(super) fn bypass_ports(files: &[File<'_>], instance: Option<&Shared<'_>>) -> Option<Yaml> {
    let all = files.iter().flat_map(|file| &file.instances);
    let mine = all.filter(|one| instance.is_none_or(|instance| instance.name == one.name));
    let said = mine.flat_map(|one| one.hooks.iter().flatten());
    let Services::Only(said) =
        said.filter_map(|hook| hook.services.clone()).reduce(Services::and)?
    else {
        return None;
    };
    let balanced = |service: &plan::Service| {
        files.iter().flat_map(|file| &file.servers).any(|server| {
            let port = match server.service {
                Service::Address(_, port) => port,
                _ => None,
            };
            port.is_some_and(|port| service.first == port && service.last == port)
                && server.protocol.eq_ignore_ascii_case(service.protocol.name())
        })
    };
    let mut ports: Vec<plan::Service> =
        said.iter().copied().filter(|service| !balanced(service)).collect();
    if ports.is_empty() {
        ports = said;
    }
    Some(Yaml::one_or_more(ports.iter().map(|port| Yaml::text(port.to_string())).collect()))
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
