//! A virtual server in one spelling: keepalived's defaults said, weights and ports where they count.

use super::Normal;
use crate::conf::grammar::Place;

/// What a `persistence_timeout` without a number is, and that of a virtual server of all ports.
const PERSISTENCE_SECONDS: &str = "360";

/// Its head, after its block was made the same as others.
pub(super) fn normal(at: &Place, head: &str, block: &mut Vec<Normal>) -> String {
    // A port 0 is none.
    let head = head.strip_suffix(" 0").unwrap_or(head);
    let words: Vec<&str> = head.split(' ').collect();
    let (marked, port) = match words.as_slice() {
        [_, "fwmark", _] => (true, None),
        [_, "group", _] => (false, None),
        [_, _, port] => (false, Some(*port)),
        _ => (false, None),
    };
    if marked {
        // keepalived ignores it.
        block.retain(|one| one.keyword() != "protocol");
    } else {
        Normal::default(at, block, "protocol UDP");
    }
    Normal::default(at, block, "lb_algo wlc");
    Normal::default(at, block, "lb_kind NAT");
    persistence(at, block, words.len() == 2);
    weights(block);
    retries(block);
    ports(block, port);
    targets(block);
    head.to_owned()
}

/// Says how long clients stay with a server, which they always do where all ports are balanced.
fn persistence(at: &Place, block: &mut Vec<Normal>, all_ports: bool) {
    let line = format!("persistence_timeout {PERSISTENCE_SECONDS}");
    for one in block.iter_mut().filter(|one| one.line == "persistence_timeout") {
        one.line.clone_from(&line);
    }
    if all_ports {
        Normal::default(at, block, &line);
    }
}

/// Gives each server the weight that is said for all, wherever that stands; 1 goes without saying.
fn weights(block: &mut Vec<Normal>) {
    let is_weight = |one: &Normal| one.keyword() == "weight";
    let common = block.iter().rfind(|one| is_weight(one)).map(|one| one.line.clone());
    block.retain(|one| !is_weight(one));
    for server in block.iter_mut().filter(|one| one.keyword() == "real_server") {
        let Some(inner) = &mut server.block else { continue };
        if let Some(line) = common.as_ref().filter(|_| !inner.iter().any(is_weight)) {
            inner.push(Normal::leaf(&server.at, line.clone()));
        }
        inner.retain(|one| one.line != "weight 1");
    }
}

/// Leaves out that a program is not run again where nothing further out says otherwise: keepalived's
/// default for MISC_CHECK.
fn retries(block: &mut [Normal]) {
    let is_retry = |one: &Normal| one.keyword() == "retry";
    if block.iter().any(is_retry) {
        return;
    }
    for server in block.iter_mut().filter_map(|one| one.block.as_mut()) {
        if server.iter().any(is_retry) {
            continue;
        }
        for check in server.iter_mut().filter(|one| one.keyword() == "MISC_CHECK") {
            check.block.iter_mut().for_each(|inner| inner.retain(|one| one.line != "retry 0"));
        }
    }
}

/// Gives each server the service's port, if it has none of its own.
fn ports(block: &mut [Normal], service: Option<&str>) {
    for server in block.iter_mut().filter(|one| one.keyword() == "real_server") {
        let line = server.line.strip_suffix(" 0").unwrap_or(&server.line);
        server.line = match service.filter(|_| line.matches(' ').count() == 1) {
            Some(port) => format!("{line} {port}"),
            None => line.to_owned(),
        };
    }
}

/// Leaves out of the checks that they ask the server's own address and port.
fn targets(block: &mut [Normal]) {
    for server in block.iter_mut().filter(|one| one.keyword() == "real_server") {
        let mut words = server.line.split(' ').skip(1);
        let address = words.next().map(|address| format!("connect_ip {address}"));
        let port = words.next().map(|port| format!("connect_port {port}"));
        for check in server.block.iter_mut().flatten() {
            let own = |one: &Normal| [&address, &port].contains(&&Some(one.line.clone()));
            check.block.iter_mut().for_each(|inner| inner.retain(|one| !own(one)));
        }
    }
}
