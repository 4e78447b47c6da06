//! What gets lost between nodes: MTUs, guards, owners of addresses, verdicts on real servers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Case, case, instances};
use crate::cluster::VrrpInstance;
use crate::doctor::cluster::whole::{Opinion, Opinions, Whole};
use crate::doctor::facts::list;
use crate::node::ipvs::{Forwarding, Key, Server};
use crate::status::GuardState;

pub(super) fn mtus(whole: &Whole) -> Vec<Case> {
    let of = |instance: &VrrpInstance| {
        let mut all: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for member in &instance.members {
            let Some(report) = whole.report(member.node) else { continue };
            let interface = report.status.node.interface(member.interface.as_str());
            if let Some(mtu) = interface.and_then(|one| one.mtu) {
                all.entry(mtu).or_default().push(member.node);
            }
        }
        let told =
            all.iter().map(|(mtu, nodes)| format!("{mtu} on {}", whole.names(nodes).join(", ")));
        let evidence =
            format!("{}: {}", instance.name.as_str(), told.collect::<Vec<_>>().join("; "));
        let nodes = all.values().min_by_key(|nodes| nodes.len()).cloned().unwrap_or_default();
        (all.len() > 1).then_some(Case { nodes, evidence })
    };
    instances(whole).filter_map(of).collect()
}

/// Where the MASTER forwards to: real servers of direct routing with a weight.
pub(super) fn unguarded(whole: &Whole) -> Vec<Case> {
    if !whole.cluster.bypass {
        return Vec::new();
    }
    let mut open: BTreeMap<usize, Vec<IpAddr>> = BTreeMap::new();
    for (master, _, report) in whole.reports() {
        for service in &report.status.node.ipvs.services {
            let Key::Address { address: vip, .. } = service.key else { continue };
            if !report.status.node.holds(vip) {
                continue;
            }
            let forwards =
                |one: &&Server| one.weight > 0 && one.forwarding == Forwarding::DirectRouting;
            for server in service.servers.iter().filter(forwards) {
                let Some(node) = whole.owner(server.address).filter(|node| *node != master) else {
                    continue;
                };
                let Some(there) = whole.report(node) else { continue };
                let unread = there.status.node.unread.iter().any(|one| one.source == "guards");
                let guarded =
                    there.status.guard(vip).is_some_and(|it| it.state == GuardState::InForce);
                let vips = open.entry(node).or_default();
                if !unread && !guarded && !vips.contains(&vip) {
                    vips.push(vip);
                }
            }
        }
    }
    let open = open.into_iter().filter(|(_, vips)| !vips.is_empty());
    open.map(|(node, vips)| case(node, format!("no guard for {}", list(&vips)))).collect()
}

/// Where one node alone holds an address, everybody else must see its MAC address and no other.
pub(super) fn owner_differs(whole: &Whole) -> Vec<Case> {
    let mut all = Vec::new();
    for instance in instances(whole) {
        let holders = whole.holders(instance);
        let [master] = holders[..] else { continue };
        for vip in instance.all_vips().map(|vip| vip.address()) {
            let Some(report) = whole.report(master) else { continue };
            let macs: Vec<&str> =
                report.status.node.holders(vip).filter_map(|one| one.mac.as_deref()).collect();
            if macs.is_empty() {
                continue;
            }
            for (at, _, report) in whole.reports().filter(|(at, ..)| *at != master) {
                let answers = report.owners.iter().flatten().filter(|one| one.address == vip);
                let strange: Vec<&str> = (answers.map(|one| one.mac.as_str()))
                    .filter(|mac| !macs.contains(mac))
                    .collect();
                if !strange.is_empty() {
                    let (seen, is) = (strange.join(", "), macs.join(", "));
                    all.push(case(at, format!("sees {vip} at {seen}; the MASTER is {is}")));
                }
            }
        }
    }
    all
}

pub(super) fn disagree(whole: &Whole) -> Vec<Case> {
    let of = |row: Opinions| {
        let places = |wanted: fn(Opinion) -> bool| -> Vec<usize> {
            let all = row.of.iter().enumerate().filter(|(_, one)| wanted(**one));
            all.map(|(at, _)| at).collect()
        };
        let up = places(|one| matches!(one, Opinion::Weight(1..)));
        let down = places(|one| matches!(one, Opinion::Weight(0) | Opinion::Absent));
        (!up.is_empty() && !down.is_empty()).then(|| {
            let (server, service) = (row.server, &row.service);
            let (yes, no) = (whole.names(&up).join(", "), whole.names(&down).join(", "));
            let evidence = format!("{server} of {service} is up for {yes}, down for {no}");
            Case { nodes: if down.len() <= up.len() { down } else { up }, evidence }
        })
    };
    whole.opinions().into_iter().filter_map(of).collect()
}
