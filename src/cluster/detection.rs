//! How the nodes notice within tenths of a second that another one is dead, so that it gets no new
//! connections; its application's check takes seconds for that.

use std::time::Duration;

use super::keyword::keywords;
use super::{Node, Seconds};

/// `failure_detection`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureDetection {
    /// Who asks.
    pub method: Method,
    /// Between nodes of one site.
    pub near: Timing,
    /// Between nodes of different sites.
    pub far: Timing,
    /// Whether all nodes have the same file, so that each asks itself too.
    pub uniform: bool,
}

keywords! {
    /// Who asks whether a node lives.
    pub enum Method {
        /// PING_CHECK: the node's kernel answers.
        Ping = "ping",
        /// BFD_CHECK: the node's keepalived answers.
        Bfd = "bfd",
    }
}

/// How often, and how often in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between two questions; whole milliseconds for BFD.
    pub interval: Seconds,
    /// Questions without an answer until the node counts as dead, 1–10.
    pub attempts: u8,
    /// The most routers between the nodes, for BFD.
    pub max_hops: u8,
    /// Whether BFD uses the port of RFC 5883.
    pub multihop: bool,
}

impl FailureDetection {
    /// Of one node by another.
    pub fn between(&self, one: &Node, other: &Node) -> &Timing {
        if one.site == other.site { &self.near } else { &self.far }
    }
}

impl Method {
    /// What holds where the inventory says neither interval nor attempts.
    pub fn default_timing(self) -> (Duration, u8) {
        match self {
            Method::Ping => (Duration::from_millis(100), 2),
            Method::Bfd => (Duration::from_millis(50), 3),
        }
    }
}

impl Timing {
    /// Half of the interval, after which a ping without an answer is repeated.
    pub fn pause(&self) -> Duration {
        self.interval.duration() / 2
    }

    /// The longest time from a node's death until it gets no new connections.
    pub fn longest(&self, method: Method) -> Duration {
        let attempts = u32::from(self.attempts);
        match method {
            // An answer has just come; then each attempt waits for its own, with pauses between.
            Method::Ping => {
                self.interval.duration() * (1 + attempts) + self.pause() * (attempts - 1)
            }
            Method::Bfd => self.interval.duration() * attempts,
        }
    }
}
