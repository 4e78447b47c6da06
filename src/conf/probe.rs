//! Our probe as keepalived runs it, so that nothing that befalls the program makes a server count as up.
//! keepalived takes a program that can't be executed for a success (lib/notify.c, system_call_script), and
//! drops the check of one that is missing when it starts: so a program runs it that is always there. And
//! whatever runs a program by execvp(3) gives an empty or zero-filled file to a shell, for which it
//! is a script that succeeds: so no exit code counts that was not also said in words.

use std::net::IpAddr;

use anyhow::{Context, Result};

use super::placeholder::Meaning;
use super::statement::Statement;
use super::word::Word;
use crate::cluster::Probe;
use crate::paths;

/// Whom the probe runs as: it only opens a connection. Not `nobody`, who owns what others gave up;
/// sysusers.d/lvskit.conf makes this one.
pub const PROBE_USER: &str = "lvskit";

/// What runs the probe: it exits with the code that the probe says in words, and with 1 where it says
/// none, whatever is at its path.
///
/// Only a shell can do that: env, timeout, nice, setpriv, chrt and their like use execvp(3), and exit
/// with what an empty file exits with, 0; the loader, which refuses one, has another path on each
/// architecture and knows no static program. The probe's words are the shell's parameters and not its
/// script, so it reads no quote, `;` or `$` in them, and with `-f` no `*` and `[` either. It costs as much as
/// env where sh is dash (2.5 and 2.4 ms a check, 1.3 of them the probe's), 0.8 ms more where it is bash.
pub const RUNNER: &str = "/bin/sh -fc 'set -- $($0 $@) 1 1; exit $2'";

/// With these words the probe says its exit code behind its name, and why a server is down in syslog.
pub const CONFIRM: &str = "--confirm";
/// The other one.
pub const SYSLOG: &str = "--syslog";

/// The MISC_CHECK that a probe of a server is.
pub(super) fn checker(
    check: &Probe,
    server: IpAddr,
    port: Option<u16>,
    meaning: Meaning<'_>,
) -> Result<Statement> {
    let program = paths::libexec(paths::PROBE);
    let options = meaning.of(&check.options);
    let (judge, rest) = match options.strip_prefix(" --compat") {
        Some(rest) => (" --compat", rest),
        None => ("", options.as_str()),
    };
    let port = match port.filter(|_| !check.has_port) {
        Some(port) => format!(" --port {port}"),
        None => String::new(),
    };
    let syslog = if check.syslog { format!(" {SYSLOG}") } else { String::new() };
    let path: Word = format!("{RUNNER} {program}{judge} {server}{port}{rest}{syslog} {CONFIRM}")
        .parse()
        .context("the probe's command line")?;
    let mut block = vec![
        Statement::line(format!("misc_path {path}")),
        Statement::line(format!("misc_timeout {}", check.timeout())),
    ];
    if check.dynamic {
        block.push(Statement::line("misc_dynamic"));
    }
    // The retries are the probe's own: those of the server would repeat the whole of it.
    block.push(Statement::line("retry 0"));
    block.push(Statement::line(format!("user {PROBE_USER}")));
    block.extend(check.more.iter().cloned());
    Ok(Statement::block("MISC_CHECK", block))
}
