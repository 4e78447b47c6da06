//! The keys of `check`: keepalived's checkers, and our probe.

use std::net::IpAddr;

use super::values;
use super::{COUNT_OR_0, Key, PORT, RAW, TIMER, TIMER_OR_0, Table, Value, form};
use crate::cluster::{Choice, Protocol, Release, Seconds};

/// `type`
pub const TYPE: Key = Key::ours(
    "type",
    Value::CheckType,
    "required",
    "The checker: one of keepalived's by its name, or smtp-check, lvskit's probe.",
);

/// `connect_ip`
pub const CONNECT_IP: Key<IpAddr> = Key::plain(
    "connect_ip",
    Value::Kind(&values::ADDRESS),
    "the server's",
    "The address to connect to, where it is not the server's.",
);

/// `connect_port`
pub const CONNECT_PORT: Key = Key::plain(
    "connect_port",
    PORT,
    "the service's",
    "The port to connect to, where it is not the service's.",
);

/// `bindto`
pub const BINDTO: Key<IpAddr> = Key::plain(
    "bindto",
    Value::Kind(&values::ADDRESS),
    "the system's choice",
    "The local address to connect from.",
);

/// `compat`
pub const COMPAT: Key<bool> = Key::ours(
    "compat",
    Value::Bool,
    "true",
    "Whether smtp-check judges as SMTP_CHECK does; `false`: as RFC 5321 says, and \
                 `options` can be used.",
);

/// `options`
pub const OPTIONS: Key = Key::ours(
    "options",
    Value::OneOrMore(&Value::Kind(&values::WORDS)),
    "none",
    "More options of smtp-check, such as --starttls; with `compat: false`. `{address}` stands for the server's \
     address, `{node}` for the name of the node that checks.",
);

/// `syslog`
pub const SYSLOG: Key<bool> = Key::ours(
    "syslog",
    Value::Bool,
    "true",
    "Log why a server is down and that it is up again, a line a minute at most: \
                 `journalctl -t smtp-check`. keepalived itself logs the exit code only.",
);

/// `min_reply_length`
pub const MIN_REPLY_LENGTH: Key<u32> = Key::plain(
    "min_reply_length",
    Value::Int(0, 65_535),
    "0",
    "The fewest bytes that the reply must have, with `require_reply`.",
)
.since(Release::V2_2);

/// `max_reply_length`
pub const MAX_REPLY_LENGTH: Key<u32> = Key::plain(
    "max_reply_length",
    Value::Int(0, 65_535),
    "255",
    "The most bytes that the reply may have, with `require_reply`.",
)
.since(Release::V2_2);

/// `misc_path`
pub const MISC_PATH: Key<String> =
    Key::plain("misc_path", Value::Program, "required", MISC_PATH_DOC);

const MISC_PATH_DOC: &str = "The program and its arguments. `{address}` stands for the server's address, `{node}` \
                             for the name of the node that checks.";

/// `misc_timeout`
pub const MISC_TIMEOUT: Key<Seconds> = Key::plain(
    "misc_timeout",
    Value::Int(1, 4294),
    "delay_loop",
    "Whole seconds after which keepalived kills the program.",
);

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> =
    Key::plain("delay_loop", TIMER, "of the server", "Seconds between two runs of this check.");

/// `track_file`
pub const TRACK_FILE: Key<String> = Key::plain(
    "track_file",
    Value::Kind(&values::TEXT),
    "required",
    "The name of the `track_file` whose number decides.",
);

/// A type of check; `type` calls it by its table's name.
#[derive(Debug)]
pub struct Check {
    /// Its keys.
    pub table: &'static Table,
    /// What older releases call its block.
    pub old_name: Option<&'static str>,
    /// Whether it connects to the server's own port, unless `connect_port` says otherwise.
    pub connects: bool,
    /// The protocol of which it tells nothing, why, and what to use instead.
    pub unfit: Option<(Protocol, &'static str, &'static str)>,
}

/// All of them: keepalived's own, and our probe.
pub static CHECKS: &[Check] = &[
    Check { unfit: Some((Protocol::Udp, NO_SMTP, USE_UDP)), ..Check::connecting(&PROBE) },
    Check { unfit: Some((Protocol::Udp, NO_SMTP, USE_UDP)), ..Check::connecting(&SMTP_CHECK) },
    Check::connecting(&TCP_CHECK),
    Check { unfit: Some((Protocol::Udp, NO_HTTP, USE_UDP)), ..Check::connecting(&HTTP_GET) },
    Check { unfit: Some((Protocol::Udp, NO_HTTP, USE_UDP)), ..Check::connecting(&SSL_GET) },
    Check::connecting(&DNS_CHECK),
    Check { unfit: Some((Protocol::Tcp, NO_UDP, USE_TCP)), ..Check::connecting(&UDP_CHECK) },
    Check::of(&PING_CHECK),
    Check { old_name: Some("MISC_CHECKER"), ..Check::of(&MISC_CHECK) },
    Check::of(&FILE_CHECK),
    Check::of(&BFD_CHECK),
];

const NO_SMTP: &str = "SMTP is not spoken over UDP";
const NO_HTTP: &str = "this check speaks HTTP over TCP";
const NO_UDP: &str = "UDP_CHECK can't check a TCP service";
// What speaks UDP often listens on TCP too, as DNS does.
const USE_UDP: &str = "use UDP_CHECK; or TCP_CHECK, where the service listens on TCP too";
const USE_TCP: &str = "use TCP_CHECK, or write `protocol: UDP`";

impl Check {
    const fn of(table: &'static Table) -> Check {
        Check { table, old_name: None, connects: false, unfit: None }
    }

    const fn connecting(table: &'static Table) -> Check {
        Check { connects: true, ..Check::of(table) }
    }

    /// What `type` calls it: the name of keepalived's block, or of our probe.
    pub fn name(&self) -> &'static str {
        self.table.name
    }

    /// The check of that name.
    pub fn named(name: &str) -> Option<&'static Check> {
        CHECKS.iter().find(|check| check.name() == name)
    }

    /// keepalived's own checker with that block.
    pub fn with_block(keyword: &str) -> Option<&'static Check> {
        let own = CHECKS.iter().filter(|check| !check.is_probe());
        own.into_iter().find(|check| check.name() == keyword || check.old_name == Some(keyword))
    }

    /// Whether it is our probe.
    pub fn is_probe(&self) -> bool {
        self.name() == PROBE.name
    }
}

/// What every check begins with.
const TYPES: &[Key] = &[TYPE];

const RETRY_DOC: &str = "Further attempts before the server counts as down.";
const PAUSE_DOC: &str = "Seconds between two attempts.";

/// When and how often.
const RETRIES: &[Key] = &[
    Key::plain("connect_timeout", TIMER, "5", "Seconds for the connect and for each answer."),
    Key::plain("retry", RETRIES_MOST, "1", RETRY_DOC).also("nb_get_retry"),
    Key::plain("delay_before_retry", TIMER, "1", PAUSE_DOC),
];

/// Those of our probe, which has them from the sections around it as keepalived's own checks do.
const PROBE_RETRIES: &[Key] = &[
    Key::plain(
        "connect_timeout",
        TIMER,
        "the server's, the virtual server's, or 5",
        "Seconds for the connect and for each answer. Deadline and misc_timeout follow from it and from \
         the retries; `gen-conf --verbose` shows them.",
    ),
    Key::plain("retry", RETRIES_MOST, "the server's, the virtual server's, or 1", RETRY_DOC),
    Key::plain("delay_before_retry", TIMER, "the server's, the virtual server's, or 1", PAUSE_DOC),
];

/// More would mean that a server is never down.
const RETRIES_MOST: Value = Value::Int(0, 100);

/// From where and to where.
pub const CONNECTION: &[Key] = &[
    CONNECT_IP.any(),
    CONNECT_PORT,
    BINDTO.any(),
    Key::plain("bind_port", PORT, "the system's choice", "The local port to connect from."),
    Key::plain(
        "bind_if",
        Value::Kind(&values::INTERFACE),
        "the system's choice",
        "The local interface to connect by.",
    ),
    Key::plain("fwmark", COUNT_OR_0, "none", "The firewall mark that the check's packets get."),
];

/// What every checker of keepalived has.
pub const COMMON: &[Key] = &[
    Key::plain(
        "alpha",
        Value::Bool,
        "of the server",
        "The server is down at the start until this check succeeds.",
    ),
    Key::plain(
        "warmup",
        TIMER_OR_0,
        "delay_loop",
        "The most seconds until the first check; the delay is random, so that not all \
                 start at once.",
    ),
    DELAY_LOOP.any(),
    Key::plain(
        "log_all_failures",
        Value::Bool,
        "false",
        "Log every failed attempt, not only the last one.",
    )
    .since(Release::V2_2),
];

/// `SMTP_CHECK`
pub const SMTP_CHECK: Table = Table {
    name: "SMTP_CHECK",
    groups: &[TYPES, RETRIES, HELO, CONNECTION, COMMON, RAW],
    either: &[],
};

const HELO: &[Key] = &[Key::plain(
    "helo_name",
    Value::Kind(&values::HELO),
    "smtpchecker.keepalived.org",
    "The name in HELO: a host name, or an address in brackets.",
)];

/// Our probe.
pub const PROBE: Table = Table {
    name: "smtp-check",
    groups: &[
        TYPES,
        PROBE_RETRIES,
        HELO,
        CONNECTION,
        &[
            COMPAT.any(),
            OPTIONS,
            Key::plain(
                "misc_dynamic",
                Value::Flag,
                "false",
                "Let smtp-check's exit code set the server's weight; it is called with \
                 --dynamic.",
            ),
            SYSLOG.any(),
        ],
        COMMON,
        RAW,
    ],
    either: &[],
};

/// `TCP_CHECK`
pub const TCP_CHECK: Table =
    Table { name: "TCP_CHECK", groups: &[TYPES, RETRIES, CONNECTION, COMMON, RAW], either: &[] };

/// `PING_CHECK`
pub const PING_CHECK: Table =
    Table { name: "PING_CHECK", groups: &[TYPES, RETRIES, CONNECTION, COMMON, RAW], either: &[] };

/// `UDP_CHECK`
pub const UDP_CHECK: Table = Table {
    name: "UDP_CHECK",
    groups: &[
        TYPES,
        RETRIES,
        &[
            Key::plain(
                "payload",
                Value::Form(&form::PAYLOAD),
                "random",
                "The bytes that the check sends, as hexadecimal digits.",
            )
            .since(Release::V2_2),
            Key::plain(
                "require_reply",
                Value::FlagOr(&Value::Form(&form::REPLY)),
                "no",
                "Whether the server must answer: `true`, or the answer as hexadecimal digits.",
            )
            .since(Release::V2_2),
            MIN_REPLY_LENGTH.any(),
            MAX_REPLY_LENGTH.any(),
        ],
        CONNECTION,
        COMMON,
        RAW,
    ],
    either: &[],
};

/// `HTTP_GET`
pub const HTTP_GET: Table = Table {
    name: "HTTP_GET",
    groups: &[TYPES, HTTP_RETRIES, HTTP, CONNECTION, COMMON, RAW],
    either: &[],
};

/// `SSL_GET`
pub const SSL_GET: Table = Table {
    name: "SSL_GET",
    groups: &[
        TYPES,
        HTTP_RETRIES,
        &[Key::plain(
            "enable_sni",
            Value::Flag,
            "false",
            "Send the virtualhost's name in the TLS handshake (SNI).",
        )],
        HTTP,
        CONNECTION,
        COMMON,
        RAW,
    ],
    either: &[],
};

const HTTP_RETRIES: &[Key] = &[
    Key::plain("connect_timeout", TIMER, "5", "Seconds for the connect and for each answer."),
    Key::plain("retry", RETRIES_MOST, "1", RETRY_DOC).also("nb_get_retry"),
    Key::plain("delay_before_retry", TIMER, "3", PAUSE_DOC),
];

const HTTP: &[Key] = &[
    Key::plain(
        "http_protocol",
        Value::OneOf(&[Choice::of("1.0"), Choice::of("1.0C"), Choice::of("1.1")]),
        "1.0",
        "The HTTP version of the requests; 1.0C is 1.0 with `Connection: close`.",
    )
    .since(Release::V2_2),
    Key::plain(
        "fast_recovery",
        Value::Bool,
        "false",
        "Ask for all URLs without a pause at the start and after a failure.",
    )
    .since(Release::V2_2),
    Key::plain(
        "virtualhost",
        Value::Kind(&values::TEXT),
        "the server's",
        "The host name that requests ask for.",
    ),
    Key::plain(
        "url",
        Value::Sections(&URL),
        "required",
        "The pages that the server must deliver, in order.",
    ),
];

/// `url`
pub const URL: Table = Table {
    name: "url",
    groups: &[
        &[
            Key::plain(
                "path",
                Value::Kind(&values::TEXT),
                "required",
                "The path of the page, such as / or /health.",
            ),
            Key::plain(
                "digest",
                Value::Form(&form::DIGEST),
                "any",
                "The MD5 checksum of the page, as genhash prints it.",
            ),
            Key::plain(
                "status_code",
                Value::Form(&form::STATUS_CODES),
                "200-299",
                "The status codes that the server may answer with: codes and ranges.",
            ),
            Key::plain(
                "virtualhost",
                Value::Kind(&values::TEXT),
                "that of the check",
                "The host name that the request for this page asks for.",
            ),
            Key::plain(
                "regex",
                Value::Kind(&values::TEXT),
                "any",
                "The regular expression (PCRE2) that the page must match.",
            ),
            Key::plain("regex_no_match", Value::Flag, "false", "The page must not match `regex`."),
            Key::plain(
                "regex_options",
                Value::Form(&form::REGEX_OPTIONS),
                "none",
                "Options of the regular expression, as keepalived.conf(5) lists them.",
            ),
            Key::plain(
                "regex_min_offset",
                COUNT_OR_0,
                "0",
                "The byte at which a match may begin at the earliest.",
            ),
            Key::plain(
                "regex_max_offset",
                COUNT_OR_0,
                "the end",
                "The byte before which a match must begin.",
            ),
        ],
        RAW,
    ],
    either: &[],
};

/// What DNS_CHECK can ask for (check_dns.c).
const RECORDS: &[Choice] = &[
    Choice::of("A"),
    Choice::of("NS"),
    Choice::of("CNAME"),
    Choice::of("SOA"),
    Choice::of("MX"),
    Choice::of("TXT"),
    Choice::of("AAAA"),
    Choice::of("RRSIG"),
    Choice::of("DNSKEY"),
];

/// `DNS_CHECK`; its `type` is the check's own, so the query's has a name of ours.
pub const DNS_CHECK: Table = Table {
    name: "DNS_CHECK",
    groups: &[
        TYPES,
        &[
            Key::plain(
                "query",
                Value::OneOf(RECORDS),
                "SOA",
                "The DNS record type that is asked for; `type` in keepalived.conf.",
            )
            .keyword("type"),
            Key::plain(
                "connect_timeout",
                TIMER,
                "5",
                "Seconds until a question counts as unanswered.",
            ),
            Key::plain("retry", RETRIES_MOST, "3", RETRY_DOC).also("nb_get_retry"),
            Key::plain("delay_before_retry", TIMER, "delay_loop", PAUSE_DOC),
            Key::plain("name", Value::Kind(&values::TEXT), ".", "The DNS name that is asked for."),
        ],
        CONNECTION,
        COMMON,
        RAW,
    ],
    either: &[],
};

/// `MISC_CHECK`
pub const MISC_CHECK: Table = Table {
    name: "MISC_CHECK",
    groups: &[
        TYPES,
        &[
            MISC_PATH.any(),
            MISC_TIMEOUT.any(),
            Key::plain(
                "misc_dynamic",
                Value::Flag,
                "false",
                "Let the program's exit code set the weight: 2-255 mean 0-253.",
            ),
            Key::plain(
                "user",
                Value::Kind(&values::USER),
                "script_user, root",
                "The user, and perhaps the group, that the program runs as.",
            ),
            Key::plain("retry", RETRIES_MOST, "0", RETRY_DOC).also("nb_get_retry"),
            Key::plain("delay_before_retry", TIMER, "1", PAUSE_DOC),
        ],
        COMMON,
        RAW,
    ],
    either: &[],
};

/// `FILE_CHECK`
pub const FILE_CHECK: Table = Table {
    name: "FILE_CHECK",
    groups: &[
        TYPES,
        &[
            TRACK_FILE.any(),
            Key::plain(
                "weight",
                FILE_WEIGHT,
                "that of the file",
                "The number in the file is multiplied by it and added to the server's weight.",
            ),
        ],
        RAW,
    ],
    either: &[],
};

/// `BFD_CHECK`
pub const BFD_CHECK: Table = Table {
    name: "BFD_CHECK",
    groups: &[
        TYPES,
        &[Key::plain(
            "name",
            Value::Kind(&values::TEXT),
            "required",
            "The name of the `bfd_instance` whose session decides.",
        )],
        RAW,
    ],
    either: &[],
};

const FILE_WEIGHT: Value = Value::Weight(-2_147_483_647, 2_147_483_647);
