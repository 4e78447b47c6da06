//! The kernel's settings and modules, connection tracking, and the sync daemon of IPVS.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::doctor::facts::Facts;
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::guard::settings::WHERE_SERVERS_STAY;
use crate::node::ipvs::{Source, SyncRole};
use crate::node::sync::Message;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "no-ipvs",
        severity: Severity::Error,
        title: "the kernel has no IPVS",
        why: "As MASTER this node balances nothing.",
        help: "systemctl restart lvskit-settings loads it, as bypass-ipvs.service does at boot",
        needs: Needs::Ipvs,
        check: no_ipvs,
    },
    Lint {
        id: "arp-ignore",
        severity: Severity::Error,
        title: "the node would answer ARP for addresses that it does not hold",
        why: "bypass-ipvs makes no fallback route then, so sessions end at a failover.",
        help: "systemctl restart lvskit-settings sets it, as bypass-ipvs.service does at boot; remove other values of net.ipv4.conf.*.arp_ignore",
        needs: Needs::Config,
        check: |facts| arp(facts, "arp_ignore", &[1, 2, 3]),
    },
    Lint {
        id: "arp-announce",
        severity: Severity::Error,
        title: "the node would name addresses in ARP that it does not hold",
        why: "bypass-ipvs makes no fallback route then, so sessions end at a failover.",
        help: "systemctl restart lvskit-settings sets it, as bypass-ipvs.service does at boot; remove other values of net.ipv4.conf.*.arp_announce",
        needs: Needs::Config,
        check: |facts| arp(facts, "arp_announce", &[2]),
    },
    Lint {
        id: "ip-forward",
        severity: Severity::Error,
        title: "the kernel does not forward, and a virtual server is of NAT",
        why: "Answers of its real servers do not get back to the clients.",
        help: "sysctl -w net.ipv4.ip_forward=1, and the same in a file below /etc/sysctl.d",
        needs: Needs::Config,
        check: ip_forward,
    },
    Lint {
        id: "rp-filter",
        severity: Severity::Warning,
        title: "strict reverse path filtering on a node with several networks",
        why: "What the MASTER forwards from clients whose route is another interface is dropped.",
        help: "set net.ipv4.conf.INTERFACE.rp_filter and that of `all` to 2 (loose) or 0",
        needs: Needs::Config,
        check: rp_filter,
    },
    Lint {
        id: "ipvs-settings",
        severity: Severity::Warning,
        title: "settings of IPVS are not those of the package",
        why: "Sessions or new connections are lost at a failover that would survive.",
        help: "systemctl restart lvskit-settings puts them in place",
        needs: Needs::Config,
        check: ipvs_settings,
    },
    Lint {
        id: "backup-only",
        severity: Severity::Error,
        title: "net.ipv4.vs.backup_only switches IPVS off while a sync daemon receives",
        why: "With a sync daemon that sends and receives on every node the MASTER does not balance either.",
        help: "sysctl -w net.ipv4.vs.backup_only=0, or name an instance in lvs_sync_daemon",
        needs: Needs::Config,
        check: backup_only,
    },
    Lint {
        id: "conntrack-full",
        severity: Severity::Error,
        title: "connection tracking is nearly full",
        why: "When it is full, the kernel drops packets of new connections.",
        help: "raise net.netfilter.nf_conntrack_max; conntrack -L shows who has so many",
        needs: Needs::Nothing,
        check: conntrack_full,
    },
    Lint {
        id: "sync-daemon-missing",
        severity: Severity::Error,
        title: "the sync daemon of keepalived.conf does not run",
        why: "The other nodes do not learn of connections, or this one does not: sessions end at a failover.",
        help: "journalctl -u keepalived says why; systemctl restart keepalived on a drained node starts it",
        needs: Needs::Daemon,
        check: daemon_missing,
    },
    Lint {
        id: "sync-daemon-differs",
        severity: Severity::Error,
        title: "the sync daemon runs with another id or interface than keepalived.conf says",
        why: "Daemons of different ids do not hear each other: sessions end at a failover.",
        help: "systemctl restart keepalived on a drained node: a reload does not change a running daemon",
        needs: Needs::Daemon,
        check: daemon_differs,
    },
    Lint {
        id: "sync-daemon-foreign",
        severity: Severity::Warning,
        title: "a host outside this cluster sends messages to its sync daemons",
        why: "The daemons take its connections for the cluster's own: clients may be sent to wrong servers. An idle daemon \
              sends nothing, so such a host is heard only while it balances.",
        help: "give each cluster on the network an `id` of its own in lvs_sync_daemon (a daemon with id 0 takes every \
               message); let in UDP port 8848 from the nodes alone: lvskit gen-conf --firewall",
        needs: Needs::Wire,
        check: daemon_foreign,
    },
];

/// Percent of the connection tracking table from which new connections are in danger.
const NEARLY_FULL: u64 = 90;

/// What the package's sysctl.conf sets for IPVS, whatever keepalived.conf says.
const IPVS: [(&str, &str); 4] = [
    ("net.ipv4.vs.sync_threshold", "2 50"),
    ("net.ipv4.vs.sync_refresh_period", "5"),
    ("net.ipv4.vs.conn_reuse_mode", "2"),
    ("net.ipv4.vs.sloppy_tcp", "1"),
];

/// Where files with settings are, the strongest first (sysctl.d(5)); /etc/sysctl.conf is linked there.
const FOLDERS: [&str; 3] = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d"];

fn no_ipvs(facts: &Facts) -> Vec<String> {
    let config = facts.config();
    let needed = !config.virtual_servers.is_empty() || config.has_groups;
    match facts.node().ipvs.source {
        Source::None if needed => vec!["/proc/net/ip_vs is not there".to_owned()],
        _ => Vec::new(),
    }
}

/// The setting in effect on the interfaces of IPv4 addresses whose sessions are to be kept.
fn arp(facts: &Facts, name: &str, safe: &[u64]) -> Vec<String> {
    if !facts.wanted.kept.iter().any(|vip| vip.address().is_ipv4()) {
        return Vec::new();
    }
    let interfaces = facts.node().interfaces.iter().filter(|one| one.name != "lo");
    let wrong = interfaces.filter_map(|interface| {
        let value = facts.node().settings.in_effect(&interface.name, name)?;
        (!safe.contains(&value)).then(|| {
            let set = set_by(&[&format!("conf.all.{name}"), &format!("{}.{name}", interface.name)]);
            format!("{name} in effect on {} is {value}{set}", interface.name)
        })
    });
    wrong.collect()
}

/// The files that set one of these settings, with the line.
fn set_by(names: &[&str]) -> String {
    let mut found = Vec::new();
    let folders = FOLDERS.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    files.push("/etc/sysctl.conf".into());
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let sets = |line: &&str| {
            let line = line.trim().replace('/', ".");
            !line.starts_with(['#', ';']) && names.iter().any(|name| line.contains(name))
        };
        let lines = text.lines().filter(sets);
        found.extend(lines.map(|line| format!("{}: {}", file.display(), line.trim())));
    }
    if found.is_empty() { String::new() } else { format!(" ({})", found.join("; ")) }
}

fn ip_forward(facts: &Facts) -> Vec<String> {
    let nat = facts.config().virtual_servers.iter().find(|one| {
        let v4 = one.address.is_none_or(|address| address.is_ipv4());
        v4 && one.forwarding.eq_ignore_ascii_case("NAT")
    });
    match (nat, facts.node().settings.number("net.ipv4.ip_forward")) {
        (Some(server), Some(0)) => {
            let set = set_by(&["net.ipv4.ip_forward"]);
            vec![format!("net.ipv4.ip_forward is 0{set}; {}", super::keepalived::name(server))]
        }
        _ => Vec::new(),
    }
}

/// One network has one way: there nothing can come in by the wrong one.
fn rp_filter(facts: &Facts) -> Vec<String> {
    let used = |one: &&crate::node::state::Interface| {
        one.receives && one.up && one.addresses.iter().any(|address| address.address.is_ipv4())
    };
    if facts.node().interfaces.iter().filter(used).count() < 2 {
        return Vec::new();
    }
    let mut names: Vec<&String> =
        facts.config().instances.iter().map(|one| &one.interface).collect();
    names.sort();
    names.dedup();
    let strict = names
        .into_iter()
        .filter(|name| facts.node().settings.in_effect(name, "rp_filter") == Some(1));
    strict.map(|name| format!("rp_filter in effect on {name} is 1")).collect()
}

fn ipvs_settings(facts: &Facts) -> Vec<String> {
    if facts.config().virtual_servers.is_empty() {
        return Vec::new();
    }
    let staying = facts.wanted.servers_stay.then_some(&WHERE_SERVERS_STAY);
    let differs = IPVS.iter().chain(staying).filter_map(|(name, wanted)| {
        let is = facts.node().settings.0.get(*name)?;
        (is != wanted).then(|| format!("{name} is {is}, not {wanted}{}", set_by(&[name])))
    });
    differs.collect()
}

fn backup_only(facts: &Facts) -> Vec<String> {
    let both = facts.config().sync_daemon.as_ref().is_some_and(|daemon| daemon.instance.is_none());
    let on = facts.node().settings.number("net.ipv4.vs.backup_only").is_some_and(|value| value > 0);
    let evidence = "backup_only is on, and lvs_sync_daemon names no instance";
    (both && on).then(|| evidence.to_owned()).into_iter().collect()
}

fn conntrack_full(facts: &Facts) -> Vec<String> {
    match facts.node().settings.conntrack() {
        Some((count, max)) if max > 0 && count.saturating_mul(100) / max >= NEARLY_FULL => {
            vec![format!("{count} of {max} entries")]
        }
        _ => Vec::new(),
    }
}

/// What should run: both without an instance, else one of them by its role.
fn daemon_missing(facts: &Facts) -> Vec<String> {
    let Some(wanted) = &facts.config().sync_daemon else { return Vec::new() };
    if facts.node().keepalived.pid.is_none() || facts.node().ipvs.source != Source::Netlink {
        return Vec::new();
    }
    let running = &facts.node().ipvs.sync_daemons;
    let has = |role| running.iter().any(|daemon| daemon.role == role);
    match &wanted.instance {
        None => [(SyncRole::Sends, "sends"), (SyncRole::Receives, "receives")]
            .into_iter()
            .filter(|(role, _)| !has(*role))
            .map(|(_, word)| format!("none that {word} on {}", wanted.interface))
            .collect(),
        Some(_) if running.is_empty() => vec![format!("none on {}", wanted.interface)],
        Some(_) => Vec::new(),
    }
}

fn daemon_differs(facts: &Facts) -> Vec<String> {
    let Some(wanted) = &facts.config().sync_daemon else { return Vec::new() };
    let differs = facts.node().ipvs.sync_daemons.iter().filter(|daemon| {
        daemon.interface != wanted.interface || wanted.id.is_some_and(|id| id != daemon.id)
    });
    differs
        .map(|daemon| {
            let id = wanted.id.map_or(String::new(), |id| format!(", id {id}"));
            format!(
                "runs on {}, id {}; keepalived.conf has {}{id}",
                daemon.interface, daemon.id, wanted.interface
            )
        })
        .collect()
}

/// So many hosts are named: whoever forges sources can't bury the other findings.
const FEW: usize = 6;

fn daemon_foreign(facts: &Facts) -> Vec<String> {
    let Some(wanted) = &facts.config().sync_daemon else { return Vec::new() };
    // The MASTER's sends alone; it has the id that it receives with as BACKUP.
    let running = &facts.node().ipvs.sync_daemons;
    let receives = running.iter().find(|daemon| daemon.role == SyncRole::Receives);
    let id = receives.or(running.first()).map(|daemon| daemon.id).or(wanted.id);
    let (Some(id), Some(nodes)) = (id, nodes(facts, &wanted.interface)) else { return Vec::new() };
    // In IPv6 they send from link-local addresses, which no file names.
    let foreign = facts.synced.iter().filter(|sender| {
        let Message { source, id: its, .. } = sender.message;
        (id == 0 || id == u32::from(its)) && source.is_ipv4() && !nodes.contains(&source)
    });
    let mut lines: Vec<String> = foreign
        .map(|sender| {
            let Message { source, id, version } = sender.message;
            let (interface, count) = (&wanted.interface, sender.count);
            format!("{source} on {interface}: {count} messages, id {id}, version {version}")
        })
        .collect();
    let more = lines.len().saturating_sub(FEW);
    lines.truncate(FEW);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

/// The addresses that the cluster's daemons can send from at an interface, if keepalived.conf tells them: this
/// node's own there is a real server's or that of its unicast adverts, so the others' are too. Whoever
/// is MASTER is heard.
fn nodes(facts: &Facts, interface: &str) -> Option<Vec<IpAddr>> {
    let config = facts.config();
    let addresses = facts.node().interface(interface)?.addresses.iter().map(|one| one.address);
    let own = addresses.into_iter().find(IpAddr::is_ipv4)?;
    let mut nodes = config.real_servers();
    nodes.extend(config.instances.iter().filter_map(|instance| instance.source));
    if !nodes.contains(&own) {
        return None;
    }
    for instance in &config.instances {
        nodes.extend(&instance.peers);
        nodes.extend(instance.all().map(|vip| vip.address));
        nodes.extend(facts.others(instance).map(|advert| advert.source));
    }
    Some(nodes)
}
