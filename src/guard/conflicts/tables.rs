//! The tables of others as the kernel has them: a chain is read into steps when a packet first comes to
//! it, and sets are asked for single keys.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use nix::errno::Errno;

use super::evaluate::{Answer, Table};
use super::expression::{step, verdict};
use super::legacy::Legacy;
use super::rules::{Base, Foreign};
use super::step::Match;
use super::step::{Comparison, Step};
use crate::guard::TABLE;
use crate::guard::chain::{DSTNAT, Hook};
use crate::guard::plan::Services;
use crate::node::attributes::attributes;
use crate::node::netlink::NetlinkError;
use crate::node::nft::packet::InetHookNumber;
use crate::node::nft::{self, Element, Nft, Rule, Ruleset};
use crate::vip::Family;

/// One table of nf_tables.
pub(super) struct KernelTable<'a> {
    family: nft::Family,
    name: &'a str,
    bases: Vec<Base>,
    chains: HashMap<&'a str, Chain<'a>>,
    /// How long the keys of each set are.
    sets: HashMap<&'a str, usize>,
    /// What each set that was asked says of all keys that are no element.
    others: RefCell<HashMap<String, Answer>>,
    nft: &'a RefCell<Nft>,
}

/// The rules of a chain, and their steps once somebody asked for them.
#[derive(Default)]
struct Chain<'a>(Vec<&'a Rule>, OnceCell<Vec<Vec<Step>>>);

/// The tables that see a family's packets as they come in, or as programs send them; not our own.
pub(super) fn tables<'a>(
    ruleset: &'a Ruleset,
    family: Family,
    nft: &'a RefCell<Nft>,
) -> Vec<KernelTable<'a>> {
    let own = match family {
        Family::V4 => nft::Family::IPv4,
        Family::V6 => nft::Family::IPv6,
    };
    let mut tables: Vec<KernelTable<'a>> = Vec::new();
    for table in &ruleset.tables {
        let (family, name) = (table.family, table.name.as_str());
        let ours = family == own && name == TABLE || name.starts_with(OURS);
        if ours || ![own, nft::Family::Inet].contains(&family) || table.is_dormant() {
            continue;
        }
        let mine = |other: nft::Family, table: &str| other == family && table == name;
        let chains = || ruleset.chains.iter().filter(|chain| mine(chain.family, &chain.table));
        let bases: Vec<Base> = chains().filter_map(base).collect();
        if bases.is_empty() {
            continue;
        }
        let mut table = KernelTable {
            family,
            name,
            bases,
            chains: chains().map(|chain| (chain.name.as_str(), Chain::default())).collect(),
            sets: HashMap::new(),
            others: RefCell::default(),
            nft,
        };
        for rule in ruleset.rules.iter().filter(|rule| mine(rule.family, &rule.table)) {
            table.chains.entry(rule.chain.as_str()).or_default().0.push(rule);
        }
        for set in ruleset.sets.iter().filter(|set| mine(set.family, &set.table)) {
            table.sets.insert(&set.name, set.key_length as usize);
        }
        tables.push(table);
    }
    tables
}

/// What the names of our other tables begin with.
const OURS: &str = "lvskit-";

fn base(chain: &nft::Chain) -> Option<Base> {
    let base = chain.base.as_ref()?;
    let nat = base.kind == "nat";
    let hook = match base.hook {
        InetHookNumber::PreRouting => Hook::Prerouting,
        InetHookNumber::LocalIn => Hook::Input,
        InetHookNumber::LocalOut if nat => Hook::Output,
        _ => return None,
    };
    let drops = base.policy == nft::Policy::Drop;
    Some(Base { name: chain.name.clone(), nat, hook, priority: base.priority, drops })
}

impl KernelTable<'_> {
    /// What a set holds for all keys that are no elements (`*`). Kernels before 5.13 know no such element and
    /// refuse the question.
    fn others(&self, set: &str) -> Answer {
        let ask = || match self.nft.borrow_mut().catch_all(self.family, self.name, set) {
            Ok(found) => found.map_or(Answer::Absent, answer),
            Err(NetlinkError::Refused(Errno::EINVAL | Errno::EOPNOTSUPP)) => Answer::Absent,
            Err(_) => Answer::Unknown,
        };
        self.others.borrow_mut().entry(set.to_owned()).or_insert_with(ask).clone()
    }

    /// As the judge sees it.
    pub(super) fn foreign(&self) -> Foreign<'_> {
        let family = nft::word(self.family);
        Foreign {
            name: format!("table {family} {}", self.name),
            list: format!("nft -a list chain {family} {}", self.name),
            bases: self.bases.clone(),
            table: self,
        }
    }
}

impl Table for KernelTable<'_> {
    fn rules(&self, chain: &str) -> &[Vec<Step>] {
        let Some(Chain(rules, steps)) = self.chains.get(chain) else { return &[] };
        steps.get_or_init(|| rules.iter().map(|rule| self::steps(rule)).collect())
    }

    fn key_length(&self, set: &str) -> Option<usize> {
        self.sets.get(set).copied()
    }

    fn ask(&self, set: &str, key: &[u8]) -> Answer {
        let found = self.nft.borrow_mut().element(self.family, self.name, set, key);
        match found {
            Ok(Some(element)) => answer(element),
            Ok(None) => self.others(set),
            Err(_) => Answer::Unknown,
        }
    }

    fn name(&self, chain: &str, rule: usize) -> String {
        let rules = self.chains.get(chain).map(|Chain(rules, _)| rules.as_slice());
        match rules.and_then(|rules| rules.get(rule)) {
            Some(rule) => format!("the rule with handle {}", rule.handle),
            None => format!("rule {}", rule + 1),
        }
    }
}

/// What a set says of a key by an element of it.
fn answer(element: Element) -> Answer {
    match element {
        Element::Key => Answer::Element,
        Element::Value(value) => Answer::Value(value),
        Element::Verdict(bytes) => {
            verdict(attributes(&bytes)).map_or(Answer::Unknown, Answer::Verdict)
        }
    }
}

/// What a rule does.
pub(super) fn steps(rule: &Rule) -> Vec<Step> {
    rule.expressions().filter_map(|expression| step(&expression.name, expression.data)).collect()
}

/// The ports that rules name, where a service has too many to try them all.
pub(super) fn named(services: &Services, tables: &[KernelTable<'_>]) -> Vec<u16> {
    let Services::Only(services) = services else { return Vec::new() };
    if services.iter().all(|service| service.last == service.first) {
        return Vec::new();
    }
    let chains = tables.iter().flat_map(|table| table.chains.keys().map(|name| table.rules(name)));
    let steps = chains.flatten().flatten();
    steps.flat_map(ports_of).collect()
}

fn ports_of(step: &Step) -> Vec<u16> {
    let port = |bytes: &[u8]| <[u8; 2]>::try_from(bytes).ok().map(u16::from_be_bytes);
    match step {
        Step::Compare { how: Comparison::Equal, value, .. } => port(value).into_iter().collect(),
        Step::Compare { value, .. } => {
            let near = |port: u16| [port.saturating_sub(1), port, port.saturating_add(1)];
            port(value).map(near).into_iter().flatten().collect()
        }
        Step::Range { low, high, .. } => [low, high].iter().filter_map(|end| port(end)).collect(),
        Step::Match(Match::Ports { ranges, .. }) => {
            ranges.iter().flat_map(|(first, last)| [*first, *last]).collect()
        }
        _ => Vec::new(),
    }
}

impl Table for Legacy {
    fn rules(&self, chain: &str) -> &[Vec<Step>] {
        self.chains.get(chain).map(Vec::as_slice).unwrap_or_default()
    }

    fn key_length(&self, _: &str) -> Option<usize> {
        None
    }

    fn ask(&self, _: &str, _: &[u8]) -> Answer {
        Answer::Unknown
    }
}

/// The priorities are those of linux/netfilter_ipv4.h.
pub(super) fn foreign_legacy(table: &Legacy, family: Family) -> Foreign<'_> {
    let base = |name: &str, hook, priority| Base {
        name: name.to_owned(),
        nat: table.name == "nat",
        hook,
        priority,
        drops: table.dropping.iter().any(|chain| chain == name),
    };
    let bases = match table.name.as_str() {
        "raw" => vec![base("PREROUTING", Hook::Prerouting, -300)],
        "mangle" => {
            vec![base("PREROUTING", Hook::Prerouting, -150), base("INPUT", Hook::Input, -150)]
        }
        "filter" => vec![base("INPUT", Hook::Input, 0)],
        "nat" => {
            vec![base("PREROUTING", Hook::Prerouting, DSTNAT), base("OUTPUT", Hook::Output, DSTNAT)]
        }
        _ => Vec::new(),
    };
    let program = if family == Family::V4 { "iptables-legacy" } else { "ip6tables-legacy" };
    Foreign {
        name: format!("table {} of {program}", table.name),
        list: format!("{program} -t {} -S", table.name),
        bases,
        table,
    }
}
