//! The keys of `vrrp_instance` that may differ from node to node: gratuitous ARPs, tracking, routes, hooks.

use std::net::IpAddr;

use super::super::{COUNT, COUNT_OR_0, Key, SIGNED_COUNT, Value, WHOLE_SECONDS, form, values};
use crate::cluster::Release;

/// `mcast_src_ip`
pub const MCAST_SRC_IP: Key<IpAddr> = Key::plain(
    "mcast_src_ip",
    Value::Kind(&values::ADDRESS),
    "the interface's",
    "The source address of this instance's multicast adverts.",
);

/// What may differ from node to node.
pub const FREE: &[Key] = &[
    MCAST_SRC_IP.any(),
    Key::plain(
        "unicast_ttl",
        Value::Int(0, 255),
        "255",
        "The TTL or hop limit of unicast adverts.",
    ),
    Key::plain(
        "unicast_fault_no_peer",
        Value::Flag,
        "false",
        "Enter FAULT when `unicast` has no peer.",
    )
    .since(Release::V2_2),
    Key::plain(
        "check_unicast_src",
        Value::Flag,
        "false",
        "Drop unicast adverts from addresses that are not in `unicast_peer`.",
    ),
    Key::plain(
        "dont_track_primary",
        Value::Flag,
        "false",
        "Stay MASTER when the link of the instance's interface is down.",
    ),
    Key::plain(
        "garp_master_delay",
        WHOLE_SECONDS,
        "5",
        "Seconds from takeover to the second series of gratuitous ARPs; 0 for none.",
    ),
    Key::plain("garp_master_repeat", COUNT, "5", "Gratuitous ARPs for each VIP in a series."),
    Key::plain("garp_lower_prio_delay", WHOLE_SECONDS, "garp_master_delay", GARP_LOWER_DELAY),
    Key::plain("garp_lower_prio_repeat", SIGNED_COUNT, "garp_master_repeat", GARP_LOWER_REPEAT),
    Key::plain(
        "garp_master_refresh",
        COUNT_OR_0,
        "0: never",
        "Seconds between repeated gratuitous ARPs of a MASTER; 0 for none.",
    ),
    Key::plain(
        "garp_master_refresh_repeat",
        COUNT,
        "1",
        "Gratuitous ARPs for each VIP in a repetition of `garp_master_refresh`.",
    ),
    Key::plain("garp_extra_if", Value::Form(&form::EXTRA_IF), "none", GARP_EXTRA)
        .since(Release::V2_2),
    Key::plain(
        "lower_prio_no_advert",
        Value::Bool,
        "false",
        "A MASTER does not answer adverts of lower priority.",
    ),
    Key::plain(
        "higher_prio_send_advert",
        Value::Bool,
        "false",
        "A MASTER answers a higher priority with one advert before it becomes BACKUP.",
    ),
    Key::plain(
        "promote_secondaries",
        Value::Flag,
        "false",
        "Keep the other addresses of a network when one of them is deleted (sysctl \
                 promote_secondaries).",
    ),
    Key::plain(
        "track_process",
        Value::OneOrMore(&Value::Kind(&values::WORDS)),
        "none",
        "Names of `vrrp_track_process` sections that decide on FAULT or change the \
                 priority; `weight NUMBER` may follow a name.",
    ),
    Key::plain(
        "track_bfd",
        Value::OneOrMore(&Value::Kind(&values::WORDS)),
        "none",
        "Names of `bfd_instance` sections that decide on FAULT or change the priority.",
    ),
    Key::plain(
        "virtual_routes",
        Value::Lines,
        "none",
        "Routes that the MASTER adds, as `ip route` has them.",
    ),
    Key::plain(
        "virtual_rules",
        Value::Lines,
        "none",
        "Routing rules that the MASTER adds, as `ip rule` has them.",
    ),
    Key::plain(
        "notify",
        Value::Command,
        "none",
        "The command that keepalived runs at every transition, with INSTANCE, the \
                 name, the state and the priority.",
    ),
    Key::plain(
        "notify_master_rx_lower_pri",
        Value::Command,
        "none",
        "The command that keepalived runs when a MASTER gets an advert of lower \
                 priority.",
    ),
    Key::plain(
        "notify_deleted",
        Value::Command,
        "none",
        "The command that keepalived runs when a reload removes the instance.",
    )
    .since(Release::V2_2),
    Key::plain(
        "notify_priority_changes",
        Value::Bool,
        "false",
        "Write changes of priority to the notify FIFOs too, not only changes of state.",
    ),
    Key::plain(
        "smtp_alert",
        Value::Bool,
        "false",
        "Send a mail at every transition of the instance.",
    ),
    Key::plain(
        "kernel_rx_buf_size",
        COUNT_OR_0,
        "the system's",
        "Bytes of the receive buffer of the VRRP socket.",
    ),
];

const GARP_EXTRA: &str = "Seconds between gratuitous ARPs on interfaces of VIPs other than the instance's; \
                          `all`: not only on virtual MAC interfaces.";

const GARP_LOWER_DELAY: &str = "Seconds from an advert of lower priority to the second series of \
                                gratuitous ARPs; 0 for none.";

const GARP_LOWER_REPEAT: &str =
    "Gratuitous ARPs for each VIP in a series after an advert of lower priority.";
