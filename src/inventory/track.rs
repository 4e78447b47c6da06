//! The keys of `track_file`, `vrrp_script`, `vrrp_sync_group` and `virtual_server_group`: blocks with
//! names that others refer to.

use std::net::IpAddr;
use std::ops::Range;

use super::instance;
use super::keys::bfd::{NEIGHBOR_IP, SOURCE_IP};
use super::keys::track::GROUP;
use super::keys::{
    self, BFD_INSTANCE, TRACK_FILE, Table, VRRP_SCRIPT, VRRP_SYNC_GROUP, VRRP_TRACK_PROCESS, top,
};
use super::places::Places;
use super::problems::{Placed, Problems};
use super::read::Section;
use super::tree::{Key, Kind, Node};
use super::{raw, settings};
use crate::cluster::{Release, Tracked};
use crate::conf::detection::LONGEST_NAME as LONGEST_SESSION;
use crate::conf::statement::Statement;
use crate::conf::word::Word;

/// The blocks as they were read, and their names.
#[derive(Default)]
pub(super) struct TrackDraft {
    pub(super) blocks: Vec<Statement>,
    /// Those whose own weight is not 0.
    pub(super) weighted_files: Vec<String>,
    pub(super) weighted_scripts: Vec<String>,
    /// The weights of scripts, files and processes, each with the key that tracks it.
    weights: Vec<(&'static str, String, i64)>,
    /// All names, and where they stand.
    pub(super) defined: Vec<Defined>,
    pub(super) groups: Vec<GroupDraft>,
    /// Of all nodes.
    pub(super) sessions: Vec<SessionDraft>,
    pub(super) server_groups: Vec<String>,
    pub(super) server_group_blocks: Vec<Statement>,
}

/// A block with a name.
#[derive(Clone)]
pub(super) struct Defined {
    /// `vrrp_script`, `track_file`, `vrrp_track_process` or `virtual_server_group`.
    pub(super) section: &'static str,
    pub(super) name: String,
    pub(super) at: Range<usize>,
    /// Whether all nodes have it.
    pub(super) everywhere: bool,
}

/// A `bfd_instance` as it was read.
#[derive(Clone)]
pub(super) struct SessionDraft {
    pub(super) name: String,
    /// Where it is named.
    pub(super) at: Range<usize>,
    /// Its `neighbor_ip`, and where that stands.
    pub(super) neighbor: Option<Placed<IpAddr>>,
    /// Its `source_ip`.
    pub(super) source: Option<IpAddr>,
    pub(super) block: Statement,
}

/// The `bfd_instance`s of all nodes or of one.
pub(super) fn sessions(
    around: &Section<'_>,
    key: keys::Key,
    problems: &mut Problems,
) -> Vec<SessionDraft> {
    let mut all = Vec::new();
    for (name, node) in named(around, key, problems) {
        let (table, at) = (&BFD_INSTANCE, name.at.clone());
        let Some(section) = Section::open(node, table, &name.name, at, problems) else { continue };
        let settings = settings::read(&section, problems);
        let at = Places::of(&section).value("neighbor_ip");
        let neighbor = settings::get(&settings, NEIGHBOR_IP);
        let source = settings::get(&settings, SOURCE_IP);
        let raw = raw::read(&section, problems);
        section.close(problems);
        let head = format!("bfd_instance {}", quoted(name));
        if name.name.len() > LONGEST_SESSION {
            problems.add(
                name.at.clone(),
                format!("the name of a bfd_instance has at most {LONGEST_SESSION} characters"),
                "shorten it",
            );
        }
        all.push(SessionDraft {
            name: name.name.clone(),
            at: name.at.clone(),
            neighbor: neighbor.map(|value| Placed { at, value }),
            source,
            block: Statement::block(head, settings.into_statements(raw)),
        });
    }
    all
}

/// A sync group as it was read.
pub(super) struct GroupDraft {
    pub(super) at: Range<usize>,
    pub(super) places: Places,
    pub(super) members: Vec<Placed<Word>>,
    pub(super) tracked: Tracked,
    /// Whether weights of what members track count.
    pub(super) weights: bool,
    pub(super) block: Statement,
}

/// A `track_file` or `vrrp_script` as it was read.
pub(super) struct TrackedDraft {
    defined: Defined,
    /// Its own weight, as it is written or keepalived's own.
    weight: String,
    pub(super) block: Statement,
}

/// The `track_file`s, `vrrp_script`s and `vrrp_track_process`es of all nodes or of one, below these keys.
pub(super) fn blocks(
    around: &Section<'_>,
    [file, script, process]: [keys::Key; 3],
    problems: &mut Problems,
) -> Vec<TrackedDraft> {
    let mut all = Vec::new();
    // keepalived's own weight is 0 for scripts, and 1 for the others.
    for (key, table, default) in
        [(file, &TRACK_FILE, "1"), (script, &VRRP_SCRIPT, "0"), (process, &VRRP_TRACK_PROCESS, "1")]
    {
        let section = key.name;
        for (name, node) in named(around, key, problems) {
            let Some((block, weight)) = block(section, table, name, node, problems) else {
                continue;
            };
            let weight = weight.unwrap_or_else(|| default.to_owned());
            let (name, at) = (name.name.clone(), name.at.clone());
            let defined = Defined { section, name, at, everywhere: false };
            all.push(TrackedDraft { defined, weight, block });
        }
    }
    all
}

pub(super) fn read_all(top: &Section<'_>, problems: &mut Problems) -> TrackDraft {
    let mut draft = TrackDraft {
        sessions: sessions(top, top::BFD_INSTANCE, problems),
        ..TrackDraft::default()
    };
    let keys = [top::TRACK_FILE, top::VRRP_SCRIPT, top::VRRP_TRACK_PROCESS];
    let blocks = blocks(top, keys, problems);
    draft.know(&blocks, true);
    draft.blocks = blocks.into_iter().map(|one| one.block).collect();
    for (name, node) in named(top, top::VRRP_SYNC_GROUP, problems) {
        draft.groups.extend(sync_group(name, node, problems));
    }
    for (name, node) in named(top, top::VIRTUAL_SERVER_GROUP, problems) {
        if let Some(lines) = raw::lines(node, "virtual_server_group", problems) {
            server_group(&lines, &node.at, problems);
            let head = format!("virtual_server_group {}", quoted(name));
            draft.server_group_blocks.push(Statement::block(head, lines));
            draft.server_groups.push(name.name.clone());
            draft.defined.push(Defined {
                section: "virtual_server_group",
                name: name.name.clone(),
                at: name.at.clone(),
                everywhere: true,
            });
        }
    }
    draft
}

impl TrackedDraft {
    /// Whether it is what a section has by this name.
    pub(super) fn is(&self, section: &str, name: &str) -> bool {
        self.defined.section == section && self.defined.name == name
    }
}

impl TrackDraft {
    /// Notes the names of blocks that all nodes have, or one: instances can track them then.
    pub(super) fn know(&mut self, blocks: &[TrackedDraft], everywhere: bool) {
        for TrackedDraft { defined, weight, .. } in blocks {
            let (key, weighted) = match defined.section {
                "track_file" => ("track_file", Some(&mut self.weighted_files)),
                "vrrp_script" => ("track_script", Some(&mut self.weighted_scripts)),
                _ => ("track_process", None),
            };
            if let Some(number) = weight.split(' ').next().and_then(|text| text.parse().ok()) {
                self.weights.push((key, defined.name.clone(), number));
            }
            if let Some(weighted) = weighted.filter(|_| !weight.starts_with('0')) {
                weighted.push(defined.name.clone());
            }
            self.defined.push(Defined { everywhere, ..defined.clone() });
        }
    }

    /// The weight of what a key tracks by this name, where the line itself says none; the greatest where
    /// nodes have their own.
    pub(super) fn weight(&self, key: &str, name: &str) -> Option<i64> {
        let is_it = |(own, called, _): &&(&'static str, String, i64)| *own == key && called == name;
        let all = self.weights.iter().filter(is_it).map(|(_, _, weight)| *weight);
        all.max_by_key(|weight| weight.abs())
    }
}

/// The entries of a section of names.
fn named<'a>(
    top: &Section<'a>,
    key: keys::Key,
    problems: &mut Problems,
) -> Vec<(&'a Key, &'a Node)> {
    let keyword = key.name;
    let Some((key, node)) = top.node(key) else { return Vec::new() };
    let Kind::Mapping(entries) = &node.kind else {
        problems.add(
            key.at.clone(),
            format!("`{keyword}` is a section with one entry for each name"),
            "write a name below it, such as `name:`, and its keys below that",
        );
        return Vec::new();
    };
    let good = |entry: &&(Key, Node)| instance::name_of(&entry.0.name).is_ok();
    for (name, _) in entries.iter().filter(|entry| !good(entry)) {
        let title = format!("invalid name `{}`", name.name);
        problems.add(name.at.clone(), title, "write one word of letters and digits");
    }
    entries.iter().filter(good).map(|(name, node)| (name, node)).collect()
}

fn quoted(name: &Key) -> String {
    instance::name_of(&name.name).map(|word| word.to_string()).unwrap_or_default()
}

/// The block, and the weight in it.
fn block(
    keyword: &str,
    table: &'static Table,
    name: &Key,
    node: &Node,
    problems: &mut Problems,
) -> Option<(Statement, Option<String>)> {
    let section = Section::open(node, table, &name.name, name.at.clone(), problems)?;
    let settings = settings::read(&section, problems);
    let raw = raw::read(&section, problems);
    section.close(problems);
    let weight = settings.value("weight").map(str::to_owned);
    let head = format!("{keyword} {}", quoted(name));
    Some((Statement::block(head, settings.into_statements(raw)), weight))
}

fn sync_group(name: &Key, node: &Node, problems: &mut Problems) -> Option<GroupDraft> {
    let section = Section::open(node, &VRRP_SYNC_GROUP, &name.name, name.at.clone(), problems)?;
    let places = Places::of(&section);
    let members = section.all(GROUP, problems);
    let tracked = instance::tracked(&section, problems);
    let settings = settings::read(&section, problems);
    let raw = raw::read(&section, problems);
    let weights = settings.has("sync_group_tracking_weight");
    section.close(problems);
    let lines = members.iter().map(|member| Statement::line(member.value.to_string())).collect();
    let mut block = vec![Statement::block("group", lines)];
    block.extend(tracked.blocks());
    block.extend(settings.into_statements(raw));
    let block = Statement::block(format!("vrrp_sync_group {}", quoted(name)), block);
    Some(GroupDraft { at: name.at.clone(), places, members, tracked, weights, block })
}

/// `ADDRESS[-TO|/LENGTH] [PORT]` or `fwmark NUMBER [inet|inet6]`.
fn server_group(lines: &[Statement], at: &Range<usize>, problems: &mut Problems) {
    for line in lines {
        let words: Vec<&str> = line.line.split_whitespace().collect();
        let good = match words.as_slice() {
            ["fwmark", number] | ["fwmark", number, "inet" | "inet6"] => {
                number.parse::<u32>().is_ok_and(|number| number > 0)
            }
            [address] => is_range(address),
            [address, port] => is_range(address) && port.parse::<u16>().is_ok_and(|port| port > 0),
            _ => false,
        };
        let whole_range = words.first().and_then(|first| first.split_once('-'));
        let newer = whole_range.is_some_and(|(_, to)| to.parse::<u8>().is_err())
            || words.first().is_some_and(|first| first.contains('/'));
        if !good {
            problems.add(
                at.clone(),
                format!("invalid line `{}` in a virtual_server_group", line.line),
                "write ADDRESS PORT, FROM-TO PORT or fwmark NUMBER",
            );
        } else if newer && problems.target() < Release::V2_2 {
            problems.add(
                at.clone(),
                format!("{} does not know `{}`", problems.target(), line.line),
                "write ranges as A.B.C.D-E",
            );
        }
    }
}

/// An address, `FROM-TO` with an address or its last part, or `ADDRESS/LENGTH`.
fn is_range(text: &str) -> bool {
    let address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    match text.split_once('-') {
        Some((from, to)) => {
            let last = if from.contains(':') {
                u16::from_str_radix(to, 16).is_ok()
            } else {
                to.parse::<u8>().is_ok()
            };
            address(from) && (address(to) || last)
        }
        None => text.parse::<ipnetwork::IpNetwork>().is_ok(),
    }
}
