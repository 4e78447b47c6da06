//! The healthy node of these tests.

use crate::doctor::facts::Facts;
use crate::guard::conflicts::Findings;
use crate::guard::wanted::Wanted;
use crate::node::arp::Answer;
use crate::node::config::{self, Config, RealServer, VirtualServer};
use crate::node::ipvs::{self, Counters, Forwarding, Ipvs, Key, SyncDaemon, SyncRole};
use crate::node::listeners::Listener;
use crate::node::process::Keepalived;
use crate::node::settings::Settings;
use crate::node::state::{Address, Drain, Interface, NodeState};
use crate::node::sync::{Message, Sender};
use crate::status::{Guard, GuardState, RouteState, ServerDrain, Source, Status};
use crate::vrrp::listener::Heard;
use crate::vrrp::packet::{Advert, Authentication, Checksum};

pub(super) const VIP: &str = "192.168.3.100";
pub(super) const OWN: &str = "192.168.3.101";
pub(super) const OTHER: &str = "192.168.3.102";

pub(super) const OWN_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
pub(super) const OTHER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

pub(super) fn answer(mac: [u8; 6]) -> Answer {
    Answer { address: "192.168.3.100".parse().unwrap(), interface: "eth0".into(), mac }
}

/// Who sends messages to the sync daemons of that id.
pub(super) fn sender(source: &str, id: u8) -> Sender {
    Sender { message: Message { source: ip(source), id, version: 1 }, count: 3 }
}

pub(super) fn ip(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}

/// An advert of another node that is MASTER.
pub(super) fn heard(source: &str, own: bool) -> Heard {
    let advert = Advert {
        source: ip(source),
        destination: ip("224.0.0.18"),
        ttl: 255,
        version: 2,
        vrid: 11,
        priority: if own { 100 } else { 150 },
        interval: 1000,
        authentication: Authentication::Password(b"secret".to_vec()),
        checksum: Checksum::Right,
        vips: vec![ip(VIP)],
    };
    let mac = Some(if own { OWN_MAC } else { OTHER_MAC });
    Heard { interface: 2, mac, own, after: std::time::Duration::ZERO, advert: Ok(advert) }
}

/// A BACKUP at which all is well.
pub(super) fn healthy() -> Facts {
    let real = |address: &str| RealServer {
        address: ip(address),
        port: 25,
        weight: 1,
        checks: vec!["SMTP_CHECK".into()],
        pinged: false,
    };
    let server = |address: &str| ipvs::Server {
        address: ip(address),
        port: 25,
        forwarding: Forwarding::DirectRouting,
        weight: 1,
        active: 0,
        inactive: 0,
        persistent: 0,
        counters: Counters::default(),
    };
    let daemon = |role| SyncDaemon { role, interface: "eth0".into(), id: 11 };
    let config = Config {
        script_security: true,
        instances: vec![config::Instance {
            name: "mail".into(),
            interface: "eth0".into(),
            virtual_router_id: 11,
            priority: 100,
            version: 2,
            advert_int: 1000,
            authentication: Some("PASS".into()),
            auth_pass: Some("secret".into()),
            vips: vec![config::Address { address: ip(VIP), interface: "eth0".into() }],
            ..config::Instance::default()
        }],
        virtual_servers: vec![VirtualServer {
            address: Some(ip(VIP)),
            port: 25,
            mark: None,
            protocol: "TCP".into(),
            scheduler: "mh".into(),
            forwarding: "DR".into(),
            quorum: 1,
            servers: vec![real(OWN), real(OTHER)],
            sorry_server: None,
        }],
        sync_daemon: Some(config::SyncDaemon {
            interface: "eth0".into(),
            instance: None,
            id: Some(11),
            ..config::SyncDaemon::default()
        }),
        ..Config::default()
    };
    let own = Address { address: ip(OWN), prefix: 24, duplicate: false, tentative: false };
    let settings = [
        ("net.ipv4.conf.all.arp_ignore", "1"),
        ("net.ipv4.conf.all.arp_announce", "2"),
        ("net.ipv4.vs.sync_threshold", "2 50"),
        ("net.ipv4.vs.sync_refresh_period", "5"),
        ("net.ipv4.vs.conn_reuse_mode", "2"),
        ("net.ipv4.vs.sloppy_tcp", "1"),
        ("net.ipv4.vs.backup_only", "0"),
        ("net.netfilter.nf_conntrack_count", "10"),
        ("net.netfilter.nf_conntrack_max", "1000"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let node = NodeState {
        keepalived: Keepalived {
            pid: Some(7),
            checkers: true,
            vrrp: true,
            ..Keepalived::default()
        },
        config: Some(config),
        drain: vec![Drain { file: "/run/keepalived-lvskit/drain".into(), on: false }],
        interfaces: vec![Interface {
            mac: Some("02:00:00:00:00:01".into()),
            mtu: Some(1500),
            index: 2,
            name: "eth0".into(),
            up: true,
            carrier: true,
            receives: true,
            addresses: vec![own],
        }],
        ipvs: Ipvs {
            source: ipvs::Source::Netlink,
            services: vec![ipvs::Service {
                key: Key::Address { protocol: "TCP".into(), address: ip(VIP), port: 25 },
                scheduler: "mh".into(),
                flags: 0,
                persistence: 0,
                counters: Counters::default(),
                servers: vec![server(OWN), server(OTHER)],
            }],
            sync_daemons: vec![daemon(SyncRole::Sends), daemon(SyncRole::Receives)],
        },
        settings: Settings(settings.into_iter().collect()),
        listeners: vec![Listener { protocol: "TCP".into(), address: ip("0.0.0.0"), port: 25 }],
        ..NodeState::default()
    };
    let mut wanted = Wanted::default();
    let vip: crate::vip::Vip = VIP.parse().unwrap();
    wanted.services.insert(vip, "tcp/25".parse().unwrap());
    wanted.kept.insert(vip);
    let guard = Guard {
        vip: ip(VIP),
        state: GuardState::InForce,
        difference: None,
        fallback_route: Some(RouteState::InPlace),
    };
    Facts {
        statements: Vec::new(),
        loaded: Ok(None),
        selinux: None,
        status: Status {
            format: 1,
            lvskit: String::new(),
            transitions: Vec::new(),
            source: Source::KeepalivedConf,
            instances: Vec::new(),
            guards: vec![guard],
            server_drain: ServerDrain::Off,
            noted_by: None,
            journal_unread: None,
            node,
        },
        wanted,
        conflicts: Findings::default(),
        firewall: Ok(Vec::new()),
        wire: Ok(vec![heard(OTHER, false), heard(OTHER, false), heard(OTHER, false)]),
        synced: vec![sender(OTHER, 11)],
        answers: vec![answer(OTHER_MAC)],
        held_later: vec![ip(OWN)],
        enabled_units: Some(vec!["bypass-ipvs.service".into()]),
    }
}
