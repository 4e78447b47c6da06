//! Who serves: what `real_server` lists, else the nodes that `nodes` names, else those that balance.

use std::collections::HashMap;
use std::net::IpAddr;

use super::check::Checks;
use super::instance::InstanceDraft;
use super::member;
use super::node::NodeDraft;
use super::problems::value;
use super::real_server::RealServerDraft;
use super::server::ServerDraft;
use crate::cluster::{RealServer, Service};
use crate::conf::statement::Settings;

/// keepalived's default.
const WEIGHT: u32 = 1;

/// A server of a virtual server.
pub(super) struct Server<'a> {
    of: &'a ServerDraft,
    /// The node that is named; `None` for another server, and for a node that there is not.
    node: Option<&'a NodeDraft>,
    /// What `real_server` says of it.
    pub(super) listed: Option<&'a RealServerDraft>,
}

impl ServerDraft {
    /// All its servers.
    pub(super) fn servers<'a>(
        &'a self,
        nodes: &'a [NodeDraft],
        instances: &[InstanceDraft],
        places: &HashMap<String, usize>,
    ) -> Vec<Server<'a>> {
        let named = |name: &str| nodes.get(*places.get(name)?);
        let of_node = |node| Server { of: self, node, listed: None };
        match (&self.real_servers, &self.nodes) {
            (Some(listed), _) => (listed.iter())
                .map(|one| {
                    let node = one.node().and_then(|name| named(name.value.as_str()));
                    Server { of: self, node, listed: Some(one) }
                })
                .collect(),
            (None, Some(names)) => {
                names.iter().map(|name| of_node(named(name.value.as_str()))).collect()
            }
            (None, None) => (self.directors(nodes, instances).into_iter())
                .map(|place| of_node(Some(&nodes[place])))
                .collect(),
        }
    }

    /// The places of the nodes that balance it.
    pub(super) fn directors(&self, nodes: &[NodeDraft], instances: &[InstanceDraft]) -> Vec<usize> {
        match self.instance {
            Some(at) => member::members(&instances[at], nodes),
            None => (0..nodes.len()).collect(),
        }
    }

    /// The port that it balances, where that is one.
    pub(super) fn port(&self) -> Option<u16> {
        match self.service.as_ref()?.value {
            Service::Port(port) | Service::Address(_, Some(port)) => Some(port),
            _ => None,
        }
    }
}

impl<'a> Server<'a> {
    /// Whether it is a node that there is, or another server.
    pub(super) fn is_known(&self) -> bool {
        self.node.is_some() || self.listed.is_some_and(|one| one.node().is_none())
    }

    /// Whether it has the check of the virtual server.
    pub(super) fn is_alike(&self) -> bool {
        self.listed.is_none_or(|one| one.checks.is_none())
    }

    /// Its checks.
    pub(super) fn checks(&self) -> Option<&'a Checks> {
        self.listed.and_then(|one| one.checks.as_ref()).or(self.of.checks.as_ref())
    }

    /// Its port, where one is known.
    pub(super) fn port(&self) -> Option<u16> {
        let own = self.listed.and_then(|one| one.port.as_ref());
        own.map(|port| port.value).or(self.of.port())
    }

    /// Its addresses; `None` where it is a node that there is not.
    pub(super) fn addresses(&self) -> Option<Vec<IpAddr>> {
        match self.listed.and_then(RealServerDraft::stranger) {
            Some(address) => Some(vec![address.value]),
            None => Some(self.node?.addresses.iter().map(|own| own.value).collect()),
        }
    }

    /// Its weight: its own, its node's, or that of the virtual server.
    pub(super) fn weight(&self) -> u32 {
        let own = self.listed.and_then(|one| one.weight.as_ref());
        let said = own.or(self.node.and_then(|node| node.weight.as_ref()));
        said.or(self.of.weight.as_ref()).map_or(WEIGHT, |weight| weight.value)
    }

    /// The server.
    pub(super) fn finish(&self) -> Option<RealServer> {
        let (addresses, weight) = (self.addresses()?, self.weight());
        let Some(own) = self.listed else {
            let (settings, raw) = (Settings::default(), Vec::new());
            return Some(RealServer { addresses, port: None, weight, checks: None, settings, raw });
        };
        Some(RealServer {
            addresses,
            weight,
            port: value(own.port.clone()),
            checks: match &own.checks {
                Some(checks) => Some(checks.checks.clone()?),
                None => own.timed.clone(),
            },
            settings: own.settings.clone(),
            raw: own.raw.clone(),
        })
    }
}
