//! The keys of `global_defs` that are defaults of instances, and that delay adverts and gratuitous ARPs.

use super::super::{COUNT, COUNT_OR_0, Key, SIGNED_COUNT, TIMER, Value, WHOLE_SECONDS, form};
use crate::cluster::Release;

/// Defaults of instances; they may differ from node to node.
pub const VRRP: &[Key] = &[
    Key::plain(
        "vrrp_garp_master_delay",
        WHOLE_SECONDS,
        "5",
        "Default of `garp_master_delay`: seconds from takeover to the second series \
                 of gratuitous ARPs.",
    ),
    Key::plain(
        "vrrp_garp_master_repeat",
        COUNT,
        "5",
        "Default of `garp_master_repeat`: gratuitous ARPs in a series.",
    ),
    Key::plain(
        "vrrp_garp_lower_prio_delay",
        WHOLE_SECONDS,
        "as master's",
        "Default of `garp_lower_prio_delay`: seconds from an advert of lower priority \
                 to the second series of gratuitous ARPs.",
    ),
    Key::plain(
        "vrrp_garp_lower_prio_repeat",
        SIGNED_COUNT,
        "as master's",
        "Default of `garp_lower_prio_repeat`: gratuitous ARPs in a series after an \
                 advert of lower priority.",
    ),
    Key::plain(
        "vrrp_garp_master_refresh",
        COUNT_OR_0,
        "0",
        "Default of `garp_master_refresh`: seconds between repeated gratuitous ARPs \
                 of a MASTER; 0 for none.",
    ),
    Key::plain(
        "vrrp_garp_master_refresh_repeat",
        COUNT,
        "1",
        "Default of `garp_master_refresh_repeat`: gratuitous ARPs in each repetition.",
    ),
    Key::plain(
        "vrrp_garp_interval",
        TIMER,
        "0",
        "Seconds between two gratuitous ARPs on an interface (IPv4).",
    ),
    Key::plain(
        "vrrp_gna_interval",
        TIMER,
        "0",
        "Seconds between two unsolicited neighbour advertisements on an interface \
                 (IPv6).",
    ),
    Key::plain(
        "vrrp_min_garp",
        Value::Bool,
        "false",
        "Send one gratuitous ARP at takeover instead of two series of five.",
    ),
    Key::plain(
        "vrrp_garp_extra_if",
        Value::Form(&form::EXTRA_IF),
        "none",
        "Default of `garp_extra_if`: seconds between gratuitous ARPs on interfaces of \
                 VIPs other than the instance's; `all`: not only on virtual MAC interfaces.",
    )
    .since(Release::V2_2),
    Key::plain(
        "vrrp_lower_prio_no_advert",
        Value::Bool,
        "false",
        "Default of `lower_prio_no_advert`: a MASTER does not answer adverts of lower \
                 priority.",
    ),
    Key::plain(
        "vrrp_higher_prio_send_advert",
        Value::Bool,
        "false",
        "Default of `higher_prio_send_advert`: a MASTER answers a higher priority \
                 once before it becomes BACKUP.",
    ),
    Key::plain(
        "vrrp_check_unicast_src",
        Value::Flag,
        "false",
        "Drop unicast adverts from addresses that are not in `unicast_peer`.",
    ),
    Key::plain(
        "vrrp_startup_delay",
        Value::Seconds(1_000, 4_294_000_000, 1),
        "0",
        "Seconds that instances wait after keepalived's start before they take part \
                 in elections.",
    ),
    Key::plain(
        "vrrp_notify_priority_changes",
        Value::Bool,
        "false",
        "Write changes of priority to the notify FIFOs too, not only changes of state.",
    ),
];
