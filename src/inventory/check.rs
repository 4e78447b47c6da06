//! The keys of `check`: one of keepalived's checkers, whose keys become its block as they are, or our
//! probe, which `probe` reads.

use std::path::PathBuf;

use super::keys::{CHECKS, PROBE, Table};
use super::read::{Placed, Problems, Section, items};
use super::timers::Around;
use super::tree::{Kind, Node};
use super::{keywords, probe, raw, settings, values};
use crate::cluster::{Check, Family, Protocol, Seconds};
use crate::conf::statement::{Settings, Statement};

/// What `type` calls our probe.
const PROBE_TYPE: &str = "smtp-check";

/// keepalived's default of max_reply_length, bytes.
const LONGEST_REPLY: u32 = 255;

/// keepalived's default for `delay_loop`, in seconds.
const DELAY_LOOP: f64 = 60.0;

/// What a check is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service<'a> {
    pub(super) protocol: Protocol,
    /// Of its servers' addresses; `None` where that is not known here.
    pub(super) family: Option<Family>,
    /// Between two checks of a server; keepalived's default where there is none.
    pub(super) delay_loop: Option<Seconds>,
    /// What is said of all checks of its servers.
    pub(super) around: Around<'a>,
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

/// The checks of a server, and the files that they name; `None` if one of them is wrong.
pub(super) struct Checks {
    pub(super) checks: Option<Vec<Check>>,
    pub(super) files: Files,
}

/// What checks have to do with other parts: files that they name, and weights.
#[derive(Default)]
pub(super) struct Files {
    /// Names of a `track_file`.
    pub(super) tracked: Vec<Placed<String>>,
    /// What `--drain-file` of our probe names.
    pub(super) draining: Vec<Placed<PathBuf>>,
    /// Whether a check says the weight.
    pub(super) weighing: bool,
}

/// One check, or a list of them.
pub(super) fn read_all(node: &Node, service: Service<'_>, problems: &mut Problems) -> Checks {
    let mut files = Files::default();
    let checks: Vec<Option<Check>> =
        (items(node).iter()).map(|item| read(item, service, &mut files, problems)).collect();
    Checks { checks: checks.into_iter().collect(), files }
}

fn read(
    node: &Node,
    service: Service<'_>,
    files: &mut Files,
    problems: &mut Problems,
) -> Option<Check> {
    let (kind, table) = kind(node, problems)?;
    if !fits(&kind, service.protocol, problems) {
        return None;
    }
    let section = Section::open(node, table, table.name, node.at.clone(), problems)?;
    let settings = settings::read(&section, problems);
    let family = of(&settings, "connect_ip").or(service.family);
    let weighing = table.key("misc_dynamic").and_then(|_| section.node("misc_dynamic"));
    files.weighing |= weighing.is_some_and(|(_, node)| is_true(node));
    let check = if !bound(&section, &settings, family, problems) {
        None
    } else if kind.value == PROBE_TYPE {
        probe::read(&section, &settings, service.around, family, files, problems).map(Check::Probe)
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
        if let Some((_, least)) =
            table.key("min_reply_length").and_then(|_| section.node("min_reply_length"))
        {
            reply_lengths(&settings, least, problems);
        }
        if let Some((_, file)) = table.key("track_file").and_then(|_| section.node("track_file"))
            && let Kind::Scalar(name) = &file.kind
        {
            files.tracked.push(Placed { at: file.at.clone(), value: name.clone() });
        }
        statements.extend(settings.into_statements(raw::read(&section, problems)));
        Some(Check::Own(Statement::block(kind.value, statements)))
    };
    section.close(problems);
    check
}

fn is_true(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar(text) if matches!(keywords::yes_no(text), Ok(true)))
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

/// The family of an address that a key says.
fn of(settings: &Settings, key: &str) -> Option<Family> {
    settings.value(key).and_then(|text| text.parse().ok()).map(Family::of)
}

/// Whether its own address is one that reaches the server: it has to be of the same family.
fn bound(
    section: &Section<'_>,
    settings: &Settings,
    to: Option<Family>,
    problems: &mut Problems,
) -> bool {
    let has_key = section.table().key("bindto").is_some();
    let (true, Some(from), Some(to)) = (has_key, of(settings, "bindto"), to) else { return true };
    if let (Some((_, node)), true) = (section.node("bindto"), from != to) {
        problems.add(
            node.at.clone(),
            format!("from an {from} address no {to} address can be reached"),
            format!("write an {to} address, or remove `bindto`"),
        );
    }
    from == to
}

/// keepalived says of such a check that it always fails.
fn reply_lengths(settings: &Settings, least: &Node, problems: &mut Problems) {
    let number = |key: &str| settings.value(key).and_then(|text| text.parse::<u32>().ok());
    let most = number("max_reply_length").unwrap_or(LONGEST_REPLY);
    if number("min_reply_length").is_some_and(|least| least > most) {
        problems.add(
            least.at.clone(),
            format!("min_reply_length is above max_reply_length, {most}"),
            "lower it, or raise `max_reply_length`",
        );
    }
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
