//! The keys of `check`: one of keepalived's checkers, whose keys become its block as they are, or our
//! probe, which `probe` reads.

use std::time::Duration;

use super::keys::{self, PROBE, check as key};
use super::links::Files;
use super::problems::{Placed, Problems};
use super::read::{Section, items};
use super::timers::Around;
use super::tree::{Kind, Node};
use super::{probe, raw, settings};
use crate::cluster::{Check, Family, Protocol, Seconds};
use crate::conf::statement::{Settings, Statement};

/// keepalived's default of max_reply_length, bytes.
const LONGEST_REPLY: u32 = 255;

/// keepalived's default for `delay_loop`.
const DELAY_LOOP: Duration = Duration::from_secs(60);

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

/// What connects to the server's own port: it must have one.
pub(super) fn needs_port(check: &Check) -> Option<&str> {
    match check {
        Check::Own { block, connects } => connects.then_some(block.line.as_str()),
        Check::Probe(probe) => (!probe.has_port).then_some(PROBE.name),
    }
}

/// What a check speaks, by its name, and the port that it says itself.
pub(super) fn asks(check: &Check) -> Option<(&str, Option<u16>)> {
    let block = match check {
        Check::Own { block, .. } => block,
        Check::Probe(probe) => {
            let mut words = probe.options.split([' ', '=']);
            let tls = words.clone().any(|word| word == "--tls");
            let port = words.find(|word| *word == "--connect-port").and_then(|_| words.next());
            return (!tls).then_some((PROBE.name, port.and_then(|port| port.parse().ok())));
        }
    };
    let mut lines = block.block.iter().flatten();
    let port = lines.find_map(|line| line.line.strip_prefix("connect_port ")?.parse().ok());
    Some((block.line.as_str(), port))
}

/// The checks of a server, and the files that they name; `None` if one of them is wrong.
pub(super) struct Checks {
    pub(super) checks: Option<Vec<Check>>,
    pub(super) files: Files,
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
    let (name, kind) = kind(node, problems)?;
    if let Some((protocol, title, help)) = kind.unfit
        && protocol == service.protocol
    {
        problems.add(name.at, title, help);
        return None;
    }
    let section = Section::open(node, kind.table, kind.name(), node.at.clone(), problems)?;
    let settings = settings::read(&section, problems);
    let family = settings::get(&settings, key::CONNECT_IP).map(Family::of).or(service.family);
    files.weighing |= settings.has("misc_dynamic");
    files.targets.extend(settings::placed(&section, &settings, key::CONNECT_IP));
    files.sources.extend(settings::placed(&section, &settings, key::BINDTO));
    files.commands.extend(settings::placed(&section, &settings, key::MISC_PATH));
    files.paced |= settings.has("delay_loop");
    let check = if !bound(&section, &settings, family, problems) {
        None
    } else if kind.is_probe() {
        probe::read(&section, &settings, service.around, family, files, problems).map(Check::Probe)
    } else {
        misc_timeout(&section, &settings, service.delay_loop, problems);
        reply_lengths(&section, &settings, problems);
        files.tracked.extend(settings::placed(&section, &settings, key::TRACK_FILE));
        if kind.name() == key::BFD_CHECK.name {
            files.sessions.extend(settings::placed(&section, &settings, key::SESSION));
        }
        let connects = kind.connects && !settings.has(key::CONNECT_PORT.name);
        let statements = settings.into_statements(raw::read(&section, problems));
        Some(Check::Own { block: Statement::block(kind.name(), statements), connects })
    };
    section.close(problems);
    check
}

/// The type of a check, and where it is named.
fn kind(node: &Node, problems: &mut Problems) -> Option<(Placed<String>, &'static keys::Check)> {
    let Kind::Mapping(entries) = &node.kind else {
        // Says that it is no section.
        let _ = Section::open(node, &PROBE, "check", node.at.clone(), problems);
        return None;
    };
    let Some((_, named)) = entries.iter().find(|(key, _)| key.name == key::TYPE.name) else {
        let help = "add a line `type: ...`";
        problems.add(node.at.clone(), "`type` is missing in `check`", help);
        return None;
    };
    let name = problems.written(key::TYPE, named)?;
    let kind = keys::Check::named(&name.value)?;
    Some((name, kind))
}

/// Whether its own address is one that reaches the server: it has to be of the same family.
fn bound(
    section: &Section<'_>,
    settings: &Settings,
    to: Option<Family>,
    problems: &mut Problems,
) -> bool {
    let Some(from) = settings::placed(section, settings, key::BINDTO) else { return true };
    let (own, Some(to)) = (Family::of(from.value), to) else { return true };
    if own != to {
        problems.add(
            from.at,
            format!("from an {own} address no {to} address can be reached"),
            format!("write an {to} address, or remove `bindto`"),
        );
    }
    own == to
}

/// keepalived says of such a check that it always fails.
fn reply_lengths(section: &Section<'_>, settings: &Settings, problems: &mut Problems) {
    let most = settings::get(settings, key::MAX_REPLY_LENGTH).unwrap_or(LONGEST_REPLY);
    let least = settings::placed(section, settings, key::MIN_REPLY_LENGTH);
    if let Some(least) = least.filter(|least| least.value > most) {
        problems.add(
            least.at,
            format!("min_reply_length is above max_reply_length, {most}"),
            "lower it, or raise `max_reply_length`",
        );
    }
}

/// A program that may take longer than the pause between its runs can hold a server in the balance
/// for longer than anybody would think.
fn misc_timeout(
    section: &Section<'_>,
    settings: &Settings,
    of_server: Option<Seconds>,
    problems: &mut Problems,
) {
    let own = settings::get(settings, key::DELAY_LOOP).or(of_server);
    let delay_loop = own.map_or(DELAY_LOOP, Seconds::duration);
    let timeout = settings::placed(section, settings, key::MISC_TIMEOUT);
    if let Some(timeout) = timeout.filter(|timeout| timeout.value.duration() > delay_loop) {
        problems.add(
            timeout.at,
            format!("misc_timeout is longer than delay_loop, {} s", delay_loop.as_secs_f64()),
            "shorten it, or lengthen `delay_loop`",
        );
    }
}
