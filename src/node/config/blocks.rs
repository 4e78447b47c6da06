//! Blocks of keepalived.conf as values: instances, virtual servers, the sync daemon, programs.

use super::{Address, BfdSession, Instance, Program, RealServer, SyncDaemon, VirtualServer};
use crate::conf::detection::is_ping;
use crate::conf::grammar::{Statement, last};
use crate::conf::probe::RUNNER;

/// The keywords of command lines.
const COMMANDS: [&str; 4] = ["misc_path", "script", "quorum_up", "quorum_down"];

/// Checkers of a real server.
const CHECKERS: [&str; 10] = [
    "TCP_CHECK",
    "HTTP_GET",
    "SSL_GET",
    "SMTP_CHECK",
    "DNS_CHECK",
    "MISC_CHECK",
    "BFD_CHECK",
    "UDP_CHECK",
    "PING_CHECK",
    "FILE_CHECK",
];

pub(super) fn first(statement: &Statement) -> Option<String> {
    statement.values().first().cloned()
}

/// The value of a keyword; of several the last, as keepalived does.
pub(super) fn value(block: &[Statement], keyword: &str) -> Option<String> {
    block.iter().rev().find(|one| one.keyword() == keyword).and_then(first)
}

/// `eth0 [inst] NAME id 11`: what follows the interface and is no option is the instance.
pub(super) fn sync_daemon(words: &[String]) -> Option<SyncDaemon> {
    let (interface, rest) = words.split_first()?;
    let mut daemon = SyncDaemon { interface: interface.clone(), ..SyncDaemon::default() };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "inst" => daemon.instance = rest.next().cloned(),
            "id" => daemon.id = rest.next().and_then(|id| id.parse().ok()),
            "group" => daemon.group = rest.next().and_then(|group| group.parse().ok()),
            "port" => daemon.port = rest.next().and_then(|port| port.parse().ok()),
            "maxlen" | "ttl" => drop(rest.next()),
            name => daemon.instance = Some(name.to_owned()),
        }
    }
    Some(daemon)
}

pub(super) fn instance(statement: &Statement, global_version: Option<u8>) -> Instance {
    let block = statement.inner();
    let interface = value(block, "interface").unwrap_or_default();
    let list = |keyword: &str| -> Vec<&Statement> {
        let blocks = block.iter().filter(|one| one.keyword() == keyword);
        blocks.flat_map(Statement::inner).collect()
    };
    let addresses = |keyword: &str| -> Vec<Address> {
        list(keyword).into_iter().filter_map(|line| address(&line.words, &interface)).collect()
    };
    let words = |keyword: &str| -> Vec<String> {
        list(keyword).into_iter().filter_map(|line| line.words.first().cloned()).collect()
    };
    let vips = addresses("virtual_ipaddress");
    let v6 = vips.first().is_some_and(|vip| vip.address.is_ipv6());
    let authentication = list("authentication");
    let of_authentication = |keyword: &str| {
        authentication.iter().rev().find(|one| one.keyword() == keyword).and_then(|one| first(one))
    };
    let master = value(block, "state").as_deref() == Some("MASTER");
    let seconds = value(block, "advert_int").and_then(|text| text.parse::<f64>().ok());
    Instance {
        name: first(statement).unwrap_or_default(),
        virtual_router_id: last(block, "virtual_router_id").unwrap_or_default(),
        // keepalived gives a `state MASTER` without priority 255.
        priority: last(block, "priority").unwrap_or(if master { 255 } else { 100 }),
        version: match last(block, "version").or(global_version) {
            Some(version) if !v6 => version,
            _ if v6 => 3,
            _ => 2,
        },
        advert_int: seconds.map_or(1000, |seconds| (seconds * 1000.0).round() as u64),
        nopreempt: block.iter().any(|one| one.keyword() == "nopreempt"),
        authentication: of_authentication("auth_type"),
        auth_pass: of_authentication("auth_pass"),
        source: last(block, "unicast_src_ip"),
        peers: words("unicast_peer").iter().filter_map(|word| word.parse().ok()).collect(),
        group: last(block, "mcast_dst_ip"),
        excluded: addresses("virtual_ipaddress_excluded"),
        vmac: block.iter().any(|one| one.keyword() == "use_vmac"),
        tracked_interfaces: words("track_interface"),
        vips,
        interface,
    }
}

/// `192.168.3.100/24 dev eth1 label x`
fn address(words: &[String], interface: &str) -> Option<Address> {
    let address = words.first()?.split('/').next()?.parse().ok()?;
    let device = words.iter().position(|word| word == "dev").and_then(|at| words.get(at + 1));
    Some(Address { address, interface: device.map_or(interface, String::as_str).to_owned() })
}

pub(super) fn virtual_server(statement: &Statement) -> Option<VirtualServer> {
    let block = statement.inner();
    let (address, port, mark) = match statement.values() {
        [fwmark, mark, ..] if fwmark == "fwmark" => (None, 0, Some(mark.parse().ok()?)),
        [group, ..] if group == "group" => return None,
        [address, rest @ ..] => {
            let port = rest.first().and_then(|port| port.parse().ok()).unwrap_or_default();
            (Some(address.parse().ok()?), port, None)
        }
        [] => return None,
    };
    let either = |one: &str, other: &str| value(block, one).or_else(|| value(block, other));
    let servers = block.iter().filter(|one| one.keyword() == "real_server");
    Some(VirtualServer {
        address,
        port,
        mark,
        protocol: value(block, "protocol").unwrap_or("UDP".into()).to_uppercase(),
        scheduler: either("lb_algo", "lvs_sched").unwrap_or("wlc".into()),
        forwarding: either("lb_kind", "lvs_method").unwrap_or("NAT".into()),
        quorum: last(block, "quorum").unwrap_or(1),
        servers: servers.filter_map(|one| real_server(one, port)).collect(),
        sorry_server: last(block, "sorry_server"),
    })
}

fn real_server(statement: &Statement, port: u16) -> Option<RealServer> {
    let block = statement.inner();
    let own = statement.values().get(1).and_then(|port| port.parse().ok());
    let checks = block.iter().map(Statement::keyword).filter(|word| CHECKERS.contains(word));
    Some(RealServer {
        address: statement.values().first()?.parse().ok()?,
        port: own.unwrap_or(port),
        weight: last(block, "weight").unwrap_or(1),
        checks: checks.map(str::to_owned).collect(),
        pinged: block.iter().any(is_ping),
    })
}

pub(super) fn bfd_session(statement: &Statement) -> Option<BfdSession> {
    let block = statement.inner();
    Some(BfdSession {
        name: first(statement)?,
        neighbor: last(block, "neighbor_ip")?,
        source: last(block, "source_ip"),
        max_hops: last(block, "max_hops").unwrap_or(0),
        multihop: block.iter().any(|one| one.keyword() == "multihop"),
    })
}

/// Collects the command lines of a block and of those in it. `script` also names lines of `track_script`
/// in no version, so each is a command.
pub(super) fn programs(block: &[Statement], all: &mut Vec<Program>) {
    for one in block {
        let keyword = one.keyword();
        let command = COMMANDS.contains(&keyword)
            || (keyword.starts_with("notify") && !keyword.contains("fifo"));
        if let Some(line) = one.values().first().filter(|_| command && one.block.is_none()) {
            // Our probe stands behind what makes nothing but its own word an answer.
            let command = line.strip_prefix(RUNNER).unwrap_or(line);
            let path = command.split_whitespace().next().unwrap_or_default().trim_matches('\'');
            // A check and a script have a statement for it.
            let user = one.values().get(1).cloned().or_else(|| value(block, "user"));
            all.push(Program {
                at: one.at.to_string(),
                keyword: keyword.to_owned(),
                line: line.clone(),
                path: path.into(),
                user,
            });
        }
        programs(one.inner(), all);
    }
}
