//! The programs that keepalived runs: hooks, checks and scripts. keepalived says little when one can't run,
//! and a check that can't be executed counts as up.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::User;

use crate::doctor::facts::Facts;
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::node::config::Program;
use crate::paths;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "check-program-missing",
        severity: Severity::Error,
        title: "a check's program can't be executed",
        why: "keepalived takes a MISC_CHECK whose program can't be executed for a server that is up: dead servers \
              stay in the balance.",
        help: "install the program, or correct misc_path; then systemctl reload keepalived",
        needs: Needs::Config,
        check: check_missing,
    },
    Lint {
        id: "hook-missing",
        severity: Severity::Error,
        title: "a hook's or script's program can't be executed",
        why: "keepalived goes on without it: the guard is not put in force, or the script counts as failed.",
        help: "install the program, or correct the path; then systemctl reload keepalived",
        needs: Needs::Config,
        check: hook_missing,
    },
    Lint {
        id: "program-insecure",
        severity: Severity::Error,
        title: "others than root may change a program that keepalived runs",
        why: "With enable_script_security keepalived does not run it; without, it runs what they wrote.",
        help: "chown root and chmod go-w the file and every directory above it",
        needs: Needs::Config,
        check: insecure,
    },
    Lint {
        id: "user-missing",
        severity: Severity::Error,
        title: "a check's or script's user does not exist",
        why: "keepalived drops the check, and a server without a check stays in the balance.",
        help: "systemd-sysusers makes the user lvskit; another one: useradd -r",
        needs: Needs::Config,
        check: user_missing,
    },
    Lint {
        id: "probe-tls-missing",
        severity: Severity::Error,
        title: "smtp-check needs smtp-check-tls, and that is missing or no program",
        why: "Each check with TLS fails, so every server counts as down.",
        help: "install lvskit-node from an RPM or deb (the static tarball has no TLS); both programs belong into one directory",
        needs: Needs::Config,
        check: tls_missing,
    },
    Lint {
        id: "selinux-label",
        severity: Severity::Error,
        title: "SELinux keeps keepalived from a file whose label is wrong",
        why: "A hook of another type may not change rules, a check may not connect to every port, and a drain file \
              of another type is read as 0: nothing is drained.",
        help: "restorecon -v FILE gives it the label of its path, and ls -Z FILE shows it; a program elsewhere than in \
               /usr/libexec/keepalived has to be moved there first",
        needs: Needs::Config,
        check: mislabelled,
    },
    Lint {
        id: "old-hook",
        severity: Severity::Warning,
        title: "a hook of the bypass_ipvs scripts is left",
        why: "Its rule redirects every port and stays when hooks overlap, so two guards contradict each other.",
        help: "let the hook run bypass-ipvs; iptables -t nat -D PREROUTING -d VIP -p tcp -j REDIRECT removes the old rule",
        needs: Needs::Config,
        check: old_hook,
    },
    Lint {
        id: "hook-refused",
        severity: Severity::Error,
        title: "a hook's command line is wrong",
        why: "bypass-ipvs ends with exit code 2 at each transition, and keepalived does not show it.",
        help: "/usr/libexec/keepalived/bypass-ipvs --help; gen-conf renders the right line",
        needs: Needs::Config,
        check: |facts| facts.wanted.refused.clone(),
    },
];

fn programs(facts: &Facts, check: bool) -> impl Iterator<Item = &Program> {
    let all = facts.config().programs.iter().filter(|one| one.path.is_absolute());
    all.filter(move |one| (one.keyword == "misc_path") == check)
}

fn told(program: &Program, what: &str) -> String {
    format!("{}: {} {}: {what}", program.at, program.keyword, program.path.display())
}

/// Why a file can't be executed; `None` if it can. Root could read what others can't, so rights of
/// folders do not matter here.
fn unusable(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Err(error) => Some(error.to_string()),
        Ok(file) if !file.is_file() => Some("not a regular file".to_owned()),
        Ok(file) if file.mode() & 0o111 == 0 => {
            Some(format!("not executable (mode {:04o})", file.mode() & 0o7777))
        }
        Ok(_) => None,
    }
}

fn unusable_of<'a>(programs: impl Iterator<Item = &'a Program>) -> Vec<String> {
    programs.filter_map(|one| Some(told(one, &unusable(&one.path)?))).collect()
}

fn check_missing(facts: &Facts) -> Vec<String> {
    unusable_of(programs(facts, true))
}

fn hook_missing(facts: &Facts) -> Vec<String> {
    unusable_of(programs(facts, false))
}

fn insecure(facts: &Facts) -> Vec<String> {
    let all = facts.config().programs.iter().filter(|one| one.path.is_absolute());
    let mut paths: Vec<&Path> = all.map(|one| one.path.as_path()).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter_map(writable).collect()
}

/// The file or the folder above it that others than root may write; keepalived follows links too.
fn writable(path: &Path) -> Option<String> {
    let real = fs::canonicalize(path).ok()?;
    real.ancestors().find_map(|part| {
        let found = fs::metadata(part).ok()?;
        // In a folder with the sticky bit others can't replace what is root's.
        let sticky = found.is_dir() && found.mode() & 0o1000 != 0;
        let others = found.mode() & 0o022 != 0 && !sticky;
        (others || found.uid() != 0).then(|| {
            let (mode, uid) = (found.mode() & 0o7777, found.uid());
            format!("{}: {} has mode {mode:04o} and owner {uid}", path.display(), part.display())
        })
    })
}

fn user_missing(facts: &Facts) -> Vec<String> {
    let of = |program: &Program| {
        let name = program.user.as_deref()?;
        let number = name.parse::<u32>().is_ok();
        (!number && matches!(User::from_name(name), Ok(None)))
            .then(|| told(program, &format!("there is no user {name}")))
    };
    facts.config().programs.iter().filter_map(of).collect()
}

fn tls_missing(facts: &Facts) -> Vec<String> {
    let needs_tls = |program: &&Program| {
        let mut words = program.line.split_whitespace();
        let probe = program.path.file_name().is_some_and(|name| name == paths::PROBE);
        probe && words.any(|word| ["--starttls", "--tls"].iter().any(|tls| word.starts_with(tls)))
    };
    let wrong = |program: &Program| {
        let beside = program.path.with_file_name(paths::PROBE_WITH_TLS);
        let why = unusable(&beside).or_else(|| {
            let mut head = [0; 4];
            let read = fs::File::open(&beside).and_then(|mut file| file.read_exact(&mut head));
            (read.is_err() || head != *b"\x7fELF").then(|| "not an ELF file".to_owned())
        })?;
        Some(told(program, &format!("{}: {why}", beside.display())))
    };
    programs(facts, true).filter(needs_tls).filter_map(wrong).take(1).collect()
}

/// keepalived's own type, and the types by which it runs programs unconfined and reads below /run, in the policy
/// of RHEL and Fedora.
const KEEPALIVED: &str = "keepalived_t";
const PROGRAM: &str = "keepalived_unconfined_script_exec_t";
const RUN: &str = "keepalived_var_run_t";

/// What a file below /run gets elsewhere than in keepalived's own folders there, and how those are called.
const OTHER_RUN: &str = "var_run_t";
const OWN_RUN: &str = "/run/keepalived";

/// Programs of others may get along as what they are, so only ours are judged.
const OURS: [&str; 3] = [paths::HOOK, paths::PROBE, paths::PROBE_WITH_TLS];

fn mislabelled(facts: &Facts) -> Vec<String> {
    let confined = facts.selinux.as_ref().filter(|types| types.keepalived == KEEPALIVED);
    let Some(types) = confined else { return Vec::new() };
    let wanted = |file: &Path, is: &str| {
        let ours = file.file_name().is_some_and(|name| OURS.iter().any(|one| name == *one));
        let drain = facts.config().drain_files.iter().any(|one| one == file);
        match (ours, drain) {
            (true, _) => Some(PROGRAM),
            (_, true) if is == OTHER_RUN || file.to_string_lossy().starts_with(OWN_RUN) => {
                Some(RUN)
            }
            _ => None,
        }
    };
    let wrong = types.files.iter().filter_map(|(file, is)| {
        let wanted = wanted(file, is).filter(|wanted| wanted != is)?;
        Some(format!("{} has the type {is}, not {wanted}", file.display()))
    });
    wrong.collect()
}

fn old_hook(facts: &Facts) -> Vec<String> {
    let old = |program: &&Program| {
        let named = |word: &str| {
            word.rsplit('/').next().is_some_and(|name| name.starts_with("bypass_ipvs"))
        };
        program.line.split_whitespace().any(named)
    };
    facts.config().programs.iter().filter(old).map(|one| told(one, "an older hook")).collect()
}
