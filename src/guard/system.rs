//! This node's guards and fallback routes as one thing: put in place, read back, taken away. The
//! order matters where two programs are called: a route must never be there without its guard.

use std::path::Path;

use super::arp::{self, ArpError};
use super::chain::Kind;
use super::check::State;
use super::nft::{self, Nft};
use super::plan::Guard;
use super::route::{self, Ip};
use super::status::{Route, Status};
use super::{address, kernel, list, ruleset};
use crate::child::ChildError;
use crate::exit::Exit;
use crate::vip::{Family, Vip};

/// How often guard and route are put in place, where others take the guard away in between.
const ATTEMPTS: usize = 3;

/// The programs that change this node.
#[derive(Debug, Clone)]
pub struct System {
    /// For the guards.
    pub nft: Nft,
    /// For the fallback routes.
    pub ip: Ip,
    /// Whether there should be fallback routes.
    pub keep_sessions: bool,
}

/// Why this node is not as it should be; each tells what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// nft could not do its part.
    #[error("{0}; {advice}", advice = nft::advice(.0))]
    Nft(ChildError),
    /// nft can't read the guards; they may be in force.
    #[error("{0}; {advice}", advice = nft::reading_advice(.0))]
    Unread(ChildError),
    /// ip could not do its part; the guards are in force.
    #[error("{0}; {advice}", advice = route::advice(.0))]
    Ip(ChildError),
    /// ip could not take an address off its interface.
    #[error("{0}; {advice}", advice = address::advice(.0))]
    Address(ChildError),
    /// The fallback routes would be unsafe, and are not there; the guards are in force.
    #[error(transparent)]
    Arp(ArpError),
    /// nft said nothing, but what is in the kernel afterwards is not what it was told.
    #[error("{0}; look for a program that changes the rules at the same time")]
    Undone(String),
    /// There are routes that must not be there: without their guard, or unsafe. They can't be taken
    /// away, or nobody can tell.
    #[error("{cause}; {ip}; by hand: {commands}", commands = route::removal(vips))]
    RouteStays {
        /// Whose.
        vips: Vec<Vip>,
        /// Why they must not be there.
        cause: Box<SystemError>,
        /// Why they could not be taken away.
        ip: ChildError,
    },
}

impl SystemError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            SystemError::Nft(error)
            | SystemError::Unread(error)
            | SystemError::Ip(error)
            | SystemError::Address(error) => error.exit(),
            SystemError::Arp(_) | SystemError::Undone(_) => Exit::Refused,
            SystemError::RouteStays { cause, .. } => cause.exit(),
        }
    }

    /// Whether the guards are in force all the same.
    pub fn leaves_guards(&self) -> bool {
        match self {
            SystemError::Ip(_) | SystemError::Arp(_) => true,
            SystemError::RouteStays { cause, .. } => cause.leaves_guards(),
            SystemError::Nft(_)
            | SystemError::Unread(_)
            | SystemError::Address(_)
            | SystemError::Undone(_) => false,
        }
    }

    /// What it means for the VIPs named.
    pub fn consequence(&self, vips: &str) -> String {
        match self {
            SystemError::Nft(_) => format!("could not put the guard of {vips} in force"),
            SystemError::Unread(_) => format!("can't tell whether the guard of {vips} is in force"),
            SystemError::Undone(_) => format!("the guard of {vips} did not stay in force"),
            SystemError::Address(_) => format!("{vips} may be left behind"),
            SystemError::Ip(_) | SystemError::Arp(_) => {
                format!("guard in force for {vips}, but its sessions will not be kept")
            }
            SystemError::RouteStays { vips: routed, cause, .. } => {
                let names = list(routed);
                match cause.leaves_guards() {
                    true => {
                        format!("the fallback route of {names} is unsafe and may still be there")
                    }
                    false => format!(
                        "no guard for {names}, but a fallback route may still be there, by which \
                         forwarded connections are balanced again"
                    ),
                }
            }
        }
    }
}

/// Whether the chains of `guards` have as many rules as they should.
fn stand(guards: &[Guard]) -> bool {
    let mut chains = guards.iter().flat_map(ruleset::chains);
    chains.all(|chain| kernel::rules(chain.kind, chain.vip) == Some(chain.rules.len()))
}

/// The addresses of `guards`.
pub(super) fn vips(guards: &[Guard]) -> Vec<Vip> {
    guards.iter().map(|guard| guard.vip).collect()
}

impl System {
    /// Puts `guards` in force, then their fallback routes if sessions are kept.
    ///
    /// # Errors
    /// A VIP without a guard has no route afterwards, not even one that was there; one whose guard
    /// can't be read keeps it while its chain has rules. Where ARP would make an IPv4 route unsafe, it
    /// has none either.
    pub fn install(&self, guards: &[Guard]) -> Result<(), SystemError> {
        let vips = vips(guards);
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.install_guards(guards)?;
            if !self.keep_sessions {
                return Ok(());
            }
            let routes = self.install_routes(&vips);
            // Somebody may have taken the guard away between the two: a flush, a purge. Then its
            // rules are gone, which the kernel tells sooner than nft; nft decides where it does not.
            if stand(guards) {
                return routes;
            }
            match self.unguarded(guards) {
                (_, None) => return routes,
                // Once more. To take the route away could hit that of a hook which runs now and puts
                // the guard back too.
                (_, Some(SystemError::Undone(_))) if attempt < ATTEMPTS => {}
                // Worse than what is wrong with the routes.
                (unguarded, Some(error)) => return Err(self.withdraw(unguarded, error)),
            }
        }
    }

    fn install_guards(&self, guards: &[Guard]) -> Result<(), SystemError> {
        self.nft.install(guards).map_err(|error| {
            let error = match stand(guards) {
                true => SystemError::Unread(error),
                false => SystemError::Nft(error),
            };
            // What nft said of its work matters more than what it says now.
            let (unguarded, _) = self.unguarded(guards);
            self.withdraw(unguarded, error)
        })
    }

    /// Puts the fallback routes of `vips` in place, where that is safe. What keeps one from its
    /// place does not keep the others.
    fn install_routes(&self, vips: &[Vip]) -> Result<(), SystemError> {
        let (v4, v6): (Vec<Vip>, Vec<Vip>) =
            vips.iter().partition(|vip| vip.family() == Family::V4);
        let safe = match v4.is_empty() {
            true => Ok(()),
            false => arp::check(Path::new(arp::CONF)),
        };
        let Err(error) = safe else {
            return self.ip.install(vips).map_err(SystemError::Ip);
        };
        let refused: Result<(), _> = Err(self.withdraw(v4, SystemError::Arp(error)));
        refused.and(self.ip.install(&v6).map_err(SystemError::Ip))
    }

    /// The addresses of those of `guards` that are not in force, and how that shows. Where nft can't
    /// tell, those whose rules are gone.
    fn unguarded(&self, guards: &[Guard]) -> (Vec<Vip>, Option<SystemError>) {
        let vips = vips(guards);
        let listings = match self.nft.listings(&vips) {
            Ok(listings) => listings,
            Err(error) => {
                let gone = |&vip: &Vip| kernel::rules(Kind::Incoming, vip) == Some(0);
                let gone = vips.into_iter().filter(gone).collect();
                return (gone, Some(SystemError::Unread(error)));
            }
        };
        let judge = |guard: &Guard| (guard.vip, listings.judge(guard.vip, Some(guard)));
        let judged = guards.iter().map(judge);
        let wrong: Vec<(Vip, State)> = judged.filter(|(_, is)| *is != State::InForce).collect();
        let undone = wrong.first().map(|(vip, guard)| {
            let status = Status { vip: *vip, guard: guard.clone(), route: None };
            SystemError::Undone(status.to_string())
        });
        (wrong.into_iter().map(|(vip, _)| vip).collect(), undone)
    }

    /// Takes away the fallback routes of `vips`, which must not be there because of `cause`. That
    /// is the error then, unless one stays: nothing is worse than that.
    fn withdraw(&self, vips: Vec<Vip>, cause: SystemError) -> SystemError {
        if vips.is_empty() {
            return cause;
        }
        match self.ip.remove(&vips) {
            Ok(()) => cause,
            Err(ip) => SystemError::RouteStays { vips, cause: Box::new(cause), ip },
        }
    }

    /// Reads back what `vips` have; with an empty list, every VIP that has anything here. Those that
    /// have one of `guards` should have exactly that, the others any.
    pub fn status(&self, vips: &[Vip], guards: &[Guard]) -> Result<Vec<Status>, SystemError> {
        let listings = self.nft.listings(vips).map_err(SystemError::Unread)?;
        let (routes, unknown) = match self.ip.list() {
            Ok(routes) => (routes, None),
            Err(error) if self.keep_sessions => return Err(SystemError::Ip(error)),
            Err(error) => (Vec::new(), Some(Route::Unknown(error.to_string()))),
        };
        let unsafe_v4 = match routes.iter().any(|vip| vip.family() == Family::V4) {
            true => arp::check(Path::new(arp::CONF)).err().map(|error| error.to_string()),
            false => None,
        };
        let route = |vip: Vip| match (routes.contains(&vip), &unsafe_v4) {
            (true, Some(why)) if vip.family() == Family::V4 => Some(Route::Unsafe(why.clone())),
            (true, _) => Some(Route::InPlace),
            (false, _) if self.keep_sessions => Some(Route::Missing),
            (false, _) => unknown.clone(),
        };
        let all = match vips {
            [] => listings.vips(&routes),
            _ => vips.to_vec(),
        };
        let status = |vip| {
            let expected = guards.iter().find(|guard| guard.vip == vip);
            Status { vip, guard: listings.judge(vip, expected), route: route(vip) }
        };
        Ok(all.into_iter().map(status).collect())
    }

    /// Every VIP that has a guard or a fallback route here, and what kept some of them unknown.
    pub fn known(&self) -> (Vec<Vip>, Option<SystemError>) {
        let (routes, deaf) = match self.ip.list() {
            Ok(routes) => (routes, None),
            Err(error) => (Vec::new(), Some(SystemError::Ip(error))),
        };
        match self.nft.listings(&[]) {
            Ok(listings) => (listings.vips(&routes), deaf),
            Err(error) => (routes, Some(SystemError::Unread(error))),
        }
    }

    /// Takes the fallback routes of `vips` away, then the guards; with an empty list, all of them.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), SystemError> {
        let remove_routes = || {
            let routes = if vips.is_empty() { self.ip.list()? } else { vips.to_vec() };
            self.ip.remove(&routes)
        };
        remove_routes().map_err(SystemError::Ip)?;
        self.nft.purge(vips).map_err(SystemError::Nft)?;
        // Those that a hook put back in between.
        remove_routes().map_err(SystemError::Ip)
    }
}
