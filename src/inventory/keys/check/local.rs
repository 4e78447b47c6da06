//! The keys of the checkers that ask the director itself: a program, a file, a BFD session.

use super::super::{Key, RAW, TIMER, Table, Value, values};
use super::common::{COMMON, PAUSE_DOC, RETRIES_MOST, RETRY_DOC, TYPES};
use crate::cluster::Seconds;

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

/// `track_file`
pub const TRACK_FILE: Key<String> = Key::plain(
    "track_file",
    Value::Kind(&values::TEXT),
    "required",
    "The name of the `track_file` whose number decides.",
);

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

/// `name` of BFD_CHECK
pub const SESSION: Key<String> = Key::plain(
    "name",
    Value::Kind(&values::TEXT),
    "required",
    "The name of the `bfd_instance` whose session decides.",
);

/// `BFD_CHECK`
pub const BFD_CHECK: Table =
    Table { name: "BFD_CHECK", groups: &[TYPES, &[SESSION.any()], RAW], either: &[] };

const FILE_WEIGHT: Value = Value::Weight(-2_147_483_647, 2_147_483_647);
