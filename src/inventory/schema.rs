//! The keys of an inventory: reads its sections into drafts, which know their places and may have
//! gaps where something was wrong, and makes a [`Cluster`] of drafts without gaps.

use std::net::IpAddr;

use super::read::{Placed, Problems, Section, items, value};
use super::tree::{Kind, Node};
use super::{cross, instance, keywords, numbers, server, values};
use crate::cluster::{self, Cluster, Family, GlobalDefs};
use crate::conf::word::Word;

/// A node as it was read.
pub(super) struct NodeDraft {
    pub(super) name: Option<Placed<Word>>,
    /// At most one of each family, at least one; none where something was wrong.
    pub(super) addresses: Vec<Placed<IpAddr>>,
}

/// Reads a whole inventory. `None`, or problems noted, or both, if something is wrong.
pub(super) fn cluster(root: &Node, problems: &mut Problems) -> Option<Cluster> {
    let mut top = Section::open(root, "inventory", 0..0, problems)?;
    let global_defs = global_defs(&mut top, problems);
    let keep_sessions = top.optional("keep_sessions", problems, keywords::yes_no);
    let drain_file = top.optional("drain_file", problems, values::file);
    let nodes = nodes(&mut top, problems);
    let instances = instance::read_all(&mut top, problems);
    let servers = server::read_all(&mut top, &instances, problems);
    top.close(problems);
    cross::check(&global_defs, &nodes, &instances, &servers, problems);
    let nodes: Vec<cluster::Node> =
        nodes.into_iter().map(NodeDraft::finish).collect::<Option<_>>()?;
    Some(Cluster {
        global_defs,
        keep_sessions: value(keep_sessions).unwrap_or(true),
        drain_file: value(drain_file).or_else(|| Cluster::DRAIN_FILE.parse().ok())?,
        vrrp_instances: (instances.into_iter())
            .map(|instance| instance.finish(&nodes))
            .collect::<Option<_>>()?,
        virtual_servers: servers
            .into_iter()
            .map(|server| server.finish())
            .collect::<Option<_>>()?,
        nodes,
    })
}

fn global_defs(top: &mut Section<'_>, problems: &mut Problems) -> GlobalDefs {
    let opened = top
        .node("global_defs")
        .and_then(|(key, node)| Section::open(node, "global_defs", key.at.clone(), problems));
    let Some(mut section) = opened else { return GlobalDefs::default() };
    let emails = section.one_or_more("notification_email", problems, values::mailbox);
    let from = section.optional("notification_email_from", problems, values::mailbox);
    let smtp_server = section.optional("smtp_server", problems, values::smtp_server);
    let timeout = section.optional("smtp_connect_timeout", problems, numbers::smtp_connect_timeout);
    let router_id = section.optional("router_id", problems, keywords::router_id);
    let vrrp_version = section.optional("vrrp_version", problems, keywords::vrrp_version);
    let sync_daemon = section.optional("lvs_sync_daemon", problems, values::interface);
    section.close(problems);
    GlobalDefs {
        notification_email: emails.into_iter().map(|email| email.value).collect(),
        notification_email_from: value(from),
        smtp_server: value(smtp_server),
        smtp_connect_timeout: value(timeout),
        router_id: value(router_id).unwrap_or_default(),
        vrrp_version: value(vrrp_version).unwrap_or_default(),
        lvs_sync_daemon: value(sync_daemon),
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
            let addresses = addresses(&mut section, problems);
            section.close(problems);
            Some(NodeDraft { name, addresses })
        })
        .collect()
}

fn addresses(section: &mut Section<'_>, problems: &mut Problems) -> Vec<Placed<IpAddr>> {
    let Some((key, node)) = section.required_node("address", problems) else { return Vec::new() };
    let all = items(node);
    if all.is_empty() {
        problems.add(key.at.clone(), "a node without addresses", "write one address");
    }
    let mut own: Vec<Placed<IpAddr>> = Vec::new();
    for item in all {
        let Some(address) = problems.value(item, "address", values::address) else { continue };
        let family = Family::of(address.value);
        if own.iter().any(|other| Family::of(other.value) == family) {
            problems.add(
                address.at,
                format!("a second {family} address of one node"),
                "write at most one IPv4 and one IPv6 address: those that the service is checked at",
            );
            return Vec::new();
        }
        own.push(address);
    }
    // With one of them missing, what is said about the node's families would be wrong.
    if own.len() == all.len() { own } else { Vec::new() }
}

impl NodeDraft {
    fn finish(self) -> Option<cluster::Node> {
        let mut addresses = self.addresses.into_iter().map(|address| address.value);
        Some(cluster::Node {
            name: self.name?.value,
            address: addresses.next()?,
            second_address: addresses.next(),
        })
    }
}
