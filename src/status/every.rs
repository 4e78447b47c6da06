//! `lvskit status --all`: a line for each node of the cluster.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;

use super::options::Options;
use super::{GuardState, Role, ServerDrain, Status};
use crate::exit::Exit;
use crate::gen_conf;
use crate::node::config::Config;
use crate::node::process;
use crate::output::{self, Or};
use crate::reach::{self, Answer, Failure, Target, safe};
use crate::table::table;

/// Asks all nodes; the text for standard output, and how to end.
///
/// # Errors
/// When it is not known which nodes there are.
pub(super) fn shown(args: &Options) -> Result<(String, Exit), output::Failure> {
    let targets = targets(args)?;
    let words = ["status", "--json"];
    let mut answers = reach::ask(&targets, &args.reach, &words, Duration::ZERO, |text| {
        let value = safe::json(text)?;
        // A collected report has the status in it.
        let value = value.get("status").cloned().unwrap_or(value);
        serde_json::from_value::<Status>(value).map_err(|_| safe::not_ours("status"))
    });
    // An inventory says which addresses are one node's.
    if args.inventory.is_none() {
        once(&mut answers);
    }
    let all = answers.iter().all(|answer| answer.outcome.is_ok());
    let text = if args.json { as_json(&answers) } else { as_text(&answers) };
    Ok((text, if all { Exit::Ok } else { Exit::No }))
}

/// Of a node that answers at several of its addresses one answer. Who does not answer stays: another node may
/// have that address by mistake.
fn once(answers: &mut Vec<Answer<Status>>) {
    let owner = |address: IpAddr| {
        let owns = |status: &Status| status.node.is_own(address);
        answers.iter().position(|one| one.outcome.as_ref().is_ok_and(owns))
    };
    let is_first = |(at, one): (usize, &Answer<Status>)| {
        let of_name = || one.name.parse().ok().and_then(owner);
        one.outcome.is_err() || of_name().is_none_or(|first| first == at)
    };
    let first: Vec<bool> = answers.iter().enumerate().map(is_first).collect();
    let mut first = first.into_iter();
    answers.retain(|_| first.next().unwrap_or(true));
}

fn targets(args: &Options) -> Result<Vec<Target>, output::Failure> {
    if let Some(file) = &args.inventory {
        return Ok(Target::of(&gen_conf::load(file)?));
    }
    let keepalived = process::keepalived(&args.places.to_read());
    let id = keepalived.config_id.clone().or_else(process::default_config_id);
    let (config, _) = Config::read(&keepalived.file, id.as_deref())
        .map_err(|why| anyhow!("error: {why}; name the inventory with -i"))
        .or_exit(Exit::File)?;
    let targets = Target::of_config(&config);
    if targets.is_empty() {
        let file = keepalived.file.display();
        let what = anyhow!("error: {file} names no other node; name the inventory with -i");
        return Err(output::Failure(Exit::No, what));
    }
    Ok(targets)
}

fn name(answer: &Answer<Status>) -> String {
    match &answer.outcome {
        Ok(status) => reach::name(&answer.name, &status.node),
        Err(_) => safe::text(&answer.name),
    }
}

fn why(failure: &Failure) -> &str {
    match failure {
        Failure::Unreachable(why) | Failure::Garbage(why) => why,
    }
}

fn as_json(answers: &[Answer<Status>]) -> String {
    let one = |answer: &Answer<Status>| match &answer.outcome {
        Ok(status) => json!({ "name": name(answer), "status": status }),
        Err(failure) => json!({ "name": name(answer), "error": why(failure) }),
    };
    let nodes: Vec<_> = answers.iter().map(one).collect();
    format!("{:#}\n", json!({ "format": super::FORMAT, "nodes": nodes }))
}

fn as_text(answers: &[Answer<Status>]) -> String {
    let head = ["node", "roles", "keepalived", "guards", "real servers", "drain"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for answer in answers {
        let mut row = vec![name(answer)];
        match &answer.outcome {
            Ok(status) => row.extend(cells(status)),
            Err(failure) => row.push(format!("no answer: {}", safe::short(why(failure), 120))),
        }
        rows.push(row);
    }
    table(&rows)
}

/// So many instances are named; more are counted by role.
const NAMED: usize = 3;

fn cells(status: &Status) -> Vec<String> {
    let node = &status.node;
    let roles = match &status.instances[..] {
        [] => "-".to_owned(),
        few if few.len() <= NAMED => {
            let one = |it: &super::Instance| match &it.name {
                Some(name) => format!("{name} {}", it.role.word()),
                None => {
                    let vip = it.vips.first().map(|vip| vip.address.to_string());
                    format!("{} {}", vip.unwrap_or_default(), it.role.word())
                }
            };
            few.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        many => {
            let masters = many.iter().filter(|one| one.role == Role::Master).count();
            format!("MASTER of {masters} of {}", many.len())
        }
    };
    let keepalived = match (node.keepalived.pid, &node.keepalived.version) {
        (None, _) => "stopped".to_owned(),
        (Some(_), version) => version.clone().unwrap_or_else(|| "running".to_owned()),
    };
    let right = status.guards.iter().filter(|guard| guard.state == GuardState::InForce).count();
    let guards = match node.unread.iter().any(|one| one.source == "guards") {
        true => "?".to_owned(),
        false => format!("{right} of {}", status.guards.len()),
    };
    let servers = || node.ipvs.services.iter().flat_map(|service| &service.servers);
    let up = servers().filter(|server| server.weight > 0).count();
    let servers = match servers().count() {
        0 => "-".to_owned(),
        all => format!("{up} of {all} up"),
    };
    let drain = match (node.is_drained(), status.server_drain != ServerDrain::Off) {
        (false, false) => "off",
        (true, false) => "director",
        (false, true) => "server",
        (true, true) => "both",
    };
    vec![roles, keepalived, guards, servers, drain.to_owned()]
}
