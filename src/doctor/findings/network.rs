//! What is on the wire: who advertises which instance, and do they agree with this node's file?

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::doctor::facts::{Facts, list};
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::node::config::Instance;
use crate::node::state::Interface;
use crate::vrrp::packet::{Advert, Authentication, Checksum, TTL};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "two-masters",
        severity: Severity::Error,
        title: "two nodes are MASTER of an instance",
        why: "Both answer for the addresses, and half of the clients get to the wrong one.",
        help: "advertisements do not arrive at one of them: look at its firewall (protocol 112), at the switch's multicast \
               (IGMP) snooping, and whether both have the same file",
        needs: Needs::Wire,
        check: two_masters,
    },
    Lint {
        id: "adverts-not-seen",
        severity: Severity::Error,
        title: "advertisements of a better MASTER arrive, and keepalived does not heed them",
        why: "This node stays MASTER beside the other one.",
        help: "the firewall here drops protocol 112 (nft list ruleset), or the files differ: see the other findings",
        needs: Needs::Wire,
        check: not_seen,
    },
    Lint {
        id: "vip-held-by-backup",
        severity: Severity::Error,
        title: "an address is here, though another node is MASTER",
        why: "Two nodes answer for it, and half of the clients get to the wrong one. keepalived does not know of it.",
        help: "ip address del ADDRESS dev INTERFACE; see who set it (the network's own configuration, a script)",
        needs: Needs::Wire,
        check: held_by_backup,
    },
    Lint {
        id: "vip-not-held-by-master",
        severity: Severity::Error,
        title: "this node advertises an instance and has none of its addresses",
        why: "Nobody has them, and no other node takes over as long as it advertises.",
        help: "systemctl reload keepalived puts them back; see who took them away (NetworkManager, netplan, ifdown)",
        needs: Needs::Wire,
        check: not_held_by_master,
    },
    Lint {
        id: "no-master",
        severity: Severity::Error,
        title: "nobody advertises an instance",
        why: "Nobody has its addresses, or this node does not hear the MASTER and is about to become a second one.",
        help: "is keepalived running on the others, and are they not all drained? else firewall and switch",
        needs: Needs::Wire,
        check: no_master,
    },
    Lint {
        id: "vrid-taken",
        severity: Severity::Error,
        title: "another cluster uses the same virtual_router_id",
        why: "Each takes the other's advertisements for its own: instances flap, or stay BACKUP for ever.",
        help: "give one of them a virtual_router_id of its own; tcpdump -nnn ip proto 112 shows those in use",
        needs: Needs::Wire,
        check: vrid_taken,
    },
    Lint {
        id: "advert-addresses-differ",
        severity: Severity::Error,
        title: "the MASTER advertises other addresses than this node's file has",
        why: "keepalived throws such advertisements away, so this node becomes MASTER too.",
        help: "roll the same inventory out to all nodes, then systemctl reload keepalived on each",
        needs: Needs::Wire,
        check: addresses_differ,
    },
    Lint {
        id: "advert-interval-differs",
        severity: Severity::Error,
        title: "the MASTER advertises at another interval than this node's file has",
        why: "In VRRP version 2 keepalived throws such advertisements away, so this node becomes MASTER too.",
        help: "roll the same inventory out to all nodes, then systemctl reload keepalived on each",
        needs: Needs::Wire,
        check: interval_differs,
    },
    Lint {
        id: "advert-version-differs",
        severity: Severity::Error,
        title: "the MASTER speaks another version of VRRP than this node's file has",
        why: "keepalived throws such advertisements away, so this node becomes MASTER too.",
        help: "roll the same inventory out to all nodes, then systemctl reload keepalived on each",
        needs: Needs::Wire,
        check: version_differs,
    },
    Lint {
        id: "advert-password-differs",
        severity: Severity::Error,
        title: "the MASTER's authentication is not that of this node's file",
        why: "keepalived throws such advertisements away, so this node becomes MASTER too.",
        help: "give all nodes the same auth_type and auth_pass, then systemctl reload keepalived on each",
        needs: Needs::Wire,
        check: password_differs,
    },
    Lint {
        id: "advert-checksum",
        severity: Severity::Error,
        title: "advertisements arrive with a wrong checksum",
        why: "keepalived throws them away, so this node becomes MASTER too.",
        help: "something on the way changes packets (NAT, a tunnel, a broken network card: ethtool -K INTERFACE rx off tx off)",
        needs: Needs::Wire,
        check: |facts| {
            others(facts, |_, advert| {
                (advert.checksum == Checksum::Wrong).then(|| "wrong checksum".to_owned())
            })
        },
    },
    Lint {
        id: "advert-ttl",
        severity: Severity::Error,
        title: "advertisements arrive over a router or are forged",
        why: "keepalived throws multicast advertisements away whose TTL is not 255.",
        help: "all nodes must be on one layer-2 network; between sites use unicast (unicast_peer)",
        needs: Needs::Wire,
        check: |facts| {
            others(facts, |_, advert| {
                (advert.ttl != TTL && advert.destination.is_multicast())
                    .then(|| format!("TTL {}", advert.ttl))
            })
        },
    },
    Lint {
        id: "advert-malformed",
        severity: Severity::Warning,
        title: "packets of protocol 112 arrive that are not advertisements",
        why: "A broken or hostile program is on the network.",
        help: "find the sender by its MAC address and stop it",
        needs: Needs::Wire,
        check: malformed,
    },
];

/// Who advertises an instance, and when each was heard; whoever gave up meanwhile is left out.
fn masters(facts: &Facts, instance: &Instance) -> BTreeMap<IpAddr, Vec<Duration>> {
    let mut masters: BTreeMap<IpAddr, Vec<Duration>> = BTreeMap::new();
    for (heard, advert) in facts.adverts(instance).filter(|(_, advert)| related(instance, advert)) {
        match advert.priority {
            0 => drop(masters.remove(&advert.source)),
            _ => masters.entry(advert.source).or_default().push(heard.after),
        }
    }
    masters
}

/// Whether two advertise at the same time: each goes on after the other was heard twice. At a failover one
/// begins, and the other ends.
fn rivals(one: &[Duration], other: &[Duration]) -> bool {
    let goes_on = |one: &[Duration], other: &[Duration]| match (one.last(), other.get(1)) {
        (Some(last), Some(second)) => last >= second,
        _ => false,
    };
    goes_on(one, other) && goes_on(other, one)
}

/// Whether an advert is of the same cluster: it has an address of ours.
fn related(instance: &Instance, advert: &Advert) -> bool {
    instance.vips.is_empty() || instance.vips.iter().any(|vip| advert.vips.contains(&vip.address))
}

fn two_masters(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let masters = masters(facts, instance);
        let is_rival = |source: &IpAddr, times: &[Duration]| {
            masters.iter().any(|(other, others)| other != source && rivals(times, others))
        };
        let all = masters.iter().filter(|(source, times)| is_rival(source, times));
        let all: Vec<IpAddr> = all.map(|(source, _)| *source).collect();
        (all.len() > 1).then(|| format!("{}: {} advertise", instance.name, list(&all)))
    };
    facts.config().instances.iter().filter_map(of).collect()
}

fn not_seen(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let own: Vec<Duration> = facts
            .adverts(instance)
            .filter(|(heard, _)| heard.own)
            .map(|(heard, _)| heard.after)
            .collect();
        let masters = masters(facts, instance);
        let better = facts.others(instance).find(|advert| {
            let times = masters.get(&advert.source);
            advert.priority > instance.priority && times.is_some_and(|times| rivals(&own, times))
        })?;
        let (name, source, priority) = (&instance.name, better.source, better.priority);
        Some(format!("{name}: {source} has priority {priority}, this node {}", instance.priority))
    };
    facts.config().instances.iter().filter_map(of).collect()
}

/// While doctor listened the other node alone advertised, and the address stayed.
fn held_by_backup(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let own = facts.adverts(instance).any(|(heard, _)| heard.own);
        let masters = masters(facts, instance);
        let (master, _) = masters.iter().find(|(_, times)| times.len() > 1)?;
        let held: Vec<IpAddr> = (instance.vips.iter())
            .filter(|vip| facts.held_throughout(vip))
            .map(|vip| vip.address)
            .collect();
        let running = facts.node().keepalived.pid.is_some();
        (running && !own && !held.is_empty())
            .then(|| format!("{}: {}; {master} advertises", instance.name, list(&held)))
    };
    facts.config().instances.iter().filter_map(of).collect()
}

fn not_held_by_master(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let own =
            facts.adverts(instance).filter(|(heard, advert)| heard.own && advert.priority > 0);
        // One that gave up meanwhile is none.
        let last = facts
            .adverts(instance)
            .last()
            .is_some_and(|(heard, advert)| heard.own && advert.priority > 0);
        let none = !instance.vips.iter().any(|vip| facts.held_ever(vip.address));
        (own.count() > 1 && last && none && !instance.vips.is_empty() && !instance.vmac).then(
            || {
                let vips: Vec<IpAddr> = instance.vips.iter().map(|vip| vip.address).collect();
                format!("{}: {}", instance.name, list(&vips))
            },
        )
    };
    facts.config().instances.iter().filter_map(of).collect()
}

fn no_master(facts: &Facts) -> Vec<String> {
    if facts.wire.is_err() {
        return Vec::new();
    }
    // One that is missing or down is told by other findings: nothing could be heard there.
    let hears = |one: &Interface| one.up && one.carrier;
    let silent = facts.config().instances.iter().filter(|instance| {
        facts.node().interface(&instance.interface).is_some_and(hears)
            && facts.adverts(instance).next().is_none()
    });
    silent
        .map(|one| format!("{}: VRID {} on {}", one.name, one.virtual_router_id, one.interface))
        .collect()
}

/// What is wrong with others' adverts of the same cluster, each sender once.
fn others(facts: &Facts, wrong: impl Fn(&Instance, &Advert) -> Option<String>) -> Vec<String> {
    let mut all = Vec::new();
    for instance in &facts.config().instances {
        let mut told: Vec<IpAddr> = Vec::new();
        for advert in facts.others(instance).filter(|advert| advert.priority > 0) {
            if told.contains(&advert.source) {
                continue;
            }
            if let Some(why) = wrong(instance, advert) {
                told.push(advert.source);
                all.push(format!("{}: from {}: {why}", instance.name, advert.source));
            }
        }
    }
    all
}

fn vrid_taken(facts: &Facts) -> Vec<String> {
    others(facts, |instance, advert| {
        let (vrid, vips) = (advert.vrid, list(&advert.vips));
        (!related(instance, advert)).then(|| format!("VRID {vrid} for {vips}"))
    })
}

fn addresses_differ(facts: &Facts) -> Vec<String> {
    others(facts, |instance, advert| {
        let mut ours: Vec<IpAddr> = instance.vips.iter().map(|vip| vip.address).collect();
        let mut theirs = advert.vips.clone();
        ours.sort();
        theirs.sort();
        (related(instance, advert) && ours != theirs)
            .then(|| format!("{}; this file has {}", list(&theirs), list(&ours)))
    })
}

/// A BACKUP of version 3 takes the MASTER's interval over.
fn interval_differs(facts: &Facts) -> Vec<String> {
    others(facts, |instance, advert| {
        let same = advert.interval == instance.advert_int || advert.version != 2;
        let (theirs, ours) = (advert.interval, instance.advert_int);
        (related(instance, advert) && instance.version == 2 && !same)
            .then(|| format!("every {theirs} ms; this file has {ours} ms"))
    })
}

fn version_differs(facts: &Facts) -> Vec<String> {
    others(facts, |instance, advert| {
        (related(instance, advert) && advert.version != instance.version)
            .then(|| format!("version {}; this file has {}", advert.version, instance.version))
    })
}

/// Never shows a password.
fn password_differs(facts: &Facts) -> Vec<String> {
    others(facts, |instance, advert| {
        if advert.version != 2 || instance.version != 2 || !related(instance, advert) {
            return None;
        }
        let ours = match instance.authentication.as_deref() {
            None => "none",
            Some("AH") => "AH",
            Some(_) => "PASS",
        };
        let theirs = match &advert.authentication {
            Authentication::None => "none",
            Authentication::Header => "AH",
            Authentication::Password(_) => "PASS",
            Authentication::Unknown(_) => "of an unknown type",
        };
        if ours != theirs {
            return Some(format!("authentication {theirs}; this file has {ours}"));
        }
        let Authentication::Password(theirs) = &advert.authentication else { return None };
        // keepalived sends the first eight bytes.
        let ours = instance.auth_pass.as_deref().unwrap_or_default().as_bytes();
        (&ours[..ours.len().min(8)] != theirs.as_slice()).then(|| "another password".to_owned())
    })
}

fn malformed(facts: &Facts) -> Vec<String> {
    let mut all: Vec<String> = (facts.wire.iter().flatten())
        .filter_map(|heard| {
            let why = heard.advert.as_ref().err()?;
            let mac = heard.mac.map(|mac| mac.map(|byte| format!("{byte:02x}")).join(":"));
            Some(format!("from {}: {why}", mac.unwrap_or_else(|| "an unknown sender".to_owned())))
        })
        .collect();
    all.sort();
    all.dedup();
    all
}
