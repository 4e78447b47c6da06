//! The keys of `global_defs`.

use super::{COUNT, COUNT_OR_0, Key, RAW, TIMER, Table, Value, WHOLE_SECONDS, form};
use crate::cluster::Release;

/// `global_defs`
pub const GLOBAL_DEFS: Table = Table {
    name: "global_defs",
    groups: &[
        &[
            Key::ours(
                "notification_email",
                Value::OneOrMore(&Value::Mailbox),
                "no mails",
                "Who gets mails about lost nodes and servers.",
            ),
            Key::ours(
                "notification_email_from",
                Value::Mailbox,
                "keepalived@HOST",
                "Whom they come from.",
            ),
            Key::ours("smtp_server", Value::Endpoint, "none", "HOST or HOST PORT that takes them."),
            Key::ours("smtp_connect_timeout", Value::Int(1, 4294), "30", "Seconds for that."),
            Key::ours(
                "router_id",
                Value::OneOf(&["hostname"]),
                "the node's name",
                "hostname: left to keepalived, so that all nodes can have the same file.",
            ),
            Key::ours(
                "vrrp_version",
                Value::OneOf(&["2", "3"]),
                "2",
                "Of VRRP, for IPv4 instances; IPv6 ones have 3.",
            ),
        ],
        OWN,
        SAME,
        FREE,
        RAW,
    ],
};

/// What gen-conf reads itself, and nodes may have for themselves.
pub const OWN: &[Key] = &[Key::ours(
    "lvs_sync_daemon",
    Value::Interface,
    "with keep_sessions that of the first instance",
    "The interface of IPVS's sync daemon, which tells the other nodes of connections.",
)];

/// What must be the same on all nodes, or there will be two MASTERs.
const SAME: &[Key] = &[
    Key::plain(
        "vrrp_mcast_group4",
        Value::Form(&form::GROUP4),
        "224.0.0.18",
        "Where adverts go to.",
    ),
    Key::plain("vrrp_mcast_group6", Value::Form(&form::GROUP6), "ff02::12", "The same in IPv6."),
    Key::plain("vrrp_skip_check_adv_addr", Value::Flag, "false", "Trust a known sender's adverts."),
    Key::plain("vrrp_strict", Value::Flag, "false", "Enforce the RFC; not for LVS."),
    Key::plain("vrrp_down_timer_adverts", Value::Int(1, 100), "3", "Default, likewise.")
        .since(Release::V2_2),
];

/// What may differ from node to node.
pub const FREE: &[Key] = &[
    Key::plain("smtp_helo_name", Value::Host, "the host's name", "The name in HELO of its mails."),
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
        Value::FlagOr(&Value::OneOf(&["VS"])),
        "no",
        "Remove what IPVS has when keepalived stops; VS: faster.",
    )
    .in_2_1_5("lvs_flush_onstop"),
    Key::plain("vrrp_garp_master_delay", WHOLE_SECONDS, "5", "Default of garp_master_delay."),
    Key::plain("vrrp_garp_master_repeat", COUNT_OR_0, "5", "Default of garp_master_repeat."),
    Key::plain("vrrp_garp_lower_prio_delay", WHOLE_SECONDS, "as master's", "Default, likewise."),
    Key::plain("vrrp_garp_lower_prio_repeat", COUNT_OR_0, "as master's", "Default, likewise."),
    Key::plain("vrrp_garp_master_refresh", WHOLE_SECONDS, "0", "Default of garp_master_refresh."),
    Key::plain("vrrp_garp_master_refresh_repeat", COUNT, "1", "Default, likewise."),
    Key::plain("vrrp_garp_interval", TIMER, "0", "Seconds between two gratuitous ARPs."),
    Key::plain("vrrp_gna_interval", TIMER, "0", "The same in IPv6."),
    Key::plain("vrrp_min_garp", Value::Bool, "false", "One gratuitous ARP, not ten."),
    Key::plain("vrrp_garp_extra_if", Value::Form(&form::EXTRA_IF), "none", "Its default.")
        .since(Release::V2_2),
    Key::plain("vrrp_lower_prio_no_advert", Value::Bool, "false", "Default, likewise."),
    Key::plain("vrrp_higher_prio_send_advert", Value::Bool, "false", "Default, likewise."),
    Key::plain("vrrp_check_unicast_src", Value::Flag, "false", "Refuse adverts of non-peers."),
    Key::plain("vrrp_startup_delay", TIMER, "0", "Seconds until instances start."),
    Key::plain("vrrp_notify_priority_changes", Value::Bool, "false", "Tell FIFOs of them too."),
    Key::plain("default_interface", Value::Interface, "eth0", "Of addresses without one."),
    Key::plain(
        "dynamic_interfaces",
        Value::FlagOr(&Value::OneOf(&["allow_if_changes"])),
        "no",
        "Interfaces may come and go.",
    ),
    Key::plain(
        "nftables",
        Value::FlagOr(&Value::Text),
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
        Value::FlagOr(&Value::Text),
        "none",
        "Groups by firewall marks; the table's name.",
    )
    .since(Release::V2_2),
    Key::plain("nftables_ipvs_start_fwmark", COUNT, "1000", "The first of these marks.")
        .since(Release::V2_2),
    Key::plain(
        "notify_fifo",
        Value::Words,
        "none",
        "A FIFO that is told everything; and its user.",
    ),
    Key::plain("notify_fifo_script", Value::Command, "none", "The program that reads it."),
    Key::plain("vrrp_notify_fifo", Value::Words, "none", "The same for instances."),
    Key::plain("vrrp_notify_fifo_script", Value::Command, "none", "The program that reads it."),
    Key::plain("lvs_notify_fifo", Value::Words, "none", "The same for servers."),
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
    Key::plain("bfd_cpu_affinity", Value::Words, "any", "The CPUs that the BFD process may use."),
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
    Key::plain("dbus_service_name", Value::Text, "org.keepalived.Vrrp1", "Its name there."),
    Key::plain("log_unknown_vrids", Value::Flag, "false", "Log adverts of other clusters.")
        .since(Release::V2_2),
    Key::plain("rs_init_notifies", Value::Flag, "false", "Run notify_up at start too."),
    Key::plain(
        "reload_check_config",
        Value::FlagOr(&Value::Path),
        "no",
        "Check before a reload; a log file for that.",
    )
    .since(Release::V2_2),
    Key::plain(
        "reload_file",
        Value::FlagOr(&Value::Path),
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
    Key::plain("state_dump_file", Value::Path, "in /tmp", "Where SIGUSR1 dumps to.")
        .since(Release::V2_4),
    Key::plain("stats_dump_file", Value::Path, "in /tmp", "Where SIGUSR2 dumps to.")
        .since(Release::V2_4),
    Key::plain("vrrp_owner_ignore_adverts", Value::Flag, "false", "An owner hears no adverts.")
        .since(Release::V2_4),
];

/// A nice value.
const NICE: Value = Value::Int(-20, 19);

/// A real-time priority.
const REAL_TIME: Value = Value::Int(1, 99);
