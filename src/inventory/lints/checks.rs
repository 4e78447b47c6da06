//! Checks and scripts that look at the wrong thing: they ask one server for all, or come from one node.

use std::net::IpAddr;

use super::found::Found;
use super::lint::Lint;
use super::traffic::{directors, node_of, vips};
use super::{Drafts, WithCheck};
use crate::conf::placeholder;
use crate::inventory::check::Checks;
use crate::inventory::problems::Placed;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::warning(
        "check-of-one-server",
        "one check of several servers asks a fixed address",
        "All servers are up or down together with that one address: a dead server stays in the balance.",
        "write {address}, or remove the address; gen-conf puts each server's own in its place",
    )
    .checked_by(fixed_address),
    Lint::warning(
        "check-from-one-node",
        "a check from an address that only one node has",
        "On the other nodes the check can't bind to it: all servers count as down there, and nothing is \
                  served after a failover.",
        "remove `bindto`",
    )
    .checked_by(bound_to_one),
    Lint::warning(
        "script-of-one-node",
        "a tracked script asks one node or a VIP, on all nodes",
        "All nodes fail together when that address does: each is in FAULT, and nobody holds the VIPs. A VIP \
                  answers only where it is held, so a node that fails by it can never become MASTER.",
        "write {address}, which is each node's own address, or ask what every node has, such as a gateway",
    )
    .checked_by(script),
];

/// The addresses in a command, as far as they are words of it.
fn addresses(command: &str) -> impl Iterator<Item = IpAddr> {
    let words = command.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    words.filter_map(|word| word.trim_end_matches(':').parse::<IpAddr>().ok())
}

fn fixed_address(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        others_address(server, drafts, found);
        let Some(Checks { files, .. }) = &server.checks else { continue };
        let many = drafts.checked_alike(server);
        if many < 2 {
            continue;
        }
        for target in &files.targets {
            found.at(
                target.at.clone(),
                format!("this check of {many} servers always asks {}", target.value),
            );
        }
        for command in
            files.commands.iter().filter(|command| !command.value.contains(placeholder::ADDRESS))
        {
            let title = match addresses(&command.value).find(|one| is_server(*one, server, drafts))
            {
                Some(address) => format!("this check of {many} servers always asks {address}"),
                None => format!("this program checks {many} servers, and is not told which"),
            };
            found.with(
                command.at.clone(),
                title,
                "write {address} where the program takes the server's address",
            );
        }
    }
}

/// Whether a service runs at this address, or is balanced there.
fn is_server(address: IpAddr, server: &ServerDraft, drafts: &Drafts<'_>) -> bool {
    drafts.nodes.iter().any(|node| node.has(address))
        || server.strangers().any(|own| own == address)
        || vips(drafts).any(|vip| vip == address)
}

/// A server's own check that asks another one.
fn others_address(server: &ServerDraft, drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for one in server.real_servers.iter().flatten() {
        let Some(checks) = &one.checks else { continue };
        let own = |address: IpAddr| match (one.stranger(), node_of(one, drafts)) {
            (Some(own), _) if own.value == address => true,
            (_, Some(node)) => drafts.nodes[node].has(address),
            _ => false,
        };
        for Placed { at, value } in &checks.files.targets {
            if !own(*value) && is_server(*value, server, drafts) {
                found.with(
                    at.clone(),
                    format!("the check of this server asks another one, {value}"),
                    "remove the address: a check asks its own server",
                );
            }
        }
    }
}

fn bound_to_one(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let several = directors(server, drafts).len() > 1;
        for checks in server.all_checks() {
            for source in &checks.files.sources {
                let address = source.value;
                let owner = drafts.nodes.iter().find(|node| node.has(address));
                let title = if vips(drafts).any(|vip| vip == address) {
                    format!("{address} is a VIP: only the MASTER can check from it")
                } else if !several || address.is_loopback() || address.is_unspecified() {
                    continue;
                } else if let Some(owner) = owner {
                    let name = owner.name.as_ref().map_or("a node", |name| name.value.as_str());
                    format!("{address} is an address of `{name}`, and all nodes check")
                } else {
                    format!("only one node can have {address}, and all nodes check")
                };
                found.at(source.at.clone(), title);
            }
        }
    }
}

fn script(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    if drafts.nodes.len() < 2 {
        return;
    }
    for block in &drafts.tracks.blocks {
        let Some(name) = block.line.strip_prefix("vrrp_script ") else { continue };
        let script = block.block.iter().flatten().find(|line| line.line.starts_with("script "));
        let Some(script) = script else { continue };
        let node = |address: IpAddr| drafts.nodes.iter().find(|node| node.has(address));
        let wrong = addresses(&script.line).find_map(|address| {
            if vips(drafts).any(|vip| vip == address) {
                return Some(format!("on all nodes `{name}` asks {address}, a VIP"));
            }
            let owner = node(address)?.name.as_ref()?;
            Some(format!("on all nodes `{name}` asks {address}, which is `{}`", owner.value))
        });
        let is_it = |it: &&crate::inventory::track::Defined| {
            it.section == "vrrp_script" && it.everywhere && it.name == name.trim_matches('"')
        };
        if let (Some(title), Some(defined)) = (wrong, drafts.tracks.defined.iter().find(is_it)) {
            found.at(defined.at.clone(), title);
        }
    }
}
