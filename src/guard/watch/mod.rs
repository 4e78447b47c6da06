//! `--watch`: puts the guards right when somebody takes them away: `nft flush ruleset`, a restart
//! of nftables, a reload of a firewall. The kernel tells of every change of rules, routes and addresses,
//! so nothing is polled for; each burst of changes costs one look.
//!
//! - [`changes`] is what the kernel tells;
//! - [`orders`] says what should be in force: the command line, or keepalived.conf as [`follow`] and
//!   `folders` read it;
//! - [`leaving`] are addresses that left the file, [`late`] those that keepalived waits for in vain;
//! - [`keeper`] looks, puts right and tells.

pub mod changes;
mod folders;
pub mod follow;
pub mod keeper;
pub mod late;
pub mod leaving;
pub mod orders;

use std::time::{Duration, Instant};
use std::{io, thread};

use sd_notify::NotifyState;

use self::changes::Changes;
use self::keeper::Keeper;
use crate::log::Log;

/// The least time between two looks, so that a host whose rules change all the time costs little.
const GAP: Duration = Duration::from_millis(500);

/// Says from a thread of its own that the guards are in force: as long as systemd reads nothing, whoever
/// tells it something stands still, and the guards must not. Tells whether it is said, or will be.
fn tell_systemd() -> bool {
    // Nobody to tell, when it was started by hand.
    let tell = || drop(sd_notify::notify(&[NotifyState::Ready]));
    thread::Builder::new().spawn(tell).is_ok()
}

/// Keeps the guards in force until a signal ends the process; `changes` must listen already. Tells
/// systemd once they are in force, or there is nothing to guard so far. A failure is logged and tried
/// again.
///
/// # Errors
/// When the kernel tells no changes any more.
pub fn keep(mut keeper: Keeper<'_>, changes: &Changes, log: &mut Log) -> io::Result<()> {
    let mut ready = false;
    loop {
        let looked = Instant::now();
        keeper.look(log);
        ready = ready || keeper.is_ready() && tell_systemd();
        thread::sleep(GAP.saturating_sub(looked.elapsed()));
        changes.wait(keeper.file(), keeper.patience())?;
    }
}
