//! `lvskit drain --wait`: until no session is left at this node's service.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::director::pause;
use crate::guard::refusal::{InForce, Refusal};
use crate::node::{ipvs, listeners};
use crate::output;

/// Between two counts.
const LOOK: Duration = Duration::from_secs(1);

/// How often progress is told where nothing changes.
const TELL: Duration = Duration::from_secs(30);

/// So many counts of nothing in a row.
const NOTHING: u32 = 3;

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) sessions: usize,
    /// Whether this node's own IPVS still sends connections to it.
    in_the_balance: bool,
    refused: u64,
}

/// Waits until nothing is left, at most `limit`, and at least `lag`: for so long a director whose check has
/// not failed yet may still send something. Returns what is left, and whether all is over.
///
/// # Errors
/// When the kernel's tables can't be read.
pub(super) fn wait(
    refusal: &Refusal,
    limit: Duration,
    lag: Duration,
    stop: &AtomicBool,
) -> Result<(Left, bool), String> {
    let ports: BTreeSet<u16> = refusal.ports.values().flatten().copied().collect();
    let began = Instant::now();
    let (mut told, mut nothing): (Option<(Left, Instant)>, u32) = (None, 0);
    loop {
        let left = look(refusal, &ports)?;
        let changed = told.is_none_or(|(before, when)| {
            let same = Left { refused: left.refused, ..before } == left;
            !same || when.elapsed() > TELL
        });
        if changed {
            output::say(left.text());
            told = Some((left, Instant::now()));
        }
        nothing = if left.sessions == 0 && !left.in_the_balance { nothing + 1 } else { 0 };
        if nothing >= NOTHING && began.elapsed() >= lag {
            return Ok((left, true));
        }
        if began.elapsed() >= limit || stop.load(Ordering::Relaxed) {
            return Ok((left, false));
        }
        pause(LOOK.min(limit.saturating_sub(began.elapsed())), stop);
    }
}

fn look(refusal: &Refusal, ports: &BTreeSet<u16>) -> Result<Left, String> {
    let sessions = listeners::open_connections(ports)
        .map_err(|error| format!("the kernel's connections: {error}"))?;
    let refused = match refusal.in_force() {
        Ok(InForce::Yes { refused }) => refused,
        _ => 0,
    };
    Ok(Left { sessions, in_the_balance: in_the_balance(refusal), refused })
}

/// Whether this node's own IPVS sends connections to it: its check stands for those of the others, which it
/// can't see.
pub(super) fn in_the_balance(refusal: &Refusal) -> bool {
    let own =
        |server: &ipvs::Server| server.weight > 0 && refusal.is_of(server.address, server.port);
    ipvs::read().0.services.iter().flat_map(|service| &service.servers).any(own)
}

impl Left {
    pub(super) fn text(self) -> String {
        let balance = if self.in_the_balance { ", still in the balance" } else { "" };
        let plural = if self.sessions == 1 { "" } else { "s" };
        format!("{} session{plural} left, {} checks refused{balance}", self.sessions, self.refused)
    }
}
