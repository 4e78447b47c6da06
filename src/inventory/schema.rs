//! The keys of an inventory: reads its sections into drafts, which know their places and may have
//! gaps where something was wrong, and makes a [`Cluster`] of drafts without gaps.

use std::net::IpAddr;

use super::read::{Placed, Problems, Section};
use super::tree::{Kind, Node};
use super::{cross, values};
use crate::cluster::{
    self, Check, CheckKind, Cluster, Election, GlobalDefs, Protocol, Scheduler, Seconds,
    VrrpInstance,
};
use crate::conf::word::Word;
use crate::vip::Vip;

/// The most addresses in one instance: their hook must fit into one line of keepalived.conf.
const MOST_VIPS: usize = 20;

/// keepalived's default.
const ADVERT_INT: u8 = 1;

/// keepalived's default.
const WEIGHT: u32 = 1;

/// A node as it was read.
pub(super) struct NodeDraft {
    pub(super) name: Option<Placed<Word>>,
    pub(super) address: Option<Placed<IpAddr>>,
}

/// A VRRP instance as it was read.
pub(super) struct InstanceDraft {
    pub(super) name: Option<Word>,
    pub(super) interface: Option<Placed<Word>>,
    pub(super) virtual_router_id: Option<Placed<u8>>,
    pub(super) state_backup: Option<Placed<()>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) advert_int: Option<Placed<u8>>,
    pub(super) auth_pass: Option<Placed<Word>>,
    pub(super) vips: Vec<Placed<Vip>>,
    pub(super) preempt: Option<Placed<bool>>,
}

/// A virtual server as it was read.
pub(super) struct ServerDraft {
    pub(super) instance: Option<usize>,
    pub(super) port: Option<Placed<u16>>,
    delay_loop: Option<Placed<Seconds>>,
    lb_algo: Option<Placed<Scheduler>>,
    weight: Option<Placed<u32>>,
    check: Option<Check>,
}

/// Reads a whole inventory. `None`, or problems noted, or both, if something is wrong.
pub(super) fn cluster(root: &Node, problems: &mut Problems) -> Option<Cluster> {
    let mut top = Section::open(root, "inventory", 0..0, problems)?;
    let global_defs = global_defs(&mut top, problems);
    let nodes = nodes(&mut top, problems);
    let instances = instances(&mut top, problems);
    let servers = servers(&mut top, &instances, problems);
    top.close(problems);
    cross::check(&nodes, &instances, &servers, problems);
    Some(Cluster {
        global_defs,
        nodes: nodes.into_iter().map(NodeDraft::finish).collect::<Option<_>>()?,
        vrrp_instances: instances.into_iter().map(InstanceDraft::finish).collect::<Option<_>>()?,
        virtual_servers: servers.into_iter().map(ServerDraft::finish).collect::<Option<_>>()?,
    })
}

fn global_defs(top: &mut Section<'_>, problems: &mut Problems) -> GlobalDefs {
    let opened = top
        .node("global_defs")
        .and_then(|(key, node)| Section::open(node, "global_defs", key.at.clone(), problems));
    let Some(mut section) = opened else { return GlobalDefs::default() };
    let emails = section.one_or_more("notification_email", problems, values::mailbox);
    let from = section.optional("notification_email_from", problems, values::mailbox);
    let server = section.optional("smtp_server", problems, values::smtp_server);
    let timeout = section.optional("smtp_connect_timeout", problems, values::smtp_connect_timeout);
    let router_id = section.optional("router_id", problems, values::router_id);
    section.close(problems);
    GlobalDefs {
        notification_email: emails.into_iter().map(|email| email.value).collect(),
        notification_email_from: value(from),
        smtp_server: value(server),
        smtp_connect_timeout: value(timeout),
        router_id: value(router_id).unwrap_or_default(),
    }
}

fn nodes(top: &mut Section<'_>, problems: &mut Problems) -> Vec<NodeDraft> {
    let Some((key, list)) = top.required_node("nodes", problems) else { return Vec::new() };
    let Kind::Sequence(items) = &list.kind else {
        problems.add(
            key.at.clone(),
            "`nodes` is a list",
            "write a line `- {name: server01.domain.ru, address: 192.168.3.101}` for each node",
        );
        return Vec::new();
    };
    if items.is_empty() {
        problems.add(key.at.clone(), "a cluster without nodes", "list the nodes below `nodes`");
    }
    (items.iter())
        .filter_map(|item| {
            let mut section = Section::open(item, "a node", item.at.clone(), problems)?;
            let name = section.required("name", problems, values::host);
            let address = section.required("address", problems, values::address);
            section.close(problems);
            Some(NodeDraft { name, address })
        })
        .collect()
}

fn instances(top: &mut Section<'_>, problems: &mut Problems) -> Vec<InstanceDraft> {
    let Some((key, node)) = top.required_node("vrrp_instance", problems) else {
        return Vec::new();
    };
    let Kind::Mapping(entries) = &node.kind else {
        problems.add(
            key.at.clone(),
            "`vrrp_instance` is a section with one entry for each instance",
            "write the instance's name below it, such as `mail_relay:`",
        );
        return Vec::new();
    };
    if entries.is_empty() {
        problems.add(
            key.at.clone(),
            "a cluster without instances",
            "name one below `vrrp_instance`",
        );
    }
    (entries.iter())
        .filter_map(|(name, node)| {
            let section = Section::open(node, &name.name, name.at.clone(), problems)?;
            let word = values::name(&name.name);
            if let Err(wrong) = &word {
                problems.add(name.at.clone(), wrong.title.as_str(), wrong.cure.as_str());
            }
            Some(instance(section, word.ok(), problems))
        })
        .collect()
}

fn instance(
    mut section: Section<'_>,
    name: Option<Word>,
    problems: &mut Problems,
) -> InstanceDraft {
    let interface = section.required("interface", problems, values::interface);
    let virtual_router_id =
        section.required("virtual_router_id", problems, values::virtual_router_id);
    let state_backup = section.optional("state", problems, values::state);
    let priority = section.optional("priority", problems, values::priority);
    let advert_int = section.optional("advert_int", problems, values::advert_int);
    let auth_pass = authentication(&mut section, problems);
    let vips = virtual_ipaddress(&mut section, problems);
    let preempt = section.optional("preempt", problems, values::yes_no);
    section.close(problems);
    InstanceDraft {
        name,
        interface,
        virtual_router_id,
        state_backup,
        priority,
        advert_int,
        auth_pass,
        vips,
        preempt,
    }
}

fn authentication(section: &mut Section<'_>, problems: &mut Problems) -> Option<Placed<Word>> {
    let (key, node) = section.node("authentication")?;
    let mut section = Section::open(node, "authentication", key.at.clone(), problems)?;
    section.optional("auth_type", problems, values::auth_type);
    let pass = section.required("auth_pass", problems, values::password);
    section.close(problems);
    pass
}

fn virtual_ipaddress(section: &mut Section<'_>, problems: &mut Problems) -> Vec<Placed<Vip>> {
    let Some((key, node)) = section.required_node("virtual_ipaddress", problems) else {
        return Vec::new();
    };
    let vips = section.one_or_more("virtual_ipaddress", problems, values::vip);
    if matches!(&node.kind, Kind::Sequence(items) if items.is_empty()) {
        problems.add(key.at.clone(), "an instance without addresses", "list at least one VIP");
    }
    if vips.len() > MOST_VIPS {
        problems.add(
            key.at.clone(),
            format!("more than {MOST_VIPS} addresses in one instance"),
            "put the others into another instance",
        );
    }
    vips
}

fn servers(
    top: &mut Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> Vec<ServerDraft> {
    let Some((key, node)) = top.node("virtual_server") else { return Vec::new() };
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
            let section = Section::open(item, "a virtual_server", item.at.clone(), problems)?;
            Some(server(section, instances, problems))
        })
        .collect()
}

fn server(
    mut section: Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> ServerDraft {
    let instance = instance_of(&mut section, instances, problems);
    let port = section.required("port", problems, values::port);
    let delay_loop = section.optional("delay_loop", problems, values::seconds);
    let lb_algo = section.required("lb_algo", problems, values::lb_algo);
    section.optional("lb_kind", problems, values::lb_kind);
    section.optional("protocol", problems, values::protocol);
    let weight = section.optional("weight", problems, values::weight);
    let check = section.required_node("check", problems).and_then(|(key, node)| {
        let section = Section::open(node, "check", key.at.clone(), problems)?;
        check(section, problems)
    });
    section.close(problems);
    ServerDraft { instance, port, delay_loop, lb_algo, weight, check }
}

/// The instance that a server names; the only one if it names none.
fn instance_of(
    section: &mut Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> Option<usize> {
    let named = |name: &Word| instances.iter().position(|i| i.name.as_ref() == Some(name));
    match section.node("vrrp_instance") {
        None if instances.len() == 1 => Some(0),
        None => {
            problems.add(
                section.place(),
                "of which VRRP instance is this virtual server?",
                "add a line `vrrp_instance: NAME`",
            );
            None
        }
        Some((_, node)) => {
            let name = problems.value(node, "vrrp_instance", values::name)?;
            let found = named(&name.value);
            if found.is_none() {
                problems.add(
                    name.at,
                    format!("there is no VRRP instance `{}`", name.value.as_str()),
                    "name one of the section `vrrp_instance`",
                );
            }
            found
        }
    }
}

fn check(mut section: Section<'_>, problems: &mut Problems) -> Option<Check> {
    let kind = section.required("type", problems, values::check_type);
    let connect_timeout = section.optional("connect_timeout", problems, values::seconds);
    let retry = section.optional("retry", problems, values::retry);
    let delay_before_retry = section.optional("delay_before_retry", problems, values::seconds);
    let helo_name = section.optional("helo_name", problems, values::helo_name);
    let section_place = section.place();
    section.close(problems);
    let kind = kind?.value;
    if let (CheckKind::Tcp, Some(helo_name)) = (kind, &helo_name) {
        problems.add(
            helo_name.at.clone(),
            "TCP_CHECK says no HELO",
            "remove `helo_name`, or use SMTP_CHECK or smtp-check",
        );
    }
    let check = Check {
        kind,
        connect_timeout: value(connect_timeout),
        retry: value(retry),
        delay_before_retry: value(delay_before_retry),
        helo_name: value(helo_name),
    };
    if kind == CheckKind::SmtpProbe && check.probe_timeout() > Seconds::MAX {
        problems.add(
            section_place,
            format!("one check could take {} s", check.probe_timeout()),
            format!(
                "shorten its timers; keepalived ends a program after at most {} s",
                Seconds::MAX
            ),
        );
    }
    Some(check)
}

impl NodeDraft {
    fn finish(self) -> Option<cluster::Node> {
        Some(cluster::Node { name: self.name?.value, address: self.address?.value })
    }
}

impl InstanceDraft {
    fn finish(self) -> Option<VrrpInstance> {
        let preempt = value(self.preempt).unwrap_or(true);
        let priority = value(self.priority);
        Some(VrrpInstance {
            name: self.name?,
            interface: self.interface?.value,
            virtual_router_id: self.virtual_router_id?.value,
            election: Election {
                priority,
                // keepalived refuses nopreempt on a node whose state is MASTER; and among equals
                // there is no first.
                first_is_master: preempt && priority.is_none() && self.state_backup.is_none(),
            },
            advert_int: value(self.advert_int).unwrap_or(ADVERT_INT),
            auth_pass: value(self.auth_pass),
            virtual_ipaddress: self.vips.into_iter().map(|vip| vip.value).collect(),
            preempt,
        })
    }
}

impl ServerDraft {
    fn finish(self) -> Option<cluster::VirtualServer> {
        Some(cluster::VirtualServer {
            vrrp_instance: self.instance?,
            port: self.port?.value,
            delay_loop: value(self.delay_loop),
            scheduler: self.lb_algo?.value,
            protocol: Protocol::Tcp,
            weight: value(self.weight).unwrap_or(WEIGHT),
            check: self.check?,
        })
    }
}

fn value<T>(placed: Option<Placed<T>>) -> Option<T> {
    placed.map(|placed| placed.value)
}
