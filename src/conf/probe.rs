//! Our probe as keepalived runs it, so that nothing that befalls the program makes a server count as up:
//! keepalived takes one that can't be executed for a success (lib/notify.c, system_call_script), and
//! drops the check of one that is missing when it starts.

use std::net::IpAddr;

use anyhow::{Context, Result};

use super::statement::Statement;
use super::word::Word;
use crate::cluster::Probe;
use crate::paths;

/// Whom the probe runs as: it only opens a connection. Not `nobody`, who owns what others gave up;
/// sysusers.d/lvskit.conf makes this one.
pub const PROBE_USER: &str = "lvskit";

/// What runs the probe, and ends with 126 or 127 where that can't be executed: the server is down then.
/// Part of coreutils, so always there.
pub const RUNNER: &str = "/usr/bin/env";

/// What is asked besides whether the program is there, where 127 would be a weight.
const PRESENCE: [&str; 2] = ["/usr/bin/test", "-x"];

/// The MISC_CHECKs that a probe of a server is.
pub(super) fn checkers(check: &Probe, server: IpAddr, port: Option<u16>) -> Result<Vec<Statement>> {
    let program = paths::libexec(if check.tls { paths::PROBE_WITH_TLS } else { paths::PROBE });
    let runner = if check.dynamic { String::new() } else { format!("{RUNNER} ") };
    let (judge, rest) = match check.options.strip_prefix(" --compat") {
        Some(rest) => (" --compat", rest),
        None => ("", check.options.as_str()),
    };
    let port = match port.filter(|_| !check.has_port) {
        Some(port) => format!(" --port {port}"),
        None => String::new(),
    };
    let path: Word = format!("{runner}{program}{judge} {server}{port}{rest}")
        .parse()
        .context("the probe's command line")?;
    let mut block = vec![
        Statement::line(format!("misc_path {path}")),
        Statement::line(format!("misc_timeout {}", check.timeout())),
    ];
    if check.dynamic {
        block.push(Statement::line("misc_dynamic"));
    }
    block.extend(own_lines());
    block.extend(check.more.iter().cloned());
    let presence = check.dynamic.then(|| presence(&program));
    Ok([Statement::block("MISC_CHECK", block)].into_iter().chain(presence).collect())
}

/// The command that is down where a program is missing or can't be executed.
pub fn presence_command(program: &str) -> String {
    let [test, option] = PRESENCE;
    format!("{test} {option} {program}")
}

fn presence(program: &str) -> Statement {
    let path = Statement::line(format!("misc_path \"{}\"", presence_command(program)));
    Statement::block("MISC_CHECK", [path].into_iter().chain(own_lines()).collect())
}

/// What each of our blocks says. The retries are the probe's own: those of the server would repeat the
/// whole of it.
fn own_lines() -> [Statement; 2] {
    ["retry 0".to_owned(), format!("user {PROBE_USER}")].map(Statement::line)
}
