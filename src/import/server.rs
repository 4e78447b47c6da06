//! A `virtual_server`: what it balances, and its servers, as far as they are not simply the nodes.

use std::net::IpAddr;

use super::check;
use super::notes::Notes;
use super::section::{Body, Section};
use super::yaml::Yaml;
use crate::conf::grammar::{Place, Statement};
use crate::inventory::keys::{REAL_SERVER, VIRTUAL_SERVER};

const PERSISTENCE: &str = "persistence_timeout";

/// What a `persistence_timeout` without a number is, and that of a virtual server of all ports.
pub(super) const PERSISTENCE_SECONDS: &str = "360";

/// What is balanced.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Address(IpAddr, Option<u16>),
    Mark(String),
    Group(String),
}

/// A virtual server of one file.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) service: Service,
    /// None for a mark.
    pub(super) protocol: String,
    /// Keywords that its file does not have, and what keepalived takes then.
    unsaid: Vec<(&'static str, &'static str)>,
    pub(super) section: Section,
    pub(super) real_servers: Vec<RealServer>,
}

/// A server of it.
#[derive(Debug, Clone)]
pub(super) struct RealServer {
    pub(super) address: IpAddr,
    pub(super) port: Option<u16>,
    pub(super) weight: u32,
    pub(super) checks: Yaml,
    pub(super) section: Section,
}

impl Server {
    /// Takes a block apart; `None` if that can't be.
    pub(super) fn of(block: &Statement) -> Option<Server> {
        let service = Service::of(block)?;
        let port = match service {
            Service::Address(_, port) => port,
            _ => None,
        };
        let mut body = Body::of(block);
        let weight = match body.take_value("weight") {
            None => 1,
            Some((weight, _)) => weight.parse().ok()?,
        };
        let real_servers: Vec<RealServer> = (body.take_all("real_server").into_iter())
            .map(|server| RealServer::of(server, port, weight))
            .collect::<Option<_>>()?;
        let mut said = Said::default();
        said.scheduling(&mut body);
        said.persistence(&mut body, &service);
        let protocol = match service {
            Service::Mark(_) => {
                body.take_all("protocol");
                // It counts for nothing there, but gen-conf asks it whether the checks fit.
                let udp = body.has("ops") || block.inner().iter().any(has_udp_check);
                said.taken.extend(udp.then(|| ("protocol", Yaml::text("UDP"), &block.at)));
                String::new()
            }
            _ => said.protocol(&mut body),
        };
        let Said { taken, unsaid } = said;
        let mut section = body.section(&VIRTUAL_SERVER, &block.at);
        for (key, value, at) in taken {
            section.set(key, value, at);
        }
        for (key, value) in &unsaid {
            let value = match value.parse::<u32>() {
                Ok(number) => Yaml::plain(number),
                Err(_) => Yaml::text(*value),
            };
            section.set(key, value, &block.at);
        }
        Some(Server { service, protocol, unsaid, section, real_servers })
    }

    /// Tells what the file leaves to keepalived and the inventory says.
    pub(super) fn tell_unsaid(&self, notes: &mut Notes) {
        for (keyword, value) in &self.unsaid {
            notes.at(
                &self.section.at,
                format_args!("no `{keyword}` here: {value}, as keepalived takes it"),
            );
        }
    }
}

impl Service {
    fn of(block: &Statement) -> Option<Service> {
        let words: Vec<&str> = block.values().iter().map(String::as_str).collect();
        Some(match words.as_slice() {
            ["fwmark", mark] => Service::Mark((*mark).to_owned()),
            ["group", name] => Service::Group((*name).to_owned()),
            [address] => Service::Address(address.parse().ok()?, None),
            [address, port] => Service::Address(address.parse().ok()?, some_port(port)?),
            _ => return None,
        })
    }
}

/// What a virtual server says of itself, and what it leaves to keepalived.
#[derive(Default)]
struct Said<'a> {
    taken: Vec<(&'static str, Yaml, &'a Place)>,
    unsaid: Vec<(&'static str, &'static str)>,
}

impl<'a> Said<'a> {
    fn scheduling(&mut self, body: &mut Body<'a>) {
        if let Some(found) = body.take("delay_loop") {
            self.taken.push(("delay_loop", Yaml::Plain(found.values().join(" ")), &found.at));
        }
        for (key, old, missing) in
            [("lb_algo", "lvs_sched", "wlc"), ("lb_kind", "lvs_method", "NAT")]
        {
            let mut all = body.take_where(|one| [key, old].contains(&one.keyword()));
            match all.pop() {
                Some(found) => {
                    let text = found.values().join(" ");
                    self.taken.push((key, Yaml::Text(text), &found.at));
                }
                None => self.unsaid.push((key, missing)),
            }
        }
    }

    fn persistence(&mut self, body: &mut Body<'a>, service: &Service) {
        match (body.take(PERSISTENCE), service) {
            (Some(bare), _) if bare.values().is_empty() => {
                self.taken.push((PERSISTENCE, Yaml::plain(PERSISTENCE_SECONDS), &bare.at));
            }
            (Some(said), _) => body.put_back(said),
            (None, Service::Address(_, None)) => {
                self.unsaid.push((PERSISTENCE, PERSISTENCE_SECONDS));
            }
            (None, _) => {}
        }
    }

    fn protocol(&mut self, body: &mut Body<'a>) -> String {
        match body.take_value("protocol") {
            Some((name, at)) => {
                self.taken.push(("protocol", Yaml::text(name), at));
                name.to_owned()
            }
            None => {
                self.unsaid.push(("protocol", "UDP"));
                "UDP".to_owned()
            }
        }
    }
}

impl RealServer {
    /// Takes a block apart; port and weight are those of its virtual server.
    fn of(block: &Statement, service_port: Option<u16>, weight: u32) -> Option<RealServer> {
        block.block.as_ref()?;
        let (address, port) = match block.values() {
            [address] => (address.parse().ok()?, service_port),
            [address, port] => (address.parse().ok()?, some_port(port)?.or(service_port)),
            _ => return None,
        };
        let mut body = Body::of(block);
        let weight = match body.take_value("weight") {
            None => weight,
            Some((weight, _)) => weight.parse().ok()?,
        };
        let blocks: Vec<&Statement> = body.take_where(check::is_check);
        let checks = blocks.iter().map(|one| check::check(one, address, port));
        let checks = Yaml::one_or_more(checks.collect::<Option<_>>()?);
        let section = body.section(&REAL_SERVER, &block.at);
        Some(RealServer { address, port, weight, checks, section })
    }
}

fn has_udp_check(real_server: &Statement) -> bool {
    real_server.inner().iter().any(|check| check.keyword() == "UDP_CHECK")
}

/// A port; 0 is none, as for keepalived.
fn some_port(text: &str) -> Option<Option<u16>> {
    let port: u16 = text.parse().ok()?;
    Some((port != 0).then_some(port))
}
