//! The keys of `global_defs`.

use std::net::IpAddr;

use super::values::{self, Kind};
use super::wrong::wrong;
use super::{COUNT, COUNT_OR_0, Key, RAW, SIGNED_COUNT, TIMER, Table, Value, WHOLE_SECONDS, form};
use crate::cluster::{Choice, Keyword, Release, RouterId, SmtpServer, Version};
use crate::conf::word::Word;

/// `notification_email`
pub const NOTIFICATION_EMAIL: Key<Word> = Key::ours(
    "notification_email",
    Value::OneOrMore(&Value::Kind(&values::MAILBOX)),
    "no mails",
    "Who gets mails about lost nodes and servers.",
);

/// `notification_email_from`
pub const NOTIFICATION_EMAIL_FROM: Key<Word> = Key::ours(
    "notification_email_from",
    Value::Kind(&values::MAILBOX),
    "keepalived@HOST",
    "Whom they come from.",
);

/// `smtp_server`
pub const SMTP_SERVER: Key<SmtpServer> = Key::ours(
    "smtp_server",
    Value::Kind(&values::RELAY),
    "none",
    "HOST or HOST PORT that takes them.",
);

/// `smtp_connect_timeout`
pub const SMTP_CONNECT_TIMEOUT: Key<u16> =
    Key::ours("smtp_connect_timeout", Value::Int(1, 4294), "30", "Seconds for that.");

/// `router_id`
pub const ROUTER_ID: Key<RouterId> = Key::ours(
    "router_id",
    Value::Kind(&ROUTER_ID_KIND),
    "the node's name",
    "hostname: left to keepalived, so that all nodes can have the same file.",
);

/// `vrrp_version`
pub const VRRP_VERSION: Key<Version> = Key::ours(
    "vrrp_version",
    Value::OneOf(Version::CHOICES),
    "2",
    "Of VRRP, for IPv4 instances; IPv6 ones have 3.",
);

/// `lvs_sync_daemon`
pub const LVS_SYNC_DAEMON: Key<Word> = Key::ours(
    "lvs_sync_daemon",
    Value::Kind(&values::INTERFACE),
    "with keep_sessions that of the first instance",
    "The interface of IPVS's sync daemon, which tells the other nodes of connections.",
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
    "Where adverts go to.",
);

/// `vrrp_mcast_group6`
pub const VRRP_MCAST_GROUP6: Key<IpAddr> =
    Key::plain("vrrp_mcast_group6", Value::Form(&form::GROUP6), "ff02::12", "The same in IPv6.");

/// `vrrp_strict`
pub const VRRP_STRICT: Key =
    Key::plain("vrrp_strict", Value::Flag, "false", "Enforce the RFC; not for LVS.");

/// `vrrp_down_timer_adverts`
pub const VRRP_DOWN_TIMER_ADVERTS: Key<u32> =
    Key::plain("vrrp_down_timer_adverts", Value::Int(1, 100), "3", "Default, likewise.")
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
        FREE,
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
    Key::plain("vrrp_skip_check_adv_addr", Value::Flag, "false", "Trust a known sender's adverts."),
    VRRP_STRICT,
    VRRP_DOWN_TIMER_ADVERTS.any(),
];

/// What may differ from node to node.
pub const FREE: &[Key] = &[
    Key::plain(
        "smtp_helo_name",
        Value::Kind(&values::HOST),
        "the host's name",
        "The name in HELO of its mails.",
    ),
    Key::plain("smtp_alert", Value::Bool, "false", "Send mails about everything."),
    Key::plain("smtp_alert_vrrp", Value::Bool, "smtp_alert", "Send mails about instances."),
    Key::plain("smtp_alert_checker", Value::Bool, "smtp_alert", "Send mails about servers."),
    Key::plain("no_email_faults", Value::Flag, "false", "No mails about FAULT."),
    Key::plain(
        "no_checker_emails",
        Value::Flag,
        "false",
        "Mails only when a server comes or goes.",
    ),
    Key::plain("checker_log_all_failures", Value::Bool, "false", "Log every failed check."),
    Key::plain(
        "lvs_timeouts",
        Value::Form(&form::TIMEOUTS),
        "the kernel's",
        "When IPVS forgets connections.",
    ),
    Key::plain("lvs_flush", Value::Flag, "false", "Remove what IPVS has when keepalived starts."),
    Key::plain(
        "lvs_flush_on_stop",
        Value::FlagOr(&Value::OneOf(&[Choice::of("VS")])),
        "no",
        "Remove what IPVS has when keepalived stops; VS: faster.",
    )
    .renamed(Release::V2_2, "lvs_flush_onstop"),
    Key::plain("vrrp_garp_master_delay", WHOLE_SECONDS, "5", "Default of garp_master_delay."),
    Key::plain("vrrp_garp_master_repeat", COUNT, "5", "Default of garp_master_repeat."),
    Key::plain("vrrp_garp_lower_prio_delay", WHOLE_SECONDS, "as master's", "Default, likewise."),
    Key::plain("vrrp_garp_lower_prio_repeat", SIGNED_COUNT, "as master's", "Default, likewise."),
    Key::plain("vrrp_garp_master_refresh", COUNT_OR_0, "0", "Default of garp_master_refresh."),
    Key::plain("vrrp_garp_master_refresh_repeat", COUNT, "1", "Default, likewise."),
    Key::plain("vrrp_garp_interval", TIMER, "0", "Seconds between two gratuitous ARPs."),
    Key::plain("vrrp_gna_interval", TIMER, "0", "The same in IPv6."),
    Key::plain("vrrp_min_garp", Value::Bool, "false", "One gratuitous ARP, not ten."),
    Key::plain("vrrp_garp_extra_if", Value::Form(&form::EXTRA_IF), "none", "Its default.")
        .since(Release::V2_2),
    Key::plain("vrrp_lower_prio_no_advert", Value::Bool, "false", "Default, likewise."),
    Key::plain("vrrp_higher_prio_send_advert", Value::Bool, "false", "Default, likewise."),
    Key::plain("vrrp_check_unicast_src", Value::Flag, "false", "Refuse adverts of non-peers."),
    Key::plain(
        "vrrp_startup_delay",
        Value::Seconds(1_000, 4_294_000_000, 1),
        "0",
        "Seconds until instances start.",
    ),
    Key::plain("vrrp_notify_priority_changes", Value::Bool, "false", "Tell FIFOs of them too."),
    Key::plain(
        "default_interface",
        Value::Kind(&values::INTERFACE),
        "eth0",
        "Of addresses without one.",
    ),
    Key::plain(
        "dynamic_interfaces",
        Value::FlagOr(&Value::OneOf(&[Choice::of("allow_if_changes")])),
        "no",
        "Interfaces may come and go.",
    ),
    Key::plain(
        "nftables",
        Value::FlagOr(&Value::Kind(&values::TEXT)),
        "keepalived",
        "Rules by nftables; the table's name.",
    ),
    Key::plain(
        "nftables_priority",
        Value::Int(-2_147_483_648, 2_147_483_647),
        "-1",
        "Of its chains.",
    ),
    Key::plain("nftables_counters", Value::Flag, "false", "Count packets there."),
    Key::plain(
        "nftables_ipvs",
        Value::FlagOr(&Value::Kind(&values::TEXT)),
        "none",
        "Groups by firewall marks; the table's name.",
    )
    .since(Release::V2_2),
    Key::plain("nftables_ipvs_start_fwmark", COUNT, "1000", "The first of these marks.")
        .since(Release::V2_2),
    Key::plain(
        "notify_fifo",
        Value::Kind(&values::WORDS),
        "none",
        "A FIFO that is told everything; and its user.",
    ),
    Key::plain("notify_fifo_script", Value::Command, "none", "The program that reads it."),
    Key::plain("vrrp_notify_fifo", Value::Kind(&values::WORDS), "none", "The same for instances."),
    Key::plain("vrrp_notify_fifo_script", Value::Command, "none", "The program that reads it."),
    Key::plain("lvs_notify_fifo", Value::Kind(&values::WORDS), "none", "The same for servers."),
    Key::plain("lvs_notify_fifo_script", Value::Command, "none", "The program that reads it."),
    Key::plain("fifo_write_vrrp_states_on_reload", Value::Flag, "false", "Tell states again then.")
        .since(Release::V2_2),
    Key::plain("startup_script", Value::Command, "none", "Run before keepalived starts."),
    Key::plain("startup_script_timeout", Value::Int(1, 1000), "10", "Seconds for that."),
    Key::plain("shutdown_script", Value::Command, "none", "Run after keepalived stopped."),
    Key::plain("shutdown_script_timeout", Value::Int(1, 1000), "10", "Seconds for that."),
    Key::plain("max_auto_priority", Value::Int(-1, 99), "0", "Real-time priority it may take."),
    Key::plain("vrrp_priority", NICE, "0", "Nice value of the VRRP process."),
    Key::plain("checker_priority", NICE, "0", "Nice value of the checking process."),
    Key::plain("bfd_priority", NICE, "0", "Nice value of the BFD process."),
    Key::plain(
        "bfd_rt_priority",
        REAL_TIME,
        "none",
        "Real-time priority of the BFD process, 1-99.",
    ),
    Key::plain("bfd_no_swap", Value::Flag, "false", "Keep the BFD process in memory."),
    Key::plain(
        "bfd_rlimit_rttime",
        COUNT,
        "10000",
        "Microseconds of the BFD process in real time.",
    ),
    Key::plain(
        "bfd_cpu_affinity",
        Value::Kind(&values::WORDS),
        "any",
        "The CPUs that the BFD process may use.",
    ),
    Key::plain(
        "bfd_process_name",
        Value::Form(&form::PROCESS_NAME),
        "keepalived",
        "The name of the BFD process.",
    ),
    Key::plain("vrrp_rt_priority", REAL_TIME, "none", "Real-time priority of the VRRP process."),
    Key::plain("checker_rt_priority", REAL_TIME, "none", "The same of the checking process."),
    Key::plain("vrrp_no_swap", Value::Flag, "false", "Keep the VRRP process in memory."),
    Key::plain("checker_no_swap", Value::Flag, "false", "Keep the checking process in memory."),
    Key::plain("vrrp_rlimit_rttime", COUNT, "10000", "Microseconds in real time before a signal."),
    Key::plain("checker_rlimit_rttime", COUNT, "10000", "The same of the checking process."),
    Key::plain("enable_snmp_vrrp", Value::Flag, "false", "SNMP: VRRP."),
    Key::plain("enable_snmp_checker", Value::Flag, "false", "SNMP: servers."),
    Key::plain("enable_snmp_rfc", Value::Flag, "false", "SNMP: RFC 2787 and 6527."),
    Key::plain("enable_traps", Value::Flag, "false", "SNMP: traps."),
    Key::plain("enable_dbus", Value::Flag, "false", "Be there on D-Bus."),
    Key::plain(
        "dbus_service_name",
        Value::Kind(&values::TEXT),
        "org.keepalived.Vrrp1",
        "Its name there.",
    ),
    Key::plain("log_unknown_vrids", Value::Flag, "false", "Log adverts of other clusters.")
        .since(Release::V2_2),
    Key::plain("rs_init_notifies", Value::Flag, "false", "Run notify_up at start too."),
    Key::plain(
        "reload_check_config",
        Value::FlagOr(&Value::Kind(&values::PATH)),
        "no",
        "Check before a reload; a log file for that.",
    )
    .since(Release::V2_2),
    Key::plain(
        "reload_file",
        Value::FlagOr(&Value::Kind(&values::PATH)),
        "none",
        "Have a file while reloading; its name.",
    )
    .since(Release::V2_2),
    Key::plain("data_use_instance", Value::Bool, "false", "Names of dumped files.")
        .since(Release::V2_2),
    Key::plain("random_seed", COUNT_OR_0, "the time", "Of what keepalived leaves to chance.")
        .since(Release::V2_2),
    Key::plain("umask", Value::Form(&form::UMASK), "0177", "Of the files that are made."),
    Key::plain("use_symlink_paths", Value::Flag, "false", "Do not resolve links of scripts.")
        .since(Release::V2_3),
    Key::plain("state_dump_file", Value::Kind(&values::PATH), "in /tmp", "Where SIGUSR1 dumps to.")
        .since(Release::V2_4),
    Key::plain("stats_dump_file", Value::Kind(&values::PATH), "in /tmp", "Where SIGUSR2 dumps to.")
        .since(Release::V2_4),
    Key::plain("vrrp_owner_ignore_adverts", Value::Flag, "false", "An owner hears no adverts.")
        .since(Release::V2_4),
];

/// A nice value.
const NICE: Value = Value::Int(-20, 19);

/// A real-time priority.
const REAL_TIME: Value = Value::Int(1, 99);
