//! This node's guards and fallback routes as one thing: put in place, read back, taken away. The
//! order matters: a route must never be there without its guard.

use std::path::Path;

use super::arp::{self, ArpError};
use super::check::State;
use super::listing::Listings;
use super::nft::{self, Nft};
use super::plan::Guard;
use super::ruleset::Present;
use super::status::{Route, Status};
use super::{TABLE, address, advice, list, own, route, ruleset};
use crate::child::ChildError;
use crate::exit::Exit;
use crate::node::netlink::NetlinkError;
use crate::vip::{Family, Vip};

/// How often guard and route are put in place, where others take the guard away in between.
const ATTEMPTS: usize = 3;

/// What changes this node.
#[derive(Debug, Clone)]
pub struct System {
    /// For the guards.
    pub nft: Nft,
    /// Whether there should be fallback routes.
    pub keep_sessions: bool,
}

/// Why this node is not as it should be; each tells what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// nft could not do its part.
    #[error("{0}; {advice}", advice = nft::advice(.0))]
    Nft(ChildError),
    /// The kernel does not tell what guards there are; they may be in force.
    #[error("{0}; {advice}", advice = reading_advice(.0))]
    Unread(NetlinkError),
    /// Another process holds our table (`flags owner`), so nobody else can change it.
    #[error(
        "{holder} holds table {family} {TABLE} (flags owner), and nobody else can change it; stop \
         that process, then run this again",
        family = family.nft()
    )]
    Held {
        /// The table's family.
        family: Family,
        /// Which process.
        holder: String,
    },
    /// The kernel did not do its part for the fallback routes; the guards are in force.
    #[error("fallback route: {0}; {advice}", advice = route::advice(.0))]
    Route(NetlinkError),
    /// An address could not be taken off its interface.
    #[error("{0}; {advice}", advice = address::advice(.0))]
    Address(NetlinkError),
    /// The fallback routes would be unsafe, and are not there; the guards are in force.
    #[error(transparent)]
    Arp(ArpError),
    /// nft said nothing, but what is in the kernel afterwards is not what it was told.
    #[error(
        "nft said that all is well, but the kernel says: {0}; look for a program that changes the \
         rules at the same time, and see whether --nft is the real nft (`nft --version`)"
    )]
    Undone(String),
    /// There are routes that must not be there: without their guard, or unsafe. They can't be taken
    /// away, or nobody can tell.
    #[error("{cause}; fallback route: {why}; by hand: {commands}", commands = route::removal(vips))]
    RouteStays {
        /// Whose.
        vips: Vec<Vip>,
        /// Why they must not be there.
        cause: Box<SystemError>,
        /// Why they could not be taken away.
        why: NetlinkError,
    },
}

impl SystemError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            SystemError::Nft(error) => error.exit(),
            SystemError::Unread(error)
            | SystemError::Route(error)
            | SystemError::Address(error) => error.exit(),
            SystemError::Arp(_) | SystemError::Undone(_) | SystemError::Held { .. } => {
                Exit::Refused
            }
            SystemError::RouteStays { cause, .. } => cause.exit(),
        }
    }

    /// Whether the guards are in force all the same.
    pub fn leaves_guards(&self) -> bool {
        match self {
            SystemError::Route(_) | SystemError::Arp(_) => true,
            SystemError::RouteStays { cause, .. } => cause.leaves_guards(),
            SystemError::Nft(_)
            | SystemError::Held { .. }
            | SystemError::Unread(_)
            | SystemError::Address(_)
            | SystemError::Undone(_) => false,
        }
    }

    /// What it means for the VIPs named.
    pub fn consequence(&self, vips: &str) -> String {
        match self {
            SystemError::Nft(_) | SystemError::Held { .. } => {
                format!("could not put the guard of {vips} in force")
            }
            SystemError::Unread(_) => format!("unknown whether the guard of {vips} is in force"),
            SystemError::Undone(_) => format!("the guard of {vips} did not stay in force"),
            SystemError::Address(_) => format!("{vips} may be left behind"),
            SystemError::Route(_) | SystemError::Arp(_) => {
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

/// What an administrator can do when the kernel does not tell what guards there are.
fn reading_advice(error: &NetlinkError) -> &'static str {
    advice::netlink(error).unwrap_or("the kernel needs nf_tables; nobody can check the guard")
}

/// The addresses of `guards`.
pub(super) fn vips(guards: &[Guard]) -> Vec<Vip> {
    guards.iter().map(|guard| guard.vip).collect()
}

/// The first of guards that are not in force, as an error.
fn undone(wrong: &[(Vip, State)]) -> Option<SystemError> {
    wrong.first().map(|(vip, guard)| {
        let status = Status { vip: *vip, guard: guard.clone(), route: None };
        SystemError::Undone(status.to_string())
    })
}

impl System {
    /// Puts `guards` in force, then their fallback routes if sessions are kept; tells whether a guard was
    /// not in force before.
    ///
    /// # Errors
    /// A VIP without a guard has no route afterwards, not even one that was there; one whose guard
    /// can't be read keeps it. Where ARP would make an IPv4 route unsafe, it has none either.
    pub fn install(&self, guards: &[Guard]) -> Result<bool, SystemError> {
        let vips = vips(guards);
        let read = Listings::read(&vips);
        let guards = &match &read {
            Ok(listings) => own::among(guards, listings),
            Err(_) => own::here(guards),
        }[..];
        let (mut read, mut changed) = (Some(read), false);
        for attempt in 1.. {
            match self.install_guards(guards, &vips, read.take()) {
                Ok(restored) => changed |= restored,
                Err(error) => {
                    let unguarded = Listings::read(&vips).map(|listings| listings.wrong(guards));
                    let unguarded = unguarded.unwrap_or_default().into_iter().map(|(vip, _)| vip);
                    return Err(self.withdraw(unguarded.collect(), error));
                }
            }
            if !self.keep_sessions {
                break;
            }
            let routes = self.install_routes(&vips);
            // Whoever takes the guard away from under routes that were there before does it after this.
            if let Ok(false) = routes {
                break;
            }
            // Somebody may have taken the guard away between the two: a flush, a purge.
            let wrong = Listings::read(&vips).map_err(SystemError::Unread)?.wrong(guards);
            let Some(undone) = undone(&wrong) else { return routes.map(|_| changed) };
            // Once more. To take the route away could hit that of a hook which runs now and puts the
            // guard back too.
            if attempt == ATTEMPTS {
                // Worse than what is wrong with the routes.
                let unguarded = wrong.into_iter().map(|(vip, _)| vip).collect();
                return Err(self.withdraw(unguarded, undone));
            }
        }
        Ok(changed)
    }

    /// Puts `guards` in force, all or none, and looks whether they are. Where they are already, as
    /// mostly, nft is not started, and the answer is no. `read` is what was read of them just now.
    fn install_guards(
        &self,
        guards: &[Guard],
        vips: &[Vip],
        mut read: Option<Result<Listings, NetlinkError>>,
    ) -> Result<bool, SystemError> {
        let mut outcome = Ok(());
        for attempt in 0.. {
            let listings = match read.take().unwrap_or_else(|| Listings::read(vips)) {
                Ok(listings) => listings,
                Err(error) if attempt == 0 => {
                    // Better blindly than not at all. If it can't be done, nft says best why.
                    let blind = ruleset::transaction(guards, &Present::nothing(vips));
                    self.nft.apply(&blind).map_err(SystemError::Nft)?;
                    return Err(SystemError::Unread(error));
                }
                Err(error) => return Err(SystemError::Unread(error)),
            };
            let wrong = listings.wrong(guards);
            let Some(undone) = undone(&wrong) else { return Ok(attempt > 0) };
            if let Some((family, holder)) = listings.held() {
                return Err(SystemError::Held { family, holder });
            }
            match outcome {
                // Other programs create or delete sets and chains meanwhile: once more.
                Err(ChildError::Failed { stderr, .. })
                    if attempt < ATTEMPTS
                        && ["No such file", "File exists"]
                            .iter()
                            .any(|words| stderr.contains(words)) => {}
                Err(error) => return Err(SystemError::Nft(error)),
                // nft said that all is well.
                Ok(()) if attempt == ATTEMPTS => return Err(undone),
                Ok(()) => {}
            }
            let present = listings.present(vips);
            let transaction = match listings.misplaced(vips) {
                true => ruleset::rebuild(guards, &present),
                false => ruleset::transaction(guards, &present),
            };
            outcome = self.nft.apply(&transaction);
        }
        Ok(true)
    }

    /// Puts the fallback routes of `vips` in place, where that is safe, and tells whether one was
    /// missing. What keeps one from its place does not keep the others.
    fn install_routes(&self, vips: &[Vip]) -> Result<bool, SystemError> {
        let (v4, v6): (Vec<Vip>, Vec<Vip>) =
            vips.iter().partition(|vip| vip.family() == Family::V4);
        let safe = match v4.is_empty() {
            true => Ok(()),
            false => arp::check(Path::new(arp::CONF)),
        };
        let Err(error) = safe else {
            return route::install(vips).map_err(SystemError::Route);
        };
        let refused: Result<bool, _> = Err(self.withdraw(v4, SystemError::Arp(error)));
        refused.and(route::install(&v6).map_err(SystemError::Route))
    }

    /// Takes away the fallback routes of `vips`, which must not be there because of `cause`. That
    /// is the error then, unless one stays: nothing is worse than that.
    fn withdraw(&self, vips: Vec<Vip>, cause: SystemError) -> SystemError {
        if vips.is_empty() {
            return cause;
        }
        match route::remove(&vips) {
            Ok(()) => cause,
            Err(why) => SystemError::RouteStays { vips, cause: Box::new(cause), why },
        }
    }

    /// Reads back what `vips` have; with an empty list, every VIP that has anything here. Those that
    /// have one of `guards` should have exactly that, the others any.
    pub fn status(&self, vips: &[Vip], guards: &[Guard]) -> Result<Vec<Status>, SystemError> {
        let listings = Listings::read(vips).map_err(SystemError::Unread)?;
        let guards = own::among(guards, &listings);
        let routes = route::list().map_err(SystemError::Route)?;
        let unsafe_v4 = match routes.iter().any(|vip| vip.family() == Family::V4) {
            true => arp::check(Path::new(arp::CONF)).err().map(|error| error.to_string()),
            false => None,
        };
        let fallback = |vip: Vip| match (routes.contains(&vip), &unsafe_v4) {
            (true, Some(why)) if vip.family() == Family::V4 => Some(Route::Unsafe(why.clone())),
            (true, _) => Some(Route::InPlace),
            (false, _) if self.keep_sessions => Some(Route::Missing),
            (false, _) => None,
        };
        let all = match vips {
            [] => listings.vips(&routes),
            _ => vips.to_vec(),
        };
        let status = |vip| {
            let expected = guards.iter().find(|guard| guard.vip == vip);
            Status { vip, guard: listings.judge(vip, expected), route: fallback(vip) }
        };
        Ok(all.into_iter().map(status).collect())
    }

    /// Every VIP that has a guard or a fallback route here, and what kept some of them unknown.
    pub fn known(&self) -> (Vec<Vip>, Option<SystemError>) {
        let (routes, deaf) = match route::list() {
            Ok(routes) => (routes, None),
            Err(error) => (Vec::new(), Some(SystemError::Route(error))),
        };
        match Listings::read(&[]) {
            Ok(listings) => (listings.vips(&routes), deaf),
            Err(error) => (routes, Some(SystemError::Unread(error))),
        }
    }

    /// Takes the fallback routes of `vips` away, then the guards; with an empty list, all of them.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), SystemError> {
        let remove_routes = || {
            let routes = if vips.is_empty() { route::list()? } else { vips.to_vec() };
            route::remove(&routes)
        };
        remove_routes().map_err(SystemError::Route)?;
        let listings = Listings::read(vips).map_err(SystemError::Unread)?;
        if let Some((family, holder)) = listings.held() {
            return Err(SystemError::Held { family, holder });
        }
        let purge = match vips {
            [] => ruleset::purge_all(),
            _ => ruleset::purge(vips, &listings.present(vips)),
        };
        self.nft.apply(&purge).map_err(SystemError::Nft)?;
        // Those that a hook put back in between.
        remove_routes().map_err(SystemError::Route)
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    /// The worst that can be: connections go in circles. Nobody may take it for a guard.
    #[test]
    fn a_route_that_can_not_be_taken_away_is_told_with_the_command() {
        let stays = |cause| SystemError::RouteStays {
            vips: vec!["192.168.3.100".parse().unwrap()],
            cause: Box::new(cause),
            why: NetlinkError::Refused(Errno::ENOBUFS),
        };
        let unguarded = stays(SystemError::Undone("192.168.3.100 missing".into()));
        assert!(!unguarded.leaves_guards());
        assert_eq!(unguarded.exit(), Exit::Refused);
        let told = format!("{}: {unguarded}", unguarded.consequence("192.168.3.100"));
        for words in [
            "no guard for 192.168.3.100, but a fallback route may still be there",
            "192.168.3.100 missing",
            "No buffer space available",
            "`ip route del local 192.168.3.100 dev lo table local proto 112 metric 4000`",
        ] {
            assert!(told.contains(words), "no {words:?}: {told}");
        }
        assert!(!told.contains("in force"), "{told}");

        let unsafe_route = stays(SystemError::Arp(ArpError::Unsafe {
            interface: "eth0".into(),
            name: "arp_ignore",
            value: 0,
            wanted: 1,
        }));
        assert!(unsafe_route.leaves_guards(), "no reason to keep services waiting");
        let told = unsafe_route.consequence("192.168.3.100");
        assert!(told.contains("is unsafe and may still be there"), "{told}");
    }
}
