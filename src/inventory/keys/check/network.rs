//! The keys of the checkers that ask a server one question over the network: TCP, ping, UDP, SMTP, DNS.

use super::super::{Key, RAW, TIMER, Table, Value, form, values};
use super::common::{COMMON, CONNECTION, HELO, PAUSE_DOC, RETRIES, RETRIES_MOST, RETRY_DOC, TYPES};
use crate::cluster::{Choice, Release};

/// `SMTP_CHECK`
pub const SMTP_CHECK: Table = Table {
    name: "SMTP_CHECK",
    groups: &[TYPES, RETRIES, HELO, CONNECTION, COMMON, RAW],
    either: &[],
};

/// `TCP_CHECK`
pub const TCP_CHECK: Table =
    Table { name: "TCP_CHECK", groups: &[TYPES, RETRIES, CONNECTION, COMMON, RAW], either: &[] };

/// `PING_CHECK`
pub const PING_CHECK: Table =
    Table { name: "PING_CHECK", groups: &[TYPES, RETRIES, CONNECTION, COMMON, RAW], either: &[] };

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
