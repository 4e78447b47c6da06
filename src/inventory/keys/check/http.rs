//! The keys of HTTP_GET and SSL_GET, and of the pages that they ask for.

use super::super::{COUNT_OR_0, Key, RAW, TIMER, Table, Value, form, values};
use super::common::{COMMON, CONNECTION, PAUSE_DOC, RETRIES_MOST, RETRY_DOC, TYPES};
use crate::cluster::{Choice, Release};

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
