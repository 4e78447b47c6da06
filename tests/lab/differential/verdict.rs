//! What keepalived found, read from IPVS, from its log and from the servers, and compared with
//! what it had to find.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use anyhow::{Result, ensure};

use super::behaviour::{Behaviour, Chapter, PUT_OFF, Verdict, Verdicts};
use super::conf::{CHECKS, Kind};
use super::stage::Stage;

/// All that was seen of one behaviour.
#[derive(Debug)]
struct Seen {
    /// None where a check contradicts itself.
    smtp_check: Option<Verdict>,
    probe: Option<Verdict>,
    /// Whether each SMTP_CHECK came to the server, if it can.
    met: bool,
    /// Whether keepalived gave the reason that it should.
    reason: bool,
    /// Whether the server can tell the checks apart by their number of connections or their words.
    alike: bool,
}

/// What is not as it should be, one line each; nothing if all is well.
pub fn faults(chapters: &[Chapter], stage: &Stage, log: &str) -> Vec<String> {
    let balanced: HashSet<SocketAddr> = stage.balanced().into_iter().collect();
    let logged = by_server(log);
    let mut faults = Vec::new();
    for (number, chapter) in chapters.iter().enumerate() {
        for (place, behaviour) in chapter.behaviours.iter().enumerate() {
            let address = chapter.address(number, place);
            let at = |port| SocketAddr::new(address, port);
            let verdict = |kind| {
                let found = |alpha| {
                    let mut of_kind = CHECKS.iter().filter(|check| check.kind == kind);
                    let check = of_kind.find(|check| check.alpha == alpha);
                    check.is_some_and(|check| balanced.contains(&at(check.port)))
                };
                verdict(found(false), found(true))
            };
            let of_smtp_check = CHECKS.iter().filter(|check| check.kind == Kind::SmtpCheck);
            let said = CHECKS.map(|check| stage.said_to(at(check.port)));
            let mut met =
                CHECKS.iter().zip(&said).filter(|(check, _)| check.kind == Kind::SmtpCheck);
            let seen = Seen {
                smtp_check: verdict(Kind::SmtpCheck),
                probe: verdict(Kind::Probe),
                met: !behaviour.is_met() || met.all(|(_, said)| said.connections > 0),
                reason: of_smtp_check.into_iter().all(|check| {
                    let logged = logged.get(&at(check.port)).map_or("", String::as_str);
                    logged.contains(behaviour.logged)
                }),
                alike: said.iter().all(|other| *other == said[0]),
            };
            if let Some(fault) = fault(behaviour, &seen) {
                faults.push(format!("{}: {} ({address}): {fault}", chapter.title, behaviour.name));
            }
        }
    }
    let (seen, expected) = (put_off(log), to_put_off(chapters));
    if seen < expected {
        faults.push(format!("keepalived put SMTP_CHECK off {seen} times, not {expected}"));
    }
    faults
}

/// How often keepalived found that this side refuses to connect for SMTP_CHECK.
fn put_off(log: &str) -> usize {
    log.matches(PUT_OFF).count()
}

/// How often it has to: once for each SMTP_CHECK of each server that shows in no other way that it was
/// checked. Too many can't hide too few: a server that is met has its verdict, or its connections.
fn to_put_off(chapters: &[Chapter]) -> usize {
    let behaviours = chapters.iter().flat_map(|chapter| &chapter.behaviours);
    let checks = CHECKS.iter().filter(|check| check.kind == Kind::SmtpCheck).count();
    behaviours.filter(|behaviour| behaviour.is_put_off()).count() * checks
}

/// The lines of a log by the server that they name first, `[ADDRESS]:PORT` or `[ADDRESS]:tcp:PORT`.
fn by_server(log: &str) -> HashMap<SocketAddr, String> {
    let mut lines: HashMap<SocketAddr, String> = HashMap::new();
    for line in log.lines() {
        let server = || {
            let (address, rest) = line.split_once('[')?.1.split_once("]:")?;
            let rest = rest.strip_prefix("tcp:").unwrap_or(rest);
            let port = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, port.parse().ok()?))
        };
        if let Some(server) = server() {
            let known = lines.entry(server).or_default();
            known.push_str(line);
            known.push('\n');
        }
    }
    lines
}

/// The verdict of a check, from its two tables.
fn verdict(balanced: bool, balanced_with_alpha: bool) -> Option<Verdict> {
    match (balanced, balanced_with_alpha) {
        (true, true) => Some(Verdict::Up),
        (false, false) => Some(Verdict::Down),
        (true, false) => Some(Verdict::None),
        (false, true) => None,
    }
}

fn fault(behaviour: &Behaviour, seen: &Seen) -> Option<String> {
    let Verdicts { smtp_check, probe } = behaviour.expected;
    if seen.smtp_check != Some(smtp_check) || seen.probe != Some(probe) {
        return Some(format!(
            "SMTP_CHECK found {:?}, not {smtp_check:?}; smtp-check {:?}, not {probe:?}",
            seen.smtp_check, seen.probe
        ));
    }
    if !seen.met {
        return Some("SMTP_CHECK never came to the server".to_owned());
    }
    if !seen.reason {
        return Some(format!("keepalived did not log {:?}", behaviour.logged));
    }
    let differ = behaviour.expected.agree() && !seen.alike;
    differ.then(|| "the checks said different things to the server".to_owned())
}

/// Shows that the comparison can fail: every single thing that is seen wrong is a fault.
pub fn prove() -> Result<()> {
    let verdicts = [Some(Verdict::Up), Some(Verdict::Down), Some(Verdict::None), None];
    let tables = [(true, true), (false, false), (true, false), (false, true)];
    ensure!(tables.map(|(plain, alpha)| verdict(plain, alpha)) == verdicts, "tables misread");
    let right = || Seen {
        smtp_check: Some(Verdict::Up),
        probe: Some(Verdict::Up),
        met: true,
        reason: true,
        alike: true,
    };
    let behaviour = super::behaviour::up("", vec![]);
    ensure!(fault(&behaviour, &right()).is_none(), "what is right is a fault");
    let wrong =
        verdicts.into_iter().filter(|verdict| *verdict != Some(Verdict::Up)).flat_map(|wrong| {
            [Seen { smtp_check: wrong, ..right() }, Seen { probe: wrong, ..right() }]
        });
    let silent = [
        Seen { met: false, ..right() },
        Seen { reason: false, ..right() },
        Seen { alike: false, ..right() },
    ];
    for seen in wrong.chain(silent) {
        ensure!(fault(&behaviour, &seen).is_some(), "not a fault: {seen:?}");
    }
    // A prohibiting and a blackhole route in each family, and two options.
    let chapters = super::chapters();
    ensure!(to_put_off(&chapters) == 6 * 2, "{} to put off", to_put_off(&chapters));
    let log = format!("Tue: {PUT_OFF}\nTue: {PUT_OFF}\n");
    ensure!(put_off(&log) == 2, "the log misread");
    let behaviours = chapters.iter().flat_map(|chapter| &chapter.behaviours);
    let unsettled = |one: &&Behaviour| one.expected.smtp_check == Verdict::None && one.is_met();
    ensure!(behaviours.filter(unsettled).count() == 1, "only the endless drip has no end");
    Ok(())
}
