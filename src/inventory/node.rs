//! The keys of `nodes`.

use std::net::IpAddr;

use super::keys::global::LVS_SYNC_DAEMON;
use super::keys::{NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE, node as key, top};
use super::places::Places;
use super::problems::{Placed, Problems};
use super::read::{Section, items};
use super::track::{SessionDraft, TrackedDraft};
use super::tree::{Key, Kind, Node};
use super::{instance, raw, settings, track};
use crate::cluster::{self, Family, Tracked};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// A node as it was read.
pub(super) struct NodeDraft {
    pub(super) name: Option<Placed<Word>>,
    /// At least one; none where something was wrong.
    pub(super) addresses: Vec<Placed<IpAddr>>,
    pub(super) site: Option<Placed<Word>>,
    pub(super) interface: Option<Placed<Word>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) weight: Option<Placed<u32>>,
    pub(super) instances: Vec<(Placed<String>, OwnInstance)>,
    /// Its own BFD sessions.
    pub(super) sessions: Vec<SessionDraft>,
    /// Its own `track_file`s and `vrrp_script`s.
    pub(super) tracked: Vec<TrackedDraft>,
    lvs_sync_daemon: Option<Placed<Word>>,
    global_defs: Settings,
    pub(super) global_raw: Vec<Statement>,
    pub(super) raw: Vec<Statement>,
}

/// A node's part of an instance as it was read.
pub(super) struct OwnInstance {
    pub(super) places: Places,
    pub(super) interface: Option<Placed<Word>>,
    pub(super) priority: Option<Placed<u8>>,
    pub(super) unicast_src_ip: Option<Placed<IpAddr>>,
    pub(super) unicast_peer: Option<Vec<Placed<IpAddr>>>,
    pub(super) tracked: Tracked,
    pub(super) settings: Settings,
    pub(super) raw: Vec<Statement>,
}

pub(super) fn read_all(top: &Section<'_>, problems: &mut Problems) -> Vec<NodeDraft> {
    let Some((key, list)) = top.node(top::NODES) else { return Vec::new() };
    let items = match &list.kind {
        Kind::Sequence(items) => items.as_slice(),
        Kind::Null => &[],
        _ => {
            problems.add(
                key.at.clone(),
                "`nodes` is a list",
                "write a line `- {name: server01.domain.ru, address: 192.168.3.101}` for each node",
            );
            return Vec::new();
        }
    };
    if items.is_empty() {
        problems.add(
            key.at.clone(),
            "a cluster without nodes",
            "list at least one node: `- {name: server01.domain.ru, address: 192.168.3.101}`",
        );
    }
    (items.iter())
        .filter_map(|item| {
            let section = Section::open(item, &NODE, NODE.name, item.at.clone(), problems)?;
            Some(read(section, problems))
        })
        .collect()
}

fn read(section: Section<'_>, problems: &mut Problems) -> NodeDraft {
    let mut lvs_sync_daemon = None;
    let (mut global_defs, mut global_raw) = (Settings::default(), Vec::new());
    if let Some((key, node)) = section.node(key::OWN_GLOBAL_DEFS) {
        let at = key.at.clone();
        if let Some(own) = Section::open(node, &NODE_GLOBAL_DEFS, "global_defs", at, problems) {
            lvs_sync_daemon = own.get(LVS_SYNC_DAEMON, problems);
            global_defs = settings::read(&own, problems);
            global_raw = raw::read(&own, problems);
            own.close(problems);
        }
    }
    let draft = NodeDraft {
        name: section.get(key::NAME, problems),
        addresses: addresses(&section, problems),
        site: section.get(key::SITE, problems),
        interface: section.get(key::INTERFACE, problems),
        priority: section.get(key::PRIORITY, problems),
        weight: section.get(key::WEIGHT, problems),
        instances: instances(&section, problems),
        sessions: track::sessions(&section, key::OWN_BFD_INSTANCE, problems),
        tracked: track::blocks(
            &section,
            [key::OWN_TRACK_FILE, key::OWN_VRRP_SCRIPT, key::OWN_VRRP_TRACK_PROCESS],
            problems,
        ),
        lvs_sync_daemon,
        global_defs,
        global_raw,
        raw: raw::read(&section, problems),
    };
    section.close(problems);
    draft
}

fn addresses(section: &Section<'_>, problems: &mut Problems) -> Vec<Placed<IpAddr>> {
    let Some((key, node)) = section.node(key::ADDRESS) else { return Vec::new() };
    let all = items(node);
    if all.is_empty() {
        problems.add(key.at.clone(), "a node without addresses", "write one address");
    }
    let mut own: Vec<Placed<IpAddr>> = Vec::new();
    for item in all {
        let Some(address) = problems.get(key::ADDRESS, item) else { continue };
        own.push(address);
    }
    // With one of them missing, what is said about the node's families would be wrong.
    if own.len() == all.len() { own } else { Vec::new() }
}

fn instances(section: &Section<'_>, problems: &mut Problems) -> Vec<(Placed<String>, OwnInstance)> {
    let Some((key, node)) = section.node(key::OWN_VRRP_INSTANCE) else { return Vec::new() };
    let Kind::Mapping(entries) = &node.kind else {
        problems.add(
            key.at.clone(),
            "`vrrp_instance` of a node is a section with instances' names",
            "write `vrrp_instance: {NAME: {priority: 90}}`",
        );
        return Vec::new();
    };
    let read = |(name, node): &(Key, Node)| {
        let at = name.at.clone();
        let own = Section::open(node, &NODE_INSTANCE, &name.name, at.clone(), problems)?;
        let draft = OwnInstance {
            places: Places::of(&own),
            interface: own.get(key::OWN_INTERFACE, problems),
            priority: own.get(key::OWN_PRIORITY, problems),
            unicast_src_ip: own.get(key::UNICAST_SRC_IP, problems),
            unicast_peer: (own.has(key::UNICAST_PEER))
                .then(|| own.all(key::UNICAST_PEER, problems)),
            tracked: instance::tracked(&own, problems),
            settings: settings::read(&own, problems),
            raw: raw::read(&own, problems),
        };
        own.close(problems);
        Some((Placed { at, value: name.name.clone() }, draft))
    };
    entries.iter().filter_map(read).collect()
}

impl NodeDraft {
    pub(super) fn finish(&self) -> Option<cluster::Node> {
        let mut addresses = self.addresses.iter().map(|address| address.value);
        Some(cluster::Node {
            name: self.name.as_ref()?.value.clone(),
            address: addresses.next()?,
            more_addresses: addresses.collect(),
            site: self.site.as_ref().map(|site| site.value.clone()),
            lvs_sync_daemon: self.lvs_sync_daemon.as_ref().map(|one| one.value.clone()),
            global_defs: self.global_defs.clone(),
            global_raw: self.global_raw.clone(),
            sessions: self.sessions.iter().map(|session| session.block.clone()).collect(),
            tracked: self.tracked.iter().map(|one| one.block.clone()).collect(),
            raw: self.raw.clone(),
        })
    }

    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.value == address)
    }

    pub(super) fn address_of(&self, family: Family) -> Option<IpAddr> {
        self.addresses.iter().map(|own| own.value).find(|own| Family::of(*own) == family)
    }

    /// What it says of an instance of that name.
    pub(super) fn own(&self, instance: &str) -> Option<&OwnInstance> {
        let found = self.instances.iter().find(|(name, _)| name.value == instance);
        found.map(|(_, own)| own)
    }
}
