//! What one VIP has on this node, and how it is told: by `--check`, as text and as JSON, and by the
//! watcher when it puts something right.

use std::fmt;

use serde_json::{Value, json};

use super::check::State;
use crate::vip::Vip;

/// What one VIP has on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The address.
    pub vip: Vip,
    /// Its guard.
    pub guard: State,
    /// Its fallback route; `None` where there is none and nobody asked for one.
    pub route: Option<Route>,
}

/// The state of a fallback route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It is there.
    InPlace,
    /// It should be there.
    Missing,
    /// It is there and should not: the node claims the address. The text says why.
    Unsafe(String),
}

impl Status {
    /// Whether everything is there that should be, and nothing that shouldn't.
    pub fn is_right(&self) -> bool {
        let route = matches!(self.route, None | Some(Route::InPlace));
        self.guard == State::InForce && route
    }

    /// One element of `guards` in the output of `--check --json`.
    pub fn to_json(&self) -> Value {
        let (guard, difference) = match &self.guard {
            State::InForce => ("in force", None),
            State::Missing => ("missing", None),
            State::Altered(how) => ("altered", Some(how)),
        };
        let route = self.route.as_ref().map(|route| match route {
            Route::InPlace => "in place",
            Route::Missing => "missing",
            Route::Unsafe(_) => "unsafe",
        });
        json!({
            "vip": self.vip.to_string(),
            "guard": guard,
            "difference": difference,
            "fallback_route": route,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.guard {
            State::InForce => write!(f, "{} in force", self.vip)?,
            State::Missing => write!(f, "{} missing", self.vip)?,
            State::Altered(how) => write!(f, "{} altered: {how}", self.vip)?,
        }
        match &self.route {
            None if self.guard == State::InForce => f.write_str(", no fallback route"),
            None => Ok(()),
            Some(Route::InPlace) if self.guard == State::InForce => f.write_str(", sessions kept"),
            Some(Route::InPlace) => f.write_str(
                ", fallback route without guard: forwarded connections are balanced again",
            ),
            Some(Route::Missing) => f.write_str(", sessions not kept: no fallback route"),
            Some(Route::Unsafe(why)) => write!(f, ", fallback route unsafe: {why}"),
        }
    }
}
