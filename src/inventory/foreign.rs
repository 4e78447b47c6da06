//! keepalived's own words that are no keys. Whoever knows keepalived.conf(5) writes them, and the
//! nearest key is often the wrong help: `nopreempt` is the opposite of `preempt`. So each has the
//! help that is right: another key, a fact that it follows from, or `raw`.

use super::keys::{Check, Table};

/// Words, where they are written, and what to do about them.
struct Foreign {
    words: &'static [&'static str],
    /// Names of tables; empty for all.
    sections: &'static [&'static str],
    help: &'static str,
}

/// The first that fits holds.
const ALL: &[Foreign] = &[
    // Another key says it.
    Foreign { words: &["lvs_sched"], sections: SERVERS, help: "write `lb_algo: ...`" },
    Foreign { words: &["lvs_method"], sections: SERVERS, help: "write `lb_kind: ...`" },
    Foreign {
        words: &["lb_kind"],
        sections: &["a real_server"],
        help: "write `lvs_method: ...` for this server alone",
    },
    Foreign {
        words: &["nopreempt"],
        sections: &[],
        help: "write `preempt: false` in the instance, for all of its nodes",
    },
    Foreign {
        words: &["unicast_peer", "unicast_src_ip"],
        sections: &[],
        help: "write `unicast: true` in the instance: peers and source follow from the nodes",
    },
    // It follows from other facts.
    Foreign {
        words: &["state"],
        sections: &[],
        help: "it follows from the order of `nodes`, the first is MASTER; only an instance can \
               have `state: BACKUP`, for all of its nodes",
    },
    Foreign {
        words: &["priority"],
        sections: &[],
        help: "it follows from the order of `nodes`; a node, or an instance for all of its nodes, \
               can have another",
    },
    Foreign {
        words: &["router_id"],
        sections: &[],
        help: "it is always the node's name; only `global_defs` of all nodes can have \
               `router_id: hostname`, which leaves it to keepalived",
    },
    Foreign {
        words: &["script_user"],
        sections: &[],
        help: "it is always root; a program that is another user's says so itself: `user: NAME`",
    },
    Foreign {
        words: &["enable_script_security"],
        sections: &[],
        help: "it is rendered unless `global_defs` has `enable_script_security: false`; remove it",
    },
    Foreign {
        words: &["host"],
        sections: &["SMTP_CHECK"],
        help: "keepalived 2.3.3 hangs when it reads one; write a check for each: `check: [{type: SMTP_CHECK, \
               connect_ip: ...}, ...]`",
    },
    // keepalived knows it, and lvskit does not.
    Foreign {
        words: TOP,
        sections: &[],
        help: "it is keepalived's, but no key: put it into `raw` at the top",
    },
    Foreign {
        words: GLOBAL,
        sections: &[],
        help: "it is keepalived's, but no key: put it into `raw` of `global_defs`",
    },
    Foreign {
        words: INSTANCE,
        sections: &[],
        help: "it is keepalived's, but no key: put it into `raw` of the instance",
    },
    Foreign {
        words: &["regex_stack"],
        sections: &[],
        help: "it is keepalived's, but no key: put it into `raw` of the `url`",
    },
];

/// What is said of a service; in a `real_server` some have other names.
const SERVERS: &[&str] = &["a virtual_server"];

/// Outside of all blocks, keepalived.conf(5).
const TOP: &[&str] = &[
    "static_ipaddress",
    "static_routes",
    "static_rules",
    "track_group",
    "garp_group",
    "linkbeat_interfaces",
    "linkbeat_use_polling",
    "interface_up_down_delays",
    "net_namespace",
    "net_namespace_ipvs",
    "namespace_with_ipsets",
    "use_pid_dir",
    "child_wait_time",
    "SSL",
];

/// In `global_defs`.
const GLOBAL: &[&str] = &[
    "vrrp_cpu_affinity",
    "checker_cpu_affinity",
    "process_names",
    "process_name",
    "vrrp_process_name",
    "checker_process_name",
    "include_check",
    "reload_time_file",
    "reload_repeat",
    "min_auto_priority_delay",
    "disable_local_igmp",
    "enable_snmp_rfcv2",
    "enable_snmp_rfcv3",
    "snmp_socket",
    "nftables_ifindex",
    "nftables_ipvs_priority",
    "vrrp_iptables",
    "vrrp_ipsets",
    "vmac_prefix",
    "vmac_addr_prefix",
    "lvs_netlink_cmd_rcv_bufs",
    "lvs_netlink_cmd_rcv_bufs_force",
    "lvs_netlink_monitor_rcv_bufs",
    "lvs_netlink_monitor_rcv_bufs_force",
    "vrrp_netlink_cmd_rcv_bufs",
    "vrrp_netlink_cmd_rcv_bufs_force",
    "vrrp_netlink_monitor_rcv_bufs",
    "vrrp_netlink_monitor_rcv_bufs_force",
    "process_monitor_rcv_bufs",
    "process_monitor_rcv_bufs_force",
    "vrrp_rx_bufs_policy",
    "vrrp_rx_bufs_multiplier",
];

/// In an instance.
const INSTANCE: &[&str] = &[
    "use_ipvlan",
    "use_vmac_addr",
    "native_ipv6",
    "track_src_ip",
    "old_unicast_checksum",
    "debug",
];

/// What to do about a word that is no key of a section; `None` for what is not keepalived's.
pub(super) fn help(table: &Table, word: &str) -> Option<String> {
    if table.key("check").is_some() && Check::with_block(word).is_some() {
        return Some(format!("write `check: {{type: {word}, ...}}`"));
    }
    let fits = |one: &&Foreign| {
        one.words.contains(&word) && (one.sections.is_empty() || one.sections.contains(&table.name))
    };
    ALL.iter().find(fits).map(|one| one.help.to_owned())
}

/// The same for a word that is no key of any section.
pub fn anywhere(word: &str) -> Option<&'static str> {
    ALL.iter().find(|one| one.words.contains(&word)).map(|one| one.help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::keys::sections;

    #[test]
    fn what_is_a_key_of_a_section_is_not_foreign_there() {
        for word in ALL.iter().flat_map(|one| one.words) {
            let reached = sections()
                .filter(|(_, table)| table.key(word).is_none())
                .any(|(_, table)| help(table, word).is_some());
            assert!(reached, "{word} is a key wherever it has a help");
        }
        let in_raw = [TOP, GLOBAL, INSTANCE].concat();
        for word in in_raw {
            assert!(sections().all(|(_, table)| table.key(word).is_none()), "{word} is a key");
        }
    }

    #[test]
    fn every_section_that_a_help_names_is_there() {
        for name in ALL.iter().flat_map(|one| one.sections) {
            assert!(sections().any(|(_, table)| table.name == *name), "{name}");
        }
    }
}
