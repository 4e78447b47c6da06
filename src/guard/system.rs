//! This node's guards and fallback routes as one thing: put in place, read back, taken away. The
//! order matters where two programs are called: a route must never be there without its guard.

use std::path::Path;

use super::arp::{self, ArpError};
use super::check::State;
use super::nft::{self, Nft};
use super::route::{self, Ip};
use super::status::{Route, Status};
use crate::child::ChildError;
use crate::exit::Exit;
use crate::vip::{Family, Vip};

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
    /// ip could not do its part; the guards are in force.
    #[error("{0}; {advice}", advice = route::advice(.0))]
    Ip(ChildError),
    /// The fallback routes would be unsafe, and are not there; the guards are in force.
    #[error(transparent)]
    Arp(ArpError),
    /// nft said nothing, but what is in the kernel afterwards is not what it was told.
    #[error("{0}; look for a program that changes the rules at the same time")]
    Undone(String),
}

impl SystemError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            SystemError::Nft(error) | SystemError::Ip(error) => error.exit(),
            SystemError::Arp(_) | SystemError::Undone(_) => Exit::Refused,
        }
    }

    /// What it means for the VIPs named.
    pub fn consequence(&self, vips: &str) -> String {
        match self {
            SystemError::Nft(_) => format!("could not put the guard of {vips} in force"),
            SystemError::Undone(_) => format!("the guard of {vips} did not stay in force"),
            SystemError::Ip(_) | SystemError::Arp(_) => {
                format!("guard in force for {vips}, but its sessions will not be kept")
            }
        }
    }
}

impl System {
    /// Puts the guards of `vips` in force, then their fallback routes if sessions are kept.
    ///
    /// # Errors
    /// A VIP without a guard has no route afterwards, not even one that was there. Where ARP would
    /// make an IPv4 route unsafe, it has none either.
    pub fn install(&self, vips: &[Vip]) -> Result<(), SystemError> {
        if let Err(error) = self.nft.install(vips) {
            // What nft said matters more than what ip might say.
            let _ = self.remove_unguarded(vips);
            return Err(SystemError::Nft(error));
        }
        if !self.keep_sessions {
            return Ok(());
        }
        let (v4, v6): (Vec<Vip>, Vec<Vip>) =
            vips.iter().partition(|vip| vip.family() == Family::V4);
        self.ip.install(&v6).map_err(SystemError::Ip)?;
        if !v4.is_empty() {
            if let Err(error) = arp::check(Path::new(arp::CONF)) {
                self.ip.remove(&v4).map_err(SystemError::Ip)?;
                return Err(SystemError::Arp(error));
            }
            self.ip.install(&v4).map_err(SystemError::Ip)?;
        }
        // Somebody may have taken the guard away between the two.
        match self.remove_unguarded(vips)?.first() {
            None => Ok(()),
            Some((vip, state)) => {
                let status = Status { vip: *vip, guard: state.clone(), route: None };
                Err(SystemError::Undone(status.to_string()))
            }
        }
    }

    /// Takes away the fallback routes of those of `vips` whose guard is not in force, or can't be
    /// read, and tells which these are.
    fn remove_unguarded(&self, vips: &[Vip]) -> Result<Vec<(Vip, State)>, SystemError> {
        let listings = match self.nft.listings(vips) {
            Ok(listings) => listings,
            Err(error) => {
                self.ip.remove(vips).map_err(SystemError::Ip)?;
                return Err(SystemError::Nft(error));
            }
        };
        let unguarded: Vec<(Vip, State)> = (vips.iter())
            .map(|&vip| (vip, listings.judge(vip)))
            .filter(|(_, state)| *state != State::InForce)
            .collect();
        let names: Vec<Vip> = unguarded.iter().map(|(vip, _)| *vip).collect();
        if !names.is_empty() {
            self.ip.remove(&names).map_err(SystemError::Ip)?;
        }
        Ok(unguarded)
    }

    /// Reads back what `vips` have; with an empty list, every VIP that has anything here.
    pub fn status(&self, vips: &[Vip]) -> Result<Vec<Status>, SystemError> {
        let listings = self.nft.listings(vips).map_err(SystemError::Nft)?;
        let routes = match self.ip.list() {
            Ok(routes) => routes,
            Err(error) if self.keep_sessions => return Err(SystemError::Ip(error)),
            Err(_) => Vec::new(),
        };
        let unsafe_v4 = match routes.iter().any(|vip| vip.family() == Family::V4) {
            true => arp::check(Path::new(arp::CONF)).err().map(|error| error.to_string()),
            false => None,
        };
        let route = |vip: Vip| match (routes.contains(&vip), &unsafe_v4) {
            (true, Some(why)) if vip.family() == Family::V4 => Some(Route::Unsafe(why.clone())),
            (true, _) => Some(Route::InPlace),
            (false, _) => self.keep_sessions.then_some(Route::Missing),
        };
        let all = match vips {
            [] => listings.vips(&routes),
            _ => vips.to_vec(),
        };
        let status = |vip| Status { vip, guard: listings.judge(vip), route: route(vip) };
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
            Err(error) => (routes, Some(SystemError::Nft(error))),
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
