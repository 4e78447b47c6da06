//! Which checks have to be refused so that every director takes this node out as a server, and what speaks
//! against it: read from keepalived.conf and IPVS, nothing is changed.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::conf::grammar::{Statement, last};
use crate::conf::inhibit::{INHIBIT, flag, stays};
use crate::guard::refusal::Refusal;
use crate::inventory::keys::{CHECKS, VIRTUAL_SERVER};
use crate::node::ipvs::Ipvs;

/// Checks that are no connection to a port of the service.
const NOT_REFUSED: [&str; 3] = ["PING_CHECK", "FILE_CHECK", "BFD_CHECK"];

/// What is refused, and what that would cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Empty where this node is no real server.
    pub refusal: Refusal,
    /// Why sessions or connections would be lost, each with its help.
    pub against: Vec<(String, &'static str)>,
    /// How long it may take until the check of the last director has failed.
    pub lag: Duration,
}

/// A real server of this node.
struct Own<'a> {
    /// The virtual server, as people call it.
    of: String,
    server: &'a Statement,
    service: &'a [Statement],
    address: IpAddr,
    ports: BTreeSet<u16>,
}

/// Plans it from the statements of keepalived.conf. `is_own` tells this node's addresses; `more` are directors
/// that the file does not name.
pub fn plan(tree: &[Statement], is_own: impl Fn(IpAddr) -> bool, more: &[IpAddr]) -> Plan {
    let mut plan = Plan::default();
    plan.refusal.from.extend(more);
    plan.refusal.from.extend(directors(tree));
    for own in tree
        .iter()
        .filter(|one| one.keyword() == "virtual_server")
        .flat_map(|service| own_servers(service, &is_own))
    {
        plan.against.extend(own.against());
        plan.lag = plan.lag.max(own.lag());
        plan.refusal.ports.entry(own.address).or_default().extend(&own.ports);
    }
    plan.refusal.ports.retain(|_, ports| !ports.is_empty());
    plan
}

/// What IPVS says against it: virtual servers that have no other real server in the balance.
pub fn alone(refusal: &Refusal, ipvs: &Ipvs) -> Vec<String> {
    let alone = ipvs.services.iter().filter(|service| {
        let mut in_it = service.servers.iter().filter(|server| server.weight > 0).peekable();
        in_it.peek().is_some() && in_it.all(|server| refusal.is_of(server.address, server.port))
    });
    alone.map(|service| service.key.to_string()).collect()
}

/// Where checks come from: all nodes that the file names. Their VIPs too, which a director may send from.
fn directors(tree: &[Statement]) -> BTreeSet<IpAddr> {
    let mut all = BTreeSet::new();
    for one in tree {
        match one.keyword() {
            "virtual_server" => all.extend(real_servers(one).filter_map(address)),
            "vrrp_instance" => {
                let blocks = ["unicast_peer", "virtual_ipaddress", "virtual_ipaddress_excluded"];
                let lines = one.inner().iter().filter(|line| blocks.contains(&line.keyword()));
                let words = lines.flat_map(Statement::inner).filter_map(|line| line.words.first());
                all.extend(words.filter_map(|word| word.split('/').next()?.parse::<IpAddr>().ok()));
                all.extend(last::<IpAddr>(one.inner(), "unicast_src_ip"));
            }
            _ => {}
        }
    }
    all
}

fn real_servers(service: &Statement) -> impl Iterator<Item = &Statement> {
    service.inner().iter().filter(|one| one.keyword() == "real_server")
}

fn address(statement: &Statement) -> Option<IpAddr> {
    statement.values().first()?.parse().ok()
}

fn own_servers<'a>(
    service: &'a Statement,
    is_own: &impl Fn(IpAddr) -> bool,
) -> impl Iterator<Item = Own<'a>> {
    real_servers(service).filter_map(move |server| {
        let address = address(server).filter(|address| is_own(*address))?;
        let words = service.values();
        let port = |words: &[String]| words.get(1).and_then(|port| port.parse::<u16>().ok());
        // `virtual_server fwmark 3` and `virtual_server group NAME` name no port.
        let of_service = || {
            let named =
                words.first().is_some_and(|word| ["fwmark", "group"].contains(&word.as_str()));
            if named { None } else { port(words) }
        };
        let mut ports: BTreeSet<u16> =
            port(server.values()).or_else(of_service).into_iter().collect();
        ports.extend(checks(server).filter_map(|check| last::<u16>(check.inner(), "connect_port")));
        // Port 0 is every port: to refuse all of them would close more than the service.
        ports.remove(&0);
        let of = words.join(" ");
        Some(Own { of, server, service: service.inner(), address, ports })
    })
}

fn checks(server: &Statement) -> impl Iterator<Item = &Statement> {
    server.inner().iter().filter(|one| one.block.is_some() && is_check(one.keyword()))
}

fn is_check(keyword: &str) -> bool {
    keyword.ends_with("_CHECK") || ["HTTP_GET", "SSL_GET"].contains(&keyword)
}

/// What keepalived takes where the file says nothing: the most that any check has.
fn default(key: &str) -> f64 {
    let tables = CHECKS.iter().map(|check| check.table).chain([&VIRTUAL_SERVER]);
    let own = tables.filter_map(|table| table.key(key)?.default.parse::<f64>().ok());
    own.fold(0.0, f64::max)
}

impl Own<'_> {
    /// A refused connection fails at once, so a check takes its interval and the pauses between attempts.
    fn lag(&self) -> Duration {
        let of = |check: &[Statement], keyword: &str| {
            let blocks = [check, self.server.inner(), self.service];
            let said = blocks.into_iter().find_map(|block| last::<f64>(block, keyword));
            said.unwrap_or_else(|| default(keyword))
        };
        let seconds = |check: &Statement| {
            let check = check.inner();
            of(check, "delay_loop") + of(check, "retry") * of(check, "delay_before_retry")
        };
        let longest = checks(self.server).map(seconds).fold(0.0, f64::max);
        // keepalived refuses a file with such timers.
        Duration::try_from_secs_f64(longest).unwrap_or_default()
    }

    fn against(&self) -> Vec<(String, &'static str)> {
        let mut against = Vec::new();
        let of = &self.of;
        let mut asked = checks(self.server).filter(|check| !NOT_REFUSED.contains(&check.keyword()));
        if self.ports.is_empty() || asked.next().is_none() {
            against.push((
                format!("virtual server {of}: no check connects to a port of its own here, so none fails"),
                "give it a check of the service, such as TCP_CHECK",
            ));
        }
        let said = |block| flag(block, INHIBIT);
        if !stays(said(self.service), said(self.server.inner())) {
            against.push((
                format!("virtual server {of}: a server whose check fails is removed, and its sessions with it"),
                "set inhibit_on_failure (the inventory's `failure_detection` does), or --force",
            ));
        }
        let scheduler =
            ["lb_algo", "lvs_sched"].iter().find_map(|key| last::<String>(self.service, key));
        let fallback = match scheduler.as_deref() {
            Some("mh") => "mh-fallback",
            Some("sh") => "sh-fallback",
            _ => return against,
        };
        if flag(self.service, fallback) != Some(true) {
            against.push((
                format!(
                    "virtual server {of}: clients that belong to a server of weight 0 are refused"
                ),
                "set mh-fallback or sh-fallback, or --force",
            ));
        }
        against
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::conf::grammar::{self, Files};

    const FILE: &str = "\
vrrp_instance a {\n unicast_src_ip 10.0.0.1\n unicast_peer {\n  10.0.0.9\n }\n virtual_ipaddress {\n  10.0.0.100/24\n }\n}
virtual_server 10.0.0.100 25 {\n lb_algo mh\n mh-fallback\n inhibit_on_failure
 real_server 10.0.0.1 25 {\n  TCP_CHECK {\n   connect_port 26\n  }\n }
 real_server 10.0.0.2 25 {\n  TCP_CHECK {\n  }\n }\n}\n";

    fn planned(text: &str) -> Plan {
        let mut files = Files::default();
        let tree = grammar::read(Path::new("k.conf"), text, None, &mut files).unwrap();
        plan(&tree, |address| address.to_string() == "10.0.0.1", &[])
    }

    fn against(text: &str) -> String {
        let lines: Vec<String> = planned(text).against.into_iter().map(|(what, _)| what).collect();
        lines.join("\n")
    }

    #[test]
    fn all_nodes_that_the_file_names_are_refused() {
        let plan = planned(FILE);
        assert_eq!(plan.against, []);
        let from: Vec<String> = plan.refusal.from.iter().map(IpAddr::to_string).collect();
        assert_eq!(from, ["10.0.0.1", "10.0.0.2", "10.0.0.9", "10.0.0.100"]);
        let ports: Vec<_> = plan.refusal.ports.iter().collect();
        assert_eq!(ports, [(&"10.0.0.1".parse().unwrap(), &BTreeSet::from([25, 26]))]);
    }

    #[test]
    fn what_would_lose_sessions_is_told() {
        for (change, by, told) in [
            ("\n inhibit_on_failure", "", "removed, and its sessions with it"),
            ("\n mh-fallback", "", "weight 0 are refused"),
            ("TCP_CHECK {\n   connect_port 26\n  }", "PING_CHECK {\n  }", "none fails"),
        ] {
            let text = FILE.replace(change, by);
            assert_ne!(text, FILE);
            let against = against(&text);
            assert!(against.contains(told) && against.lines().count() == 1, "{change}: {against}");
        }
        let here = FILE
            .replace("inhibit_on_failure", "")
            .replace("25 {\n  TCP", "25 {\n  inhibit_on_failure\n  TCP");
        assert_eq!(against(&here), "");
        let off = here.replace("inhibit_on_failure", "inhibit_on_failure off");
        assert!(against(&off).contains("removed"));
        assert_eq!(against(&FILE.replace("lb_algo mh\n mh-fallback", "lb_algo wlc")), "");
    }

    #[test]
    fn a_firewall_mark_is_no_port() {
        let marked = FILE.replace("virtual_server 10.0.0.100 25", "virtual_server fwmark 3");
        let ports = planned(&marked).refusal.ports;
        assert_eq!(ports.values().collect::<Vec<_>>(), [&BTreeSet::from([25, 26])]);
        let bare = marked.replace("real_server 10.0.0.1 25", "real_server 10.0.0.1");
        let bare = bare.replace("TCP_CHECK {\n   connect_port 26", "MISC_CHECK {\n   misc_path /x");
        assert!(planned(&bare).refusal.ports.is_empty());
        assert!(against(&bare).contains("none fails"));
        // IPVS has no port for it.
        assert!(planned(&marked).refusal.is_of("10.0.0.1".parse().unwrap(), 0));
    }

    #[test]
    fn the_slowest_check_says_how_long_others_may_send() {
        assert_eq!(planned(FILE).lag, Duration::from_secs(60 + 3 * 3));
        let quick =
            FILE.replace("inhibit_on_failure", "inhibit_on_failure\n delay_loop 1\n retry 1");
        let quick = quick.replace("connect_port 26", "connect_port 26\n   delay_before_retry 0.5");
        assert_eq!(planned(&quick).lag, Duration::from_millis(1500));
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let all = ["delay_loop", "retry", "delay_before_retry"].map(default);
        assert_eq!(all, [60.0, 3.0, 3.0]);
    }

    #[test]
    fn a_node_that_serves_nothing_has_nothing_to_refuse() {
        let plan = planned(&FILE.replace("10.0.0.1 25", "10.0.0.3 25"));
        assert!(plan.refusal.ports.is_empty() && plan.against.is_empty());
        let every_port = FILE
            .replace("100 25 {", "100 0 {")
            .replace(" 25 {", " {")
            .replace("connect_port 26", "");
        assert!(planned(&every_port).refusal.ports.is_empty());
        assert!(against(&every_port).contains("none fails"));
    }
}
