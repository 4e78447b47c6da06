//! The keys of `vrrp_instance`.

use std::ops::Range;

use super::keys::{AUTHENTICATION, VRRP_INSTANCE};
use super::places::Places;
use super::read::{Placed, Problems, Section, items, value};
use super::secret::{self, Secrets};
use super::tree::Kind;
use super::{address, keywords, numbers, raw, settings, values};
use crate::cluster::{Family, Seconds, Tracked, Version, VirtualAddress};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// The most addresses in one instance: their hook must fit into one line of keepalived.conf.
pub(super) const MOST_VIPS: usize = 20;

/// A VRRP instance as it was read.
pub(super) struct InstanceDraft {
    /// Where it is named.
    pub(super) at: Range<usize>,
    pub(super) places: Places,
    pub(super) name: Option<Word>,
    pub(super) interface: Option<Placed<Word>>,
    /// Whether there is an interface, right or wrong.
    pub(super) names_interface: bool,
    pub(super) virtual_router_id: Option<Placed<u8>>,
    pub(super) nodes: Option<Order>,
    pub(super) site: Option<Placed<Word>>,
    /// `election: uniform`
    pub(super) uniform: Option<Placed<bool>>,
    pub(super) state_backup: Option<Placed<()>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) advert_int: Option<Placed<Seconds>>,
    pub(super) version: Option<Placed<Version>>,
    pub(super) auth_pass: Option<Placed<Word>>,
    pub(super) unicast: bool,
    pub(super) vips: Vec<Placed<VirtualAddress>>,
    pub(super) excluded: Vec<Placed<VirtualAddress>>,
    pub(super) preempt: Option<Placed<bool>>,
    pub(super) preempt_delay: Option<Placed<Option<Seconds>>>,
    pub(super) tracked: Tracked,
    pub(super) settings: Settings,
    pub(super) raw: Vec<Statement>,
}

/// The `nodes` of an instance as they were read.
pub(super) struct Order {
    /// The place of the key.
    pub(super) at: Range<usize>,
    pub(super) names: Vec<Placed<Word>>,
    /// Whether every item was a name.
    pub(super) whole: bool,
}

pub(super) fn read_all(
    top: &Section<'_>,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Vec<InstanceDraft> {
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
            let at = name.at.clone();
            let section = Section::open(node, &VRRP_INSTANCE, &name.name, at, problems)?;
            let word = values::name(&name.name);
            if let Err(wrong) = &word {
                problems.add(name.at.clone(), wrong.title.as_str(), wrong.cure.as_str());
            }
            Some(read(section, word.ok(), secrets, problems))
        })
        .collect()
}

fn read(
    section: Section<'_>,
    name: Option<Word>,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> InstanceDraft {
    let draft = InstanceDraft {
        at: section.place(),
        places: Places::of(&section),
        name,
        interface: section.optional("interface", problems, values::interface),
        names_interface: section.node("interface").is_some(),
        virtual_router_id: section.required(
            "virtual_router_id",
            problems,
            numbers::virtual_router_id,
        ),
        nodes: order(&section, problems),
        site: section.optional("site", problems, values::name),
        uniform: section.optional("election", problems, keywords::election),
        state_backup: section.optional("state", problems, keywords::state),
        priority: section.optional("priority", problems, numbers::priority),
        advert_int: section.optional("advert_int", problems, numbers::advert_int),
        version: section.optional("version", problems, keywords::vrrp_version),
        auth_pass: authentication(&section, secrets, problems),
        unicast: value(section.optional("unicast", problems, keywords::yes_no)).unwrap_or(false),
        vips: virtual_ipaddress(&section, problems),
        excluded: excluded(&section, problems),
        preempt: section.optional("preempt", problems, keywords::yes_no),
        preempt_delay: section.optional("preempt_delay", problems, numbers::preempt_delay),
        tracked: tracked(&section, problems),
        settings: settings::read(&section, problems),
        raw: raw::read(&section, problems),
    };
    section.close(problems);
    draft
}

fn order(section: &Section<'_>, problems: &mut Problems) -> Option<Order> {
    let (key, node) = section.node("nodes")?;
    let all = items(node).len();
    let names = section.one_or_more("nodes", problems, values::host);
    Some(Order { at: key.at.clone(), whole: names.len() == all, names })
}

fn authentication(
    section: &Section<'_>,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Option<Placed<Word>> {
    let (key, node) = section.node("authentication")?;
    let at = key.at.clone();
    let section = Section::open(node, &AUTHENTICATION, "authentication", at, problems)?;
    section.optional("auth_type", problems, keywords::auth_type);
    let pass = section
        .required_node("auth_pass", problems)
        .and_then(|(key, node)| secret::auth_pass(key, node, secrets, problems));
    section.close(problems);
    pass
}

fn virtual_ipaddress(
    section: &Section<'_>,
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
    all.iter().filter_map(|item| address::read(item, problems)).collect()
}

fn excluded(section: &Section<'_>, problems: &mut Problems) -> Vec<Placed<VirtualAddress>> {
    let Some((_, node)) = section.node("virtual_ipaddress_excluded") else { return Vec::new() };
    items(node).iter().filter_map(|item| address::read(item, problems)).collect()
}

/// What an instance, a group of them, or a node's part of one tracks.
pub(super) fn tracked(section: &Section<'_>, problems: &mut Problems) -> Tracked {
    let mut lines = |key: &'static str| -> Vec<String> {
        let lines = section.one_or_more(key, problems, values::tracked);
        lines.into_iter().map(|line| line.value).collect()
    };
    Tracked {
        interface: lines("track_interface"),
        script: lines("track_script"),
        file: lines("track_file"),
    }
}

impl InstanceDraft {
    /// Of its addresses; `None` where none could be read.
    pub(super) fn family(&self) -> Option<Family> {
        self.vips.first().map(|vip| Family::of(vip.value.address()))
    }

    /// Its own name, as nodes call it.
    pub(super) fn name(&self) -> &str {
        self.name.as_ref().map_or("", Word::as_str)
    }

    /// `election: uniform`
    pub(super) fn is_uniform(&self) -> bool {
        self.uniform.as_ref().is_some_and(|uniform| uniform.value)
    }

    /// All its addresses, those of adverts first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Placed<VirtualAddress>> {
        self.vips.iter().chain(&self.excluded)
    }
}
