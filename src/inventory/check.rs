//! The keys of `check`: one of keepalived's checkers, whose keys become its block as they are, or our
//! probe, which keepalived runs as a MISC_CHECK.

use std::ops::Range;

use clap::Parser;

use super::keys::{self, CHECKS, PROBE, Table};
use super::read::{Placed, Problems, Section, items, value};
use super::tree::{Kind, Node};
use super::{keywords, raw, settings, values};
use crate::cli::smtp_check::Args;
use crate::cluster::{Check, Probe, Protocol, Seconds};
use crate::conf::statement::{Settings, Statement};

/// How much longer keepalived must wait for the probe than the probe's own deadline, in seconds: it
/// must never come to keepalived killing it.
const PROBE_GRACE: u64 = 2;

/// What `type` calls our probe.
const PROBE_TYPE: &str = "smtp-check";

/// keepalived's default for `delay_loop`, in seconds.
const DELAY_LOOP: f64 = 60.0;

/// What a check is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    pub(super) protocol: Protocol,
    /// Between two checks of a server; keepalived's default where there is none.
    pub(super) delay_loop: Option<Seconds>,
}

/// keepalived's checkers that connect to a port.
const CONNECT: [&str; 6] =
    ["SMTP_CHECK", "TCP_CHECK", "UDP_CHECK", "HTTP_GET", "SSL_GET", "DNS_CHECK"];

/// What connects to the server's own port: it must have one.
pub(super) fn needs_port(check: &Check) -> Option<&str> {
    match check {
        Check::Own(block) => {
            let own = |line: &Statement| line.line.starts_with("connect_port ");
            let named = block.block.iter().flatten().any(own);
            (CONNECT.contains(&block.line.as_str()) && !named).then_some(block.line.as_str())
        }
        Check::Probe(probe) => (!probe.has_port).then_some(PROBE_TYPE),
    }
}

/// The checks of a server, and the names of files that they track; `None` if one of them is wrong.
pub(super) struct Checks {
    pub(super) checks: Option<Vec<Check>>,
    pub(super) track_files: Vec<Placed<String>>,
}

/// One check, or a list of them.
pub(super) fn read_all(node: &Node, service: Service, problems: &mut Problems) -> Checks {
    let mut track_files = Vec::new();
    let checks: Vec<Option<Check>> =
        (items(node).iter()).map(|item| read(item, service, &mut track_files, problems)).collect();
    Checks { checks: checks.into_iter().collect(), track_files }
}

fn read(
    node: &Node,
    service: Service,
    track_files: &mut Vec<Placed<String>>,
    problems: &mut Problems,
) -> Option<Check> {
    let (kind, table) = kind(node, problems)?;
    if !fits(&kind, service.protocol, problems) {
        return None;
    }
    let section = Section::open(node, table, table.name, node.at.clone(), problems)?;
    let settings = settings::read(&section, problems);
    let check = if kind.value == PROBE_TYPE {
        probe(&section, &settings, problems)
    } else {
        let mut statements = Vec::new();
        if table.key("query").is_some()
            && let Some(query) = section.optional("query", problems, values::word)
        {
            statements.push(Statement::line(format!("type {}", query.value)));
        }
        if let Some((_, file)) = table.key("misc_path").and_then(|_| section.node("misc_timeout")) {
            misc_timeout(&settings, file, service.delay_loop, problems);
        }
        if let Some((_, file)) = table.key("track_file").and_then(|_| section.node("track_file"))
            && let Kind::Scalar(name) = &file.kind
        {
            track_files.push(Placed { at: file.at.clone(), value: name.clone() });
        }
        statements.extend(settings.into_statements(raw::read(&section, problems)));
        Some(Check::Own(Statement::block(kind.value, statements)))
    };
    section.close(problems);
    check
}

/// The type of a check, and its keys.
fn kind(node: &Node, problems: &mut Problems) -> Option<(Placed<String>, &'static Table)> {
    let Kind::Mapping(entries) = &node.kind else {
        // Says that it is no section.
        let _ = Section::open(node, &PROBE, "check", node.at.clone(), problems);
        return None;
    };
    let Some((_, named)) = entries.iter().find(|(key, _)| key.name == "type") else {
        let cure = "add a line `type: ...`";
        problems.add(node.at.clone(), "`type` is missing in `check`", cure);
        return None;
    };
    let name = problems.value(named, "type", |text| Ok(text.to_owned()))?;
    let known = CHECKS.iter().find(|check| check.name == name.value);
    let table = known.map(|check| check.table).or((name.value == PROBE_TYPE).then_some(&PROBE));
    if table.is_none() {
        let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        problems.add(
            name.at.clone(),
            format!("`{}` is no check", name.value),
            format!("write {} (keepalived's own) or smtp-check (our probe)", names.join(", ")),
        );
    }
    Some((name, table?))
}

/// Whether a check can tell something about a service of that protocol. TCP_CHECK is good for
/// both: what speaks UDP often listens on TCP too, as DNS does.
fn fits(kind: &Placed<String>, protocol: Protocol, problems: &mut Problems) -> bool {
    let (title, cure) = match (kind.value.as_str(), protocol) {
        ("UDP_CHECK", Protocol::Tcp) => (
            "UDP_CHECK tells nothing about a TCP service",
            "use TCP_CHECK, or write `protocol: UDP`",
        ),
        ("SMTP_CHECK" | PROBE_TYPE, Protocol::Udp) => (
            "SMTP is not spoken over UDP",
            "use UDP_CHECK; or TCP_CHECK, where the service listens on TCP too",
        ),
        ("HTTP_GET" | "SSL_GET", Protocol::Udp) => (
            "this check speaks HTTP over TCP",
            "use UDP_CHECK; or TCP_CHECK, where the service listens on TCP too",
        ),
        _ => return true,
    };
    problems.add(kind.at.clone(), title, cure);
    false
}

/// A program that may take longer than the pause between its runs can hold a server in the balance
/// for longer than anybody would think.
fn misc_timeout(
    settings: &Settings,
    node: &Node,
    of_server: Option<Seconds>,
    problems: &mut Problems,
) {
    let number = |key: &str| settings.value(key).and_then(|text| text.parse::<f64>().ok());
    let of_server = of_server.map(|time| time.duration().as_secs_f64());
    let delay_loop = number("delay_loop").or(of_server).unwrap_or(DELAY_LOOP);
    if number("misc_timeout").is_some_and(|timeout| timeout > delay_loop) {
        problems.add(
            node.at.clone(),
            format!("misc_timeout is longer than delay_loop, {delay_loop} s"),
            "shorten it, or lengthen `delay_loop`",
        );
    }
}

/// Our probe. The retries are the probe's, not keepalived's: MISC_CHECK takes the first failure after
/// a start as final, SMTP_CHECK and the probe do not. Its own command line judges its options.
fn probe(section: &Section<'_>, settings: &Settings, problems: &mut Problems) -> Option<Check> {
    let compat = value(section.optional("compat", problems, keywords::yes_no)).unwrap_or(true);
    let dynamic = value(section.optional("misc_dynamic", problems, keywords::yes_no));
    let dynamic = dynamic.unwrap_or(false);
    let more = section.one_or_more("options", problems, values::words);
    let mut options = String::new();
    if compat {
        options.push_str(" --compat");
    }
    if dynamic {
        options.push_str(" --dynamic");
    }
    for key in ["helo_name", "connect_timeout", "retry", "delay_before_retry"]
        .into_iter()
        .chain(keys::CONNECTION.iter().map(|key| key.name))
    {
        if let Some(value) = settings.value(key) {
            let name = key.replace('_', "-");
            options.push_str(&format!(" --{name} {}", value.trim_matches('"')));
        }
    }
    for words in &more {
        options.push_str(&format!(" {}", words.value.replace('"', "")));
    }
    let at = more.first().map_or_else(|| section.place(), |first| first.at.clone());
    if let Some(words) = more.iter().find(|words| words.value.contains('\'')) {
        let title = "a single quote, which keepalived takes for the beginning of an argument";
        problems.add(words.at.clone(), title, "write it without");
        return None;
    }
    let has_port = settings.has("connect_port");
    let (timeout, tls) = judged(&options, has_port, at, problems)?;
    let block: Vec<Statement> = (keys::COMMON.iter())
        .flat_map(|key| settings.statements(key.name).iter().cloned())
        .chain(raw::read(section, problems))
        .collect();
    Some(Check::Probe(Probe { options, has_port, tls, timeout, dynamic, more: block }))
}

/// The seconds that keepalived must allow the probe, going by the deadline that it sets itself, and
/// whether it speaks TLS.
fn judged(
    options: &str,
    has_port: bool,
    at: Range<usize>,
    problems: &mut Problems,
) -> Option<(u64, bool)> {
    // Of the family that it may be bound to; any address does.
    let bound_to_ipv6 = options
        .split("--bindto ")
        .nth(1)
        .is_some_and(|rest| rest.split(' ').next().is_some_and(|address| address.contains(':')));
    let server = if bound_to_ipv6 { "2001:db8::1" } else { "192.0.2.1" };
    // As it will be rendered, and any port does.
    let port: &[&str] = if has_port { &[] } else { &["--port", "25"] };
    let words = ["smtp-check", server].into_iter().chain(port.iter().copied());
    let words = words.chain(options.split_whitespace());
    let deadline =
        (Args::try_parse_from(words).map_err(|error| error.to_string())).and_then(|args| {
            let tls = args.starttls || args.tls;
            args.probe().map(|probe| (probe.deadline, tls)).map_err(|error| format!("{error:#}"))
        });
    let (deadline, tls) = match deadline {
        Ok(judged) => judged,
        Err(words) => {
            let first = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let title = format!("smtp-check refuses this: {first}");
            problems.add(at, title, "see `smtp-check --help`; beyond SMTP_CHECK: `compat: false`");
            return None;
        }
    };
    let up = u64::from(deadline.subsec_nanos() > 0);
    let timeout = deadline.as_secs().saturating_add(up).saturating_add(PROBE_GRACE);
    if timeout > Seconds::MAX {
        problems.add(
            at,
            format!("one check could take {timeout} s"),
            format!(
                "shorten its timers; keepalived ends a program after at most {} s",
                Seconds::MAX
            ),
        );
        return None;
    }
    Some((timeout, tls))
}
