//! The keys of what instances track, and of the groups that they form.

use super::values;
use super::{COUNT, COUNT_OR_0, Key, RAW, TIMER_OR_0, Table, Value, form, instance};
use crate::cluster::Choice;
use crate::cluster::Release;
use crate::conf::word::Word;

/// `group`
pub const GROUP: Key<Word> = Key::ours(
    "group",
    Value::OneOrMore(&Value::Kind(&values::NAME)),
    "required",
    "The names of the instances that move together; at least two.",
);

/// `command`
pub const COMMAND_LINE: Key = Key::ours("command", Value::Program, "required", PROGRAM_DOC);

const PROGRAM_DOC: &str = "The program and its arguments. `{node}` stands for the node's name, `{address}` for its \
                           address.";

/// `user`
pub const COMMAND_USER: Key =
    Key::ours("user", Value::Kind(&values::USER), "script_user, root", "Whom it runs as.");

/// `track_file`
pub const TRACK_FILE: Table = Table {
    name: "track_file",
    groups: &[
        &[
            Key::plain(
                "file",
                Value::Kind(&values::PATH),
                "required",
                "The file, which holds a number.",
            ),
            Key::plain(
                "weight",
                Value::Weight(-2_147_483_647, 2_147_483_647),
                "1",
                "What the number is multiplied by before it is added to the priority; with 0 a \
                 number other than 0 means FAULT. `reverse` after it turns it round.",
            ),
            Key::plain(
                "init_file",
                Value::FlagOr(&Value::Form(&form::INIT_FILE)),
                "not written",
                "The number that keepalived writes where there is no file; `overwrite` after it: \
                 also where there is one.",
            ),
        ],
        RAW,
    ],
    either: &[],
};

/// `vrrp_script`
pub const VRRP_SCRIPT: Table = Table {
    name: "vrrp_script",
    groups: &[
        &[
            Key::plain("script", Value::Program, "required", PROGRAM_DOC),
            Key::plain("interval", SECONDS, "1", "Whole seconds between two runs."),
            Key::plain("timeout", SECONDS, "interval", "Seconds after which a run has failed."),
            Key::plain("weight", Value::Weight(-253, 253), "0: FAULT while it fails", WEIGHT_DOC),
            Key::plain("rise", COUNT, "1", "Successes in a row that count."),
            Key::plain("fall", COUNT, "1", "Failures in a row that count."),
            Key::plain("user", Value::Kind(&values::USER), "script_user, root", "Whom it runs as."),
            Key::plain("init_fail", Value::Flag, "false", "Counts as failed until it succeeded."),
        ],
        RAW,
    ],
    either: &[],
};

/// `vrrp_track_process`
pub const VRRP_TRACK_PROCESS: Table = Table {
    name: "vrrp_track_process",
    groups: &[
        &[
            Key::plain(
                "process",
                Value::Kind(&values::WORDS),
                "required",
                "The process that must run, by its name, and parameters that it must have.",
            ),
            Key::plain(
                "param_match",
                Value::OneOf(&[Choice::of("initial"), Choice::of("partial")]),
                "exactly these",
                "initial: the last parameter may be longer. partial: there may be more parameters.",
            ),
            Key::plain(
                "weight",
                Value::Weight(-254, 254),
                "1",
                "What it adds to the priority while the process runs (positive) or does not (negative); with \
                 0 it means FAULT. `reverse` after it turns it round.",
            ),
            Key::plain("quorum", COUNT, "1", "The fewest processes of that name."),
            Key::plain("quorum_max", COUNT_OR_0, "any", "The most; 0: none may run."),
            Key::plain("fork_delay", TIMER_OR_0, "0", "Seconds until a process that came counts."),
            Key::plain(
                "terminate_delay",
                TIMER_OR_0,
                "0",
                "Seconds until a process that went counts.",
            ),
            Key::plain(
                "delay",
                TIMER_OR_0,
                "0",
                "Both fork_delay and terminate_delay, in seconds.",
            ),
            Key::plain(
                "full_command",
                Value::Flag,
                "false",
                "Compare the whole command line instead of the process's name.",
            ),
        ],
        RAW,
    ],
    either: &[],
};

/// `vrrp_sync_group`
pub const VRRP_SYNC_GROUP: Table = Table {
    name: "vrrp_sync_group",
    groups: &[
        &[GROUP.any()],
        instance::TRACKED,
        &[
            Key::plain("notify_master", Value::Command, "none", "Run when the group is MASTER."),
            Key::plain("notify_backup", Value::Command, "none", "Run when the group is BACKUP."),
            Key::plain("notify_fault", Value::Command, "none", "Run when the group is in FAULT."),
            Key::plain("notify_stop", Value::Command, "none", "Run when keepalived stops."),
            Key::plain(
                "notify",
                Value::Command,
                "none",
                "Run at every transition, with GROUP, its name, the state and the priority.",
            ),
            Key::plain("notify_priority_changes", Value::Bool, "false", "Tell FIFOs of them too.")
                .since(Release::V2_2),
            Key::plain("smtp_alert", Value::Bool, "false", "Send a mail at every transition."),
            Key::plain(
                "sync_group_tracking_weight",
                Value::Flag,
                "false",
                "Let what is tracked change priorities by weights; it has to be the same for all.",
            ),
        ],
        RAW,
    ],
    either: &[],
};

/// A program that keepalived runs as somebody else than script_user, wherever a command may stand.
pub const COMMAND: Table =
    Table { name: "a command", groups: &[&[COMMAND_LINE, COMMAND_USER]], either: &[] };

/// What a `vrrp_script` adds.
const WEIGHT_DOC: &str = "What it adds to the priority while it succeeds (positive) or fails \
                          (negative), -253 to 253; `reverse` after it turns it round.";

/// Whole seconds.
const SECONDS: Value = Value::Int(1, 4294);
