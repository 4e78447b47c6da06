//! Whose the notify scripts are: ours, those of the article and its kind, or somebody else's.

use super::section::Body;
use crate::conf::grammar::{Place, Statement};
use crate::guard::plan::Services;

/// The statements that bypass-ipvs takes.
pub(super) const NOTIFY: [&str; 4] =
    ["notify_master", "notify_backup", "notify_fault", "notify_stop"];

/// A hook that bypass-ipvs is, or can take the place of.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) kind: Kind,
    pub(super) at: Place,
    /// The program, as the file calls it.
    pub(super) program: String,
    /// What it says is balanced, at whichever address.
    pub(super) services: Option<Services>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// bypass-ipvs, perhaps with --keep-sessions, and whether it says what is balanced.
    Ours { keep_sessions: bool, services: bool },
    /// bypass_ipvs.py of the article, or bypass_ipvs.sh.
    Article,
}

/// The hooks of an instance and their statements, if all that it has are for the redirection of
/// its addresses; they are taken then.
pub(super) fn take(body: &mut Body<'_>) -> Option<(Vec<Hook>, Vec<Statement>)> {
    let statements: Vec<&Statement> =
        NOTIFY.iter().filter_map(|keyword| body.take(keyword)).collect();
    let hooks: Option<Vec<Hook>> = statements.iter().map(|one| hook(one)).collect();
    let has = |keyword: &str| statements.iter().any(|one| one.keyword() == keyword);
    match hooks {
        Some(hooks) if has("notify_master") && has("notify_backup") => {
            Some((hooks, statements.into_iter().cloned().collect()))
        }
        _ => {
            statements.into_iter().for_each(|one| body.put_back(one));
            None
        }
    }
}

/// Whether a statement is one that bypass-ipvs is, or can take the place of.
pub(super) fn is_hook(statement: &Statement) -> bool {
    NOTIFY.contains(&statement.keyword()) && hook(statement).is_some()
}

fn hook(statement: &Statement) -> Option<Hook> {
    let line = statement.values().first()?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?;
    // Behind an interpreter, the script is the program.
    if file_name(program).starts_with("python") || matches!(file_name(program), "sh" | "bash") {
        program = words.next()?;
    }
    let master = statement.keyword() == "notify_master";
    let arguments: Vec<&str> = words.collect();
    let mut services = None;
    let kind = match (file_name(program), arguments.as_slice()) {
        ("bypass-ipvs", words) => {
            let (kind, said) = ours(words, option_for(master))?;
            services = said;
            kind
        }
        ("bypass_ipvs.py", [option, _]) if *option == option_for(master) => Kind::Article,
        ("bypass_ipvs.sh", [action, _]) if *action == if master { "del" } else { "add" } => {
            Kind::Article
        }
        _ => return None,
    };
    Some(Hook { kind, at: statement.at.clone(), program: program.to_owned(), services })
}

/// What bypass-ipvs is told, and what it is told to redirect; `None` where it is told what gen-conf
/// never says.
fn ours(mut words: &[&str], option: &str) -> Option<(Kind, Option<Services>)> {
    let (mut keep_sessions, mut services) = (false, false);
    let mut all: Option<Services> = None;
    loop {
        match words {
            ["--keep-sessions", rest @ ..] => (keep_sessions, words) = (true, rest),
            ["--service", said, rest @ ..] => {
                (services, words) = (true, rest);
                let list = said.split('@').next().unwrap_or(said);
                if let Ok(more) = list.parse::<Services>() {
                    all = Some(all.map_or(more.clone(), |all| all.and(more)));
                }
            }
            [own, _, ..] if *own == option => {
                return Some((Kind::Ours { keep_sessions, services }, all));
            }
            _ => return None,
        }
    }
}

fn option_for(master: bool) -> &'static str {
    if master { "-r" } else { "-a" }
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
