//! Whom the programs of a file run as. gen-conf writes `script_user root`, so what a file says with
//! script_user for all of its programs is said at each of them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Uid, User};

use super::hooks;
use super::notes::Notes;
use crate::compare::{self, is_command, is_silent, script_user};
use crate::conf::grammar::{Place, Statement};

/// What gen-conf writes.
const ROOT: &str = "root";

/// The same statements; each program says whom it runs as where that is not root.
pub(super) fn with_users(tree: &[Statement]) -> Vec<Statement> {
    match script_user(tree).map(Statement::values) {
        Some(user) if !user.is_empty() && user != [ROOT] => compare::with_users(tree, user),
        _ => tree.to_vec(),
    }
}

/// Calls `change` for each statement with the line of a program.
pub(super) fn each(tree: &mut [Statement], change: &mut impl FnMut(&mut Statement)) {
    for one in tree {
        let is_line = match one.keyword() {
            "script" | "misc_path" => true,
            keyword => is_command(keyword),
        };
        if is_line && one.block.is_none() {
            change(one);
        }
        each(one.block.as_deref_mut().unwrap_or_default(), change);
    }
}

/// Folders that others than root may write to as a rule.
const OPEN: [&str; 3] = ["/home/", "/tmp/", "/var/tmp/"];

/// Tells which programs keepalived will not run any more: without enable_script_security it only warns of
/// those that others than root could replace, and gen-conf writes that. Files are looked at here, unless
/// there is a `root` with copies, whose owners mean nothing.
pub(super) fn tell_insecure(
    tree: &[Statement],
    root: Option<&Path>,
    bypass: bool,
    notes: &mut Notes,
) {
    let globals = tree.iter().filter(|one| one.keyword() == "global_defs");
    if globals.flat_map(Statement::inner).any(|one| one.keyword() == "enable_script_security") {
        return;
    }
    let mut lines = Vec::new();
    as_root(tree, bypass, &mut lines);
    for (at, line) in lines {
        let program = line.split([' ', '\t']).next().unwrap_or_default();
        let seen = root.is_none().then(|| insecure(Path::new(program))).flatten();
        let why = match seen {
            Some(why) => why,
            None if OPEN.iter().any(|folder| program.starts_with(folder))
                && !(root.is_none() && Path::new(program).exists()) =>
            {
                "as a rule others than root may write there".to_owned()
            }
            None => continue,
        };
        notes.at(
            at,
            format_args!(
                "keepalived will not run {program} any more: {why}, it runs as root, and gen-conf writes \
                 enable_script_security; give it and its directories to root, or say `user` there"
            ),
        );
    }
}

/// The lines of programs that run as root.
fn as_root<'a>(tree: &'a [Statement], bypass: bool, lines: &mut Vec<(&'a Place, &'a str)>) {
    for one in tree {
        let user = one.inner().iter().find(|inner| inner.keyword() == "user");
        if user.is_some_and(|user| user.values().first().is_none_or(|name| name != ROOT)) {
            continue;
        }
        let line = match one.values() {
            [line] if matches!(one.keyword(), "script" | "misc_path") => Some(line),
            [line] | [line, _] if is_command(one.keyword()) => {
                let root = one.values().get(1).is_none_or(|user| user == ROOT);
                (root && !(bypass && hooks::is_hook(one))).then_some(line)
            }
            _ => None,
        };
        lines.extend(line.filter(|_| one.block.is_none()).map(|line| (&one.at, line.as_str())));
        as_root(one.inner(), bypass, lines);
    }
}

/// Why keepalived takes a program that runs as root for insecure, as far as that can be seen here.
fn insecure(program: &Path) -> Option<String> {
    let real = std::fs::canonicalize(program).ok()?;
    for path in [program, &real] {
        for part in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            let Ok(found) = std::fs::metadata(part) else { continue };
            let (mode, shown) = (found.mode(), part.display());
            if found.uid() != 0 {
                let user = User::from_uid(Uid::from_raw(found.uid())).ok().flatten();
                let name = user.map_or_else(|| found.uid().to_string(), |user| user.name);
                return Some(format!("here {shown} belongs to {name}"));
            }
            let sticky = found.is_dir() && mode & 0o1000 != 0;
            if !sticky && mode & 0o002 != 0 {
                return Some(format!("here everybody may write to {shown}"));
            }
            if !sticky && mode & 0o020 != 0 && found.gid() != 0 {
                return Some(format!("here a group may write to {shown}"));
            }
        }
    }
    None
}

/// Tells what becomes of script_user, or of the programs of a file without it; with `bypass`, hooks
/// give way to bypass-ipvs.
pub(super) fn tell(tree: &[Statement], bypass: bool, notes: &mut Notes) {
    match script_user(tree) {
        Some(said) if said.values() == [ROOT] => {}
        Some(said) => {
            let user = said.values().join(" ");
            let but = if bypass { "; bypass-ipvs runs as root" } else { "" };
            notes.at(
                &said.at,
                format_args!(
                    "script_user becomes root, and `user: {user}` is said at each program{but}"
                ),
            );
        }
        None => {
            let mut places = Vec::new();
            silent(tree, bypass, &mut places);
            for at in places {
                notes.at(
                    at,
                    "without script_user this ran as keepalived_script, where there is such a user; now \
                     it runs as root, unless `user` says otherwise",
                );
            }
        }
    }
}

/// Where programs are that do not say whom they run as.
fn silent<'a>(tree: &'a [Statement], bypass: bool, places: &mut Vec<&'a Place>) {
    for one in tree {
        if is_silent(one) && !(bypass && hooks::is_hook(one)) {
            places.push(&one.at);
        }
        silent(one.inner(), bypass, places);
    }
}
