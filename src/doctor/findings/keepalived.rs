//! keepalived itself: does it run, and with what its file says?

use std::collections::HashSet;

use crate::compare::{Change, Difference};
use crate::doctor::facts::Facts;
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::node::config::VirtualServer;
use crate::node::ipvs::{Key, Source};
use crate::reach::safe;
use crate::status::utc;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "keepalived-not-running",
        severity: Severity::Error,
        title: "keepalived does not run",
        why: "This node takes no part in the election: when the others fail, nobody has the addresses.",
        help: "systemctl start keepalived; journalctl -u keepalived says why it ended",
        needs: Needs::Config,
        check: not_running,
    },
    Lint {
        id: "config-refused",
        severity: Severity::Error,
        title: "keepalived.conf can't be read as keepalived reads it",
        why: "keepalived refuses the file or takes it otherwise than it looks, at its next start at the latest.",
        help: "keepalived -t -f FILE shows keepalived's own words; mend the line, then reload",
        needs: Needs::Nothing,
        check: refused,
    },
    Lint {
        id: "file-changed",
        severity: Severity::Warning,
        title: "keepalived runs with another configuration than the one on disk",
        why: "The next reload or restart puts in force what is in the file now.",
        help: "keepalived -t, then systemctl reload keepalived; or put the old file back",
        needs: Needs::Loaded,
        check: file_changed,
    },
    Lint {
        id: "service-not-in-ipvs",
        severity: Severity::Error,
        title: "a virtual server of keepalived.conf is not in IPVS",
        why: "As MASTER this node balances nothing of it: keepalived runs with another file than the one on disk, \
              or the kernel refused the service.",
        help: "systemctl reload keepalived; journalctl -u keepalived says what IPVS refused",
        needs: Needs::Ipvs,
        check: not_in_ipvs,
    },
    Lint {
        id: "service-not-in-file",
        severity: Severity::Warning,
        title: "IPVS balances a service that keepalived.conf does not have",
        why: "keepalived runs with another file than the one on disk, or somebody made the service by hand: \
              nobody checks its servers.",
        help: "systemctl reload keepalived; one made by hand: ipvsadm -D",
        needs: Needs::Ipvs,
        check: not_in_file,
    },
    Lint {
        id: "bfd-not-built",
        severity: Severity::Error,
        title: "keepalived.conf has BFD, and this keepalived is built without it",
        why: "keepalived ignores the sessions, so a node that dies is found by the services' checks alone, seconds later.",
        help: "write `failure_detection: {method: ping}` in the inventory; or install a keepalived that names BFD in the \
               `Config options` of keepalived --version",
        needs: Needs::Config,
        check: no_bfd,
    },
    Lint {
        id: "no-script-security",
        severity: Severity::Warning,
        title: "programs run without enable_script_security",
        why: "keepalived runs a program as root that other users can change.",
        help: "write `enable_script_security` at the beginning of global_defs",
        needs: Needs::Config,
        check: no_script_security,
    },
];

fn not_running(facts: &Facts) -> Vec<String> {
    let config = facts.config();
    let needed = !config.instances.is_empty() || !config.virtual_servers.is_empty();
    let file = facts.node().keepalived.file.display();
    match facts.node().keepalived.pid {
        None if needed => vec![format!("no process named keepalived; {file} has work for it")],
        _ => Vec::new(),
    }
}

/// What root can't read is broken; what others can't read is only not theirs.
fn refused(facts: &Facts) -> Vec<String> {
    let unread = facts.node().unread.iter().filter(|one| one.source == "keepalived.conf");
    unread.map(|one| one.why.clone()).filter(|why| !why.contains("Permission denied")).collect()
}

/// So many differences are told, not counted, and so many characters of each.
const FEW: usize = 4;
const LONG: usize = 120;

/// Compared by what it means: a comment or another order does not count.
fn file_changed(facts: &Facts) -> Vec<String> {
    let Ok(Some(loaded)) = &facts.loaded else { return Vec::new() };
    let differences = &loaded.differences;
    if differences.is_empty() {
        return Vec::new();
    }
    let shown = |one: &Difference| {
        let place = match one.change {
            Change::Removed => "runs",
            Change::Added => "on disk",
        };
        let around: String = one.around.iter().map(|head| format!("{head} / ")).collect();
        format!("{place}: {}", safe::short(&format!("{around}{}", one.line), LONG))
    };
    let mut told: Vec<String> = differences.iter().take(FEW).map(shown).collect();
    if differences.len() > FEW {
        told.push(format!("{} more", differences.len() - FEW));
    }
    let file = facts.node().keepalived.file.display();
    vec![format!("{file} was read at {}; since then: {}", utc(loaded.time), told.join("; "))]
}

/// Whether keepalived's checker runs and IPVS can be compared with the file.
fn is_comparable(facts: &Facts) -> bool {
    let keepalived = &facts.node().keepalived;
    keepalived.pid.is_some() && keepalived.checkers && facts.node().ipvs.source != Source::None
}

fn not_in_ipvs(facts: &Facts) -> Vec<String> {
    if !is_comparable(facts) {
        return Vec::new();
    }
    let there: HashSet<&Key> = facts.node().ipvs.services.iter().map(|one| &one.key).collect();
    let servers = facts.config().virtual_servers.iter();
    let missing = servers.filter(|server| !server.keys().iter().any(|key| there.contains(key)));
    missing.map(name).collect()
}

fn not_in_file(facts: &Facts) -> Vec<String> {
    if !is_comparable(facts) || facts.config().has_groups {
        return Vec::new();
    }
    let servers = facts.config().virtual_servers.iter();
    let wanted: HashSet<Key> = servers.flat_map(VirtualServer::keys).collect();
    let services = facts.node().ipvs.services.iter();
    let strange = services.filter(|service| !wanted.contains(&service.key));
    strange.map(|service| service.key.to_string()).collect()
}

fn no_bfd(facts: &Facts) -> Vec<String> {
    let built = &facts.node().keepalived.options;
    let servers = facts.config().virtual_servers.iter().flat_map(|one| &one.servers);
    let asked = servers.flat_map(|one| &one.checks).filter(|check| *check == "BFD_CHECK").count();
    let sessions = facts.config().sessions.len();
    // None where keepalived could not be asked.
    if built.is_empty() || built.iter().any(|option| option == "BFD") || sessions + asked == 0 {
        return Vec::new();
    }
    vec![format!("{sessions} bfd_instance, {asked} BFD_CHECK; built with {}", built.join(" "))]
}

/// As a message names it.
pub(super) fn name(server: &VirtualServer) -> String {
    server.keys().first().map(Key::to_string).unwrap_or_default()
}

fn no_script_security(facts: &Facts) -> Vec<String> {
    let config = facts.config();
    match config.programs.first() {
        Some(first) if !config.script_security => {
            vec![format!("{}: {} runs {}", first.at, first.keyword, first.path.display())]
        }
        _ => Vec::new(),
    }
}
