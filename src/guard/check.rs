//! Judges what nft lists in our table: is a VIP's guard there, is it missing, or did somebody
//! change it? Pure, so that every nft version's listing can be a test case.

use std::net::IpAddr;

use serde_json::Value;

use super::senders::{Listed, Senders};
use super::{chain_name, ruleset, vip_of};
use crate::vip::Vip;

/// The state of one VIP's guard in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The chain is hooked where it belongs and holds the guard's rules and no others, and the sets
    /// are what these fill.
    InForce,
    /// There is no such chain.
    Missing,
    /// There is a chain of that name, but it is not the guard; the text says what differs.
    Altered(String),
}

/// Compares nft's JSON listing of our table (`nft -t -j list table`) with the guard of `vip`.
///
/// `None` stands for "no such table".
pub fn judge(vip: Vip, listing: Option<&Value>) -> State {
    let Some(listing) = listing else { return State::Missing };
    let name = chain_name(vip);
    let Some(chain) = objects(listing, "chain").find(|chain| chain["name"] == name) else {
        return State::Missing;
    };
    let rules = objects(listing, "rule").filter(|rule| rule["chain"] == name).collect();
    let flagged = || {
        // Whichever it is: nft 1.0.6 prints the table's name in the flag's place.
        let flags = objects(listing, "table").any(|table| table.get("flags").is_some());
        flags.then(|| "the table has a flag, such as dormant".to_owned())
    };
    let difference = flagged()
        .or_else(|| differing_hook(vip, chain))
        .or_else(|| differing_rule(vip, rules))
        .or_else(|| differing_set(vip, listing));
    difference.map_or(State::InForce, State::Altered)
}

/// The VIPs of the chains and sets in the listing; those that have several, several times. A set
/// without its chain counts: whoever deleted the chain took the guard away.
pub fn vips(listing: &Value) -> Vec<Vip> {
    let chains = objects(listing, "chain").filter_map(|chain| vip_of(chain["name"].as_str()?));
    let sets = objects(listing, "set");
    let sets = sets.filter_map(|set| Some(Senders::named(set["name"].as_str()?)?.vip));
    chains.chain(sets).collect()
}

fn objects<'a>(listing: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    let all = listing["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(move |object| object.get(kind))
}

fn differing_hook(vip: Vip, chain: &Value) -> Option<String> {
    let expected = serde_json::to_value(ruleset::chain(vip)).unwrap_or_default();
    ["type", "hook", "prio", "policy"].into_iter().find_map(|key| {
        let (is, should) = (&chain[key], &expected[key]);
        (is != should).then(|| format!("the chain's {key} is {is}, not {should}"))
    })
}

fn differing_rule(vip: Vip, listed: Vec<&Value>) -> Option<String> {
    let expected = ruleset::rules(vip).map(|rule| serde_json::to_value(rule).unwrap_or_default());
    if listed.len() != expected.len() {
        return Some(format!("the chain has {} rules, not {}", listed.len(), expected.len()));
    }
    (listed.into_iter().zip(expected).enumerate()).find_map(|(at, (is, should))| {
        (normal(&is["expr"]) != normal(&should)).then(|| format!("rule {} differs", at + 1))
    })
}

fn differing_set(vip: Vip, listing: &Value) -> Option<String> {
    Senders::of(vip).into_iter().find_map(|senders| match senders.listed(listing) {
        Listed::Right => None,
        Listed::Altered(how) => Some(how),
        Listed::Missing => Some(format!("there is no set {}", senders.name())),
    })
}

/// Brings a listing into one form whatever nft's version: TCP flags as a number, however they are
/// put together, protocols too (nft has no names for them without /etc/protocols), other lists of
/// words sorted, addresses in Rust's spelling, counters left out.
fn normal(value: &Value) -> Value {
    if let Some(flags) = tcp_flags(value) {
        return flags.into();
    }
    match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), normal(inner))).collect(),
        Value::Array(items) => {
            let mut items: Vec<Value> =
                (items.iter()).filter(|item| item.get("counter").is_none()).map(normal).collect();
            if items.iter().all(|item| item.is_string() || item.is_number()) {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::String(text) => match (text.as_str(), text.parse::<IpAddr>()) {
            ("tcp", _) => 6.into(),
            ("udp", _) => 17.into(),
            (_, Ok(address)) => Value::String(address.to_string()),
            (_, Err(_)) => value.clone(),
        },
        _ => value.clone(),
    }
}

/// A set of TCP flags: `23`, `"syn"`, `["fin", "syn"]`, `{"|": ["fin", "syn"]}`, also nested.
fn tcp_flags(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(word) => {
            let flags = ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];
            flags.iter().position(|flag| flag == word).map(|bit| 1 << bit)
        }
        Value::Array(items) if !items.is_empty() && !items.iter().any(Value::is_number) => {
            items.iter().map(tcp_flags).try_fold(0, |all, one| Some(all | one?))
        }
        Value::Object(map) if map.len() == 1 => map.get("|").and_then(tcp_flags),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nft 1.0.6 lists for the guard of 192.168.3.100.
    const LISTING: &str = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "ip", "name": "lvskit", "handle": 1}}, {"set": {"family": "ip", "name": "clients-192.168.3.100", "table": "lvskit", "type": "ether_addr", "handle": 2, "size": 4096, "flags": ["timeout"], "timeout": 10}}, {"set": {"family": "ip", "name": "balancers-192.168.3.100", "table": "lvskit", "type": "ether_addr", "handle": 3, "size": 4096, "flags": ["timeout"], "timeout": 10}}, {"chain": {"family": "ip", "table": "lvskit", "name": "vip-192.168.3.100", "handle": 1, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}}, {"chain": {"family": "ip", "table": "lvskit", "name": "vip-192.168.3.10", "handle": 14}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 4, "expr": [{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "192.168.3.100"}}, {"accept": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 5, "expr": [{"match": {"op": "!=", "left": {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["fin", "syn", "rst", "ack"]]}, "right": "syn"}}, {"accept": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 7, "expr": [{"match": {"op": "!=", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}, {"accept": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 8, "expr": [{"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr", "iif"]}}, "right": "local"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ether", "field": "saddr"}}, "right": "@balancers-192.168.3.100"}}, {"redirect": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 9, "expr": [{"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr", "iif"]}}, "right": "local"}}, {"set": {"op": "update", "elem": {"payload": {"protocol": "ether", "field": "saddr"}}, "set": "@clients-192.168.3.100"}}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 10, "expr": [{"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr", "iif"]}}, "right": "local"}}, {"accept": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 11, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ether", "field": "saddr"}}, "right": "@clients-192.168.3.100"}}, {"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": "local"}}, {"accept": null}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 12, "expr": [{"set": {"op": "update", "elem": {"payload": {"protocol": "ether", "field": "saddr"}}, "set": "@balancers-192.168.3.100"}}]}}, {"rule": {"family": "ip", "table": "lvskit", "chain": "vip-192.168.3.100", "handle": 13, "expr": [{"redirect": null}]}}]}"#;

    fn state(listing: &str) -> State {
        let listing = serde_json::from_str(listing).unwrap();
        judge("192.168.3.100".parse().unwrap(), Some(&listing))
    }

    #[test]
    fn the_guard_is_recognised() {
        assert_eq!(state(LISTING), State::InForce);
        let spelt = |other| LISTING.replace(r#"["fin", "syn", "rst", "ack"]"#, other);
        for other in [
            r#"{"|": ["syn", "ack", "fin", "rst"]}"#,
            // nft 0.9.8
            r#"{"|": [{"|": [{"|": ["fin", "syn"]}, "rst"]}, "ack"]}"#,
            "23",
        ] {
            assert_eq!(state(&spelt(other)), State::InForce, "{other}");
        }
        assert_ne!(state(&spelt(r#"["fin", "syn", "rst"]"#)), State::InForce);
        let numbered = |protocols| LISTING.replace(r#"["tcp", "udp"]"#, protocols);
        assert_eq!(state(&numbered("[6, 17]")), State::InForce, "without /etc/protocols");
        assert_ne!(state(&numbered("[6, 132]")), State::InForce);
    }

    #[test]
    fn no_chain_is_missing() {
        assert_eq!(judge("fd00::1".parse().unwrap(), None), State::Missing);
        assert_eq!(state(r#"{"nftables": []}"#), State::Missing);
    }

    #[test]
    fn every_change_that_matters_is_seen() {
        for (from, to) in [
            (r#""prio": -100"#, r#""prio": -150"#),
            (r#""hook": "prerouting""#, r#""hook": "output""#),
            (r#""policy": "accept""#, r#""policy": "drop""#),
            (r#""right": "192.168.3.100""#, r#""right": "192.168.3.10""#),
            (r#""right": "syn""#, r#""right": "ack""#),
            (r#""op": "!=""#, r#""op": "==""#),
            (r#"["tcp", "udp"]"#, r#"["tcp"]"#),
            (r#"["daddr", "iif"]"#, r#"["daddr"]"#),
            (r#"{"redirect": null}"#, r#"{"accept": null}"#),
            (r#""right": "@balancers-"#, r#""right": "@clients-"#),
            (r#""op": "update""#, r#""op": "add""#),
            (r#""type": "ether_addr""#, r#""type": "ipv4_addr""#),
            (r#""size": 4096"#, r#""size": 10"#),
            (r#""timeout": 10}"#, r#""timeout": 3600}"#),
            (r#""name": "balancers-"#, r#""name": "others-"#),
            // What nft 1.0.6 prints for a dormant table.
            (r#""name": "lvskit", "handle": 1"#, r#""name": "lvskit", "flags": "lvskit""#),
        ] {
            let altered = LISTING.replacen(from, to, 1);
            assert_ne!(altered, LISTING);
            assert!(matches!(state(&altered), State::Altered(_)), "{to}");
        }
        let doubled = LISTING.replace(
            r#"{"rule""#,
            r#"{"rule": {"chain": "vip-192.168.3.100", "expr": []}}, {"rule""#,
        );
        assert!(matches!(state(&doubled), State::Altered(_)));
    }
}
