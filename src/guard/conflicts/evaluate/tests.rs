//! Rules of every kind of certainty, and what they do to one packet.

use std::collections::HashMap;

use super::*;
use crate::guard::chain::Hook;
use crate::guard::conflicts::packet::{TCP, Tracking};
use crate::guard::conflicts::step::{Comparison, Source};

struct Chains(HashMap<&'static str, Vec<Vec<Step>>>);

impl Table for Chains {
    fn rules(&self, chain: &str) -> &[Vec<Step>] {
        self.0.get(chain).map(Vec::as_slice).unwrap_or_default()
    }

    fn key_length(&self, _: &str) -> Option<usize> {
        Some(2)
    }

    fn ask(&self, set: &str, key: &[u8]) -> Answer {
        match (set, key) {
            ("verdicts", [0, 25]) => Answer::Verdict(Verdict::Goto("nat".into())),
            ("unreadable", _) => Answer::Unknown,
            (_, [0, 25]) => Answer::Element,
            _ => Answer::Absent,
        }
    }
}

fn port_is(value: u16) -> [Step; 2] {
    let source = Source::Payload { base: 2, offset: 2, length: 2 };
    let value = value.to_be_bytes().to_vec();
    [Step::Load { to: 0, source }, Step::Compare { from: 0, how: Comparison::Equal, value }]
}

fn rule(conditions: &[Step], end: Step) -> Vec<Step> {
    [conditions, &[end]].concat()
}

/// How certainly tcp/25 of 192.168.3.100 is redirected by rules of the chain `base`; its others are
/// `nat`, which redirects all, `accepts`, `perhaps`, which accepts some, and `empty`.
fn redirected(rules: &[Vec<Step>]) -> Option<Truth> {
    let accept = Step::Verdict(Verdict::Accept);
    let chains = Chains(HashMap::from([
        ("base", rules.to_vec()),
        ("nat", vec![vec![Step::Do(Effect::NatTo(None))]]),
        ("accepts", vec![vec![accept.clone()]]),
        ("perhaps", vec![vec![Step::Condition, accept]]),
        ("loop", vec![vec![Step::Verdict(Verdict::Jump("loop".into()))]]),
    ]));
    let packet = Packet {
        from: None,
        to: "192.168.3.100".parse().unwrap(),
        protocol: TCP,
        port: Some(25),
        ttl: None,
        tracking: Tracking::New,
        hook: Hook::Prerouting,
        interface: None,
        held: true,
        local: true,
    };
    let hits = run(&chains, "base", false, &packet);
    hits.iter().filter(|hit| hit.action == Action::Redirected).map(|hit| hit.truth).max()
}

#[test]
fn a_rule_is_reached_as_certainly_as_the_ones_before_let_pass() {
    let verdict = |verdict: Verdict| vec![Step::Verdict(verdict)];
    let maybe = |verdict: Verdict| vec![Step::Condition, Step::Verdict(verdict)];
    let jump = |chain: &str| Verdict::Jump(chain.into());
    let goto = |chain: &str| Verdict::Goto(chain.into());
    let nat = || verdict(jump("nat"));
    for (rules, expected) in [
        (vec![nat()], Some(Truth::Yes)),
        (vec![maybe(jump("nat"))], Some(Truth::Maybe)),
        (vec![verdict(Verdict::Accept), nat()], None),
        (vec![verdict(Verdict::Return), nat()], None),
        (vec![verdict(goto("empty")), nat()], None),
        (vec![verdict(jump("empty")), nat()], Some(Truth::Yes)),
        (vec![verdict(jump("accepts")), nat()], None),
        (vec![verdict(jump("perhaps")), nat()], Some(Truth::Maybe)),
        (vec![maybe(jump("empty")), nat()], Some(Truth::Yes)),
        (vec![maybe(jump("accepts")), nat()], Some(Truth::Maybe)),
        (vec![maybe(Verdict::Continue), nat()], Some(Truth::Yes)),
        // What is perhaps taken by one rule is taken by the next.
        (vec![maybe(jump("nat")), nat()], Some(Truth::Yes)),
        (vec![maybe(Verdict::Drop), nat()], Some(Truth::Yes)),
        // No chain of the kernel does this, and it ends all the same.
        (vec![verdict(jump("loop")), nat()], Some(Truth::Maybe)),
    ] {
        assert_eq!(redirected(&rules), expected, "{rules:?}");
    }
}

#[test]
fn conditions_and_sets() {
    let nat = || Step::Do(Effect::NatTo(None));
    let set = |set: &str, inverted| {
        let set = set.to_owned();
        [port_is(25)[0].clone(), Step::Lookup { set, from: 0, to: None, inverted }]
    };
    let verdicts = Step::Lookup { set: "verdicts".into(), from: 0, to: Some(0), inverted: false };
    for (rule, expected) in [
        (rule(&port_is(25), nat()), Some(Truth::Yes)),
        (rule(&port_is(26), nat()), None),
        (rule(&set("ports", false), nat()), Some(Truth::Yes)),
        (rule(&set("ports", true), nat()), None),
        (rule(&set("unreadable", false), nat()), Some(Truth::Maybe)),
        (rule(&set("unreadable", true), nat()), Some(Truth::Maybe)),
        (vec![port_is(25)[0].clone(), verdicts], Some(Truth::Yes)),
        (rule(&[Step::Forget, port_is(25)[1].clone()], nat()), Some(Truth::Maybe)),
    ] {
        assert_eq!(redirected(std::slice::from_ref(&rule)), expected, "{rule:?}");
    }
}
