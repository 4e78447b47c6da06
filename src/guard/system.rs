//! This node's guards and fallback routes as one thing: put in place, read back, taken away. The
//! order matters where two programs are called: a route must never be there without its guard.

use std::fmt;
use std::path::Path;

use super::Family;
use super::arp::{self, ArpError};
use super::check::{self, State};
use super::nft::{self, Nft};
use super::route::{self, Ip};
use crate::child::ChildError;
use crate::exit::Exit;
use crate::vip::Vip;

/// The programs that change this node.
#[derive(Debug, Clone)]
pub struct System {
    /// For the guards.
    pub nft: Nft,
    /// For the fallback routes; `None` where sessions are not kept.
    pub ip: Option<Ip>,
}

/// What one VIP has on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The address.
    pub vip: Vip,
    /// Its guard.
    pub guard: State,
    /// Whether the fallback route is there; `None` where sessions are not kept.
    pub route: Option<bool>,
}

impl Status {
    /// Whether everything is there that was asked for.
    pub fn is_right(&self) -> bool {
        self.guard == State::InForce && self.route != Some(false)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.guard {
            State::InForce => write!(f, "{} in force", self.vip)?,
            State::Missing => write!(f, "{} missing", self.vip)?,
            State::Altered(how) => write!(f, "{} altered: {how}", self.vip)?,
        }
        match self.route {
            Some(true) => f.write_str(", sessions kept"),
            Some(false) => f.write_str(", sessions not kept: no fallback route"),
            None => Ok(()),
        }
    }
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
}

impl SystemError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            SystemError::Nft(error) | SystemError::Ip(error) => error.exit(),
            SystemError::Arp(_) => Exit::Refused,
        }
    }

    /// What it means for the VIPs named.
    pub fn consequence(&self, vips: &str) -> String {
        match self {
            SystemError::Nft(_) => format!("no guard for {vips}"),
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
    /// Without a guard there is no new route. Where ARP would make an IPv4 route unsafe there is
    /// none either, and one that is there goes.
    pub fn install(&self, vips: &[Vip]) -> Result<(), SystemError> {
        self.nft.install(vips).map_err(SystemError::Nft)?;
        let Some(ip) = &self.ip else { return Ok(()) };
        let (v4, v6): (Vec<Vip>, Vec<Vip>) =
            vips.iter().partition(|&&vip| Family::of(vip) == Family::Ip);
        ip.install(&v6).map_err(SystemError::Ip)?;
        if v4.is_empty() {
            return Ok(());
        }
        if let Err(error) = arp::check(Path::new(arp::CONF)) {
            ip.remove(&v4).map_err(SystemError::Ip)?;
            return Err(SystemError::Arp(error));
        }
        ip.install(&v4).map_err(SystemError::Ip)
    }

    /// Reads back what `vips` have; with an empty list, every VIP that has anything here.
    pub fn status(&self, vips: &[Vip]) -> Result<Vec<Status>, SystemError> {
        let wanted = |family| vips.is_empty() || vips.iter().any(|&vip| Family::of(vip) == family);
        let mut listings = [None, None];
        for (family, listing) in Family::ALL.into_iter().zip(&mut listings) {
            if wanted(family) {
                *listing = self.nft.list(family).map_err(SystemError::Nft)?;
            }
        }
        let routes = self.ip.as_ref().map(Ip::list).transpose().map_err(SystemError::Ip)?;
        let all = match vips {
            [] => present(&listings, routes.as_deref().unwrap_or_default()),
            _ => vips.to_vec(),
        };
        let status = |vip| Status {
            vip,
            guard: check::judge(vip, listings[Family::of(vip) as usize].as_deref()),
            route: routes.as_ref().map(|routes| routes.contains(&vip)),
        };
        Ok(all.into_iter().map(status).collect())
    }

    /// Takes the fallback routes of `vips` away, then the guards; with an empty list, all of them.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), SystemError> {
        if let Some(ip) = &self.ip {
            let routes = match vips {
                [] => ip.list().map_err(SystemError::Ip)?,
                _ => vips.to_vec(),
            };
            ip.remove(&routes).map_err(SystemError::Ip)?;
        }
        self.nft.purge(vips).map_err(SystemError::Nft)
    }
}

fn present(listings: &[Option<String>; 2], routes: &[Vip]) -> Vec<Vip> {
    let mut vips: Vec<Vip> =
        listings.iter().flatten().flat_map(|listing| check::vips(listing)).collect();
    vips.extend(routes);
    vips.sort();
    vips.dedup();
    vips
}
