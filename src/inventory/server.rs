//! The keys of `virtual_server`.

use std::net::IpAddr;
use std::ops::Range;

use super::check::{self, Checks};
use super::instance::InstanceDraft;
use super::keys::{Key, VIRTUAL_SERVER, server as key, top};
use super::lints::reading;
use super::node::NodeDraft;
use super::places::Places;
use super::problems::{Placed, Problems, value};
use super::read::{Section, nearest};
use super::real_server::{self, RealServerDraft};
use super::timers::Around;
use super::tree::Kind;
use super::{detection, raw, settings};
use crate::cluster::{Family, Forwarding, Protocol, RealServer, Scheduler, Service, VirtualServer};
use crate::conf::inhibit::{self, INHIBIT};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;
use crate::guard::plan::Services;

/// A virtual server as it was read.
pub(super) struct ServerDraft {
    pub(super) places: Places,
    pub(super) instance: Option<usize>,
    /// Whether an instance that is needed could not be found.
    lost: bool,
    pub(super) service: Option<Placed<Service>>,
    pub(super) bypass_ports: Option<Services>,
    pub(super) protocol: Protocol,
    pub(super) lb_algo: Option<Placed<Scheduler>>,
    /// Whether its servers are asked by the cluster's failure detection.
    pub(super) detected: bool,
    /// Where a server that fails leaves its table: what says so, or the section.
    pub(super) removes: Option<Range<usize>>,
    pub(super) lb_kind: Option<Placed<Forwarding>>,
    pub(super) weight: Option<Placed<u32>>,
    pub(super) nodes: Option<Vec<Placed<Word>>>,
    pub(super) real_servers: Option<Vec<RealServerDraft>>,
    pub(super) checks: Option<Checks>,
    pub(super) quorum: Option<Placed<u64>>,
    pub(super) sorry_server: Option<Placed<String>>,
    pub(super) hysteresis: Option<Placed<u64>>,
    pub(super) settings: Settings,
    pub(super) raw: Vec<Statement>,
}

/// What virtual servers are read for.
#[derive(Clone, Copy)]
pub(super) struct Cluster<'a> {
    pub(super) instances: &'a [InstanceDraft],
    pub(super) nodes: &'a [NodeDraft],
    /// Whether it has a failure detection.
    pub(super) detection: bool,
}

pub(super) fn read_all(
    top: &Section<'_>,
    cluster: Cluster<'_>,
    problems: &mut Problems,
) -> Vec<ServerDraft> {
    let Some((key, node)) = top.node(top::VIRTUAL_SERVER) else { return Vec::new() };
    let Kind::Sequence(items) = &node.kind else {
        problems.add(
            key.at.clone(),
            "`virtual_server` is a list",
            "begin each virtual server with a dash: `- port: 25`",
        );
        return Vec::new();
    };
    (items.iter())
        .filter_map(|item| {
            let (table, at) = (&VIRTUAL_SERVER, item.at.clone());
            let section = Section::open(item, table, table.name, at, problems)?;
            Some(read(section, cluster, problems))
        })
        .collect()
}

fn read(section: Section<'_>, cluster: Cluster<'_>, problems: &mut Problems) -> ServerDraft {
    let instances = cluster.instances;
    let service = service(&section, problems);
    let (instance, lost) = instance_of(&section, service.as_ref(), instances, problems);
    let mut settings = settings::read(&section, problems);
    let protocol = settings::get(&settings, key::PROTOCOL).unwrap_or_default();
    let lb_algo = settings::placed(&section, &settings, key::LB_ALGO);
    let checked = check::Service {
        protocol,
        family: family(service.as_ref(), instance.map(|at| &instances[at])),
        delay_loop: settings::get(&settings, key::DELAY_LOOP),
        around: Around { virtual_server: &settings, real_server: None },
    };
    let checks = section.node(key::CHECK).map(|(_, node)| check::read_all(node, checked, problems));
    let real_servers = real_server::read_all(&section, checked, problems);
    let wanted = section.get(key::FAILURE_DETECTION, problems);
    let detected = cluster.detection
        && value(wanted).unwrap_or(true)
        && detection::has_nodes(real_servers.as_deref(), cluster.nodes);
    let lb_kind = settings::placed(&section, &settings, key::LB_KIND);
    let mut add = |key: Key, line| settings::add(&mut settings, &VIRTUAL_SERVER, key, line);
    if !section.has(key::LB_KIND) {
        add(key::LB_KIND.any(), "lb_kind DR".to_owned());
    }
    // keepalived ignores it where a firewall mark decides.
    if matches!(&service, Some(Placed { value: Service::Mark(_), .. })) {
        settings.remove(key::PROTOCOL.name);
    } else if !section.has(key::PROTOCOL) {
        add(key::PROTOCOL.any(), format!("protocol {protocol}"));
    }
    if detected {
        detection::keep_dead(&section, lb_algo.as_ref(), &mut settings);
    }
    let stays = |own| inhibit::stays(inhibit::said(&settings), own);
    let places = Places::of(&section);
    let of_service = || places.key(INHIBIT);
    let removes = match &real_servers {
        Some(all) => all
            .iter()
            .find(|one| !stays(inhibit::said(&one.settings)))
            .map(|one| one.inhibit_at.clone().unwrap_or_else(of_service)),
        None => (!stays(None)).then(of_service),
    };
    let draft = ServerDraft {
        detected,
        removes,
        places,
        instance,
        lost,
        bypass_ports: bypass_ports(&section, problems),
        service,
        protocol,
        lb_algo,
        lb_kind,
        weight: section.get(key::WEIGHT, problems),
        nodes: section.has(key::NODES).then(|| section.all(key::NODES, problems)),
        real_servers,
        checks,
        quorum: settings::placed(&section, &settings, key::QUORUM),
        hysteresis: settings::placed(&section, &settings, key::HYSTERESIS),
        sorry_server: settings::placed(&section, &settings, key::SORRY_SERVER),
        raw: raw::read(&section, problems),
        settings,
    };
    section.close(problems);
    draft
}

/// What a firewall mark stands for.
fn bypass_ports(section: &Section<'_>, problems: &mut Problems) -> Option<Services> {
    let all = section.all(key::BYPASS_PORTS, problems);
    Services::only(all.into_iter().map(|one| one.value))
}

/// The family of what is balanced; of a mark or a group it is not known here.
pub(super) fn family(
    service: Option<&Placed<Service>>,
    instance: Option<&InstanceDraft>,
) -> Option<Family> {
    match &service?.value {
        Service::Address(address, _) => Some(Family::of(*address)),
        Service::Port(_) => instance?.family(),
        Service::Mark(_) | Service::Group(_) => None,
    }
}

/// What is balanced: a port, an address, a mark or a group.
fn service(section: &Section<'_>, problems: &mut Problems) -> Option<Placed<Service>> {
    let mark = section.get(key::FWMARK, problems);
    let group = section.get(key::GROUP, problems);
    let address = section.get(key::ADDRESS, problems);
    if section.has(key::FWMARK) || section.has(key::GROUP) {
        let kinds = [key::FWMARK.any(), key::GROUP.any(), key::ADDRESS.any(), key::PORT.any()];
        if kinds.into_iter().filter(|kind| section.has(*kind)).count() > 1 {
            problems.add(
                section.place(),
                "one virtual server balances one thing",
                "write `port`, `address` and `port`, `fwmark`, or `group`",
            );
            return None;
        }
        let mark = mark.map(|mark| Placed { at: mark.at, value: Service::Mark(mark.value) });
        let group = group.map(|name| Placed { at: name.at, value: Service::Group(name.value) });
        return mark.or(group);
    }
    if section.has(key::ADDRESS) && !section.has(key::PORT) {
        let address = address?;
        if !section.has(key::PERSISTENCE_TIMEOUT) {
            let title = "a virtual server of all ports needs `persistence_timeout`";
            problems.add(address.at.clone(), title, "add it, or write `port`");
            return None;
        }
        return Some(Placed { at: address.at, value: Service::Address(address.value, None) });
    }
    if !section.has(key::PORT) {
        let title = format!("`port` is missing in `{}`", VIRTUAL_SERVER.name);
        problems.add(section.place(), title, "add a line `port: ...`");
    }
    let port = section.get(key::PORT, problems)?;
    let value = match (address, section.has(key::ADDRESS)) {
        (Some(address), _) => Service::Address(address.value, Some(port.value)),
        (None, true) => return None,
        (None, false) => Service::Port(port.value),
    };
    Some(Placed { at: port.at, value })
}

/// The instance that a server names; else the one that has its address, or the only one. Beside it,
/// whether one was needed and not found.
fn instance_of(
    section: &Section<'_>,
    service: Option<&Placed<Service>>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> (Option<usize>, bool) {
    let named = |name: &Word| instances.iter().position(|i| i.name.as_ref() == Some(name));
    if let Some((_, node)) = section.node(key::VRRP_INSTANCE) {
        let Some(name) = problems.get(key::VRRP_INSTANCE, node) else {
            return (None, true);
        };
        let found = named(&name.value);
        if found.is_none() {
            let known: Vec<&str> = instances.iter().map(InstanceDraft::name).collect();
            let help = match nearest(name.value.as_str(), &known) {
                Some(best) => format!("did you mean `{best}`?"),
                None => "name one of the section `vrrp_instance`".to_owned(),
            };
            problems.found(
                &reading::UNKNOWN_NAME,
                name.at,
                format!("there is no VRRP instance `{}`", name.value.as_str()),
                help,
            );
        }
        return (found, found.is_none());
    }
    match service.map(|service| &service.value) {
        Some(Service::Address(address, _)) => {
            let has = |i: &InstanceDraft| i.addresses().any(|vip| vip.value.address() == *address);
            (instances.iter().position(has), false)
        }
        _ if instances.len() == 1 => (Some(0), false),
        Some(Service::Mark(_) | Service::Group(_)) => (None, false),
        Some(Service::Port(port)) if instances.is_empty() => {
            problems.add(
                section.place(),
                format!("port {port} of which address? There is no vrrp_instance"),
                "add `address: ADDRESS`, or the instance that has it",
            );
            (None, true)
        }
        None if !instances.is_empty() && service.is_none() && !section.has(key::PORT) => {
            (None, true)
        }
        _ => {
            problems.add(
                section.place(),
                "of which VRRP instance is this virtual server?",
                "add a line `vrrp_instance: NAME`",
            );
            (None, true)
        }
    }
}

impl ServerDraft {
    /// The names of the nodes that serve, where they are said.
    pub(super) fn named_nodes(&self) -> impl Iterator<Item = &Placed<Word>> {
        let listed = self.nodes.iter().flatten();
        listed.chain(self.real_servers.iter().flatten().filter_map(RealServerDraft::node))
    }

    /// Whether each datagram is balanced by itself.
    pub(super) fn has_ops(&self) -> bool {
        self.settings.has(key::OPS.name)
    }

    /// The scheduler, where it refuses what it has for a server of weight 0 (ip_vs_mh.c, ip_vs_sh.c).
    pub(super) fn refusing(&self) -> Option<&Placed<Scheduler>> {
        self.lb_algo.as_ref().filter(|algo| algo.value.hashes()).filter(|_| {
            ![key::MH_FALLBACK, key::SH_FALLBACK].iter().any(|key| self.settings.has(key.name))
        })
    }

    /// What may give a server weight 0 while it runs.
    pub(super) fn emptying(&self) -> Option<&'static str> {
        let own = self.real_servers.iter().flatten().map(|one| &one.settings);
        if own.chain([&self.settings]).any(|settings| inhibit::said(settings) == Some(true)) {
            return Some(INHIBIT);
        }
        self.all_checks().any(|checks| checks.files.weighing).then_some("misc_dynamic")
    }

    /// The checks of all its servers, and those that single ones have for themselves.
    pub(super) fn all_checks(&self) -> impl Iterator<Item = &Checks> {
        let others = self.real_servers.iter().flatten().filter_map(|one| one.checks.as_ref());
        self.checks.iter().chain(others)
    }

    /// Its servers that are no nodes.
    pub(super) fn strangers(&self) -> impl Iterator<Item = IpAddr> {
        let all = self.real_servers.iter().flatten().filter_map(RealServerDraft::stranger);
        all.map(|address| address.value)
    }

    /// Whether no node is among its servers.
    pub(super) fn is_elsewhere(&self) -> bool {
        let all = |all: &Vec<RealServerDraft>| all.iter().all(|one| one.stranger().is_some());
        self.real_servers.as_ref().is_some_and(all)
    }

    /// Whether packets get to the sorry server in another way than to the others.
    pub(super) fn has_sorry_method(&self) -> bool {
        self.settings.has(key::SORRY_SERVER_LVS_METHOD.name)
    }

    /// How packets get to its servers.
    pub(super) fn forwarding(&self) -> Forwarding {
        self.lb_kind.as_ref().map_or(Forwarding::Dr, |kind| kind.value.clone())
    }

    /// The service, served by these.
    pub(super) fn finish(self, real_servers: Vec<RealServer>) -> Option<VirtualServer> {
        if self.lost {
            return None;
        }
        Some(VirtualServer {
            vrrp_instance: self.instance,
            service: self.service?.value,
            bypass_ports: self.bypass_ports,
            failure_detection: self.detected,
            scheduler: self.lb_algo?.value,
            protocol: self.protocol,
            real_servers,
            checks: self.checks?.checks?,
            settings: self.settings,
            raw: self.raw,
        })
    }
}
