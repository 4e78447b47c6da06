//! What a keepalived that was killed leaves behind: its VIP, still on the interface while another
//! node is MASTER. The node would balance what that MASTER forwards to it. Nobody on the node can
//! know, except the service manager, which runs `--give-up` when keepalived is dead.

use std::net::IpAddr;

use serde_json::Value;

use super::json;
use super::route::Ip;
use crate::child::{self, ChildError};
use crate::vip::Vip;

/// A VIP on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The address.
    pub vip: Vip,
    /// What keepalived.conf's `peer` says; the prefix is its then.
    peer: Option<IpAddr>,
    prefix: u64,
    /// Its interface.
    pub interface: String,
}

impl Held {
    /// Takes it off: without the peer that is there the kernel would not find it.
    fn deletion(&self) -> String {
        let Held { vip, peer, prefix, interface } = self;
        match peer {
            // address del 192.168.3.100 peer 192.168.3.1/24 dev eth0
            Some(peer) => format!("address del {vip} peer {peer}/{prefix} dev {interface}\n"),
            // address del 192.168.3.100/32 dev eth0
            None => format!("address del {vip}/{prefix} dev {interface}\n"),
        }
    }
}

impl Ip {
    /// Where `vips` are configured on this node, the loopback interface aside.
    fn held(&self, vips: &[Vip]) -> Result<Vec<Held>, ChildError> {
        let listing = child::run(&self.program, &["-j", "address", "show"], b"", self.limit)?;
        Ok(held(&json(&self.program, &listing)?, vips))
    }

    /// Takes `vips` off their interfaces, the loopback one aside; tells where they were.
    pub fn give_up(&self, vips: &[Vip]) -> Result<Vec<Held>, ChildError> {
        let held = self.held(vips)?;
        let outcome = self.batch(&held.iter().map(Held::deletion).collect::<String>());
        // What has gone meanwhile can't be deleted, and need not.
        match outcome {
            Err(error) if !self.held(vips)?.is_empty() => Err(error),
            _ => Ok(held),
        }
    }
}

fn held(interfaces: &Value, vips: &[Vip]) -> Vec<Held> {
    let mut found = Vec::new();
    for interface in interfaces.as_array().into_iter().flatten() {
        let Some(name) = interface["ifname"].as_str().filter(|name| *name != "lo") else {
            continue;
        };
        for address in interface["addr_info"].as_array().into_iter().flatten() {
            let vip = address["local"].as_str().and_then(|text| text.parse::<Vip>().ok());
            let (Some(vip), Some(prefix)) = (vip, address["prefixlen"].as_u64()) else { continue };
            // Only where it is another one, ip tells the address at the other end.
            let peer = address["address"].as_str().and_then(|text| text.parse().ok());
            if vips.contains(&vip) {
                found.push(Held { vip, peer, prefix, interface: name.to_owned() });
            }
        }
    }
    found
}

/// What an administrator can do about an error of ip when an address has to go.
pub fn advice(error: &ChildError) -> &'static str {
    match error {
        ChildError::Start { .. } => {
            "install iproute2, or name its program with --ip; an address that is left on its \
             interface has to go, or this node balances again what the MASTER forwards to it"
        }
        ChildError::Deadline { .. } => "look for hung ip processes, then run it again",
        ChildError::Failed { stderr, .. } if stderr.contains("Operation not permitted") => {
            "run it as root with CAP_NET_ADMIN"
        }
        ChildError::Failed { .. } | ChildError::Cut { .. } | ChildError::Pipe { .. } => {
            "see `ip address show`; `ip address del` takes it off by hand"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_asked_for_and_never_those_of_lo() {
        let listing = r#"[{"ifname":"lo","addr_info":[{"local":"192.168.3.100","prefixlen":32}]},
            {"ifname":"eth0","addr_info":[{"local":"192.168.3.101","prefixlen":24},
            {"local":"192.168.3.100","prefixlen":32},{"local":"fe80::1","prefixlen":64},
            {"local":"192.168.3.100","address":"192.168.3.1","prefixlen":24}]}]"#;
        let vip: Vip = "192.168.3.100".parse().unwrap();
        let listing = serde_json::from_str(listing).unwrap();
        let lines: Vec<String> = held(&listing, &[vip]).iter().map(Held::deletion).collect();
        assert_eq!(
            lines,
            [
                "address del 192.168.3.100/32 dev eth0\n",
                "address del 192.168.3.100 peer 192.168.3.1/24 dev eth0\n"
            ]
        );
        assert_eq!(held(&listing, &[]), []);
        assert_eq!(held(&Value::Null, &[vip]), []);
    }
}
