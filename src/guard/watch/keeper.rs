//! One look of a watcher: what should be in force, what is, what is put right, and what is told of it.

use std::fs;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::follow::Follow;
use super::late::{Done, Late};
use super::leaving::{Balanced, Leaving};
use super::orders::Orders;
use crate::guard::conflicts;
use crate::guard::drained::Drained;
use crate::guard::hold::{Hold, HoldError};
use crate::guard::list;
use crate::guard::log_limit::LogLimit;
use crate::guard::plan::Guard;
use crate::guard::refusal::InForce;
use crate::guard::system::{System, SystemError};
use crate::guard::wanted::Wanted;
use crate::log::Log;
use crate::node::addresses::{self, AddressFlags};
use crate::vip::{Family, Vip};

/// A look at least this often, for what the kernel does not tell, such as changed sysctls.
const PERIOD: Duration = Duration::from_secs(10);

/// How soon a repair that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How soon a look follows while something is under way that the kernel does not tell.
const SOON: Duration = Duration::from_secs(1);

/// What IPVS balances.
const IP_VS: &str = "/proc/net/ip_vs";

/// Keeps what its orders say in force.
pub struct Keeper<'a> {
    system: &'a System,
    orders: Orders,
    /// Where keepalived writes the number of its main process.
    pid_file: PathBuf,
    /// What is in force, as far as it was told.
    told: Wanted,
    log_limit: LogLimit,
    hold: Hold,
    leaving: Leaving,
    late: Late,
    /// The last message about each that is told once.
    said: Vec<String>,
    /// When conflicts were looked for last, and what was found.
    conflicts_read: Option<Instant>,
    conflicts_told: Vec<String>,
    ready: bool,
    failed: bool,
}

impl<'a> Keeper<'a> {
    /// Nothing is looked at yet.
    pub fn new(system: &'a System, orders: Orders, pid_file: PathBuf) -> Keeper<'a> {
        Keeper {
            system,
            orders,
            pid_file,
            told: Wanted::default(),
            log_limit: LogLimit::default(),
            hold: Hold::default(),
            leaving: Leaving::default(),
            late: Late::default(),
            said: Vec::new(),
            conflicts_read: None,
            conflicts_told: Vec::new(),
            ready: false,
            failed: false,
        }
    }

    /// Whether the guards were in force once, or there were none to put in force.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// How long the next look may wait if nothing happens.
    pub fn patience(&self) -> Duration {
        match (self.failed, self.leaving.is_empty() && !self.late.is_waiting()) {
            (_, false) => SOON,
            (true, true) => AGAIN,
            (false, true) => PERIOD,
        }
    }

    /// What becomes readable when the file changes.
    pub fn file(&self) -> Option<BorrowedFd<'_>> {
        self.orders.follow().and_then(Follow::as_fd)
    }

    /// Looks, and puts right what is not. The changes that are its own bring one more look: to forget
    /// them would be to forget those of others.
    pub fn look(&mut self, log: &mut Log) {
        let now = Instant::now();
        if let Some(before) = self.orders.read(log) {
            let services = &self.orders.wanted().services;
            self.leaving.note(before.services.keys(), |vip| services.contains_key(vip), now);
        }
        let outcome = self.repair();
        self.tell(outcome, log);
        self.hold(log);
        self.refuse(log);
        self.follow(now, log);
        self.conflicts(now, log);
    }

    /// Warns of what keeps the guards from working, of each once while it lasts.
    fn conflicts(&mut self, now: Instant, log: &mut Log) {
        // Programs that change their rules all the time must not cost more than one reading of them.
        if self.conflicts_read.is_some_and(|last| now.duration_since(last) < PERIOD) {
            return;
        }
        self.conflicts_read = Some(now);
        let services = &self.orders.wanted().services;
        let asked: Vec<_> =
            services.iter().map(|(&vip, services)| (vip, Some(services.clone()))).collect();
        if asked.is_empty() {
            return;
        }
        let lines = conflicts::find(&asked).lines();
        for line in lines.iter().filter(|line| !self.conflicts_told.contains(line)) {
            log.warning(line);
        }
        self.conflicts_told = lines;
    }

    /// Puts right what is not; tells what that was.
    fn repair(&self) -> Result<Option<String>, SystemError> {
        let mut restored = Vec::new();
        for kept in [true, false] {
            let wanted = self.orders.wanted();
            let guards: Vec<Guard> = (wanted.services.iter())
                .filter(|(vip, _)| wanted.kept.contains(vip) == kept)
                .map(|(&vip, services)| Guard::new(vip, services.clone()))
                .collect();
            if guards.is_empty() {
                continue;
            }
            let system = System { keep_sessions: kept, ..self.system.clone() };
            restored.extend(self.repair_all(&system, &guards)?);
        }
        Ok((!restored.is_empty()).then(|| restored.join("; ")))
    }

    fn repair_all(&self, system: &System, guards: &[Guard]) -> Result<Option<String>, SystemError> {
        let wrong = match self.wrong(system, guards) {
            Ok(None) => return Ok(None),
            // An nft that can't list may still be able to install, and says best why not.
            Err(error) => error.to_string(),
            Ok(Some(wrong)) => wrong,
        };
        system.install(guards)?;
        match self.wrong(system, guards)? {
            None => Ok(Some(wrong)),
            // Another program is at work, or nft lists what it was told in words that we don't know:
            // to try at once again would never end.
            Some(still) => Err(SystemError::Undone(still)),
        }
    }

    /// What is not as it should be.
    fn wrong(&self, system: &System, guards: &[Guard]) -> Result<Option<String>, SystemError> {
        let vips: Vec<Vip> = guards.iter().map(|guard| guard.vip).collect();
        let exact: Vec<Guard> =
            guards.iter().filter(|guard| self.orders.is_exact(guard)).cloned().collect();
        let states = system.status(&vips, &exact)?;
        let wrong: Vec<String> =
            states.iter().filter(|status| !status.is_right()).map(ToString::to_string).collect();
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }

    fn tell(&mut self, outcome: Result<Option<String>, SystemError>, log: &mut Log) {
        let wanted = self.orders.wanted().clone();
        self.failed = outcome.is_err();
        // What is wrong with a fallback route is no reason to keep the services waiting.
        let in_force = outcome.as_ref().err().is_none_or(SystemError::leaves_guards);
        let fresh: Vec<Vip> = (wanted.services.iter())
            .filter(|(vip, services)| {
                self.told.services.get(vip) != Some(services)
                    || self.told.kept.contains(vip) != wanted.kept.contains(vip)
            })
            .map(|(&vip, _)| vip)
            .collect();
        match outcome {
            Ok(restored) => {
                // What was not there yet was not taken away.
                let restored = restored.filter(|_| fresh.is_empty());
                if let Some(said) = self.log_limit.fine(restored.as_deref(), Instant::now()) {
                    log.note(&said);
                }
            }
            Err(error) => {
                let names = list(&wanted.services.keys().copied().collect::<Vec<_>>());
                let message = format!("{}: {error}", error.consequence(&names));
                if self.log_limit.failed(&message) {
                    log.error(&message);
                }
            }
        }
        if in_force {
            self.ready = true;
            if !fresh.is_empty() {
                log.note(&format!("guard in force for {}, watched", list(&fresh)));
            }
            self.told = wanted;
        }
    }

    /// Sees to it that sessions outlive a flush of the ruleset.
    fn hold(&mut self, log: &mut Log) {
        for family in Family::ALL {
            if self.orders.wanted().services.keys().all(|vip| vip.family() != family) {
                continue;
            }
            match self.hold.hold(family) {
                Ok(()) | Err(HoldError::Taken) => {}
                Err(error) => self.once(error.to_string(), log),
            }
        }
    }

    /// Puts back what `lvskit drain --server` refuses, at boot and where somebody flushed it.
    fn refuse(&mut self, log: &mut Log) {
        let noted = match Drained::read() {
            Ok(noted) => noted.and_then(|(drained, _)| drained.server),
            Err(error) => return self.once(format!("what is drained: {error}"), log),
        };
        let Some(refusal) = noted else { return };
        let outcome = match refusal.in_force() {
            Ok(InForce::Yes { .. }) => return,
            Ok(_) => {
                self.system.nft.apply(&refusal.transaction()).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(()) => log.note("the checks of a drained server are refused again"),
            Err(why) => self.once(format!("a drained server's checks are not refused: {why}"), log),
        }
    }

    /// What goes with the file: addresses that left it, and those that keepalived misses.
    fn follow(&mut self, now: Instant, log: &mut Log) {
        let Some(follow) = self.orders.follow() else { return };
        let sources = &self.orders.wanted().sources;
        if self.leaving.is_empty() && sources.is_empty() {
            return;
        }
        let interfaces = match addresses::interfaces() {
            Ok(interfaces) => interfaces,
            Err(error) => {
                return self.once(format!("can't read the node's addresses: {error}"), log);
            }
        };
        let addresses: Vec<_> = interfaces.iter().flat_map(|one| &one.addresses).collect();
        let all: Vec<IpAddr> = addresses.iter().map(|one| one.address).collect();
        // No socket can be bound to one that duplicate address detection has not accepted.
        let unusable = AddressFlags::Tentative | AddressFlags::Dadfailed;
        let usable = addresses.iter().filter(|one| !one.flags.intersects(unusable));
        let usable: Vec<IpAddr> = usable.map(|one| one.address).collect();
        let done = self.late.look(sources, &usable, &self.pid_file, follow.files(), now);
        for done in done {
            match done {
                Done::Reloaded(address) => log.note(&format!(
                    "{address} came after keepalived had started, which had no VRRP socket for it: reloaded \
                     keepalived (SIGHUP)"
                )),
                Done::Left(address, why) => log.error(&format!(
                    "keepalived has no VRRP socket for {address}, which came after it had started, and was \
                     not reloaded: {why}; `systemctl reload keepalived`"
                )),
            }
        }
        let balanced = Balanced::of(&fs::read_to_string(IP_VS).unwrap_or_default());
        let due = self.leaving.due(&all, &balanced, now);
        if due.is_empty() {
            return;
        }
        match self.system.purge(&due) {
            Ok(()) => {
                self.leaving.forget(&due);
                log.note(&format!(
                    "guard and fallback route of {} are gone: no hook of keepalived.conf names it any more",
                    list(&due)
                ));
            }
            Err(error) => {
                let names = list(&due);
                self.once(format!("the guard of {names} may still be there: {error}"), log);
            }
        }
    }

    /// Tells what was not told before.
    fn once(&mut self, message: String, log: &mut Log) {
        if !self.said.contains(&message) {
            log.note(&message);
            self.said.push(message);
        }
    }
}
