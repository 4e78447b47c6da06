//! What is wrong with the form of an inventory: few names for many messages, as each message says itself
//! what is expected.

use super::lint::Lint;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&YAML, &INVALID_VALUE, &MISSING_KEY, &UNKNOWN_KEY, &NOT_IN_TARGET, &INVALID_ALLOW];

pub(in crate::inventory) static YAML: Lint = Lint::error(
    "yaml",
    "the file is not YAML",
    "Nothing of it can be read.",
    "correct the line that is shown; the mistake may be further up",
);

pub(in crate::inventory) static INVALID_VALUE: Lint = Lint::error(
    "invalid-value",
    "a value that its key can't have",
    "keepalived would refuse it, or take it for something else.",
    "write what the message expects; `lvskit explain KEY` says more",
);

pub(in crate::inventory) static MISSING_KEY: Lint = Lint::error(
    "missing-key",
    "a key that must be there is missing",
    "There is no default that is right for everybody.",
    "add the key; `lvskit explain KEY` says what it takes",
);

pub(in crate::inventory) static UNKNOWN_KEY: Lint = Lint::error(
    "unknown-key",
    "a key that its section does not have",
    "It would have no effect: a slip of the pen, or the wrong section.",
    "correct it or move it; what has no key goes into `raw`",
);

pub(in crate::inventory) static NOT_IN_TARGET: Lint = Lint::error(
    "not-in-target",
    "a key that the target's keepalived does not know",
    "keepalived of that release would ignore the line.",
    "remove it, or raise `target` when all nodes have the newer release",
);

pub(in crate::inventory) static INVALID_ALLOW: Lint = Lint::error(
    "invalid-allow",
    "an `allow` that can't be followed",
    "It names no finding, or an error, which nothing can silence, or it gives no reason.",
    "write `allow: [{id: ID, why: REASON}]`, with the ID of a warning",
);
