//! The keys of `virtual_server`.

mod scheduler;

use std::net::IpAddr;

pub use self::scheduler::{
    LB_ALGO, MH_FALLBACK, MH_PORT, OPS, PERSISTENCE_GRANULARITY, PERSISTENCE_TIMEOUT, SH_FALLBACK,
    SH_PORT, WEIGHT,
};
use super::{COUNT, COUNT_OR_0, Key, RAW, TIMER, TIMER_OR_0, Table, Value, form, values};
use crate::cluster::{AddressFamily, Choice, Forwarding, Keyword, Protocol, Release, Seconds};
use crate::conf::word::Word;
use crate::guard::plan;

/// `vrrp_instance`
pub const VRRP_INSTANCE: Key<Word> = Key::ours(
    "vrrp_instance",
    Value::Kind(&values::NAME),
    "the only one",
    "The name of the `vrrp_instance` whose VIPs this service uses.",
);

/// `port`
pub const PORT: Key<u16> = Key::ours(
    "port",
    super::PORT,
    "required, but with fwmark or group",
    "The port on every VIP of the instance, or on `address`; the real servers \
                 listen on it too.",
);

/// `address`
pub const ADDRESS: Key<IpAddr> = Key::ours(
    "address",
    Value::Kind(&values::UNICAST),
    "all of the instance",
    "The VIP of the service, where it is not for all VIPs of the instance.",
);

/// `fwmark`
pub const FWMARK: Key<u32> = Key::ours(
    "fwmark",
    COUNT,
    "none",
    "The firewall mark of the packets to balance, instead of a port.",
);

/// `group`
pub const GROUP: Key<Word> = Key::ours(
    "group",
    Value::Kind(&values::NAME),
    "none",
    "The name of a `virtual_server_group` to balance, instead of a port.",
);

/// `bypass_ports`
pub const BYPASS_PORTS: Key<plan::Service> = Key::ours(
    "bypass_ports",
    Value::OneOrMore(&Value::Form(&form::SERVICE)),
    "all ports",
    "With a firewall mark: the services that it stands for, as the firewall marks them. \
                 bypass-ipvs redirects these and nothing else, and `--firewall` lets them in.",
);

/// `failure_detection`
pub const FAILURE_DETECTION: Key<bool> = Key::ours(
    "failure_detection",
    Value::Bool,
    "true, where the inventory has it",
    "Whether `failure_detection` takes a dead node out of this service; it may \
                 stay in others.",
);

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> =
    Key::plain("delay_loop", TIMER, "60", "Seconds between two checks of a server.").used();

/// `lb_kind`
pub const LB_KIND: Key<Forwarding> = Key::plain(
    "lb_kind",
    Value::Kind(&values::FORWARDING),
    "DR",
    "How packets get to a server. Where the directors are the real servers only \
                 DR works.",
)
.used();

/// `protocol`
pub const PROTOCOL: Key<Protocol> = Key::plain(
    "protocol",
    Value::OneOf(Protocol::CHOICES),
    "TCP",
    "The transport protocol of the service.",
)
.used();

/// `nodes`
pub const NODES: Key<Word> = Key::ours(
    "nodes",
    Value::OneOrMore(&Value::Kind(&values::HOST)),
    "all",
    "The names of the nodes that are real servers of this service.",
);

/// `real_server`
pub const REAL_SERVERS: Key = Key::ours(
    "real_server",
    Value::Sections(&super::REAL_SERVER),
    "the nodes",
    "The real servers one by one, where they are not the nodes or have settings \
                 of their own.",
)
.items(1, usize::MAX);

/// `check`
pub const CHECK: Key = Key::ours(
    "check",
    Value::Checks,
    "required; `[]` for none",
    "How servers are checked: a section, or a list of sections that must all \
                 succeed.",
);

/// `quorum`
pub const QUORUM: Key<u64> =
    Key::plain("quorum", COUNT, "1", "The total weight of working servers that the service needs.");

/// `hysteresis`
pub const HYSTERESIS: Key<u64> = Key::plain(
    "hysteresis",
    COUNT_OR_0,
    "0",
    "The weight above or below the quorum at which its state changes.",
);

/// `ip_family`
pub const IP_FAMILY: Key<AddressFamily> = Key::plain(
    "ip_family",
    Value::OneOf(AddressFamily::CHOICES),
    "inet",
    "The address family of a service with `fwmark`.",
);

/// `inhibit_on_failure`
pub const INHIBIT_ON_FAILURE: Key = Key::plain(
    "inhibit_on_failure",
    Value::Flag,
    "false",
    "Set a failed server's weight to 0 instead of removing it, so that its \
                 connections live on.",
);

/// `sorry_server`
pub const SORRY_SERVER: Key<String> = Key::plain(
    "sorry_server",
    Value::Kind(&values::ENDPOINT),
    "none",
    "The server that gets connections while the quorum is lost: `ADDRESS` or \
                 `ADDRESS PORT`.",
);

/// `sorry_server_inhibit`
pub const SORRY_SERVER_INHIBIT: Key = Key::plain(
    "sorry_server_inhibit",
    Value::Flag,
    "false",
    "Set the weight of `sorry_server` to 0 instead of removing it.",
);

/// `sorry_server_lvs_method`
pub const SORRY_SERVER_LVS_METHOD: Key = Key::plain(
    "sorry_server_lvs_method",
    Value::Kind(&values::FORWARDING),
    "lb_kind",
    "How packets get to `sorry_server`: DR, NAT or TUN.",
);

/// What a virtual server hands down to its servers, and each of these to its checks.
pub const RETRY: Key = Key::plain(
    "retry",
    COUNT,
    "of each check",
    "Further attempts before a server counts as down: default of the checks, \
                 smtp-check included.",
)
.also("nb_get_retry");
/// `delay_before_retry`
pub const DELAY_BEFORE_RETRY: Key = Key::plain(
    "delay_before_retry",
    TIMER,
    "of each check",
    "Seconds between attempts: default of the checks, smtp-check included.",
);
/// `warmup`
pub const WARMUP: Key = Key::plain(
    "warmup",
    TIMER_OR_0,
    "delay_loop",
    "The most seconds until the first check; the delay is random, so that not all \
                 start at once.",
);
/// `connect_timeout`
pub const CONNECT_TIMEOUT: Key = Key::plain(
    "connect_timeout",
    TIMER,
    "5",
    "Seconds for the connect and for each answer: default of the checks, \
                 smtp-check included.",
);

/// `virtual_server`
pub const VIRTUAL_SERVER: Table = Table {
    name: "a virtual_server",
    groups: &[
        &[
            VRRP_INSTANCE.any(),
            PORT.any(),
            ADDRESS.any(),
            FWMARK.any(),
            GROUP.any(),
            BYPASS_PORTS.any(),
            FAILURE_DETECTION.any(),
            DELAY_LOOP.any(),
            LB_ALGO.any(),
            MH_PORT,
            MH_FALLBACK,
            SH_PORT,
            SH_FALLBACK,
            LB_KIND.any(),
            PROTOCOL.any(),
            WEIGHT.any(),
            NODES.any(),
            REAL_SERVERS,
            CHECK,
        ],
        PLAIN,
        RAW,
    ],
    either: &[
        (&["port"], &["fwmark", "group"]),
        (&["address", "persistence_timeout"], &["port", "fwmark", "group"]),
        (&["fwmark"], &["port", "address", "group"]),
        (&["group"], &["port", "address", "fwmark"]),
    ],
};

const PLAIN: &[Key] = &[
    Key::plain(
        "flag-1",
        Value::Flag,
        "false",
        "The scheduler's first flag, as `ipvsadm -b flag-1` sets it.",
    ),
    Key::plain(
        "flag-2",
        Value::Flag,
        "false",
        "The scheduler's second flag, as `ipvsadm -b flag-2` sets it.",
    ),
    Key::plain(
        "flag-3",
        Value::Flag,
        "false",
        "The scheduler's third flag, as `ipvsadm -b flag-3` sets it.",
    ),
    OPS,
    Key::plain(
        "persistence_engine",
        Value::OneOf(&[Choice::of("sip")]),
        "none",
        "The IPVS module that recognises a client's connections: `sip` by the Call-ID.",
    ),
    PERSISTENCE_TIMEOUT,
    PERSISTENCE_GRANULARITY.any(),
    Key::plain(
        "ha_suspend",
        Value::Flag,
        "false",
        "Check servers only on the node that has the VIP.",
    ),
    Key::plain(
        "smtp_alert",
        Value::Bool,
        "false",
        "Send a mail when the quorum is lost or gained.",
    ),
    Key::plain(
        "virtualhost",
        Value::Kind(&values::TEXT),
        "none",
        "The host name that HTTP_GET and SSL_GET ask for, if they have none of their \
                 own.",
    ),
    Key::plain(
        "snmp_name",
        Value::Kind(&values::TEXT),
        "none",
        "The name of the virtual server in SNMP.",
    )
    .since(Release::V2_2),
    Key::plain(
        "alpha",
        Value::Flag,
        "false",
        "Servers are down at the start until a check succeeds.",
    ),
    Key::plain(
        "omega",
        Value::Flag,
        "false",
        "Run `notify_down` and `quorum_down` when keepalived stops.",
    ),
    QUORUM.any(),
    HYSTERESIS.any(),
    Key::plain(
        "quorum_up",
        Value::Command,
        "none",
        "The command that keepalived runs when the quorum is gained.",
    ),
    Key::plain(
        "quorum_down",
        Value::Command,
        "none",
        "The command that keepalived runs when the quorum is lost.",
    ),
    IP_FAMILY.any(),
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    CONNECT_TIMEOUT,
    INHIBIT_ON_FAILURE,
    SORRY_SERVER.any(),
    SORRY_SERVER_INHIBIT,
    SORRY_SERVER_LVS_METHOD,
];
