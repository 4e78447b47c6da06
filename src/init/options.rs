//! The options of `lvskit init`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use ipnetwork::IpNetwork;

use crate::guard::plan::Service;
use crate::vip::{Vip, VipError};

const EXAMPLES: &str = "\
Examples:
  lvskit init                                           asks for what it needs
  lvskit init --node mx1=192.168.3.101 --node mx2=192.168.3.102 \\
      --vip 192.168.3.100 --service tcp/25
  lvskit init --node web1=10.0.0.11@ens3 --node web2=10.0.0.12@eth0 \\
      --vip 10.0.0.10 --service tcp/80 --service tcp/443 --network 10.0.0.0/24
  lvskit init --node a=10.0.0.11 --node b=10.0.0.12 --vip 10.0.0.10 --service tcp/25 -o - | less

Interface and network are those of this host that hold the nodes and the VIP. On a host outside of
that network name both.

Exit codes:
  0  done
  1  the answers make no inventory, or this host has no such network; nothing was written
  2  wrong command line, or an answer is missing and there is no terminal to ask on
  4  the kernel did not tell the interfaces
  6  the inventory is there already, or can't be written";

/// Write a first inventory of your own nodes
///
/// Takes flags, or asks on a terminal. The file has the example's settings, with comments, and is never
/// written over another one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// A node, once for each; the first is MASTER while it works. @INTERFACE where a node's interface
    /// has another name than the others'
    #[arg(long = "node", value_name = "NAME=ADDRESS[@INTERFACE]")]
    pub nodes: Vec<NodeOption>,

    /// The virtual IP address that clients connect to
    #[arg(long, value_name = "ADDRESS", value_parser = vip)]
    pub vip: Option<Vip>,

    /// What is balanced there; may be repeated
    #[arg(long = "service", value_name = "PROTOCOL/PORT")]
    pub services: Vec<Service>,

    /// The interface of the nodes that has the VIP's network
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,

    /// The network of nodes and VIP; an address outside of it is refused later
    #[arg(long, value_name = "ADDRESS/LENGTH")]
    pub network: Option<IpNetwork>,

    /// The virtual router ID, unique on the network. Without it the last byte of the VIP
    #[arg(long, value_name = "1-255", value_parser = clap::value_parser!(u8).range(1..))]
    pub vrid: Option<u8>,

    /// VRRP version 2 with a random password, in the file vrrp_pass beside the inventory. It keeps out
    /// wrong settings, no attacker, and a failover takes seconds
    #[arg(long)]
    pub password: bool,

    /// Write the inventory here; - is standard output. A file that exists is never replaced
    #[arg(short, long, value_name = "FILE", default_value = "inventory.yml")]
    pub output: PathBuf,
}

/// One `--node`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOption {
    /// Its host name.
    pub name: String,
    /// Its own address.
    pub address: IpAddr,
    /// Its interface, where that differs.
    pub interface: Option<String>,
}

/// A text does not name a node and its address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid node `{0}`: expected NAME=ADDRESS, such as mx1=192.168.3.101, or NAME=ADDRESS@INTERFACE"
)]
pub struct NodeError(String);

impl FromStr for NodeOption {
    type Err = NodeError;

    fn from_str(text: &str) -> Result<NodeOption, NodeError> {
        let invalid = || NodeError(text.to_owned());
        let (name, rest) = text.split_once('=').ok_or_else(invalid)?;
        let (address, interface) = match rest.split_once('@') {
            Some((address, interface)) => (address, Some(interface.to_owned())),
            None => (rest, None),
        };
        if name.is_empty() || interface.as_deref() == Some("") {
            return Err(invalid());
        }
        let address = address.parse().map_err(|_| invalid())?;
        Ok(NodeOption { name: name.to_owned(), address, interface })
    }
}

/// An address without a length, which would be lost here: keepalived's default is all of it.
fn vip(text: &str) -> Result<Vip, String> {
    match text.contains('/') {
        true => Err("expected an address without a length; write that in the inventory".to_owned()),
        false => text.parse().map_err(|error: VipError| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_refused_and_not_lost() {
        assert!(vip("10.0.0.10").is_ok());
        assert!(vip("10.0.0.10/24").unwrap_err().contains("without a length"));
        assert!(vip("127.0.0.1").unwrap_err().contains("loopback"));
    }

    #[test]
    fn a_node_has_a_name_an_address_and_perhaps_an_interface() {
        let node: NodeOption = "mx1.example.org=fd00::1@ens3".parse().unwrap();
        assert_eq!(
            (node.name.as_str(), node.address),
            ("mx1.example.org", "fd00::1".parse().unwrap())
        );
        assert_eq!(node.interface.as_deref(), Some("ens3"));
        for wrong in ["mx1", "=10.0.0.1", "mx1=", "mx1=mx2", "mx1=10.0.0.1@", "mx1=10.0.0.1/24"] {
            assert!(wrong.parse::<NodeOption>().is_err(), "{wrong}");
        }
    }
}
