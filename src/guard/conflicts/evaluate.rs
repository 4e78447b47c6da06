//! Sends one packet, of which not everything is known, through others' rules. Every condition is true,
//! false, or may be either; so each thing that is done to the packet is done for certain, or perhaps.

use std::net::IpAddr;

use super::conditions::{Truth, between, compare, matches, not};
use super::packet::{Byte, Packet};
use super::registers::Registers;
use super::step::{Effect, Step, Verdict};
use crate::node::attributes::address;

/// What a set says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is no element.
    Absent,
    /// It is one.
    Element,
    /// It is one of a map, and leads to these bytes.
    Value(Vec<u8>),
    /// It is one of a verdict map.
    Verdict(Verdict),
    /// The set can't be asked.
    Unknown,
}

/// The rules and sets of one table.
pub(super) trait Table {
    /// The rules of a chain, in order.
    fn rules(&self, chain: &str) -> &[Vec<Step>];
    /// How long the keys of a set are, in bytes; `None` if there is no such set.
    fn key_length(&self, set: &str) -> Option<usize>;
    /// What a set says of a key.
    fn ask(&self, set: &str, key: &[u8]) -> Answer;
    /// How messages name a rule of a chain.
    fn name(&self, _chain: &str, rule: usize) -> String {
        format!("rule {}", rule + 1)
    }
}

/// Something that a rule does to the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// How certain.
    pub truth: Truth,
    /// The rule's chain.
    pub chain: String,
    /// Which rule of it, from 0 on; the chain's policy without one.
    pub rule: Option<usize>,
    /// What it does.
    pub action: Action,
}

/// What a rule does to the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// It gets another destination; which address, if that can be told.
    Sent(Option<IpAddr>),
    /// It goes to the node itself.
    Redirected,
    /// Connection tracking does not see it.
    Untracked,
    /// A socket takes it.
    Socket,
    /// It is dropped or refused.
    Dropped,
}

/// More rules than one packet ever meets; then the rest counts as unknown.
const MOST_STEPS: usize = 50_000;

/// NFT_JUMP_STACK_SIZE (net/netfilter/nf_tables.h)
const DEEPEST: usize = 16;

/// Sends `packet` through a base chain; `drops` if its end does.
pub(super) fn run(table: &dyn Table, chain: &str, drops: bool, packet: &Packet) -> Vec<Hit> {
    let mut walk = Walk { table, packet, left: MOST_STEPS, at: None, hits: Vec::new() };
    let Way { back, .. } = walk.chain(chain, Truth::Yes, DEEPEST);
    if drops {
        walk.at = None;
        walk.hit(back, chain, Action::Dropped);
    }
    walk.hits
}

/// How a packet leaves a chain.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Whether it comes back to where the chain was called.
    back: Truth,
    /// Whether some rule may have let it pass for good.
    passed: bool,
}

struct Walk<'a> {
    table: &'a dyn Table,
    packet: &'a Packet,
    left: usize,
    /// The rule that the packet is at.
    at: Option<usize>,
    hits: Vec<Hit>,
}

impl Walk<'_> {
    fn hit(&mut self, truth: Truth, chain: &str, action: Action) {
        if truth > Truth::No {
            self.hits.push(Hit { truth, chain: chain.to_owned(), rule: self.at, action });
        }
    }

    /// Through a chain that the packet reaches with that certainty.
    fn chain(&mut self, chain: &str, reached: Truth, depth: usize) -> Way {
        let mut here = reached;
        // Whether it returned before the end, whether it is gone, whether because it was let pass.
        let (mut returned, mut gone, mut passed) = (Truth::No, Truth::No, false);
        let lost = Way { back: Truth::Maybe.min(reached), passed: true };
        if depth == 0 {
            return lost;
        }
        for (at, rule) in self.table.rules(chain).iter().enumerate() {
            let Some(left) = self.left.checked_sub(1) else { return lost };
            (self.left, self.at) = (left, Some(at));
            let (truth, ending) = self.rule(chain, rule, here);
            if truth == Truth::No {
                continue;
            }
            let sure = here.min(truth);
            // How certainly it does not meet the next rule, and whether one that is not certain does
            // so without having done anything: what was done counts already.
            let (leaves, unseen) = match ending {
                Ending::Next => continue,
                Ending::Taken => {
                    gone = gone.max(sure);
                    (Truth::Yes, false)
                }
                Ending::Passed => {
                    gone = gone.max(sure);
                    passed = true;
                    (Truth::Yes, true)
                }
                Ending::Return => {
                    returned = returned.max(sure);
                    (Truth::Yes, true)
                }
                Ending::Jump(to) => {
                    let way = self.chain(&to, sure, depth - 1);
                    gone = gone.max(kept(way.back, sure));
                    passed |= way.passed;
                    (kept(way.back, sure), way.passed)
                }
                Ending::Goto(to) => {
                    let way = self.chain(&to, sure, depth - 1);
                    gone = gone.max(kept(way.back, sure));
                    passed |= way.passed;
                    returned = returned.max(way.back);
                    (Truth::Yes, true)
                }
            };
            here = match truth.min(leaves) {
                Truth::Yes => Truth::No,
                Truth::Maybe if unseen => here.min(Truth::Maybe),
                _ => here,
            };
            if here == Truth::No {
                break;
            }
        }
        let back = match (gone, here) {
            (Truth::No, _) => reached,
            (_, Truth::No) => returned,
            _ => reached.min(Truth::Maybe),
        };
        Way { back, passed }
    }

    /// Whether a rule's conditions are true, and how it ends then.
    fn rule(&mut self, chain: &str, rule: &[Step], reached: Truth) -> (Truth, Ending) {
        let mut truth = Truth::Yes;
        let mut registers = Registers::unknown();
        for step in rule {
            let condition = match step {
                Step::Load { to, source } => {
                    registers.write(*to, &self.packet.load(*source));
                    continue;
                }
                Step::Constant { to, value } => {
                    registers.write_known(*to, value);
                    continue;
                }
                Step::Mask { from, to, mask, xor } => {
                    registers.mask(*from, *to, mask, xor);
                    continue;
                }
                Step::Forget => {
                    registers = Registers::unknown();
                    continue;
                }
                // nat of the other family in a table of both.
                Step::Do(Effect::Nat { family: Some(family), .. })
                    if *family != self.packet.family() =>
                {
                    continue;
                }
                Step::Do(effect) => {
                    let action = action(*effect, &registers, self.packet);
                    let taken = matches!(action, Action::Sent(_) | Action::Redirected);
                    self.hit(truth.min(reached), chain, action);
                    if taken {
                        return (truth, Ending::Taken);
                    }
                    continue;
                }
                Step::Verdict(verdict) => return self.end(chain, verdict, truth, reached),
                Step::Compare { from, how, value } => {
                    compare(&registers.read(*from, value.len()), *how, value)
                }
                Step::Range { from, low, high, inverted } => {
                    let truth = between(&registers.read(*from, low.len()), low, high);
                    if *inverted { not(truth) } else { truth }
                }
                Step::Lookup { set, from, to, inverted } => {
                    match self.look_up(set, &registers, *from) {
                        Found::Verdict(verdict) => {
                            return self.end(chain, &verdict, truth, reached);
                        }
                        Found::Truth(truth) if *inverted => not(truth),
                        Found::Truth(truth) => truth,
                        Found::Value(value) => {
                            registers.write(to.unwrap_or(usize::MAX / 2), &value);
                            Truth::Yes
                        }
                    }
                }
                Step::Match(question) => matches(question, self.packet),
                Step::Condition => Truth::Maybe,
            };
            truth = truth.min(condition);
            if truth == Truth::No {
                break;
            }
        }
        (truth, Ending::Next)
    }

    fn end(
        &mut self,
        chain: &str,
        verdict: &Verdict,
        truth: Truth,
        reached: Truth,
    ) -> (Truth, Ending) {
        let ending = match verdict {
            Verdict::Accept => Ending::Passed,
            Verdict::Drop => {
                self.hit(truth.min(reached), chain, Action::Dropped);
                Ending::Taken
            }
            Verdict::Continue => Ending::Next,
            Verdict::Jump(to) => Ending::Jump(to.clone()),
            Verdict::Goto(to) => Ending::Goto(to.clone()),
            Verdict::Return => Ending::Return,
        };
        (truth, ending)
    }

    fn look_up(&self, set: &str, registers: &Registers, from: usize) -> Found {
        let unknown = Found::Truth(Truth::Maybe);
        let Some(length) = self.table.key_length(set) else { return unknown };
        let key = registers.known(from, length);
        match key.map_or(Answer::Unknown, |key| self.table.ask(set, &key)) {
            Answer::Absent => Found::Truth(Truth::No),
            Answer::Element => Found::Truth(Truth::Yes),
            Answer::Value(value) => Found::Value(value.into_iter().map(Some).collect()),
            Answer::Verdict(verdict) => Found::Verdict(verdict),
            Answer::Unknown => unknown,
        }
    }
}

/// How a rule ends whose conditions are true.
enum Ending {
    /// The next rule.
    Next,
    /// The packet is dropped or has another destination.
    Taken,
    /// It goes on as it is.
    Passed,
    Return,
    Jump(String),
    Goto(String),
}

/// What a lookup finds.
enum Found {
    Truth(Truth),
    Value(Vec<Byte>),
    Verdict(Verdict),
}

/// How certainly a chain keeps a packet that comes back from it only with certainty `back`.
fn kept(back: Truth, sent: Truth) -> Truth {
    match back {
        _ if back == sent => Truth::No,
        Truth::No => Truth::Yes,
        _ => Truth::Maybe,
    }
}

fn action(effect: Effect, registers: &Registers, packet: &Packet) -> Action {
    let length = if packet.to.is_ipv4() { 4 } else { 16 };
    match effect {
        Effect::Untrack => Action::Untracked,
        Effect::Tproxy => Action::Socket,
        Effect::NatTo(Some(address)) => Action::Sent(Some(address)),
        Effect::Nat { address: Some(from), .. } => {
            let bytes = registers.known(from, length);
            Action::Sent(bytes.and_then(|bytes| address(&bytes)))
        }
        Effect::NatTo(None) | Effect::Nat { address: None, .. } => Action::Redirected,
    }
}

#[cfg(test)]
mod tests;
