//! The keys of `authentication`, and of where its password comes from.

use super::super::values::{self, Kind};
use super::super::wrong::wrong;
use super::super::{Key, Table, Value};
use crate::conf::word::Word;

/// `auth_type`
pub const AUTH_TYPE: Key = Key::ours(
    "auth_type",
    Value::Kind(&AUTH_TYPE_KIND),
    "PASS",
    "How adverts are authenticated: only PASS, a password, is supported.",
);

/// `auth_pass`
pub const AUTH_PASS: Key<Word> = Key::ours(
    "auth_pass",
    Value::AnyOf(&[Value::Kind(&values::PASSWORD), Value::Section(&SECRET)]),
    "required",
    "The password, up to 8 characters: as text, `{file: PATH}` or `{env: NAME}`.",
);

/// `file`
pub const FILE: Key<String> = Key::ours(
    "file",
    Value::Kind(&values::FREE),
    "none",
    "A file whose first line is the password; its path may be relative to the inventory's.",
);

/// `env`
pub const ENV: Key<String> = Key::ours(
    "env",
    Value::Kind(&values::FREE),
    "none",
    "An environment variable that is the password.",
);

static AUTH_TYPE_KIND: Kind = Kind {
    shown: "PASS",
    pattern: "^PASS$",
    several: false,
    numeric: false,
    good: "PASS",
    bad: "AH",
    read: |text| match text {
        "PASS" => Ok(text.to_owned()),
        // Not quoted: it may be a password in the wrong place.
        _ => wrong("this auth_type is not supported", "write PASS, or remove `authentication`"),
    },
};

/// `authentication`
pub const AUTHENTICATION: Table =
    Table { name: "authentication", groups: &[&[AUTH_TYPE, AUTH_PASS.any()]], either: &[] };

/// Where a password comes from.
pub const SECRET: Table = Table {
    name: "auth_pass",
    groups: &[&[FILE.any(), ENV.any()]],
    either: &[(&["file"], &["env"]), (&["env"], &["file"])],
};
