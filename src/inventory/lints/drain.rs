//! Servers of weight 0. The files that drain one: the probe reads them where it runs, on the director, so
//! one in the check of several servers drains them all. And the schedulers that refuse what falls to one.

use std::path::{Path, PathBuf};

use super::Drafts;
use super::lint::Lint;
use crate::conf::word::Word;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&DRAIN_FILE_SHARED, &SCHEDULER_REFUSES];

pub(super) static DRAIN_FILE_SHARED: Lint = Lint::error(
    "drain-file-shared",
    "a drain file that would drain several servers",
    "The probe reads the file on the director that checks, so one file in the check of several servers takes all of them away at once.",
    "name one file for each server, in that server's own `check`",
);

pub(super) static SCHEDULER_REFUSES: Lint = Lint::warning(
    "scheduler-refuses",
    "the scheduler refuses connections to a server of weight 0",
    "`mh` and `sh` leave a server of weight 0 in their tables and refuse what falls to it, instead of choosing another server.",
    "write `mh-fallback: true` or `sh-fallback: true`",
);

pub(super) fn check<'a>(server: &'a ServerDraft, drafts: &Drafts<'a>, problems: &mut Problems) {
    files(server, drafts, problems);
    refused(server, problems);
}

fn files<'a>(server: &'a ServerDraft, drafts: &Drafts<'a>, problems: &mut Problems) {
    // By their components, so that `//` and `/./` are seen through.
    let own = drafts.drain_file.map(|own| Path::new(own.as_str()));
    let named = drafts.drain_file.map_or("", Word::as_str);
    let is_own = |file: &&Placed<PathBuf>| own == Some(file.value.as_path());
    for file in server.all_checks().flat_map(|checks| &checks.files.draining).filter(is_own) {
        // With the director's own, a node that leaves would take every server's new connections
        // away.
        problems.found(
            &DRAIN_FILE_SHARED,
            file.at.clone(),
            format!("{named} is `drain_file`, which drains the node that checks"),
            "name a file of the server's own, such as /run/keepalived-lvskit/drain-192.168.3.101",
        );
    }
    let servers = drafts.checked_alike(server);
    let common = server.checks.iter().flat_map(|checks| &checks.files.draining);
    for file in common.filter(|file| servers > 1 && !is_own(file)) {
        problems.found(
            &DRAIN_FILE_SHARED,
            file.at.clone(),
            format!("this check is that of {servers} servers, and its file would drain them all"),
            "write it in that server's own `check`, below `real_server`: \
             `real_server: [{node: NAME, check: {...}}, ...]`",
        );
    }
}

/// `mh` and `sh` leave a server of weight 0 in their tables.
fn refused(server: &ServerDraft, problems: &mut Problems) {
    let (Some(algo), Some(key)) = (server.refusing(), server.emptying()) else { return };
    let name = algo.value.name();
    problems.found(
        &SCHEDULER_REFUSES,
        algo.at.clone(),
        format!(
            "`{key}` gives servers weight 0, and `{name}` refuses the connections it has for them"
        ),
        format!("write `{name}-fallback: true`: others get them"),
    );
}
