//! The services of a cluster: which instance each belongs to, which nodes serve it, and which are one service on
//! every address of an instance.

use std::net::IpAddr;

use super::file::File;
use super::nodes::Node;
use super::server::{RealServer, Server, Service};
use super::shared::Shared;
use super::yaml::{Map, Yaml, in_order};
use crate::guard::plan::{self, Services};
use crate::inventory::keys::{REAL_SERVER, VIRTUAL_SERVER};

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
        maps.push(in_order(section, &VIRTUAL_SERVER));
        rest = &rest[if everywhere { vips.len() } else { 1 }..];
    }
    maps
}

impl Server {
    /// Sets what its servers are, in a cluster of these nodes; `members` are those that run its
    /// instance. Nodes of `weights` have one of their own, all others `weight`, or what is usual
    /// here. Where the nodes do not serve by `bypass` that they do is said.
    pub(super) fn set_servers(
        &mut self,
        nodes: &[Node],
        members: &[usize],
        weights: &[Option<u32>],
        weight: Option<u32>,
        bypass: bool,
    ) {
        let at = self.section.at.clone();
        let kind = self.section.get("lb_kind").map(|entry| &entry.value);
        let nat =
            kind.is_some_and(|kind| *kind == Yaml::text("NAT") || *kind == Yaml::plain("NAT"));
        let servers = &self.real_servers;
        let usual = || most(servers.iter().map(|one| one.weight)).unwrap_or(1);
        let weight = weight.unwrap_or_else(usual).max(1);
        let none = Yaml::List(Vec::new());
        let checks = most(servers.iter().map(|one| &one.checks)).unwrap_or(&none).clone();
        let port = self.port();
        let place =
            |one: &RealServer| nodes.iter().position(|node| node.addresses.contains(&one.address));
        let expected = |one: &RealServer| {
            place(one).and_then(|place| weights.get(place).copied().flatten()).unwrap_or(weight)
        };
        let plain = |one: &RealServer| {
            place(one).is_some()
                && one.port == port
                && one.weight == expected(one)
                && one.checks == checks
                && one.section.entries.is_empty()
                && one.section.raw.is_empty()
        };
        let places: Vec<Option<usize>> = servers.iter().map(place).collect();
        let all = members.iter().copied().map(Some).eq(places.iter().copied());
        let mut set = |key, value| self.section.set(key, value, &at);
        if !servers.iter().all(plain) || servers.is_empty() || nat && !bypass {
            let item = |one: &RealServer| {
                let name = place(one).map(|place| nodes[place].name.as_str());
                Yaml::Map(one.map(name, port, expected(one), &checks))
            };
            set("real_server", Yaml::List(servers.iter().map(item).collect()));
        } else if !all || !bypass {
            let names = places.iter().flatten().map(|place| Yaml::text(&nodes[*place].name));
            set("nodes", Yaml::one_or_more(names.collect()));
        }
        if weight != 1 {
            set("weight", Yaml::plain(weight));
        }
        set("check", checks);
    }

    /// The port of its service, which its servers have too if nothing else is said.
    fn port(&self) -> Option<u16> {
        match self.service {
            Service::Address(_, port) => port,
            Service::Mark(_) | Service::Group(_) => None,
        }
    }
}

impl RealServer {
    /// As an item of `real_server`.
    fn map(&self, node: Option<&str>, port: Option<u16>, weight: u32, checks: &Yaml) -> Map {
        let mut map: Map = Vec::new();
        let mut set = |key: &str, value| map.push((key.to_owned(), value));
        match node {
            Some(name) => set("node", Yaml::text(name)),
            None => set("address", Yaml::text(self.address.to_string())),
        }
        if let Some(own) = self.port.filter(|own| Some(*own) != port) {
            set("port", Yaml::plain(own));
        }
        if self.weight != weight {
            set("weight", Yaml::plain(self.weight));
        }
        if self.checks != *checks {
            set("check", self.checks.clone());
        }
        map.extend(self.section.clone().into_map(&REAL_SERVER));
        map
    }
}

/// What there is most of; of equals the first.
fn most<T: PartialEq>(all: impl DoubleEndedIterator<Item = T> + Clone) -> Option<T> {
    let count = |value: &T| all.clone().filter(|other| other == value).count();
    all.clone().rev().max_by_key(count)
}
