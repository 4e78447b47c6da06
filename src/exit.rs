//! The one table of exit codes that all three programs share, so that a hook, a probe and a
//! playbook can tell "no" from "could not find out".

use std::process::ExitCode;

/// What a program of this toolkit tells its caller. The numbers are part of the interface.
///
/// `smtp-check` uses only 0 and 1: keepalived reads every other code of a `misc_dynamic` script
/// as a weight (keepalived.conf(5), MISC_CHECK), so there anything but a good server is 1. On
/// request it speaks in weights (`--dynamic`) or in Nagios' codes (`--nagios`) instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; the guard is in force; the server is up.
    Ok = 0,
    /// The answer is no: the guard is not in force, the server is down, the inventory is wrong, or
    /// there is no such node or key.
    No = 1,
    /// The command line is wrong; nothing was tried.
    Usage = 2,
    /// `lvskit gen-conf --check` and `lvskit diff`: a file would change; nothing was written. `lvskit
    /// doctor`: there are warnings, but no errors.
    Changes = 3,
    /// The kernel or a called program refused; its own words are in the message.
    Refused = 4,
    /// A deadline passed before there was an answer.
    Timeout = 5,
    /// A file of the command line could not be read, or one not be written. What cannot be read
    /// that a file points to, is wrong with that file.
    File = 6,
    /// A program that is needed is missing or can't be started.
    Missing = 7,
}

impl Exit {
    /// Every code, in order: the help texts must name those that a program can end with.
    pub const ALL: [Exit; 8] = [
        Exit::Ok,
        Exit::No,
        Exit::Usage,
        Exit::Changes,
        Exit::Refused,
        Exit::Timeout,
        Exit::File,
        Exit::Missing,
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_their_place_in_the_table() {
        for (place, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(exit as usize, place, "{exit:?}");
        }
    }
}
