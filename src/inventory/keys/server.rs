//! The keys of `virtual_server`.

use std::net::IpAddr;

use super::values;
use super::{COUNT, COUNT_OR_0, Key, RAW, TIMER, TIMER_OR_0, Table, Value, form};
use crate::cluster::{
    AddressFamily, Choice, Forwarding, Keyword, Protocol, Release, Scheduler, Seconds,
};
use crate::conf::word::Word;
use crate::guard::plan;

/// `vrrp_instance`
pub const VRRP_INSTANCE: Key<Word> = Key::ours(
    "vrrp_instance",
    Value::Kind(&values::NAME),
    "the only one",
    "Whose addresses it serves.",
);

/// `port`
pub const PORT: Key<u16> = Key::ours(
    "port",
    super::PORT,
    "required, but with fwmark or group",
    "On every address of the instance, or on `address`; on the servers too.",
);

/// `address`
pub const ADDRESS: Key<IpAddr> = Key::ours(
    "address",
    Value::Kind(&values::UNICAST),
    "all of the instance",
    "Only this address.",
);

/// `fwmark`
pub const FWMARK: Key<u32> =
    Key::ours("fwmark", COUNT, "none", "What a firewall marked so, instead of a port.");

/// `group`
pub const GROUP: Key<Word> = Key::ours(
    "group",
    Value::Kind(&values::NAME),
    "none",
    "A virtual_server_group, instead of a port.",
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
    "false: no failure_detection for this service; it may stand in several others.",
);

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> =
    Key::ours("delay_loop", TIMER, "60", "Seconds between two checks of a server.");

/// `lb_algo`
pub const LB_ALGO: Key<Scheduler> =
    Key::ours("lb_algo", Value::OneOf(Scheduler::CHOICES), "required", "The scheduler.");

/// `mh-port`
pub const MH_PORT: Key = Key::plain(
    "mh-port",
    Value::Flag,
    "false",
    "With mh: the client's port counts too. Best where sessions shall survive.",
)
.only_with(LB_ALGO.name, &[Scheduler::Mh.name()]);

/// `mh-fallback`
pub const MH_FALLBACK: Key = Key::plain(
    "mh-fallback",
    Value::Flag,
    "false",
    "With mh: others get what falls to a server of weight 0; else that is refused.",
)
.only_with(LB_ALGO.name, &[Scheduler::Mh.name()]);

/// `sh-port`
pub const SH_PORT: Key =
    Key::plain("sh-port", Value::Flag, "false", "With sh: the client's port counts too.")
        .only_with(LB_ALGO.name, &[Scheduler::Sh.name()]);

/// `sh-fallback`
pub const SH_FALLBACK: Key = Key::plain(
    "sh-fallback",
    Value::Flag,
    "false",
    "With sh: others get what falls to a server of weight 0; else that is refused.",
)
.only_with(LB_ALGO.name, &[Scheduler::Sh.name()]);

/// `lb_kind`
pub const LB_KIND: Key<Forwarding> = Key::ours(
    "lb_kind",
    Value::Kind(&values::FORWARDING),
    "DR",
    "How packets get to a server. Where the balancers are the servers only DR works.",
);

/// `protocol`
pub const PROTOCOL: Key<Protocol> =
    Key::ours("protocol", Value::OneOf(Protocol::CHOICES), "TCP", "What is balanced.");

/// `weight`
pub const WEIGHT: Key<u32> =
    Key::ours("weight", Value::Int(1, 2_147_483_647), "1", "Of every server.");

/// `nodes`
pub const NODES: Key<Word> = Key::ours(
    "nodes",
    Value::OneOrMore(&Value::Kind(&values::HOST)),
    "all",
    "The names of the nodes that serve.",
);

/// `real_server`
pub const REAL_SERVERS: Key = Key::ours(
    "real_server",
    Value::Sections(&super::REAL_SERVER),
    "the nodes",
    "The servers one by one, where they are others than the nodes or differ.",
)
.items(1, usize::MAX);

/// `check`
pub const CHECK: Key = Key::ours(
    "check",
    Value::Checks,
    "required; `[]` for none",
    "How servers are found to work: a section, or a list of them.",
);

/// `ops`
pub const OPS: Key = Key::plain("ops", Value::Flag, "false", "UDP: choose for each datagram.");

/// `persistence_timeout`
pub const PERSISTENCE_TIMEOUT: Key = Key::plain(
    "persistence_timeout",
    Value::Int(1, 2_678_400),
    "no persistence",
    "Seconds that a client meets the same server.",
);

/// `persistence_granularity`
pub const PERSISTENCE_GRANULARITY: Key<String> = Key::plain(
    "persistence_granularity",
    Value::Form(&form::GRANULARITY),
    "each address",
    "Clients of one network count as one.",
);

/// `quorum`
pub const QUORUM: Key<u64> =
    Key::plain("quorum", COUNT, "1", "Total weight of living servers that is needed.");

/// `hysteresis`
pub const HYSTERESIS: Key<u64> =
    Key::plain("hysteresis", COUNT_OR_0, "0", "Weight beyond the quorum that changes its state.");

/// `ip_family`
pub const IP_FAMILY: Key<AddressFamily> =
    Key::plain("ip_family", Value::OneOf(AddressFamily::CHOICES), "inet", "Of a fwmark service.");

/// `inhibit_on_failure`
pub const INHIBIT_ON_FAILURE: Key =
    Key::plain("inhibit_on_failure", Value::Flag, "false", "Weight 0 instead of removal.");

/// `sorry_server`
pub const SORRY_SERVER: Key<String> = Key::plain(
    "sorry_server",
    Value::Kind(&values::ENDPOINT),
    "none",
    "Serves when the quorum is lost.",
);

/// `sorry_server_inhibit`
pub const SORRY_SERVER_INHIBIT: Key =
    Key::plain("sorry_server_inhibit", Value::Flag, "false", "inhibit_on_failure for it.");

/// `sorry_server_lvs_method`
pub const SORRY_SERVER_LVS_METHOD: Key = Key::plain(
    "sorry_server_lvs_method",
    Value::Kind(&values::FORWARDING),
    "lb_kind",
    "NAT, DR or TUN, for it.",
);

/// What a virtual server hands down to its servers, and each of these to its checks.
pub const RETRY: Key =
    Key::plain("retry", COUNT, "of each check", "Default of its checks, smtp-check too.")
        .also("nb_get_retry");
/// `delay_before_retry`
pub const DELAY_BEFORE_RETRY: Key = Key::plain(
    "delay_before_retry",
    TIMER,
    "of each check",
    "Default of its checks, smtp-check too.",
);
/// `warmup`
pub const WARMUP: Key =
    Key::plain("warmup", TIMER_OR_0, "delay_loop", "Most seconds until the first check.");
/// `connect_timeout`
pub const CONNECT_TIMEOUT: Key =
    Key::plain("connect_timeout", TIMER, "5", "Default of its checks, smtp-check too.");

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
    Key::plain("flag-1", Value::Flag, "false", "The scheduler's first flag, ipvsadm -b."),
    Key::plain("flag-2", Value::Flag, "false", "The scheduler's second flag."),
    Key::plain("flag-3", Value::Flag, "false", "The scheduler's third flag."),
    OPS,
    Key::plain(
        "persistence_engine",
        Value::OneOf(&[Choice::of("sip")]),
        "none",
        "What makes a client one.",
    ),
    PERSISTENCE_TIMEOUT,
    PERSISTENCE_GRANULARITY.any(),
    Key::plain("ha_suspend", Value::Flag, "false", "Check only on the node that has the address."),
    Key::plain("smtp_alert", Value::Bool, "false", "Send a mail about the quorum."),
    Key::plain(
        "virtualhost",
        Value::Kind(&values::TEXT),
        "none",
        "Default host of HTTP_GET and SSL_GET.",
    ),
    Key::plain("snmp_name", Value::Kind(&values::TEXT), "none", "Its name in SNMP.")
        .since(Release::V2_2),
    Key::plain("alpha", Value::Flag, "false", "Servers are down until a check succeeds."),
    Key::plain("omega", Value::Flag, "false", "Run notify_down and quorum_down on stopping."),
    QUORUM.any(),
    HYSTERESIS.any(),
    Key::plain("quorum_up", Value::Command, "none", "Run when the quorum is gained."),
    Key::plain("quorum_down", Value::Command, "none", "Run when the quorum is lost."),
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
