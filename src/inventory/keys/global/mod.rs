//! The keys of `global_defs`.

mod process;
mod vrrp;

use std::net::IpAddr;

pub use self::process::PROCESS;
pub use self::vrrp::VRRP;
use super::values::{self, Kind};
use super::wrong::wrong;
use super::{Key, RAW, Table, Value, form};
use crate::cluster::{Choice, Keyword, Release, RouterId, SmtpServer, Version};
use crate::conf::word::Word;

/// `notification_email`
pub const NOTIFICATION_EMAIL: Key<Word> = Key::ours(
    "notification_email",
    Value::OneOrMore(&Value::Kind(&values::MAILBOX)),
    "no mails",
    "Mail addresses that keepalived notifies about lost nodes and servers.",
);

/// `notification_email_from`
pub const NOTIFICATION_EMAIL_FROM: Key<Word> = Key::ours(
    "notification_email_from",
    Value::Kind(&values::MAILBOX),
    "keepalived@HOST",
    "The sender's address of keepalived's mails.",
);

/// `smtp_server`
pub const SMTP_SERVER: Key<SmtpServer> = Key::ours(
    "smtp_server",
    Value::Kind(&values::RELAY),
    "none",
    "The mail server that takes keepalived's mails: `HOST` or `HOST PORT`.",
);

/// `smtp_connect_timeout`
pub const SMTP_CONNECT_TIMEOUT: Key<u16> = Key::ours(
    "smtp_connect_timeout",
    Value::Int(1, 4294),
    "30",
    "Seconds until keepalived gives up connecting to `smtp_server`.",
);

/// `router_id`
pub const ROUTER_ID: Key<RouterId> = Key::ours(
    "router_id",
    Value::Kind(&ROUTER_ID_KIND),
    "the node's name",
    "keepalived's name in mails and logs. `hostname` leaves it to keepalived, so \
                 that the files of all nodes can be equal.",
);

/// `vrrp_version`
pub const VRRP_VERSION: Key<Version> = Key::ours(
    "vrrp_version",
    Value::OneOf(Version::CHOICES),
    "2",
    "The VRRP version of IPv4 instances; IPv6 instances always use 3.",
);

/// `lvs_sync_daemon`
pub const LVS_SYNC_DAEMON: Key<Word> = Key::ours(
    "lvs_sync_daemon",
    Value::Kind(&values::INTERFACE),
    "with keep_sessions that of the first instance",
    "The interface on which IPVS's sync daemon copies connections to the other \
                 nodes.",
);

/// `enable_script_security`
pub const ENABLE_SCRIPT_SECURITY: Key<bool> = Key::ours(
    "enable_script_security",
    Value::Bool,
    "true",
    "Whether keepalived refuses to run programs as root that others than root could replace.",
);

/// `vrrp_mcast_group4`
pub const VRRP_MCAST_GROUP4: Key<IpAddr> = Key::plain(
    "vrrp_mcast_group4",
    Value::Form(&form::GROUP4),
    "224.0.0.18",
    "The multicast group that IPv4 adverts are sent to.",
);

/// `vrrp_mcast_group6`
pub const VRRP_MCAST_GROUP6: Key<IpAddr> = Key::plain(
    "vrrp_mcast_group6",
    Value::Form(&form::GROUP6),
    "ff02::12",
    "The multicast group that IPv6 adverts are sent to.",
);

/// `vrrp_strict`
pub const VRRP_STRICT: Key = Key::plain(
    "vrrp_strict",
    Value::Flag,
    "false",
    "Enforce the VRRP RFC in all instances. It drops packets to the VIPs, so LVS \
                 can't work with it.",
);

/// `vrrp_down_timer_adverts`
pub const VRRP_DOWN_TIMER_ADVERTS: Key<u32> = Key::plain(
    "vrrp_down_timer_adverts",
    Value::Int(1, 100),
    "3",
    "Default of `down_timer_adverts`: the adverts missed until a BACKUP takes over.",
)
.since(Release::V2_2);

/// All nodes can't have one that is written here.
static ROUTER_ID_KIND: Kind = Kind {
    shown: "hostname",
    pattern: "^hostname$",
    several: false,
    numeric: false,
    good: "hostname",
    bad: "lvs1",
    read: |text| match text {
        "hostname" => Ok(text.to_owned()),
        _ => wrong(
            format!("`router_id: {text}` would be the same on all nodes"),
            "remove it: it follows from the node's name; or write hostname to leave it to keepalived",
        ),
    },
};

/// `global_defs`
pub const GLOBAL_DEFS: Table = Table {
    name: "global_defs",
    groups: &[
        &[
            NOTIFICATION_EMAIL.any(),
            NOTIFICATION_EMAIL_FROM.any(),
            SMTP_SERVER.any(),
            SMTP_CONNECT_TIMEOUT.any(),
            ROUTER_ID.any(),
            VRRP_VERSION.any(),
            ENABLE_SCRIPT_SECURITY.any(),
        ],
        OWN,
        SAME,
        MAILS,
        VRRP,
        PROCESS,
        RAW,
    ],
    either: &[],
};

/// What gen-conf reads itself, and nodes may have for themselves.
pub const OWN: &[Key] = &[LVS_SYNC_DAEMON.any()];

/// What must be the same on all nodes, or there will be two MASTERs.
const SAME: &[Key] = &[
    VRRP_MCAST_GROUP4.any(),
    VRRP_MCAST_GROUP6.any(),
    Key::plain(
        "vrrp_skip_check_adv_addr",
        Value::Flag,
        "false",
        "Default of `skip_check_adv_addr`: check the addresses in a sender's first \
                 advert only.",
    ),
    VRRP_STRICT,
    VRRP_DOWN_TIMER_ADVERTS.any(),
];

/// Mails, logs and IPVS; they may differ from node to node.
pub const MAILS: &[Key] = &[
    Key::plain(
        "smtp_helo_name",
        Value::Kind(&values::HOST),
        "the host's name",
        "The host name that keepalived's mails announce in HELO.",
    ),
    Key::plain(
        "smtp_alert",
        Value::Bool,
        "false",
        "Send mails about instances and servers: default of every `smtp_alert`.",
    ),
    Key::plain(
        "smtp_alert_vrrp",
        Value::Bool,
        "smtp_alert",
        "Send mails about instances: default of `smtp_alert` of instances and sync \
                 groups.",
    ),
    Key::plain(
        "smtp_alert_checker",
        Value::Bool,
        "smtp_alert",
        "Send mails about servers: default of `smtp_alert` of virtual and real servers.",
    ),
    Key::plain(
        "no_email_faults",
        Value::Flag,
        "false",
        "Send no mails when an instance enters FAULT.",
    ),
    Key::plain(
        "no_checker_emails",
        Value::Flag,
        "false",
        "Send no mail for each check, only when a server comes or goes.",
    ),
    Key::plain(
        "checker_log_all_failures",
        Value::Bool,
        "false",
        "Log every failed check, not only the one that takes a server down.",
    ),
    Key::plain(
        "lvs_timeouts",
        Value::Form(&form::TIMEOUTS),
        "the kernel's",
        "Seconds until IPVS forgets idle connections: `tcp`, `tcpfin` and `udp`.",
    ),
    Key::plain("lvs_flush", Value::Flag, "false", "Remove what IPVS has when keepalived starts."),
    Key::plain(
        "lvs_flush_on_stop",
        Value::FlagOr(&Value::OneOf(&[Choice::of("VS")])),
        "no",
        "Remove all IPVS services when keepalived stops; `VS`: only its own, each \
                 with its servers at once.",
    )
    .renamed(Release::V2_2, "lvs_flush_onstop"),
];
