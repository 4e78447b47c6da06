//! Reads what the findings are made of: interfaces, the rules of others, IPVS' table, sockets. Nothing is
//! dumped that can be large: sets are asked for single keys.

use std::cell::RefCell;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::closed::{self, Closed, Flow};
use super::finding::Finding;
use super::legacy::{self, Legacy};
use super::rules::{self, Foreign, Place};
use super::services::{self, Lists};
use super::tables::{KernelTable, foreign_legacy, named, steps, tables};
use super::{addresses, bridged};
use crate::child;
use crate::guard::TABLE;
use crate::guard::chain::Kind;
use crate::guard::plan::Services;
use crate::guard::route;
use crate::node::addresses::{Interface, interfaces};
use crate::node::netlink::NetlinkError;
use crate::node::nft::{Nft, Ruleset};
use crate::vip::{Family, Vip};

/// What was found, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What breaks a service first, then by kind.
    pub findings: Vec<Finding>,
    /// Why rules of others remain unknown; the text says what to do.
    pub unread: Option<String>,
}

/// Where distributions that still have the old iptables install it, IPv4 and IPv6.
const LEGACY: [&str; 2] = ["/usr/sbin/iptables-legacy-save", "/usr/sbin/ip6tables-legacy-save"];

/// The names of the old iptables' tables that the kernel holds.
const LEGACY_TABLES: [&str; 2] = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"];

/// Those that see packets as they come in, and those that also see them before they end at the node.
const INCOMING: [&str; 3] = ["nat", "raw", "mangle"];
const ALL_TABLES: [&str; 4] = ["nat", "raw", "mangle", "filter"];

/// How long listing the old iptables' rules may take. Normally some milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

/// What keeps guards from working; their services are read from the kernel where they are not given.
///
/// # Errors
/// When the kernel can't be asked for its interfaces, routes or rules.
pub(super) fn find(guards: &[(Vip, Option<Services>)]) -> Result<Findings, NetlinkError> {
    let nft = RefCell::new(Nft::open()?);
    let ruleset = nft.borrow_mut().all()?;
    let interfaces = interfaces()?;
    let routed = route::list()?;
    let own = ruleset.chains.iter().filter(|chain| chain.table == TABLE);
    let mut known: Vec<Vip> = guards.iter().map(|(vip, _)| *vip).chain(routed.clone()).collect();
    known.extend(own.filter_map(|chain| Some(Kind::named(&chain.name)?.1)));
    let mut lists = None;
    let mut all = Findings::default();
    for family in Family::ALL {
        let mut of_family = guards.iter().filter(|(vip, _)| vip.family() == family).peekable();
        if of_family.peek().is_none() {
            continue;
        }
        let tables = tables(&ruleset, family, &nft);
        let (legacy, unread) = read_legacy(family, &INCOMING);
        all.unread = all.unread.or(unread);
        let nf_tables = tables.iter().map(KernelTable::foreign);
        let legacy = legacy.iter().map(|table| foreign_legacy(table, family));
        let foreign: Vec<Foreign<'_>> = nf_tables.chain(legacy).collect();
        let everywhere = setting(bridged::SETTINGS[usize::from(family == Family::V6)]);
        for (vip, services) in of_family {
            let vip = *vip;
            all.findings.extend(addresses::find(vip, &known, &interfaces));
            all.findings.extend(bridged::find(vip, &interfaces, everywhere));
            if foreign.is_empty() {
                continue;
            }
            let services = services.clone().or_else(|| services_of(vip, &ruleset));
            let services = services.unwrap_or(Services::Legacy);
            let lists = lists.get_or_insert_with(read_lists);
            let ports = services::ports(vip, &services, &named(&services, &tables), lists);
            let place = place(vip, &interfaces, routed.contains(&vip));
            all.findings.extend(rules::find(&place, &ports, &foreign));
        }
    }
    all.findings.sort_by_key(|finding| (!finding.breaks, finding.id));
    Ok(all)
}

/// What of `flows` is dropped, and why some rules remain unknown.
///
/// # Errors
/// When the kernel can't be asked for its interfaces or rules.
pub(super) fn closed(flows: &[Flow]) -> Result<(Vec<Closed>, Option<String>), NetlinkError> {
    let nft = RefCell::new(Nft::open()?);
    let ruleset = nft.borrow_mut().all()?;
    let interfaces = interfaces()?;
    let (mut all, mut unread) = (Vec::new(), None);
    for family in Family::ALL {
        // Rules meet what comes in by a port of another interface (VRF) twice, with two names.
        let port = |index| interfaces.iter().any(|one| one.index == index && one.master.is_some());
        let flows: Vec<&Flow> = (flows.iter())
            .filter(|flow| flow.to.is_ipv4() == (family == Family::V4) && !port(flow.interface.0))
            .collect();
        if flows.is_empty() {
            continue;
        }
        let tables = tables(&ruleset, family, &nft);
        let (legacy, why) = read_legacy(family, &ALL_TABLES);
        unread = unread.or(why);
        let nf_tables = tables.iter().map(KernelTable::foreign);
        let legacy = legacy.iter().map(|table| foreign_legacy(table, family));
        all.extend(closed::find(&flows, &nf_tables.chain(legacy).collect::<Vec<_>>()));
    }
    Ok((all, unread))
}

/// The services that the guard of `vip` in the kernel is for; `None` if it does not tell.
fn services_of(vip: Vip, ruleset: &Ruleset) -> Option<Services> {
    let chain = Kind::Incoming.name(vip);
    let rules = ruleset.rules.iter().filter(|rule| rule.table == TABLE && rule.chain == chain);
    services::guarded(rules.map(steps))
}

/// Where clients' packets for a VIP come in: the interface that holds it, or that of its subnet.
fn place(vip: Vip, interfaces: &[Interface], routed: bool) -> Place {
    let holds = |interface: &&Interface| {
        interface.addresses.iter().any(|address| address.address == vip.address())
    };
    let reached = || interfaces.iter().filter(|interface| !interface.receives_nothing());
    let own = |interface: &Interface| -> Option<IpAddr> {
        let mut own = interface.addresses.iter().filter(|own| own.address != vip.address());
        own.find(|own| own.subnet_holds(vip.address())).map(|own| own.address)
    };
    let interface = reached().find(holds).or_else(|| reached().find(|one| own(one).is_some()));
    Place {
        vip,
        interface: interface.map(|interface| (interface.index, interface.name.clone())),
        own: interface.and_then(own),
        local: routed || interfaces.iter().any(|one| one.receives_nothing() && holds(&one)),
    }
}

fn setting(name: &str) -> bool {
    let read = fs::read_to_string(Path::new("/proc/sys/net/bridge").join(name));
    // Without br_netfilter there is no such file.
    read.is_ok_and(|text| text.trim() != "0")
}

fn read_lists() -> Lists {
    let read = |names: &[&str]| -> String {
        let list = |name: &&str| fs::read_to_string(format!("/proc/net/{name}"));
        // A kernel without IPVS or IPv6 has no such list.
        names.iter().map(|name| list(name).unwrap_or_default()).collect()
    };
    Lists { ipvs: read(&["ip_vs"]), tcp: read(&["tcp", "tcp6"]), udp: read(&["udp", "udp6"]) }
}

/// The old iptables' tables of a family where one of `relevant` is there, and why they can't be read.
fn read_legacy(family: Family, relevant: &[&str]) -> (Vec<Legacy>, Option<String>) {
    let at = usize::from(family == Family::V6);
    // Without the old iptables in the kernel there is no such file.
    let names = fs::read_to_string(LEGACY_TABLES[at]).unwrap_or_default();
    if !names.lines().any(|name| relevant.contains(&name)) {
        return (Vec::new(), None);
    }
    match child::run(Path::new(LEGACY[at]), &[], b"", LIMIT) {
        Ok(saved) => (legacy::tables(&saved), None),
        Err(error) => {
            let why = format!(
                "{error}: the kernel holds rules of the old iptables, which are not looked at \
                 (`iptables-save` of that version shows them)"
            );
            (Vec::new(), Some(why))
        }
    }
}
