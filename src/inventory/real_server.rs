//! The keys of `real_server`: servers that are others than the nodes, or differ from each other.

use std::net::IpAddr;
use std::ops::Range;

use super::check::{self, Checks, Service};
use super::keys::{REAL_SERVER, real_server as key, server};
use super::problems::{Placed, Problems};
use super::read::{Section, items};
use super::timers::{self, Around};
use super::tree::Node;
use super::{raw, settings};
use crate::cluster::{Check, Release};
use crate::conf::inhibit::INHIBIT;
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// A server as it was read.
pub(super) struct RealServerDraft {
    who: Option<Who>,
    pub(super) port: Option<Placed<u16>>,
    pub(super) weight: Option<Placed<u32>>,
    pub(super) checks: Option<Checks>,
    /// The checks of the virtual server, where timers of its own change them.
    pub(super) timed: Option<Vec<Check>>,
    pub(super) settings: Settings,
    /// Where it says itself whether it stays in its table.
    pub(super) inhibit_at: Option<Range<usize>>,
    pub(super) raw: Vec<Statement>,
}

/// Who a server is.
enum Who {
    Node(Placed<Word>),
    Address(Placed<IpAddr>),
}

/// All of a virtual server; `None` where it says nothing of them.
pub(super) fn read_all(
    section: &Section<'_>,
    service: Service<'_>,
    problems: &mut Problems,
) -> Option<Vec<RealServerDraft>> {
    let (key, node) = section.node(server::REAL_SERVERS)?;
    let common = section.node(server::CHECK).map(|(_, node)| node);
    let all = items(node);
    if all.is_empty() {
        problems.add(key.at.clone(), "a service without servers", "list one, or remove the key");
    }
    let read = all.iter().filter_map(|item| {
        let at = item.at.clone();
        let section = Section::open(item, &REAL_SERVER, REAL_SERVER.name, at, problems)?;
        Some(read(section, common, service, problems))
    });
    Some(read.collect())
}

fn read(
    section: Section<'_>,
    common: Option<&Node>,
    service: Service<'_>,
    problems: &mut Problems,
) -> RealServerDraft {
    let node = section.get(key::NODE, problems);
    let address = section.get(key::ADDRESS, problems);
    let who = match (node, address) {
        (Some(node), None) => Some(Who::Node(node)),
        (None, Some(address)) => Some(Who::Address(address)),
        _ => {
            if section.has(key::NODE) == section.has(key::ADDRESS) {
                problems.add(
                    section.place(),
                    "a real_server is a node or an address",
                    "write `node: NAME`, or `address: ADDRESS` for a server that is not a node",
                );
            }
            None
        }
    };
    let settings = settings::read(&section, problems);
    let own = settings::get(&settings, key::DELAY_LOOP);
    let around = Around { real_server: Some(&settings), ..service.around };
    let service = Service { delay_loop: own.or(service.delay_loop), around, ..service };
    let checks = section.node(key::CHECK).map(|(_, node)| check::read_all(node, service, problems));
    let timed = match (&checks, common) {
        (None, Some(node)) if timers::any(&settings) => timed(node, service, problems.target()),
        _ => None,
    };
    let inhibit = section.entries().iter().find(|(key, _)| key.name == INHIBIT);
    let draft = RealServerDraft {
        who,
        port: section.get(key::PORT, problems),
        weight: section.get(key::WEIGHT, problems),
        checks,
        timed,
        settings,
        inhibit_at: inhibit.map(|(key, _)| key.at.clone()),
        raw: raw::read(&section, problems),
    };
    section.close(problems);
    draft
}

/// The checks of the virtual server with this server's timers, which our probe has to be told; what is
/// wrong with them is told where they stand.
fn timed(common: &Node, service: Service<'_>, target: Release) -> Option<Vec<Check>> {
    let mut told = Problems::default();
    told.set_target(target);
    let checks = check::read_all(common, service, &mut told).checks?;
    checks.iter().any(|check| matches!(check, Check::Probe(_))).then_some(checks)
}

impl RealServerDraft {
    /// Where its address stands, if it is no node.
    pub(super) fn stranger(&self) -> Option<&Placed<IpAddr>> {
        match self.who.as_ref()? {
            Who::Address(address) => Some(address),
            Who::Node(_) => None,
        }
    }

    /// The name of a node, if it is one.
    pub(super) fn node(&self) -> Option<&Placed<Word>> {
        match self.who.as_ref()? {
            Who::Node(name) => Some(name),
            Who::Address(_) => None,
        }
    }
}
