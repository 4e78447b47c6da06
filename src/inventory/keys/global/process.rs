//! The keys of `global_defs` about keepalived's processes: interfaces, nftables, FIFOs, scripts,
//! priorities, SNMP, D-Bus, reloads and files.

use super::super::{COUNT, COUNT_OR_0, Key, Value, form, values};
use crate::cluster::{Choice, Release};

/// What each node's processes do; it may differ from node to node.
pub const PROCESS: &[Key] = &[
    Key::plain(
        "default_interface",
        Value::Kind(&values::INTERFACE),
        "eth0",
        "The interface of static addresses that name none.",
    ),
    Key::plain(
        "dynamic_interfaces",
        Value::FlagOr(&Value::OneOf(&[Choice::of("allow_if_changes")])),
        "no",
        "Allow interfaces that do not exist yet or that vanish; `allow_if_changes`: \
                 also ones whose type changes.",
    ),
    Key::plain(
        "nftables",
        Value::FlagOr(&Value::Kind(&values::TEXT)),
        "keepalived",
        "Use nftables for keepalived's own rules: `true`, or the name of its table.",
    ),
    Key::plain(
        "nftables_priority",
        Value::Int(-2_147_483_648, 2_147_483_647),
        "-1",
        "The priority of keepalived's nftables chains.",
    ),
    Key::plain(
        "nftables_counters",
        Value::Flag,
        "false",
        "Count packets in keepalived's nftables rules.",
    ),
    Key::plain(
        "nftables_ipvs",
        Value::FlagOr(&Value::Kind(&values::TEXT)),
        "none",
        "Set the firewall marks of virtual server groups by nftables: `true`, or the \
                 name of the table.",
    )
    .since(Release::V2_2),
    Key::plain(
        "nftables_ipvs_start_fwmark",
        COUNT,
        "1000",
        "The first firewall mark that `nftables_ipvs` may use.",
    )
    .since(Release::V2_2),
    Key::plain(
        "notify_fifo",
        Value::Kind(&values::WORDS),
        "none",
        "A FIFO that gets every event of instances and servers; a user and a group \
                 may follow its path.",
    ),
    Key::plain(
        "notify_fifo_script",
        Value::Command,
        "none",
        "The program that reads `notify_fifo`.",
    ),
    Key::plain(
        "vrrp_notify_fifo",
        Value::Kind(&values::WORDS),
        "none",
        "A FIFO that gets every event of instances; a user and a group may follow its \
                 path.",
    ),
    Key::plain(
        "vrrp_notify_fifo_script",
        Value::Command,
        "none",
        "The program that reads `vrrp_notify_fifo`.",
    ),
    Key::plain(
        "lvs_notify_fifo",
        Value::Kind(&values::WORDS),
        "none",
        "A FIFO that gets every event of servers; a user and a group may follow its \
                 path.",
    ),
    Key::plain(
        "lvs_notify_fifo_script",
        Value::Command,
        "none",
        "The program that reads `lvs_notify_fifo`.",
    ),
    Key::plain(
        "fifo_write_vrrp_states_on_reload",
        Value::Flag,
        "false",
        "Write the state of every instance to the FIFOs after a reload.",
    )
    .since(Release::V2_2),
    Key::plain("startup_script", Value::Command, "none", "Run before keepalived starts."),
    Key::plain(
        "startup_script_timeout",
        Value::Int(1, 1000),
        "10",
        "Seconds until `startup_script` is killed.",
    ),
    Key::plain("shutdown_script", Value::Command, "none", "Run after keepalived stopped."),
    Key::plain(
        "shutdown_script_timeout",
        Value::Int(1, 1000),
        "10",
        "Seconds until `shutdown_script` is killed.",
    ),
    Key::plain(
        "max_auto_priority",
        Value::Int(-1, 99),
        "0",
        "The highest real-time priority that keepalived gives itself when it runs \
                 late; 0 for none, -1 for none and no warning.",
    ),
    Key::plain(
        "vrrp_priority",
        NICE,
        "0",
        "Nice value of the VRRP process: negative ones get more CPU time.",
    ),
    Key::plain(
        "checker_priority",
        NICE,
        "0",
        "Nice value of the checking process: negative ones get more CPU time.",
    ),
    Key::plain(
        "bfd_priority",
        NICE,
        "0",
        "Nice value of the BFD process: negative ones get more CPU time.",
    ),
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
        "Microseconds of CPU time that the BFD process may use at a stretch with \
                 `bfd_rt_priority`.",
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
    Key::plain(
        "checker_rt_priority",
        REAL_TIME,
        "none",
        "Real-time priority of the checking process.",
    ),
    Key::plain("vrrp_no_swap", Value::Flag, "false", "Keep the VRRP process in memory."),
    Key::plain("checker_no_swap", Value::Flag, "false", "Keep the checking process in memory."),
    Key::plain(
        "vrrp_rlimit_rttime",
        COUNT,
        "10000",
        "Microseconds of CPU time that the VRRP process may use at a stretch with \
                 `vrrp_rt_priority`.",
    ),
    Key::plain(
        "checker_rlimit_rttime",
        COUNT,
        "10000",
        "Microseconds of CPU time that the checking process may use at a stretch with \
                 `checker_rt_priority`.",
    ),
    Key::plain("enable_snmp_vrrp", Value::Flag, "false", "Serve keepalived's VRRP MIB by SNMP."),
    Key::plain(
        "enable_snmp_checker",
        Value::Flag,
        "false",
        "Serve virtual and real servers by SNMP.",
    ),
    Key::plain(
        "enable_snmp_rfc",
        Value::Flag,
        "false",
        "Serve the MIBs of RFC 2787 and RFC 6527 by SNMP.",
    ),
    Key::plain("enable_traps", Value::Flag, "false", "Send SNMP traps at changes of state."),
    Key::plain("enable_dbus", Value::Flag, "false", "Offer keepalived's VRRP interface on D-Bus."),
    Key::plain(
        "dbus_service_name",
        Value::Kind(&values::TEXT),
        "org.keepalived.Vrrp1",
        "keepalived's service name on D-Bus.",
    ),
    Key::plain(
        "log_unknown_vrids",
        Value::Flag,
        "false",
        "Log adverts with a virtual_router_id that no instance has.",
    )
    .since(Release::V2_2),
    Key::plain(
        "rs_init_notifies",
        Value::Flag,
        "false",
        "Run `notify_up` and `notify_down` also for the servers' first state after a \
                 start.",
    ),
    Key::plain(
        "reload_check_config",
        Value::FlagOr(&Value::Kind(&values::PATH)),
        "no",
        "Check the configuration before a reload, and keep the running one if it is \
                 wrong; a path: log the errors there.",
    )
    .since(Release::V2_2),
    Key::plain(
        "reload_file",
        Value::FlagOr(&Value::Kind(&values::PATH)),
        "none",
        "A file that exists while keepalived reads its configuration: `true` for the \
                 usual name, or a path.",
    )
    .since(Release::V2_2),
    Key::plain(
        "data_use_instance",
        Value::Bool,
        "false",
        "Put the names of keepalived's instance and network namespace into those of \
                 dumped files.",
    )
    .since(Release::V2_2),
    Key::plain(
        "random_seed",
        COUNT_OR_0,
        "the time",
        "The seed of keepalived's random numbers, for tests that repeat a run.",
    )
    .since(Release::V2_2),
    Key::plain(
        "umask",
        Value::Form(&form::UMASK),
        "0177",
        "The umask of files that keepalived creates.",
    ),
    Key::plain(
        "use_symlink_paths",
        Value::Flag,
        "false",
        "Run scripts by the paths that are written, without resolving symbolic links.",
    )
    .since(Release::V2_3),
    Key::plain(
        "tmp_config_directory",
        Value::Kind(&values::PATH),
        "in memory",
        "The directory for keepalived's own copy of its configuration, instead of memory.",
    )
    .since(Release::V2_2),
    Key::plain(
        "config_save_dir",
        Value::Kind(&values::PATH),
        "none",
        "The directory in which keepalived saves configuration and state before and after a reload.",
    )
    .since(Release::V2_2),
    Key::plain(
        "state_dump_file",
        Value::Kind(&values::PATH),
        "in /tmp",
        "The file that keepalived writes its state to on SIGUSR1.",
    )
    .since(Release::V2_4),
    Key::plain(
        "stats_dump_file",
        Value::Kind(&values::PATH),
        "in /tmp",
        "The file that keepalived writes its statistics to on SIGUSR2.",
    )
    .since(Release::V2_4),
    Key::plain(
        "vrrp_owner_ignore_adverts",
        Value::Flag,
        "false",
        "An address owner (priority 255) ignores the adverts of others.",
    )
    .since(Release::V2_4),
];

/// A nice value.
const NICE: Value = Value::Int(-20, 19);

/// A real-time priority.
const REAL_TIME: Value = Value::Int(1, 99);
