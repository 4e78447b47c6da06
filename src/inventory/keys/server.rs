//! The keys of `virtual_server` and `real_server`.

use super::{COUNT, COUNT_OR_0, Key, PORT, RAW, TIMER, TIMER_OR_0, Table, Value, form};
use crate::cluster::{Release, Scheduler};

/// What a virtual server hands down to its servers, and each of these to its checks.
const RETRY: Key =
    Key::plain("retry", COUNT, "of each check", "Default of its checks, smtp-check too.");
const DELAY_BEFORE_RETRY: Key = Key::plain(
    "delay_before_retry",
    TIMER,
    "of each check",
    "Default of its checks, smtp-check too.",
);
const WARMUP: Key =
    Key::plain("warmup", TIMER_OR_0, "delay_loop", "Most seconds until the first check.");
const CONNECT_TIMEOUT: Key =
    Key::plain("connect_timeout", TIMER, "5", "Default of its checks, smtp-check too.");

/// `virtual_server`
pub const VIRTUAL_SERVER: Table = Table {
    name: "a virtual_server",
    groups: &[
        &[
            Key::ours("vrrp_instance", Value::Text, "the only one", "Whose addresses it serves."),
            Key::ours(
                "port",
                PORT,
                "required, but with fwmark or group",
                "On every address of the instance, or on `address`; on the servers too.",
            ),
            Key::ours("address", Value::Address, "all of the instance", "Only this address."),
            Key::ours("fwmark", COUNT, "none", "What a firewall marked so, instead of a port."),
            Key::ours("group", Value::Text, "none", "A virtual_server_group, instead of a port."),
            Key::ours(
                "bypass_ports",
                Value::OneOrMore(&Value::Form(&form::SERVICE)),
                "all ports",
                "With a firewall mark: the services that it stands for, as the firewall marks them. \
                 bypass-ipvs redirects these and nothing else, and `--firewall` lets them in.",
            ),
            Key::ours(
                "failure_detection",
                Value::Bool,
                "true, where the inventory has it",
                "false: no failure_detection for this service; it may stand in several others.",
            ),
            Key::ours("delay_loop", TIMER, "60", "Seconds between two checks of a server."),
            Key::ours("lb_algo", Value::OneOf(&Scheduler::NAMES), "required", "The scheduler."),
            Key::ours(
                "mh-port",
                Value::Bool,
                "false",
                "With mh: the client's port counts too. Best where sessions shall survive.",
            ),
            Key::ours(
                "mh-fallback",
                Value::Bool,
                "false",
                "With mh: others get what falls to a server of weight 0; else that is refused.",
            ),
            Key::ours("sh-port", Value::Bool, "false", "With sh: the client's port counts too."),
            Key::ours(
                "sh-fallback",
                Value::Bool,
                "false",
                "With sh: others get what falls to a server of weight 0; else that is refused.",
            ),
            Key::ours(
                "lb_kind",
                Value::Forwarding,
                "DR",
                "How packets get to a server. Where the balancers are the servers only DR works.",
            ),
            Key::ours(
                "protocol",
                Value::OneOf(&["TCP", "UDP", "SCTP"]),
                "TCP",
                "What is balanced.",
            ),
            Key::ours("weight", Value::Int(1, 2_147_483_647), "1", "Of every server."),
            Key::ours(
                "nodes",
                Value::OneOrMore(&Value::Host),
                "all",
                "The names of the nodes that serve.",
            ),
            Key::ours(
                "real_server",
                Value::Sections(&REAL_SERVER),
                "the nodes",
                "The servers one by one, where they are others than the nodes or differ.",
            ),
            Key::ours(
                "check",
                Value::Checks,
                "required; `[]` for none",
                "How servers are found to work: a section, or a list of them.",
            ),
        ],
        PLAIN,
        RAW,
    ],
};

const PLAIN: &[Key] = &[
    Key::plain("flag-1", Value::Flag, "false", "The scheduler's first flag, ipvsadm -b."),
    Key::plain("flag-2", Value::Flag, "false", "The scheduler's second flag."),
    Key::plain("flag-3", Value::Flag, "false", "The scheduler's third flag."),
    Key::plain("ops", Value::Flag, "false", "UDP: choose for each datagram."),
    Key::plain("persistence_engine", Value::OneOf(&["sip"]), "none", "What makes a client one."),
    Key::plain(
        "persistence_timeout",
        Value::Int(1, 2_678_400),
        "no persistence",
        "Seconds that a client meets the same server.",
    ),
    Key::plain(
        "persistence_granularity",
        Value::Form(&form::GRANULARITY),
        "each address",
        "Clients of one network count as one.",
    ),
    Key::plain("ha_suspend", Value::Flag, "false", "Check only on the node that has the address."),
    Key::plain("smtp_alert", Value::Bool, "false", "Send a mail about the quorum."),
    Key::plain("virtualhost", Value::Text, "none", "Default host of HTTP_GET and SSL_GET."),
    Key::plain("snmp_name", Value::Text, "none", "Its name in SNMP.").since(Release::V2_2),
    Key::plain("alpha", Value::Flag, "false", "Servers are down until a check succeeds."),
    Key::plain("omega", Value::Flag, "false", "Run notify_down and quorum_down on stopping."),
    Key::plain("quorum", COUNT, "1", "Total weight of living servers that is needed."),
    Key::plain("hysteresis", COUNT_OR_0, "0", "Weight beyond the quorum that changes its state."),
    Key::plain("quorum_up", Value::Command, "none", "Run when the quorum is gained."),
    Key::plain("quorum_down", Value::Command, "none", "Run when the quorum is lost."),
    Key::plain("ip_family", Value::OneOf(&["inet", "inet6"]), "inet", "Of a fwmark service."),
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    CONNECT_TIMEOUT,
    Key::plain("inhibit_on_failure", Value::Flag, "false", "Weight 0 instead of removal."),
    Key::plain("sorry_server", Value::Endpoint, "none", "Serves when the quorum is lost."),
    Key::plain("sorry_server_inhibit", Value::Flag, "false", "inhibit_on_failure for it."),
    Key::plain("sorry_server_lvs_method", Value::Forwarding, "lb_kind", "NAT, DR or TUN, for it."),
];

/// `real_server`
pub const REAL_SERVER: Table = Table {
    name: "a real_server",
    groups: &[
        &[
            Key::ours("node", Value::Host, "none", "The name of a node; or `address`."),
            Key::ours("address", Value::Address, "none", "An address; or `node`."),
            Key::ours("port", PORT, "the service's", "Another one only with `lb_kind: NAT`."),
            Key::ours(
                "weight",
                Value::Int(0, 2_147_483_647),
                "that of the node or the virtual server",
                "How much it gets; 0 takes it out of the balance.",
            ),
            Key::ours("check", Value::Checks, "that of the virtual server", "How it is checked."),
        ],
        &[
            Key::plain("lvs_method", Value::Forwarding, "lb_kind", "How packets get to it."),
            Key::plain("notify_up", Value::Command, "none", "Run when it comes up."),
            Key::plain("notify_down", Value::Command, "none", "Run when it goes down."),
            Key::plain("uthreshold", COUNT_OR_0, "0", "Connections at which it gets no more."),
            Key::plain("lthreshold", COUNT_OR_0, "0", "Connections at which it gets some again."),
            Key::plain("smtp_alert", Value::Bool, "true", "Send a mail when it comes or goes."),
            Key::plain("virtualhost", Value::Text, "none", "Default host of its HTTP checks."),
            Key::plain("snmp_name", Value::Text, "none", "Its name in SNMP.").since(Release::V2_2),
            Key::plain("alpha", Value::Bool, "of the virtual server", "Down until checked."),
            RETRY,
            DELAY_BEFORE_RETRY,
            WARMUP,
            CONNECT_TIMEOUT,
            Key::plain("delay_loop", TIMER, "of the virtual server", "Seconds between checks."),
            Key::plain("inhibit_on_failure", Value::Bool, "false", "Weight 0, not removal."),
        ],
        RAW,
    ],
};
