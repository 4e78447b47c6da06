//! Of the whole table; and for each check that needs neither kernel nor keepalived, a node that breaks
//! exactly this, beside one that gives nothing.

mod node;
mod told;

use std::collections::BTreeSet;

use super::*;
use crate::compare;
use crate::conf::grammar;
use crate::doctor::facts::Facts;
use crate::guard::conflicts::Closed;
use crate::node::arp::Answer;
use crate::node::config::{self, Config};
use crate::node::ipvs::{Ipvs, Key, SyncRole};
use crate::node::loaded::Loaded;
use crate::node::selinux::Types;
use crate::node::state::Address;
use crate::status::{Guard, GuardState, RouteState, ServerDrain};
use crate::vrrp::listener::Heard;
use crate::vrrp::packet::{Advert, Authentication, Checksum, Malformed};

use self::node::*;

fn found(facts: &Facts) -> Vec<&'static str> {
    let all = REGISTRY.iter().flat_map(|lint| lint.find(facts));
    all.map(|finding| finding.id).collect()
}

#[test]
fn names_are_unique_and_every_finding_says_why_and_what_to_do() {
    let ids: BTreeSet<&str> = REGISTRY.iter().map(|lint| lint.id).collect();
    assert_eq!(ids.len(), REGISTRY.len());
    assert!(REGISTRY.len() >= 50, "{}", REGISTRY.len());
    for lint in REGISTRY.iter() {
        let plain = |char: char| char.is_ascii_lowercase() || char == '-';
        assert!(lint.id.chars().all(plain), "{}", lint.id);
        for text in [lint.title, lint.why, lint.help] {
            assert!(text.len() > 10 && !text.contains("  "), "{}: {text}", lint.id);
        }
        assert!(lint.why.ends_with('.') && !lint.title.ends_with('.'), "{}", lint.id);
    }
}

#[test]
fn a_healthy_node_gives_nothing() {
    assert_eq!(found(&healthy()), [] as [&str; 0]);
}

/// Gives the node the VIP.
fn hold(facts: &mut Facts) {
    let vip = Address { address: ip(VIP), prefix: 32, duplicate: false, tentative: false };
    facts.status.node.interfaces[0].addresses.push(vip);
    facts.held_later.push(ip(VIP));
    facts.answers.clear();
}

/// Of a MASTER that sends itself, and nobody else does.
#[test]
fn a_healthy_master_gives_nothing() {
    let mut facts = healthy();
    hold(&mut facts);
    facts.wire = Ok(vec![heard(OWN, true), heard(OWN, true), heard(OWN, true)]);
    assert_eq!(found(&facts), [] as [&str; 0]);
    // The old MASTER's last words, and then this one.
    let mut last = heard(OTHER, false);
    last.advert.as_mut().unwrap().priority = 0;
    facts.wire = Ok(vec![heard(OTHER, false), last, heard(OWN, true), heard(OWN, true)]);
    assert_eq!(found(&facts), [] as [&str; 0]);
}

/// keepalived has it on an interface of its own (use_vmac), which answers beside a foreign host.
#[test]
fn an_address_with_a_virtual_mac_answers_too() {
    let mut facts = healthy();
    facts.wire = Ok(vec![heard(OWN, true), heard(OWN, true), heard(OWN, true)]);
    config(&mut facts).instances[0].vmac = true;
    hold(&mut facts);
    let interfaces = &mut facts.status.node.interfaces;
    let mut vmac = interfaces[0].clone();
    (vmac.name, vmac.index) = ("vrrp.11".to_owned(), vmac.index + 1);
    vmac.addresses = vec![interfaces[0].addresses.pop().unwrap()];
    interfaces.push(vmac);
    assert_eq!(found(&facts), [] as [&str; 0]);
    facts.answers = vec![answer([2, 0, 0, 0, 0, 3])];
    assert_eq!(found(&facts), ["vip-answered-by-several"]);
}

/// A better node takes over, and the old MASTER falls silent without a word: that is a failover.
#[test]
fn a_failover_is_no_fault() {
    let mut facts = healthy();
    let at = |seconds: u64, source: &str, own: bool| {
        let after = std::time::Duration::from_secs(seconds);
        Heard { after, ..heard(source, own) }
    };
    let began = [at(1, OWN, true), at(2, OWN, true), at(3, OTHER, false), at(4, OTHER, false)];
    facts.wire = Ok(began.to_vec());
    assert_eq!(found(&facts), [] as [&str; 0]);
    facts.wire.as_mut().unwrap().push(at(5, OWN, true));
    facts.held_later.push(ip(VIP));
    assert_eq!(found(&facts), ["two-masters", "adverts-not-seen"]);
    // It takes over while doctor listens: its address came after the node had been read.
    facts.wire = Ok(vec![at(1, OWN, true), at(2, OWN, true)]);
    facts.answers.clear();
    assert_eq!(found(&facts), [] as [&str; 0]);
    // It gives up: the address was there when the node was read, and is not any more.
    let mut facts = healthy();
    hold(&mut facts);
    facts.held_later.pop();
    assert_eq!(found(&facts), [] as [&str; 0]);
}

type Change = fn(&mut Facts);

fn config(facts: &mut Facts) -> &mut Config {
    facts.status.node.config.as_mut().unwrap()
}

fn adverts(facts: &mut Facts, change: fn(&mut Advert)) {
    for heard in facts.wire.as_mut().unwrap() {
        change(heard.advert.as_mut().unwrap());
    }
}

/// Each change, and the findings that it gives and no other.
const CASES: &[(&[&str], Change)] = &[
    (&["keepalived-not-running"], |f| f.status.node.keepalived.pid = None),
    (&["service-not-in-ipvs", "service-not-in-file"], |f| {
        f.status.node.ipvs.services[0].key = Key::Mark { mark: 7, ipv6: false };
    }),
    (&["service-not-in-file"], |f| {
        let mut strange = f.status.node.ipvs.services[0].clone();
        strange.key = Key::Address { protocol: "UDP".into(), address: ip(VIP), port: 53 };
        f.status.node.ipvs.services.push(strange);
    }),
    (&["vip-missing"], |f| {
        let address = ip("192.168.3.99");
        config(f).instances[0].excluded.push(config::Address { address, interface: "eth0".into() });
        let held = Address { address, prefix: 32, duplicate: false, tentative: false };
        f.status.node.interfaces[0].addresses.push(held);
    }),
    (&["vip-on-other-interface"], |f| {
        let mut other = f.status.node.interfaces[0].clone();
        let held = Address { address: ip(VIP), prefix: 32, duplicate: false, tentative: false };
        (other.index, other.name, other.addresses) = (3, "eth1".into(), vec![held]);
        f.status.node.interfaces.push(other);
    }),
    (&["vip-duplicate"], |f| f.status.node.interfaces[0].addresses[0].duplicate = true),
    (&["interface-missing"], |f| {
        config(f).instances[0].interface = "eth7".into();
        config(f).instances[0].vips[0].interface = "eth7".into();
    }),
    (&["interface-down"], |f| f.status.node.interfaces[0].up = false),
    (&["interface-down"], |f| {
        f.status.node.interfaces[0].carrier = false;
        (f.wire, f.answers) = (Ok(Vec::new()), Vec::new());
    }),
    (&["drained"], |f| f.status.node.drain[0].on = true),
    (&["server-drained"], |f| f.status.server_drain = ServerDrain::On),
    // Its own checks of itself are refused; nothing more is told of that.
    (&["server-drained", "last-server"], |f| {
        f.status.server_drain = ServerDrain::On;
        f.status.node.ipvs.services[0].servers[0].weight = 0;
    }),
    (&["server-drain-lost"], |f| f.status.server_drain = ServerDrain::Gone),
    (&["vip-unguarded"], |f| f.wanted.services.clear()),
    (&["guard-missing"], |f| {
        f.status.guards[0].state = GuardState::Missing;
        f.status.guards[0].fallback_route = None;
    }),
    (&["guard-missing", "route-without-guard"], |f| {
        f.status.guards[0].state = GuardState::Missing;
    }),
    (&["guard-altered"], |f| f.status.guards[0].state = GuardState::Altered),
    (&["route-missing"], |f| f.status.guards[0].fallback_route = Some(RouteState::Missing)),
    (&["route-unsafe"], |f| f.status.guards[0].fallback_route = Some(RouteState::Unsafe)),
    (&["guard-of-nobody"], |f| {
        let other = Guard { vip: ip("10.0.0.9"), ..f.status.guards[0].clone() };
        f.status.guards.push(other);
    }),
    (&["watcher-not-enabled"], |f| f.enabled_units = Some(Vec::new())),
    (&["no-ipvs"], |f| f.status.node.ipvs = Ipvs::default()),
    (&["arp-ignore"], |f| drop(setting(f, "net.ipv4.conf.all.arp_ignore", "0"))),
    (&["arp-announce"], |f| drop(setting(f, "net.ipv4.conf.all.arp_announce", "1"))),
    (&["rp-filter"], |f| {
        let mut other = f.status.node.interfaces[0].clone();
        (other.index, other.name) = (3, "eth1".into());
        f.status.node.interfaces.push(other);
        drop(setting(f, "net.ipv4.conf.eth0.rp_filter", "1"));
        drop(setting(f, "net.ipv4.conf.all.rp_filter", "0"));
        drop(setting(f, "net.ipv4.conf.eth1.arp_ignore", "0"));
    }),
    (&["ipvs-settings"], |f| drop(setting(f, "net.ipv4.vs.sloppy_tcp", "0"))),
    (&["ipvs-settings"], |f| {
        f.wanted.servers_stay = true;
        drop(setting(f, "net.ipv4.vs.expire_nodest_conn", "0"));
    }),
    (&["backup-only"], |f| drop(setting(f, "net.ipv4.vs.backup_only", "1"))),
    (&["conntrack-full"], |f| drop(setting(f, "net.netfilter.nf_conntrack_count", "901"))),
    (&["sync-daemon-missing"], |f| drop(f.status.node.ipvs.sync_daemons.pop())),
    (&["sync-daemon-differs", "sync-daemon-differs"], |f| {
        config(f).sync_daemon.as_mut().unwrap().id = Some(12);
    }),
    (&["sync-daemon-foreign"], |f| f.synced.push(sender("192.168.3.250", 11))),
    // One without an id takes everything.
    (&["sync-daemon-foreign"], |f| {
        f.status.node.ipvs.sync_daemons.iter_mut().for_each(|daemon| daemon.id = 0);
        config(f).sync_daemon.as_mut().unwrap().id = None;
        f.synced.push(sender("192.168.3.250", 7));
    }),
    // A daemon that sends alone, as a MASTER's, has its instance's VRID where the file has no id. (This node
    // is a BACKUP, whose must receive.)
    (&["sync-daemon-missing", "sync-daemon-foreign"], |f| {
        let daemons = &mut f.status.node.ipvs.sync_daemons;
        daemons.iter_mut().for_each(|daemon| daemon.role = SyncRole::Sends);
        config(f).sync_daemon.as_mut().unwrap().id = None;
        f.synced.push(sender("192.168.3.250", 11));
    }),
    (&["not-listening"], |f| f.status.node.listeners.clear()),
    (&["listens-on-vip-only"], |f| f.status.node.listeners[0].address = ip(VIP)),
    (&["listens-on-own-only"], |f| f.status.node.listeners[0].address = ip(OWN)),
    (&["no-server"], |f| {
        f.status.node.ipvs.services[0].servers.iter_mut().for_each(|server| server.weight = 0);
    }),
    (&["last-server", "server-down"], |f| f.status.node.ipvs.services[0].servers[0].weight = 0),
    (&["server-unchecked"], |f| config(f).virtual_servers[0].servers[1].checks.clear()),
    (&["two-masters"], |f| {
        f.wire
            .as_mut()
            .unwrap()
            .extend([heard("192.168.3.103", false), heard("192.168.3.103", false)]);
    }),
    (&["two-masters", "adverts-not-seen"], |f| {
        f.held_later.push(ip(VIP));
        f.wire.as_mut().unwrap().extend([heard(OWN, true), heard(OWN, true)]);
    }),
    (&["vip-held-by-backup"], hold),
    (&["vip-not-held-by-master"], |f| {
        f.wire = Ok(vec![heard(OWN, true), heard(OWN, true)]);
        f.answers.clear();
    }),
    (&["ip-forward"], |f| {
        config(f).virtual_servers[0].forwarding = "NAT".into();
        drop(setting(f, "net.ipv4.ip_forward", "0"));
    }),
    (&["address-taken"], |f| {
        let address = "192.168.3.101".parse().unwrap();
        f.answers.push(Answer { address, interface: "eth0".into(), mac: [2, 0, 0, 0, 0, 9] });
    }),
    (&["no-master"], |f| f.wire = Ok(Vec::new())),
    (&["vrid-taken"], |f| {
        f.wire.as_mut().unwrap().extend([heard("10.0.0.1", false), heard("10.0.0.1", false)]);
        for heard in f.wire.as_mut().unwrap().iter_mut().skip(3) {
            heard.advert.as_mut().unwrap().vips = vec![ip("10.0.0.9")];
        }
    }),
    (&["advert-addresses-differ"], |f| adverts(f, |advert| advert.vips.push(ip("10.0.0.9")))),
    (&["advert-interval-differs"], |f| adverts(f, |advert| advert.interval = 2000)),
    (&["advert-version-differs"], |f| adverts(f, |advert| advert.version = 3)),
    (&["advert-password-differs"], |f| {
        adverts(f, |advert| advert.authentication = Authentication::Password(b"secre".to_vec()));
    }),
    (&["advert-password-differs"], |f| {
        adverts(f, |advert| advert.authentication = Authentication::None);
    }),
    (&["advert-checksum"], |f| adverts(f, |advert| advert.checksum = Checksum::Wrong)),
    (&["advert-ttl"], |f| adverts(f, |advert| advert.ttl = 254)),
    (&["advert-malformed"], |f| {
        let mut broken = heard(OTHER, false);
        broken.advert = Err(Malformed::Cut);
        f.wire.as_mut().unwrap().push(broken);
    }),
    (&["vip-answered-by-several"], |f| f.answers.push(answer([2, 0, 0, 0, 0, 3]))),
    (&["vip-unanswered"], |f| f.answers.clear()),
    (&["vip-answered-by-backup"], |f| f.answers = vec![answer([2, 0, 0, 0, 0, 3])]),
    (&["file-changed"], |f| {
        let text = |priority: u8| format!("vrrp_instance mail {{\n priority {priority}\n}}\n");
        f.loaded = Ok(Some(read(&text(150), &text(100))));
    }),
    (&["selinux-label"], |f| {
        f.selinux = Some(types("keepalived_t", &[("/opt/bin/smtp-check", "bin_t")]));
    }),
    (&["selinux-label"], |f| {
        config(f).drain_files.push("/run/drain".into());
        f.selinux = Some(types("keepalived_t", &[("/run/drain", "var_run_t")]));
    }),
    (&["bfd-not-built"], |f| {
        f.status.node.keepalived.options = vec!["LVS".into(), "VRRP".into()];
        config(f).virtual_servers[0].servers[1].checks.push("BFD_CHECK".into());
    }),
    (&["firewall-closed"], |f| {
        let flows = vec!["VRRP for 224.0.0.18 on eth0".into()];
        f.firewall = Ok(vec![Closed { flows, by: "the policy of chain INPUT".into() }]);
    }),
    (&["hook-refused"], |f| f.wanted.refused.push("k.conf:6: notify_backup: what?".into())),
];

/// Only a sender whose messages the daemon takes, and only where the file tells whose addresses the daemons of
/// the cluster have on that interface.
#[test]
fn who_is_not_foreign_to_the_sync_daemon() {
    let foreign = sender("192.168.3.250", 11);
    for change in [
        (|f| f.synced = vec![sender("192.168.3.250", 12)]) as Change,
        |f| config(f).sync_daemon = None,
        |f| config(f).virtual_servers[0].servers.retain(|server| server.address != ip(OWN)),
        |f| config(f).sync_daemon.as_mut().unwrap().interface = "eth1".into(),
        |f| {
            config(f).instances[0].source = Some(ip(OWN));
            config(f).instances[0].peers = vec![ip("192.168.3.250")];
        },
        // It is MASTER, but no real server.
        |f| f.wire.as_mut().unwrap().push(heard("192.168.3.250", false)),
        |f| f.synced = vec![sender("fe80::2", 11)],
    ] {
        let mut facts = healthy();
        facts.synced.push(foreign.clone());
        change(&mut facts);
        let ids = found(&facts);
        assert!(!ids.contains(&"sync-daemon-foreign"), "{ids:?}");
    }
}

/// What keepalived read at some time, and what is on disk.
fn read(runs: &str, on_disk: &str) -> Loaded {
    let [statements, on_disk] = [runs, on_disk]
        .map(|text| grammar::parse("keepalived.conf", text, None, &mut grammar::NoFiles).unwrap());
    Loaded { time: 1_764_043_812, differences: compare::meaning(&statements, &on_disk) }
}

fn types(keepalived: &str, files: &[(&str, &str)]) -> Types {
    let files = files.iter().map(|(file, is)| ((*file).into(), (*is).to_owned())).collect();
    Types { keepalived: keepalived.into(), files }
}

fn setting(facts: &mut Facts, name: &str, value: &str) -> Option<String> {
    facts.status.node.settings.0.insert(name.to_owned(), value.to_owned())
}

#[test]
fn each_fault_gives_its_finding_and_no_other() {
    for (number, (ids, change)) in CASES.iter().enumerate() {
        let mut facts = healthy();
        change(&mut facts);
        assert_eq!(found(&facts), *ids, "case {number}");
    }
}
