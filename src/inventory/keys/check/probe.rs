//! The keys of smtp-check, our probe: those of SMTP_CHECK, and what only it can do.

use super::super::{Key, RAW, TIMER, Table, Value, values};
use super::common::{COMMON, CONNECTION, HELO, PAUSE_DOC, RETRIES_MOST, RETRY_DOC, TYPES};

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
