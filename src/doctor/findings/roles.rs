//! Addresses, guards and routes: does this node have what its role demands, and nothing else?

use crate::doctor::facts::{Facts, list};
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::guard::conflicts::Id;
use crate::node::config::Instance;
use crate::status::{Guard, GuardState, RouteState, ServerDrain};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "vip-left-behind",
        severity: Severity::Error,
        title: "an address is here, and keepalived does not run",
        why: "Another node takes the address too: two nodes answer for it, and half of the clients get nowhere.",
        help: "/usr/libexec/keepalived/bypass-ipvs --give-up removes it and keeps its sessions; then systemctl start keepalived",
        needs: Needs::Config,
        check: left_behind,
    },
    Lint {
        id: "vip-missing",
        severity: Severity::Error,
        title: "only some of an instance's addresses are here",
        why: "keepalived believes that this node is MASTER of all of them, so nobody serves the missing ones.",
        help: "systemctl reload keepalived puts addresses back that others took away; see who did (NetworkManager, netplan, ifdown)",
        needs: Needs::Config,
        check: vip_missing,
    },
    Lint {
        id: "vip-on-other-interface",
        severity: Severity::Error,
        title: "an address is on another interface than keepalived.conf says",
        why: "keepalived does not know of it and will not remove it: after a failover two nodes have it.",
        help: "ip address del ADDRESS dev INTERFACE, and remove it from the network's own configuration",
        needs: Needs::Config,
        check: other_interface,
    },
    Lint {
        id: "vip-duplicate",
        severity: Severity::Error,
        title: "another host has an address of this node",
        why: "The kernel does not use an IPv6 address that another host was found to have.",
        help: "find the other host (ndisc6, ip -6 neigh) and take the address away there; then systemctl restart keepalived",
        needs: Needs::Nothing,
        check: duplicate,
    },
    Lint {
        id: "interface-missing",
        severity: Severity::Error,
        title: "an instance's interface does not exist",
        why: "keepalived ends at its start, or the instance stays in FAULT.",
        help: "correct `interface` in keepalived.conf, or see why the interface does not come up",
        needs: Needs::Config,
        check: interface_missing,
    },
    Lint {
        id: "interface-down",
        severity: Severity::Error,
        title: "an instance's interface is down or has no link",
        why: "The instance is in FAULT: this node can't become MASTER.",
        help: "ip link set INTERFACE up; without a link see cable, switch and the host's own hypervisor",
        needs: Needs::Config,
        check: interface_down,
    },
    Lint {
        id: "drained",
        severity: Severity::Warning,
        title: "a drain file keeps this node from being MASTER",
        why: "With one node less, the next failure meets fewer that can take over.",
        help: "lvskit undrain when the work is done; a 0 in the file alone lasts until keepalived starts again",
        needs: Needs::Config,
        check: drained,
    },
    Lint {
        id: "server-drained",
        severity: Severity::Warning,
        title: "this node is drained as a server",
        why: "The directors send it no new connections until `lvskit undrain`.",
        help: "lvskit undrain when the work is done",
        needs: Needs::Nothing,
        check: server_drained,
    },
    Lint {
        id: "server-drain-lost",
        severity: Severity::Error,
        title: "this node is noted as drained, and its checks are not refused",
        why: "The directors send it new connections again, while somebody may work on it.",
        help: "lvskit drain --server refuses them again; lvskit undrain ends the drain",
        needs: Needs::Nothing,
        check: server_drain_lost,
    },
    Lint {
        id: "vip-unguarded",
        severity: Severity::Error,
        title: "this node serves an address, and no hook guards it",
        why: "While it is not MASTER it drops the connections that the MASTER forwards to it: one in N hangs.",
        help: "let the hooks run bypass-ipvs, as gen-conf renders them; /usr/libexec/keepalived/bypass-ipvs -a ADDRESS puts it in force now",
        needs: Needs::Config,
        check: unguarded,
    },
    Lint {
        id: "guard-missing",
        severity: Severity::Error,
        title: "the guard of an address is not there",
        why: "While this node is not MASTER it drops the connections that the MASTER forwards to it: one in N hangs.",
        help: "systemctl enable --now bypass-ipvs; /usr/libexec/keepalived/bypass-ipvs -a ADDRESS puts it in force now",
        needs: Needs::Guards,
        check: |facts| guards(facts, |guard| guard.state == GuardState::Missing),
    },
    Lint {
        id: "guard-altered",
        severity: Severity::Error,
        title: "the guard of an address is not as it should be",
        why: "Somebody changed its rules, or it is for other services: connections may hang or be balanced twice.",
        help: "/usr/libexec/keepalived/bypass-ipvs with the options of the hook puts it in force again; systemctl status bypass-ipvs",
        needs: Needs::Guards,
        check: |facts| guards(facts, |guard| guard.state == GuardState::Altered),
    },
    Lint {
        id: "route-missing",
        severity: Severity::Warning,
        title: "sessions will not outlive a failover: the fallback route is not there",
        why: "When this node gives the address up, the sessions that it serves are reset.",
        help: "systemctl enable --now bypass-ipvs; it logs why the route can't be there",
        needs: Needs::Guards,
        check: |facts| {
            guards(facts, |guard| {
                guard.state == GuardState::InForce
                    && guard.fallback_route == Some(RouteState::Missing)
            })
        },
    },
    Lint {
        id: "route-unsafe",
        severity: Severity::Error,
        title: "the fallback route makes this node claim an address that it does not hold",
        why: "It answers ARP for the address beside the MASTER: clients meet one or the other.",
        help: "systemctl restart lvskit-settings puts them in place; see `lvskit explain arp-ignore`",
        needs: Needs::Guards,
        check: |facts| guards(facts, |guard| guard.fallback_route == Some(RouteState::Unsafe)),
    },
    Lint {
        id: "route-without-guard",
        severity: Severity::Error,
        title: "a fallback route is there without its guard",
        why: "Connections that the MASTER forwards are balanced again, and may go in circles.",
        help: "/usr/libexec/keepalived/bypass-ipvs --purge ADDRESS, then put the guard in force again",
        needs: Needs::Guards,
        check: |facts| {
            guards(facts, |guard| {
                guard.state == GuardState::Missing
                    && guard.fallback_route == Some(RouteState::InPlace)
            })
        },
    },
    Lint {
        id: "guard-of-nobody",
        severity: Severity::Warning,
        title: "there is a guard for an address that no hook names",
        why: "Connections to the address end at this node, whoever should have them.",
        help: "/usr/libexec/keepalived/bypass-ipvs --purge ADDRESS",
        needs: Needs::Guards,
        check: of_nobody,
    },
    Lint {
        id: "watcher-not-enabled",
        severity: Severity::Warning,
        title: "bypass-ipvs.service does not start at boot",
        why: "After a boot, or when another program reloads the rules, the guard is missing until the next transition.",
        help: "systemctl enable --now bypass-ipvs",
        needs: Needs::Config,
        check: watcher,
    },
    conflict("vip-on-lo", "a VIP is on an interface that no packet comes in by", Id::VipOnLo),
    conflict("port-taken", "another rule takes the VIP's packets first", Id::PortTaken),
    conflict("notrack", "connection tracking does not see the VIP's packets", Id::Notrack),
    conflict("earlier-chain", "another chain drops or diverts the VIP's packets", Id::EarlierChain),
    conflict("bridged", "the guard also sees what the node only bridges", Id::Bridged),
    conflict(
        "vip-first",
        "the VIP is the address that the node's own packets go out from",
        Id::VipFirst,
    ),
];

/// What `bypass-ipvs --check` finds too. Its evidence says what it means here, and what to do.
const fn conflict(id: &'static str, title: &'static str, kind: Id) -> Lint {
    Lint {
        id,
        severity: Severity::Error,
        title,
        why: "The guard is in force, and still clients' connections end, hang or show the wrong address.",
        help: "the evidence says what to do; packaging/troubleshooting.md has the usual causes",
        needs: Needs::Guards,
        check: match kind {
            Id::VipOnLo => |facts| conflicts(facts, Id::VipOnLo),
            Id::PortTaken => |facts| conflicts(facts, Id::PortTaken),
            Id::Notrack => |facts| conflicts(facts, Id::Notrack),
            Id::EarlierChain => |facts| conflicts(facts, Id::EarlierChain),
            Id::Bridged => |facts| conflicts(facts, Id::Bridged),
            Id::VipFirst => |facts| conflicts(facts, Id::VipFirst),
        },
    }
}

fn conflicts(facts: &Facts, id: Id) -> Vec<String> {
    facts.conflicts.findings.iter().filter(|one| one.id == id).map(|one| one.line()).collect()
}

fn instances(facts: &Facts) -> impl Iterator<Item = &Instance> {
    facts.config().instances.iter()
}

fn left_behind(facts: &Facts) -> Vec<String> {
    if facts.node().keepalived.pid.is_some() {
        return Vec::new();
    }
    let held = facts.config().vips().filter(|vip| facts.node().holds(vip.address));
    held.map(|vip| format!("{} on {}", vip.address, vip.interface)).collect()
}

fn vip_missing(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let all: Vec<_> = instance.all().map(|vip| vip.address).collect();
        let (here, gone): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|address| facts.node().holds(*address));
        (!here.is_empty() && !gone.is_empty())
            .then(|| format!("{}: {} missing, {} here", instance.name, list(&gone), list(&here)))
    };
    instances(facts).filter_map(of).collect()
}

fn other_interface(facts: &Facts) -> Vec<String> {
    let instances = instances(facts).filter(|instance| !instance.vmac);
    let wrong = instances.flat_map(Instance::all).flat_map(|vip| {
        let strange = facts.node().holders(vip.address);
        let strange = strange.filter(|interface| interface.name != vip.interface);
        strange.map(|found| format!("{} on {}, not {}", vip.address, found.name, vip.interface))
    });
    wrong.collect()
}

fn duplicate(facts: &Facts) -> Vec<String> {
    let all = facts.node().interfaces.iter().flat_map(|interface| {
        let failed = interface.addresses.iter().filter(|address| address.duplicate);
        failed.map(|address| format!("{} on {}", address.address, interface.name))
    });
    all.collect()
}

fn interface_missing(facts: &Facts) -> Vec<String> {
    let gone = instances(facts).filter(|one| {
        !one.interface.is_empty() && facts.node().interface(&one.interface).is_none()
    });
    gone.map(|one| format!("{}: interface {}", one.name, one.interface)).collect()
}

fn interface_down(facts: &Facts) -> Vec<String> {
    let of = |instance: &Instance| {
        let names = std::iter::once(&instance.interface).chain(&instance.tracked_interfaces);
        names.filter_map(|name| facts.node().interface(name)).find_map(|found| {
            let why = match (found.up, found.carrier) {
                (false, _) => "is down",
                (true, false) => "has no link",
                (true, true) => return None,
            };
            Some(format!("{}: {} {why}", instance.name, found.name))
        })
    };
    instances(facts).filter_map(of).collect()
}

fn drained(facts: &Facts) -> Vec<String> {
    let on = facts.node().drain.iter().filter(|drain| drain.on);
    on.map(|drain| drain.file.clone()).collect()
}

fn server_drained(facts: &Facts) -> Vec<String> {
    let on = matches!(facts.status.server_drain, ServerDrain::On | ServerDrain::Wanted);
    on.then(|| "lvskit drain --server was run here".to_owned()).into_iter().collect()
}

fn server_drain_lost(facts: &Facts) -> Vec<String> {
    let lost = facts.status.server_drain == ServerDrain::Gone;
    lost.then(|| "its rules are not in force".to_owned()).into_iter().collect()
}

/// In direct routing a node that is among the real servers serves the address itself.
fn unguarded(facts: &Facts) -> Vec<String> {
    let serves = |address| {
        let servers = facts.config().virtual_servers.iter();
        let mut of = servers.filter(|server| {
            server.address == Some(address) && server.forwarding.eq_ignore_ascii_case("DR")
        });
        of.any(|server| server.servers.iter().any(|real| facts.node().is_own(real.address)))
    };
    let named = |address| facts.wanted.services.keys().any(|vip| vip.address() == address);
    let open = facts.config().vips().map(|vip| vip.address);
    open.filter(|address| serves(*address) && !named(*address)).map(|one| one.to_string()).collect()
}

/// Of the guards that hooks want, those of a kind.
fn guards(facts: &Facts, of: impl Fn(&Guard) -> bool) -> Vec<String> {
    let mine = facts.status.guards.iter().filter(|guard| is_wanted(facts, guard) && of(guard));
    mine.map(|guard| match &guard.difference {
        Some(how) => format!("{}: {how}", guard.vip),
        None => guard.vip.to_string(),
    })
    .collect()
}

fn is_wanted(facts: &Facts, guard: &Guard) -> bool {
    facts.wanted.services.keys().any(|vip| vip.address() == guard.vip)
}

fn of_nobody(facts: &Facts) -> Vec<String> {
    let all = facts.status.guards.iter();
    let strange =
        all.filter(|guard| guard.state != GuardState::Missing && !is_wanted(facts, guard));
    // Where no hook names any, it is the units that say what is guarded.
    let strange = strange.filter(|_| !facts.wanted.services.is_empty());
    strange.map(|guard| guard.vip.to_string()).collect()
}

fn watcher(facts: &Facts) -> Vec<String> {
    let Some(units) = &facts.enabled_units else { return Vec::new() };
    let ours = |unit: &String| unit == "bypass-ipvs.service" || unit.starts_with("bypass-ipvs@");
    let wanted = !facts.wanted.services.is_empty() && !units.iter().any(ours);
    wanted
        .then(|| "no link in /etc/systemd/system/multi-user.target.wants".to_owned())
        .into_iter()
        .collect()
}
