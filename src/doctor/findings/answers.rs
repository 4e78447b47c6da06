//! Who answers ARP for the addresses: exactly one host should, and it should be the MASTER.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::doctor::facts::Facts;
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::node::config::{Address, Instance};
use crate::node::state::{Interface, mac};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "vip-answered-by-several",
        severity: Severity::Error,
        title: "several hosts answer ARP for an address",
        why: "Clients get to one or the other by chance, and sessions break when their router asks again.",
        help: "find the hosts by their MAC addresses; two MASTERs, an address left behind, arp_ignore, or a foreign host",
        needs: Needs::Wire,
        check: by_several,
    },
    Lint {
        id: "vip-unanswered",
        severity: Severity::Error,
        title: "nobody answers ARP for an address, though there is a MASTER",
        why: "Clients that do not know the MASTER's MAC address yet get nowhere.",
        help: "on the MASTER: is the address on its interface (lvskit status), and does its firewall let ARP through?",
        needs: Needs::Wire,
        check: unanswered,
    },
    Lint {
        id: "vip-answered-by-backup",
        severity: Severity::Error,
        title: "another host than the MASTER answers ARP for an address",
        why: "Connections go to a host that does not balance them.",
        help: "take the address away from that host (/usr/libexec/keepalived/bypass-ipvs --give-up on a node), or set arp_ignore there",
        needs: Needs::Wire,
        check: by_backup,
    },
    Lint {
        id: "address-taken",
        severity: Severity::Error,
        title: "another host has this node's own address",
        why: "Advertisements, checks and forwarded connections reach one or the other by chance.",
        help: "find the host by its MAC address and give it another address",
        needs: Needs::Wire,
        check: taken,
    },
];

/// Who answers for an address on the network, by MAC address. This node does not answer itself.
fn answers(facts: &Facts, vip: &Address) -> BTreeSet<[u8; 6]> {
    let of = facts.answers.iter().filter(|answer| {
        IpAddr::V4(answer.address) == vip.address && answer.interface == vip.interface
    });
    of.map(|answer| answer.mac).collect()
}

fn shown(macs: &BTreeSet<[u8; 6]>) -> String {
    macs.iter().map(|one| mac(*one)).collect::<Vec<_>>().join(", ")
}

/// The addresses of IPv4, each with its instance.
fn addresses(facts: &Facts) -> impl Iterator<Item = (&Instance, &Address)> {
    let instances = facts.config().instances.iter();
    let all = instances.flat_map(|one| one.all().map(move |vip| (one, vip)));
    all.filter(|(_, vip)| vip.address.is_ipv4())
}

/// The node's own addresses, VIPs left out, where somebody else answers.
fn taken(facts: &Facts) -> Vec<String> {
    let vip = |address: IpAddr| facts.config().vips().any(|vip| vip.address == address);
    let mut all: Vec<String> = (facts.answers.iter())
        .filter(|answer| {
            let address = IpAddr::V4(answer.address);
            !vip(address) && facts.node().is_own(address)
        })
        .map(|answer| format!("{} on {}: {}", answer.address, answer.interface, mac(answer.mac)))
        .collect();
    all.dedup();
    all
}

fn by_several(facts: &Facts) -> Vec<String> {
    let several = addresses(facts).filter_map(|(instance, vip)| {
        // On another interface it does not answer here: arp_ignore sees to that. One that keepalived makes
        // (use_vmac) does.
        let answers_here = |one: &Interface| instance.vmac || one.name == vip.interface;
        let here = facts.node().holders(vip.address).any(answers_here);
        let macs = answers(facts, vip);
        let also = if here { "this node and " } else { "" };
        (macs.len() + usize::from(here) > 1)
            .then(|| format!("{}: {also}{}", vip.address, shown(&macs)))
    });
    several.collect()
}

fn unanswered(facts: &Facts) -> Vec<String> {
    let silent = addresses(facts).filter(|(instance, vip)| {
        let master = facts
            .others(instance)
            .any(|advert| advert.priority > 0 && advert.vips.contains(&vip.address));
        let reachable =
            facts.node().interface(&vip.interface).is_some_and(|one| one.up && one.carrier);
        master && reachable && !facts.node().holds(vip.address) && answers(facts, vip).is_empty()
    });
    silent.map(|(instance, vip)| format!("{}: {}", instance.name, vip.address)).collect()
}

/// By the MAC address that the adverts come from, where one node alone advertises.
fn by_backup(facts: &Facts) -> Vec<String> {
    let wrong = addresses(facts).filter_map(|(instance, vip)| {
        let adverts = facts.adverts(instance).filter(|(heard, _)| !heard.own);
        let masters: BTreeSet<[u8; 6]> = adverts.filter_map(|(heard, _)| heard.mac).collect();
        let macs = answers(facts, vip);
        let one = masters.len() == 1 && macs.len() == 1 && !facts.node().holds(vip.address);
        (one && masters != macs && vip.interface == instance.interface).then(|| {
            format!("{}: {}, but the MASTER is {}", vip.address, shown(&macs), shown(&masters))
        })
    });
    wrong.collect()
}
