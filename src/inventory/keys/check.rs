//! The keys of `check`: keepalived's checkers, and our probe.

use super::{COUNT_OR_0, Key, PORT, RAW, TIMER, TIMER_OR_0, Table, Value, form};
use crate::cluster::Release;

/// A type of check.
#[derive(Debug)]
pub struct Check {
    /// What `type` calls it: the name of keepalived's block.
    pub name: &'static str,
    /// Its keys.
    pub table: &'static Table,
}

/// keepalived's own.
pub const CHECKS: &[Check] = &[
    Check { name: "SMTP_CHECK", table: &SMTP_CHECK },
    Check { name: "TCP_CHECK", table: &TCP_CHECK },
    Check { name: "UDP_CHECK", table: &UDP_CHECK },
    Check { name: "HTTP_GET", table: &HTTP_GET },
    Check { name: "SSL_GET", table: &SSL_GET },
    Check { name: "DNS_CHECK", table: &DNS_CHECK },
    Check { name: "PING_CHECK", table: &PING_CHECK },
    Check { name: "MISC_CHECK", table: &MISC_CHECK },
    Check { name: "FILE_CHECK", table: &FILE_CHECK },
    Check { name: "BFD_CHECK", table: &BFD_CHECK },
];

/// What every check begins with.
const TYPE: &[Key] = &[Key::ours(
    "type",
    Value::OneOf(&[
        "SMTP_CHECK",
        "TCP_CHECK",
        "UDP_CHECK",
        "HTTP_GET",
        "SSL_GET",
        "DNS_CHECK",
        "PING_CHECK",
        "MISC_CHECK",
        "FILE_CHECK",
        "BFD_CHECK",
        "smtp-check",
    ]),
    "required",
    "Who checks: keepalived's own checkers by their names, or smtp-check, our probe.",
)];

const RETRY_DOC: &str = "Further attempts before the server counts as down.";
const PAUSE_DOC: &str = "Seconds between attempts.";

/// When and how often.
const RETRIES: &[Key] = &[
    Key::plain("connect_timeout", TIMER, "5", "Seconds for the connect and for each answer."),
    Key::plain("retry", RETRIES_MOST, "1", RETRY_DOC),
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
    Key::plain("connect_ip", Value::Address, "the server's", "Another address to connect to."),
    Key::plain("connect_port", PORT, "the service's", "Another port to connect to."),
    Key::plain("bindto", Value::Address, "the system's choice", "The address to connect from."),
    Key::plain("bind_port", PORT, "the system's choice", "The port to connect from."),
    Key::plain("bind_if", Value::Interface, "the system's choice", "The interface to connect by."),
    Key::plain("fwmark", COUNT_OR_0, "none", "A firewall mark for its packets."),
];

/// What every checker of keepalived has.
pub const COMMON: &[Key] = &[
    Key::plain("alpha", Value::Bool, "of the server", "The server is down until it succeeds."),
    Key::plain("warmup", TIMER_OR_0, "delay_loop", "Most seconds until the first check."),
    Key::plain("delay_loop", TIMER, "of the server", "Seconds between two checks."),
    Key::plain("log_all_failures", Value::Bool, "false", "Log every failure, not only the last.")
        .since(Release::V2_2),
];

/// `SMTP_CHECK`
pub const SMTP_CHECK: Table =
    Table { name: "SMTP_CHECK", groups: &[TYPE, RETRIES, HELO, CONNECTION, COMMON, RAW] };

const HELO: &[Key] = &[Key::plain(
    "helo_name",
    Value::Helo,
    "smtpchecker.keepalived.org",
    "The name in HELO: a host name, or an address in brackets.",
)];

/// Our probe.
pub const PROBE: Table = Table {
    name: "smtp-check",
    groups: &[
        TYPE,
        PROBE_RETRIES,
        HELO,
        CONNECTION,
        &[
            Key::ours(
                "compat",
                Value::Bool,
                "true",
                "Judge as SMTP_CHECK does. `false`: as RFC 5321 says, with `options`.",
            ),
            Key::ours(
                "options",
                Value::OneOrMore(&Value::Words),
                "none",
                "More options of smtp-check, such as --starttls; with `compat: false`.",
            ),
            Key::ours(
                "misc_dynamic",
                Value::Flag,
                "false",
                "The probe's exit code is the weight; it gets --dynamic.",
            ),
            Key::ours(
                "syslog",
                Value::Bool,
                "true",
                "Log why a server is down and that it is up again, a line a minute at most: \
                 `journalctl -t smtp-check`. keepalived itself logs the exit code only.",
            ),
        ],
        COMMON,
        RAW,
    ],
};

/// `TCP_CHECK`
pub const TCP_CHECK: Table =
    Table { name: "TCP_CHECK", groups: &[TYPE, RETRIES, CONNECTION, COMMON, RAW] };

/// `PING_CHECK`
pub const PING_CHECK: Table =
    Table { name: "PING_CHECK", groups: &[TYPE, RETRIES, CONNECTION, COMMON, RAW] };

/// `UDP_CHECK`
pub const UDP_CHECK: Table = Table {
    name: "UDP_CHECK",
    groups: &[
        TYPE,
        RETRIES,
        &[
            Key::plain("payload", Value::Form(&form::PAYLOAD), "random", "What is sent.")
                .since(Release::V2_2),
            Key::plain(
                "require_reply",
                Value::FlagOr(&Value::Form(&form::REPLY)),
                "no",
                "`true`, or the reply that must come.",
            )
            .since(Release::V2_2),
            Key::plain("min_reply_length", Value::Int(0, 65_535), "0", "Of the reply, bytes.")
                .since(Release::V2_2),
            Key::plain("max_reply_length", Value::Int(0, 65_535), "255", "Of the reply, bytes.")
                .since(Release::V2_2),
        ],
        CONNECTION,
        COMMON,
        RAW,
    ],
};

/// `HTTP_GET`
pub const HTTP_GET: Table =
    Table { name: "HTTP_GET", groups: &[TYPE, HTTP_RETRIES, HTTP, CONNECTION, COMMON, RAW] };

/// `SSL_GET`
pub const SSL_GET: Table = Table {
    name: "SSL_GET",
    groups: &[
        TYPE,
        HTTP_RETRIES,
        &[Key::plain("enable_sni", Value::Flag, "false", "Send the virtualhost's name in TLS.")],
        HTTP,
        CONNECTION,
        COMMON,
        RAW,
    ],
};

const HTTP_RETRIES: &[Key] = &[
    Key::plain("connect_timeout", TIMER, "5", "Seconds for the connect and for each answer."),
    Key::plain("retry", RETRIES_MOST, "1", RETRY_DOC),
    Key::plain("delay_before_retry", TIMER, "3", PAUSE_DOC),
];

const HTTP: &[Key] = &[
    Key::plain(
        "http_protocol",
        Value::OneOf(&["1.0", "1.0C", "1.1"]),
        "1.0",
        "1.0C is 1.0 with `Connection: close`.",
    )
    .since(Release::V2_2),
    Key::plain("fast_recovery", Value::Bool, "false", "Ask for all URLs without a pause.")
        .since(Release::V2_2),
    Key::plain("virtualhost", Value::Text, "the server's", "Whose page is asked for."),
    Key::plain("url", Value::Sections(&URL), "required", "Pages that must be there."),
];

/// `url`
pub const URL: Table = Table {
    name: "url",
    groups: &[
        &[
            Key::plain("path", Value::Text, "required", "Such as / or /health."),
            Key::plain("digest", Value::Form(&form::DIGEST), "any", "The page's MD5, by genhash."),
            Key::plain(
                "status_code",
                Value::Form(&form::STATUS_CODES),
                "200-299",
                "What the server may answer.",
            ),
            Key::plain("virtualhost", Value::Text, "that of the check", "Whose page it is."),
            Key::plain("regex", Value::Text, "any", "What the page must match."),
            Key::plain("regex_no_match", Value::Flag, "false", "What it must not match."),
            Key::plain(
                "regex_options",
                Value::Form(&form::REGEX_OPTIONS),
                "none",
                "How it is matched.",
            ),
            Key::plain("regex_min_offset", COUNT_OR_0, "0", "Where the search begins, bytes."),
            Key::plain("regex_max_offset", COUNT_OR_0, "the end", "Where it ends, bytes."),
        ],
        RAW,
    ],
};

/// `DNS_CHECK`; its `type` is the check's own, so the query's has a name of ours.
pub const DNS_CHECK: Table = Table {
    name: "DNS_CHECK",
    groups: &[
        TYPE,
        &[
            Key::plain("connect_timeout", TIMER, "5", "Seconds for each answer."),
            Key::plain("retry", RETRIES_MOST, "3", RETRY_DOC),
            Key::plain("delay_before_retry", TIMER, "delay_loop", PAUSE_DOC),
            Key::ours(
                "query",
                Value::OneOf(&["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"]),
                "SOA",
                "The type of record that is asked for; `type` in keepalived.conf.",
            ),
            Key::plain("name", Value::Text, ".", "The name that is asked for."),
        ],
        CONNECTION,
        COMMON,
        RAW,
    ],
};

/// `MISC_CHECK`
pub const MISC_CHECK: Table = Table {
    name: "MISC_CHECK",
    groups: &[
        TYPE,
        &[
            Key::plain("misc_path", Value::Program, "required", "The program and its arguments."),
            Key::plain(
                "misc_timeout",
                Value::Int(1, 4294),
                "delay_loop",
                "Seconds after which keepalived kills it.",
            ),
            Key::plain("misc_dynamic", Value::Flag, "false", "Exit codes 2-255 are weights 0-253."),
            Key::plain("user", Value::User, "script_user, root", "Whom it runs as."),
            Key::plain("retry", RETRIES_MOST, "0", RETRY_DOC),
            Key::plain("delay_before_retry", TIMER, "1", PAUSE_DOC),
        ],
        COMMON,
        RAW,
    ],
};

/// `FILE_CHECK`
pub const FILE_CHECK: Table = Table {
    name: "FILE_CHECK",
    groups: &[
        TYPE,
        &[
            Key::plain("track_file", Value::Text, "required", "The name of a `track_file`."),
            Key::plain("weight", FILE_WEIGHT, "that of the file", "What it is multiplied by."),
        ],
        RAW,
    ],
};

/// `BFD_CHECK`
pub const BFD_CHECK: Table = Table {
    name: "BFD_CHECK",
    groups: &[
        TYPE,
        &[Key::plain("name", Value::Text, "required", "The name of a `bfd_instance`.")],
        RAW,
    ],
};

const FILE_WEIGHT: Value = Value::Weight(-2_147_483_647, 2_147_483_647);
