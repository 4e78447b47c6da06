//! The keys of `vrrp_instance`.

use std::ops::Range;

use super::read::{Placed, Problems, Section, items, value};
use super::tree::{Kind, Node};
use super::{keywords, numbers, values};
use crate::cluster::{self, Election, Preempt, Seconds, VirtualAddress, VrrpInstance};
use crate::conf::word::Word;

/// The most addresses in one instance: their hook must fit into one line of keepalived.conf.
const MOST_VIPS: usize = 20;

/// A VRRP instance as it was read.
pub(super) struct InstanceDraft {
    pub(super) name: Option<Word>,
    pub(super) interface: Option<Placed<Word>>,
    pub(super) virtual_router_id: Option<Placed<u8>>,
    pub(super) nodes: Option<Order>,
    pub(super) state_backup: Option<Placed<()>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) advert_int: Option<Placed<Seconds>>,
    pub(super) auth_pass: Option<Placed<Word>>,
    pub(super) vips: Vec<Placed<VirtualAddress>>,
    pub(super) preempt: Option<Placed<bool>>,
    pub(super) preempt_delay: Option<Placed<Option<Seconds>>>,
}

/// The `nodes` of an instance as they were read.
pub(super) struct Order {
    /// The place of the key.
    pub(super) at: Range<usize>,
    pub(super) names: Vec<Placed<Word>>,
    /// Whether every item was a name.
    pub(super) whole: bool,
}

pub(super) fn read_all(top: &mut Section<'_>, problems: &mut Problems) -> Vec<InstanceDraft> {
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
            Some(read(section, word.ok(), problems))
        })
        .collect()
}

fn read(mut section: Section<'_>, name: Option<Word>, problems: &mut Problems) -> InstanceDraft {
    let draft = InstanceDraft {
        name,
        interface: section.required("interface", problems, values::interface),
        virtual_router_id: section.required(
            "virtual_router_id",
            problems,
            numbers::virtual_router_id,
        ),
        nodes: nodes(&mut section, problems),
        state_backup: section.optional("state", problems, keywords::state),
        priority: section.optional("priority", problems, numbers::priority),
        advert_int: section.optional("advert_int", problems, numbers::advert_int),
        auth_pass: authentication(&mut section, problems),
        vips: virtual_ipaddress(&mut section, problems),
        preempt: section.optional("preempt", problems, keywords::yes_no),
        preempt_delay: section.optional("preempt_delay", problems, numbers::preempt_delay),
    };
    section.close(problems);
    draft
}

fn nodes(section: &mut Section<'_>, problems: &mut Problems) -> Option<Order> {
    let (key, node) = section.node("nodes")?;
    let all = items(node).len();
    let names = section.one_or_more("nodes", problems, values::host);
    Some(Order { at: key.at.clone(), whole: names.len() == all, names })
}

fn authentication(section: &mut Section<'_>, problems: &mut Problems) -> Option<Placed<Word>> {
    let (key, node) = section.node("authentication")?;
    let mut section = Section::open(node, "authentication", key.at.clone(), problems)?;
    section.optional("auth_type", problems, keywords::auth_type);
    let pass = section.required("auth_pass", problems, values::password);
    section.close(problems);
    pass
}

fn virtual_ipaddress(
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Vec<Placed<VirtualAddress>> {
    let Some((key, node)) = section.required_node("virtual_ipaddress", problems) else {
        return Vec::new();
    };
    let all = items(node);
    if all.is_empty() {
        problems.add(key.at.clone(), "an instance without addresses", "list at least one VIP");
    }
    if all.len() > MOST_VIPS {
        problems.add(
            key.at.clone(),
            format!("more than {MOST_VIPS} addresses in one instance"),
            "put the others into another instance",
        );
    }
    all.iter().filter_map(|item| virtual_address(item, problems)).collect()
}

/// `ADDRESS[/LENGTH]`, or `{address: ADDRESS[/LENGTH], dev: IFACE}`.
fn virtual_address(node: &Node, problems: &mut Problems) -> Option<Placed<VirtualAddress>> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return problems.value(node, "virtual_ipaddress", values::virtual_address);
    }
    let mut section = Section::open(node, "virtual_ipaddress", node.at.clone(), problems)?;
    let address = section.required("address", problems, values::virtual_address);
    let dev = section.optional("dev", problems, values::interface);
    section.close(problems);
    let mut address = address?;
    address.value.dev = value(dev);
    Some(address)
}

impl InstanceDraft {
    /// The instance, in a cluster of these nodes.
    pub(super) fn finish(self, nodes: &[cluster::Node]) -> Option<VrrpInstance> {
        let place = |name: &Placed<Word>| nodes.iter().position(|node| node.name == name.value);
        let order = match &self.nodes {
            Some(order) => order.names.iter().map(place).collect::<Option<_>>()?,
            None => (0..nodes.len()).collect(),
        };
        let preempt = match (value(self.preempt), value(self.preempt_delay).flatten()) {
            (Some(false), _) => Preempt::Never,
            (_, Some(delay)) => Preempt::After(delay),
            (_, None) => Preempt::AtOnce,
        };
        let priority = value(self.priority);
        Some(VrrpInstance {
            name: self.name?,
            interface: self.interface?.value,
            virtual_router_id: self.virtual_router_id?.value,
            election: Election {
                order,
                priority,
                // keepalived refuses nopreempt and preempt_delay on a node whose state is MASTER;
                // and among equals there is no first.
                first_is_master: preempt == Preempt::AtOnce
                    && priority.is_none()
                    && self.state_backup.is_none(),
            },
            advert_int: value(self.advert_int).unwrap_or(Seconds::ONE),
            auth_pass: value(self.auth_pass),
            virtual_ipaddress: self.vips.into_iter().map(|vip| vip.value).collect(),
            preempt,
        })
    }
}
