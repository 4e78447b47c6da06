//! What a keepalived that was killed leaves behind: its VIP, still on the interface while another
//! node is MASTER. The node would balance what that MASTER forwards to it. Nobody on the node can
//! know, except the service manager, which runs `--give-up` when keepalived is dead.

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
    prefix: u64,
    /// Its interface.
    pub interface: String,
}

impl Ip {
    /// Where `vips` are configured on this node, the loopback interface aside.
    fn held(&self, vips: &[Vip]) -> Result<Vec<Held>, ChildError> {
        let listing = child::run(&self.program, &["-j", "address", "show"], b"", self.limit)?;
        Ok(held(&json(&self.program, &listing)?, vips))
    }

    /// Takes `vips` off their interfaces, the loopback one aside; tells where they were.
    pub fn give_up(&self, vips: &[Vip]) -> Result<Vec<Held>, ChildError> {
        let line = |Held { vip, prefix, interface }: &Held| {
            format!("address del {vip}/{prefix} dev {interface}\n")
        };
        let held = self.held(vips)?;
        let outcome = self.batch(&held.iter().map(line).collect::<String>());
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
            if vips.contains(&vip) {
                found.push(Held { vip, prefix, interface: name.to_owned() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_asked_for_and_never_those_of_lo() {
        let listing = r#"[{"ifname":"lo","addr_info":[{"local":"192.168.3.100","prefixlen":32}]},
            {"ifname":"eth0","addr_info":[{"local":"192.168.3.101","prefixlen":24},
            {"local":"192.168.3.100","prefixlen":32},{"local":"fe80::1","prefixlen":64}]}]"#;
        let vip: Vip = "192.168.3.100".parse().unwrap();
        let expected = Held { vip, prefix: 32, interface: "eth0".to_owned() };
        let listing = serde_json::from_str(listing).unwrap();
        assert_eq!(held(&listing, &[vip]), [expected]);
        assert_eq!(held(&listing, &[]), []);
        assert_eq!(held(&Value::Null, &[vip]), []);
    }
}
