//! What is found while the inventory is read, or when the cluster is put together, of some also later: there is no
//! place for a check of its own, as what it looks at is gone afterwards.

use super::lint::Lint;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &UNICAST_ALONE,
    &PRIORITY_TWICE,
    &UNICAST_PEER_MISSING,
    &UNICAST_PEER_IS_SELF,
    &HOOKS_TOO_COARSE,
    &RAW_OVERRULES,
    &SHELL_WORDS,
    &SCRIPTS_UNPROTECTED,
    &CHECK_TAKES_LONG,
    &UNKNOWN_NAME,
    &FAMILY_MISMATCH,
];

pub(in crate::inventory) static UNICAST_ALONE: Lint = Lint::error(
    "unicast-alone",
    "unicast without other nodes",
    "There is nobody to send advertisements to.",
    "remove `unicast`, or add a node",
);

pub(in crate::inventory) static PRIORITY_TWICE: Lint = Lint::warning(
    "priority-twice",
    "two nodes with one priority",
    "Both become MASTER at the same moment when the MASTER fails.",
    "give each a priority of its own, or write `election: uniform`",
);

pub(in crate::inventory) static UNICAST_PEER_MISSING: Lint = Lint::error(
    "unicast-peer-missing",
    "a node is missing among the unicast peers",
    "It would not hear this node, and become MASTER besides it.",
    "name every other node, or remove `unicast_peer`",
);

pub(in crate::inventory) static UNICAST_PEER_IS_SELF: Lint = Lint::error(
    "unicast-peer-is-self",
    "a node is its own unicast peer",
    "keepalived would send advertisements to itself.",
    "remove it",
);

pub(in crate::inventory) static HOOKS_TOO_COARSE: Lint = Lint::warning(
    "hooks-too-coarse",
    "too many services for the hooks' lines",
    "keepalived reads lines of 1024 bytes, so nodes redirect more ports than are balanced.",
    "put some addresses into another instance",
);

pub(in crate::inventory) static RAW_OVERRULES: Lint = Lint::warning(
    "raw-overrules",
    "a line of `raw` overrules what gen-conf writes",
    "keepalived takes the last of two lines. Where nodes must agree, as on virtual_router_id, advert_int and authentication, two nodes become MASTER.",
    "write it as a key, or remove it",
);

pub(in crate::inventory) static SHELL_WORDS: Lint = Lint::warning(
    "shell-words",
    "a command with words that only a shell knows",
    "keepalived runs commands without a shell: `>`, `|` and `&&` become arguments, and the program fails. A tracked script that fails so puts all nodes into FAULT.",
    "write a script of its own and name that, or /bin/sh -c '...'",
);

pub(in crate::inventory) static SCRIPTS_UNPROTECTED: Lint = Lint::warning(
    "scripts-unprotected",
    "programs run as root that others may replace",
    "Without `enable_script_security` keepalived only warns of a program that others than root may write to, and runs it as root: whoever may, becomes root. `keepalived -t` answers with 6.",
    "remove it, and give the programs and their directories to root, or say `user` at each",
);

pub(in crate::inventory) static CHECK_TAKES_LONG: Lint = Lint::warning(
    "check-takes-long",
    "a check that could take longer than keepalived waits",
    "The timers of the sections around it are too long for it, so it is ended before its own deadline.",
    "write `connect_timeout`, `retry` and `delay_before_retry` in the check",
);

pub(in crate::inventory) static UNKNOWN_NAME: Lint = Lint::error(
    "unknown-name",
    "a name that leads nowhere",
    "keepalived would ignore the reference, and what it should do never happens.",
    "correct the name, or define it in its section",
);

pub(in crate::inventory) static FAMILY_MISMATCH: Lint = Lint::error(
    "family-mismatch",
    "an address of the other family",
    "keepalived drops it, or takes it for something else.",
    "write an address of the family that the instance or the service has",
);
