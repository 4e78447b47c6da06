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
pub const COMMAND_USER: Key = Key::ours(
    "user",
    Value::Kind(&values::USER),
    "script_user, root",
    "The user, and perhaps the group, that the program runs as.",
);

/// `track_file`
pub const TRACK_FILE: Table = Table {
    name: "track_file",
    groups: &[
        &[
            Key::plain(
                "file",
                Value::Kind(&values::PATH),
                "required",
                "The path of the file, which holds a number.",
            ),
            Key::plain(
                "weight",
                Value::Weight(-2_147_483_647, 2_147_483_647),
                "1",
                "The number in the file is multiplied by it and added to the priority; with 0 \
                 a number other than 0 means FAULT. `reverse` after it swaps the meaning.",
            ),
            Key::plain(
                "init_file",
                Value::FlagOr(&Value::Form(&form::INIT_FILE)),
                "not written",
                "The number that keepalived writes into the file if there is none; with \
                 `overwrite` after it, also if there is one.",
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
            Key::plain("interval", SECONDS, "1", "Whole seconds between two runs of the script."),
            Key::plain(
                "timeout",
                SECONDS,
                "interval",
                "Whole seconds after which a run has failed.",
            ),
            Key::plain("weight", Value::Weight(-253, 253), "0: FAULT while it fails", WEIGHT_DOC),
            Key::plain(
                "rise",
                COUNT,
                "1",
                "Successes in a row until the script counts as succeeding.",
            ),
            Key::plain("fall", COUNT, "1", "Failures in a row until the script counts as failing."),
            Key::plain(
                "user",
                Value::Kind(&values::USER),
                "script_user, root",
                "The user, and perhaps the group, that the program runs as.",
            ),
            Key::plain(
                "init_fail",
                Value::Flag,
                "false",
                "The script counts as failing at the start until it has succeeded.",
            ),
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
                "How the parameters are compared. `initial`: the last one may be longer. \
                 `partial`: there may be more.",
            ),
            Key::plain(
                "weight",
                Value::Weight(-254, 254),
                "1",
                "Added to the priority: a positive weight while the process runs, a negative \
                 one while it does not; with 0 FAULT while it does not. `reverse` after it \
                 swaps the two.",
            ),
            Key::plain("quorum", COUNT, "1", "The fewest processes of that name that must run."),
            Key::plain(
                "quorum_max",
                COUNT_OR_0,
                "any",
                "The most processes of that name that may run; with 0 none may.",
            ),
            Key::plain(
                "fork_delay",
                TIMER_OR_0,
                "0",
                "Seconds until a process that has started counts.",
            ),
            Key::plain(
                "terminate_delay",
                TIMER_OR_0,
                "0",
                "Seconds until a process that has ended counts.",
            ),
            Key::plain(
                "delay",
                TIMER_OR_0,
                "0",
                "Seconds of both `fork_delay` and `terminate_delay`.",
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
            Key::plain(
                "notify_master",
                Value::Command,
                "none",
                "The command that keepalived runs when the group becomes MASTER.",
            ),
            Key::plain(
                "notify_backup",
                Value::Command,
                "none",
                "The command that keepalived runs when the group becomes BACKUP.",
            ),
            Key::plain(
                "notify_fault",
                Value::Command,
                "none",
                "The command that keepalived runs when the group enters FAULT.",
            ),
            Key::plain(
                "notify_stop",
                Value::Command,
                "none",
                "The command that keepalived runs for the group when it stops.",
            ),
            Key::plain(
                "notify",
                Value::Command,
                "none",
                "The command that keepalived runs at every transition, with GROUP, the name, \
                 the state and the priority.",
            ),
            Key::plain(
                "notify_priority_changes",
                Value::Bool,
                "false",
                "Write changes of priority to the notify FIFOs too, not only changes of state.",
            )
            .since(Release::V2_2),
            Key::plain(
                "smtp_alert",
                Value::Bool,
                "false",
                "Send a mail at every transition of the group.",
            ),
            Key::plain(
                "sync_group_tracking_weight",
                Value::Flag,
                "false",
                "Let tracked items change priorities by weights; all instances of the group \
                 must then track equal items.",
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
const WEIGHT_DOC: &str = "Added to the priority: a positive weight while the script succeeds, a \
                          negative one while it fails. `reverse` after it swaps the two.";

/// Whole seconds.
const SECONDS: Value = Value::Int(1, 4294);
