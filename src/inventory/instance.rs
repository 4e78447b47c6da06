//! The keys of `vrrp_instance`.

use std::collections::HashSet;
use std::ops::Range;

use super::keys::wrong::{Read, invalid};
use super::keys::{AUTHENTICATION, Key, VRRP_INSTANCE, instance as key, top, values};
use super::places::Places;
use super::problems::{Placed, Problems, value};
use super::read::{Section, items};
use super::secret::{self, Secrets};
use super::tree::{Key as Entry, Kind, Node};
use super::{address, raw, settings};
use crate::cluster::{Family, Pause, Ranking, Seconds, State, Tracked, Version, VirtualAddress};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

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
    pub(super) election: Option<Placed<Ranking>>,
    pub(super) state_backup: Option<Placed<State>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) advert_int: Option<Placed<Seconds>>,
    pub(super) version: Option<Placed<Version>>,
    pub(super) auth_pass: Option<Placed<Word>>,
    pub(super) unicast: bool,
    pub(super) vips: Vec<Placed<VirtualAddress>>,
    pub(super) excluded: Vec<Placed<VirtualAddress>>,
    pub(super) preempt: Option<Placed<bool>>,
    pub(super) preempt_delay: Option<Placed<Pause>>,
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
    /// The same names, to look one up.
    set: HashSet<Word>,
}

impl Order {
    /// Whether it names a node.
    pub(super) fn has(&self, name: &Word) -> bool {
        self.set.contains(name)
    }
}

pub(super) fn read_all(
    top: &Section<'_>,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Vec<InstanceDraft> {
    let Some((key, node)) = top.node(top::VRRP_INSTANCE) else {
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
    let mut skipped = 0;
    (entries.iter().enumerate())
        .filter_map(|(place, (name, node))| {
            if place < skipped {
                return None;
            }
            let at = name.at.clone();
            let own = outdented(&entries[place..]);
            let section = match own {
                [] => Section::open(node, &VRRP_INSTANCE, &name.name, at, problems)?,
                [(first, _), ..] => {
                    skipped = place + 1 + own.len();
                    problems.add(
                        first.at.clone(),
                        format!("the keys of `{}` are not indented", name.name),
                        format!(
                            "indent them more than `{}:`, down to the next instance",
                            name.name
                        ),
                    );
                    Section::of(own, &VRRP_INSTANCE, &name.name, at)
                }
            };
            let word = name_of(&name.name);
            if let Err(wrong) = &word {
                problems.add(name.at.clone(), wrong.title.as_str(), wrong.help.as_str());
            }
            Some(read(section, word.ok(), secrets, problems))
        })
        .collect()
}

/// A name that somebody chose for a block.
pub(super) fn name_of(text: &str) -> Read<Word> {
    (values::NAME.read)(text)?;
    text.parse().or_else(|_| invalid("name", text, values::NAME.shown))
}

/// The keys that stand beside an instance without keys, where they should be below it.
fn outdented(entries: &[(Entry, Node)]) -> &[(Entry, Node)] {
    let [(_, Node { kind: Kind::Null, .. }), rest @ ..] = entries else { return &[] };
    let is_key = |(key, node): &&(Entry, Node)| {
        VRRP_INSTANCE.key(&key.name).is_some() && !matches!(node.kind, Kind::Mapping(_))
    };
    &rest[..rest.iter().take_while(is_key).count()]
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
        interface: section.get(key::INTERFACE, problems),
        names_interface: section.has(key::INTERFACE),
        virtual_router_id: section.get(key::VIRTUAL_ROUTER_ID, problems),
        nodes: order(&section, problems),
        site: section.get(key::SITE, problems),
        election: section.get(key::ELECTION, problems),
        state_backup: section.get(key::STATE, problems),
        priority: section.get(key::PRIORITY, problems),
        advert_int: section.get(key::ADVERT_INT, problems),
        version: section.get(key::VERSION, problems),
        auth_pass: authentication(&section, secrets, problems),
        unicast: value(section.get(key::UNICAST, problems)).unwrap_or(false),
        vips: virtual_ipaddress(&section, problems),
        excluded: excluded(&section, problems),
        preempt: section.get(key::PREEMPT, problems),
        preempt_delay: section.get(key::PREEMPT_DELAY, problems),
        tracked: tracked(&section, problems),
        settings: settings::read(&section, problems),
        raw: raw::read(&section, problems),
    };
    section.close(problems);
    draft
}

fn order(section: &Section<'_>, problems: &mut Problems) -> Option<Order> {
    let (key, node) = section.node(key::NODES)?;
    let all = items(node).len();
    let names = section.all(key::NODES, problems);
    let set = names.iter().map(|name| name.value.clone()).collect();
    Some(Order { at: key.at.clone(), whole: names.len() == all, names, set })
}

fn authentication(
    section: &Section<'_>,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Option<Placed<Word>> {
    let (key, node) = section.node(key::AUTH)?;
    let at = key.at.clone();
    let section = Section::open(node, &AUTHENTICATION, "authentication", at, problems)?;
    section.written(key::AUTH_TYPE, problems);
    let pass = section
        .node(key::AUTH_PASS)
        .and_then(|(key, node)| secret::auth_pass(key, node, secrets, problems));
    section.close(problems);
    pass
}

fn virtual_ipaddress(
    section: &Section<'_>,
    problems: &mut Problems,
) -> Vec<Placed<VirtualAddress>> {
    let Some((key, node)) = section.node(key::VIRTUAL_IPADDRESS) else {
        return Vec::new();
    };
    let all = items(node);
    if all.is_empty() {
        problems.add(key.at.clone(), "an instance without addresses", "list at least one VIP");
    }
    let most = key::VIRTUAL_IPADDRESS.items.1;
    if all.len() > most {
        problems.add(
            key.at.clone(),
            format!("more than {most} addresses in one instance"),
            "put the others into `virtual_ipaddress_excluded`, or into another instance",
        );
    }
    all.iter().filter_map(|item| address::read(item, problems)).collect()
}

fn excluded(section: &Section<'_>, problems: &mut Problems) -> Vec<Placed<VirtualAddress>> {
    let Some((_, node)) = section.node(key::VIRTUAL_IPADDRESS_EXCLUDED) else { return Vec::new() };
    items(node).iter().filter_map(|item| address::read(item, problems)).collect()
}

/// What an instance, a group of them, or a node's part of one tracks.
pub(super) fn tracked(section: &Section<'_>, problems: &mut Problems) -> Tracked {
    let mut lines = |key: Key| -> Vec<String> {
        let lines = section.written(key, problems);
        lines.into_iter().map(|line| line.value).collect()
    };
    Tracked {
        interface: lines(key::TRACK_INTERFACE),
        script: lines(key::TRACK_SCRIPT),
        file: lines(key::TRACK_FILE),
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
        self.election.as_ref().is_some_and(|election| election.value == Ranking::Uniform)
    }

    /// All its addresses, those of adverts first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Placed<VirtualAddress>> {
        self.vips.iter().chain(&self.excluded)
    }
}
