//! The fallback route: it keeps the VIP a local address of a node that gave it up, so that the
//! sessions which end there go on. While the node holds the VIP, the route that comes with the
//! address wins, by its metric; `fib daddr . iif` sees that one only, so the guard is not deceived.
//!
//! Never without the guard: a node with the route and no guard would balance what the MASTER
//! forwards to it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::json;
use crate::child::{self, ChildError};
use crate::vip::Vip;

/// Where every distribution that ships keepalived has ip(8), be it by a link.
pub const IP: &str = "/usr/sbin/ip";

/// How long ip may take. Normally a millisecond or two.
pub const LIMIT: Duration = Duration::from_secs(10);

/// What makes a route ours: a metric after every address's own route, which has 0, and a protocol
/// number that nobody else uses (VRRP's, of all).
const MARK: &str = "dev lo table local proto 112 metric 4000";

/// The ip program and how long it may take.
#[derive(Debug, Clone)]
pub struct Ip {
    /// Absolute path.
    pub program: PathBuf,
    /// Time limit of one call.
    pub limit: Duration,
}

impl Ip {
    /// Puts the fallback routes of `vips` in place; those that are there already stay.
    pub fn install(&self, vips: &[Vip]) -> Result<(), ChildError> {
        self.batch(&commands("replace", vips))
    }

    /// Takes the fallback routes of `vips` away, where there are any.
    pub fn remove(&self, vips: &[Vip]) -> Result<(), ChildError> {
        let present = || -> Result<Vec<Vip>, ChildError> {
            Ok(self.list()?.into_iter().filter(|vip| vips.contains(vip)).collect())
        };
        let outcome = self.batch(&commands("del", &present()?));
        // What has gone meanwhile can't be deleted, and need not.
        match outcome {
            Err(error) if !present()?.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    /// The addresses that have a fallback route.
    pub fn list(&self) -> Result<Vec<Vip>, ChildError> {
        let mut vips = Vec::new();
        for family in ["-4", "-6"] {
            let mut args = vec!["-j", family, "route", "show", "type", "local"];
            args.extend(MARK.split(' '));
            match child::run(&self.program, &args, b"", self.limit) {
                Ok(listing) => vips.extend(destinations(&json(&self.program, &listing)?)),
                // No interface of that family is up, so there is no table yet.
                Err(ChildError::Failed { stderr, .. })
                    if stderr.contains("FIB table does not exist") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(vips)
    }

    /// Feeds ip one command a line; it tries all of them, also after one that failed.
    pub(super) fn batch(&self, lines: &str) -> Result<(), ChildError> {
        if lines.is_empty() {
            return Ok(());
        }
        child::run(&self.program, &["-force", "-batch", "-"], lines.as_bytes(), self.limit)
            .map(drop)
    }
}

fn commands(verb: &str, vips: &[Vip]) -> String {
    vips.iter().map(|&vip| format!("{}\n", command(verb, vip))).collect()
}

/// `route replace local 192.168.3.100 dev lo table local proto 112 metric 4000`, without ip's name.
pub fn command(verb: &str, vip: Vip) -> String {
    format!("route {verb} local {vip} {MARK}")
}

/// What takes the fallback routes of `vips` away by hand, for a message.
pub fn removal(vips: &[Vip]) -> String {
    let line = |&vip: &Vip| format!("`ip {}`", command("del", vip));
    vips.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// The single addresses among the destinations of `ip -j route show`; an empty answer has none.
fn destinations(routes: &Value) -> Vec<Vip> {
    let routes = routes.as_array().map(Vec::as_slice).unwrap_or_default();
    (routes.iter())
        .filter_map(|route| route["dst"].as_str()?.parse::<IpAddr>().ok()?.to_string().parse().ok())
        .collect()
}

/// What an administrator can do about an error of ip.
pub fn advice(error: &ChildError) -> &'static str {
    match error {
        ChildError::Start { .. } => {
            "install iproute2, or name its program with --ip; sessions are lost at a switch until \
             then"
        }
        ChildError::Deadline { .. } => "look for hung ip processes; the next hook tries again",
        ChildError::Failed { stderr, .. } if stderr.contains("Operation not permitted") => {
            "run it as root (script_user root in keepalived.conf) with CAP_NET_ADMIN"
        }
        ChildError::Failed { .. } | ChildError::Cut { .. } | ChildError::Pipe { .. } => {
            "see `ip route show table local`; the loopback interface must be up"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_addresses_are_read() {
        let listing = r#"[{"type":"local","dst":"192.168.3.10","dev":"lo","metric":4000},
            {"type":"local","dst":"fd00::10","dev":"lo"},{"dst":"10.0.0.0/8"},{"dst":"default"}]"#;
        let listing = serde_json::from_str(listing).unwrap();
        let shown: Vec<String> = destinations(&listing).iter().map(Vip::to_string).collect();
        assert_eq!(shown, ["192.168.3.10", "fd00::10"]);
        assert_eq!(destinations(&Value::Null), []);
    }
}
