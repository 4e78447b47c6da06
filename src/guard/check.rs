//! Judges what nft lists in our table: is a VIP's guard there, is it missing, or did somebody
//! change it? Pure, so that every nft version's listing can be a test case.

use serde_json::Value;

use super::chain::Kind;
use super::fingerprint::Mark;
use super::plan::Guard;
use super::ruleset;
use super::senders::{Listed, Senders};
use crate::vip::Vip;

/// The state of one VIP's guard in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The chains are hooked where they belong and hold the guard's rules and no others, and the
    /// sets are what these fill.
    InForce,
    /// There is no such chain.
    Missing,
    /// There is a chain of that name, but it is not the guard; the text says what differs.
    Altered(String),
}

/// Judges nft's JSON listing of our table (`nft -t -j list table`): is there a guard of `vip`, and
/// if one is expected, is it that one?
///
/// `None` stands for "no such table".
pub fn judge(vip: Vip, expected: Option<&Guard>, listing: Option<&Value>) -> State {
    let Some(listing) = listing else { return State::Missing };
    let listed = |kind: Kind| {
        objects(listing, "chain").find(|chain| chain["name"] == kind.name(vip).as_str())
    };
    if listed(Kind::Incoming).is_none() {
        return State::Missing;
    }
    let flagged = || {
        // Whichever it is: nft 1.0.6 prints the table's name in the flag's place.
        let flags = objects(listing, "table").any(|table| table.get("flags").is_some());
        flags.then(|| "the table has a flag, such as dormant".to_owned())
    };
    let hooks = || Kind::ALL.into_iter().find_map(|kind| differing_hook(kind, vip, listed(kind)?));
    let difference = flagged()
        .or_else(hooks)
        .or_else(|| differing_rule(vip, expected, listing))
        .or_else(|| differing_set(vip, listing));
    difference.map_or(State::InForce, State::Altered)
}

/// The VIPs of the chains and sets in the listing; those that have several, several times. A set
/// without its chain counts: whoever deleted the chain took the guard away.
pub fn vips(listing: &Value) -> Vec<Vip> {
    let sets = objects(listing, "set");
    let sets = sets.filter_map(|set| Some(Senders::named(set["name"].as_str()?)?.vip));
    chains(listing).map(|(_, vip)| vip).chain(sets).collect()
}

/// The chains of guards in the listing.
pub fn chains(listing: &Value) -> impl Iterator<Item = (Kind, Vip)> {
    objects(listing, "chain").filter_map(|chain| Kind::named(chain["name"].as_str()?))
}

fn objects<'a>(listing: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    let all = listing["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(move |object| object.get(kind))
}

fn differing_hook(kind: Kind, vip: Vip, chain: &Value) -> Option<String> {
    let base = kind.base();
    let expected = [
        ("type", base.map(|base| base.kind.name().into())),
        ("hook", base.map(|base| base.hook.name().into())),
        ("prio", base.map(|base| base.priority.into())),
        ("policy", base.map(|_| "accept".into())),
    ];
    expected.into_iter().find_map(|(key, should)| {
        let (is, should): (&Value, Value) = (&chain[key], should.unwrap_or_default());
        (*is != should)
            .then(|| format!("the {key} of chain {} is {is}, not {should}", kind.name(vip)))
    })
}

/// Compares the comments of all rules, chain by chain, with one complete guard.
fn differing_rule(vip: Vip, expected: Option<&Guard>, listing: &Value) -> Option<String> {
    let mark_of = |rule: &Value| rule["comment"].as_str()?.parse::<Mark>().ok();
    let chains: Vec<(Kind, Vec<Option<Mark>>)> = Kind::ALL
        .into_iter()
        .filter(|kind| self::chains(listing).any(|chain| chain == (*kind, vip)))
        .map(|kind| {
            let rules = objects(listing, "rule");
            let rules = rules.filter(|rule| rule["chain"] == kind.name(vip).as_str());
            (kind, rules.map(mark_of).collect())
        })
        .collect();
    let first = match expected {
        Some(guard) => {
            ruleset::chains(guard).first().and_then(|chain| Some(chain.rules.first()?.mark))
        }
        None => chains.iter().find_map(|(_, marks)| *marks.first()?),
    };
    let mut place = 0;
    for (kind, marks) in &chains {
        for (at, mark) in marks.iter().enumerate() {
            place += 1;
            let should = first.map(|first| Mark { place, ..first });
            if mark.is_none() || *mark != should {
                return Some(format!("rule {} of chain {} differs", at + 1, kind.name(vip)));
            }
        }
        if marks.is_empty() {
            return Some(format!("chain {} has no rules", kind.name(vip)));
        }
    }
    let count = first.map_or(0, |first| first.count);
    (place != count).then(|| format!("there are {place} rules, not {count}"))
}

fn differing_set(vip: Vip, listing: &Value) -> Option<String> {
    Senders::of(vip).into_iter().find_map(|senders| match senders.listed(listing) {
        Listed::Right => None,
        Listed::Altered(how) => Some(how),
        Listed::Missing => Some(format!("there is no set {}", senders.name())),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn guard(services: &str) -> Guard {
        Guard::new("192.168.3.100".parse().unwrap(), services.parse().unwrap())
    }

    /// What nft 1.0.6 lists for a guard, as far as it is looked at.
    fn listing(guard: &Guard) -> String {
        let mut objects = vec![json!({"table": {"family": "ip", "name": "lvskit", "handle": 1}})];
        for senders in Senders::of(guard.vip) {
            objects.push(json!({"set": {
                "family": "ip", "name": senders.name(), "table": "lvskit", "type": "ether_addr",
                "handle": 2, "size": 4096, "flags": ["timeout"], "timeout": 10,
            }}));
        }
        for chain in ruleset::chains(guard) {
            let mut listed = json!({"name": chain.name(), "family": "ip", "table": "lvskit"});
            if let Some(base) = chain.kind.base() {
                listed["type"] = base.kind.name().into();
                listed["hook"] = base.hook.name().into();
                listed["prio"] = base.priority.into();
                listed["policy"] = "accept".into();
            }
            objects.push(json!({"chain": listed}));
            let name = chain.name();
            objects.extend(chain.rules.iter().map(|rule| {
                json!({"rule": {"chain": name, "comment": rule.mark.to_string(), "expr": []}})
            }));
        }
        objects.push(json!({"chain": {"name": "vip-192.168.3.10"}}));
        json!({ "nftables": objects }).to_string()
    }

    fn state(expected: Option<&Guard>, listing: &str) -> State {
        let listing = serde_json::from_str(listing).unwrap();
        judge("192.168.3.100".parse().unwrap(), expected, Some(&listing))
    }

    #[test]
    fn the_guard_is_recognised() {
        for services in ["tcp/25", "udp/53,tcp/53", "all"] {
            let guard = guard(services);
            assert_eq!(state(None, &listing(&guard)), State::InForce);
            assert_eq!(state(Some(&guard), &listing(&guard)), State::InForce);
        }
    }

    #[test]
    fn the_guard_of_other_services_is_altered() {
        let listing = listing(&guard("tcp/25"));
        let other = state(Some(&guard("tcp/26")), &listing);
        let told = "rule 1 of chain vip-192.168.3.100 differs";
        assert_eq!(other, State::Altered(told.into()));
    }

    #[test]
    fn no_chain_is_missing() {
        assert_eq!(judge("fd00::1".parse().unwrap(), None, None), State::Missing);
        assert_eq!(state(None, r#"{"nftables": []}"#), State::Missing);
    }

    #[test]
    fn every_change_that_matters_is_seen() {
        let guard = guard("tcp/25,udp/53");
        let listing = listing(&guard);
        let chains = ruleset::chains(&guard);
        let first = chains[0].rules[0].mark;
        let comment = |place| Mark { place, ..first }.to_string();
        for (from, to) in [
            (r#""prio":-100"#, r#""prio":-150"#.to_owned()),
            (r#""hook":"prerouting""#, r#""hook":"input""#.to_owned()),
            (r#""policy":"accept""#, r#""policy":"drop""#.to_owned()),
            (r#""type":"nat""#, r#""type":"filter""#.to_owned()),
            (&comment(1), comment(2)),
            (&comment(3), "mine".to_owned()),
            (&comment(3), Mark { fingerprint: 1, ..first }.to_string()),
            (&comment(first.count), comment(first.count + 1)),
            (r#""type":"ether_addr""#, r#""type":"ipv4_addr""#.to_owned()),
            (r#""size":4096"#, r#""size":10"#.to_owned()),
            (r#""timeout":10,"#, r#""timeout":3600,"#.to_owned()),
            (r#""name":"balancers-"#, r#""name":"others-"#.to_owned()),
            (r#""name":"serve-"#, r#""name":"other-"#.to_owned()),
            // What nft 1.0.6 prints for a dormant table.
            (r#""name":"lvskit""#, r#""name":"lvskit","flags":"lvskit""#.to_owned()),
        ] {
            let altered = listing.replacen(from, &to, 1);
            assert_ne!(altered, listing, "{from}");
            for expected in [None, Some(&guard)] {
                assert!(matches!(state(expected, &altered), State::Altered(_)), "{to}");
            }
        }
        let (rule, next) = (r#"{"rule":{"chain":"vip-192.168.3.100","#, r#"{"rule":"#);
        let doubled = listing.replacen(rule, &format!(r#"{rule}"expr":[]}}}},{rule}"#), 1);
        let end = listing.rfind(next).unwrap();
        let cut = format!("{}{}", &listing[..end], &listing[end..].replacen("inv-", "x", 1));
        for altered in [doubled, cut] {
            assert_ne!(altered, listing);
            assert!(matches!(state(None, &altered), State::Altered(_)), "{altered}");
        }
    }
}
