//! IPVS' generic netlink: which number the kernel gave the family, then its services, for each its servers,
//! and the sync daemons. The kernel answers to CAP_NET_ADMIN only.

use std::time::Duration;

use netlink_packet_core::{
    DecodeError, Emitable, NetlinkDeserializable, NetlinkHeader, ParseableParametrized,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};

use super::decode::{self, ADDRESS, FAMILY, INET, INET6, MARK, PORT, PROTOCOL, SERVICE};
use super::{Ipvs, Service, Source};
use crate::node::netlink::{NETLINK_GENERIC, Netlink, NetlinkError};

/// How long the kernel may take for one answer.
const LIMIT: Duration = Duration::from_secs(2);

/// IPVS_GENL_NAME, IPVS_GENL_VERSION
const NAME: &str = "IPVS";
const VERSION: u8 = 1;

/// IPVS_CMD_GET_SERVICE, _GET_DEST, _GET_DAEMON
const GET_SERVICE: u8 = 4;
const GET_DEST: u8 = 8;
const GET_DAEMON: u8 = 11;

/// The length of an attribute's head, and the bit of one that holds others (NLA_F_NESTED).
const HEAD: usize = 4;
const NESTED: u16 = 0x8000;

/// Reads all of it.
///
/// # Errors
/// EPERM without CAP_NET_ADMIN. A kernel without IPVS has nothing.
pub(super) fn read() -> Result<Ipvs, NetlinkError> {
    let mut netlink = Netlink::open(NETLINK_GENERIC)?.within(LIMIT);
    let Some(family) = family(&mut netlink)? else { return Ok(Ipvs::default()) };
    let mut ask = |command, payload: &[u8]| -> Result<Vec<Answer>, NetlinkError> {
        let question = Question { command, payload: payload.to_owned() };
        netlink.dump(GenlMessage::new(
            GenlHeader { cmd: command, version: VERSION },
            question,
            family,
        ))
    };
    let services = ask(GET_SERVICE, &[])?;
    let sync_daemons = ask(GET_DAEMON, &[])?;
    let sync_daemons = sync_daemons.iter().filter_map(|Answer(bytes)| decode::sync_daemon(bytes));
    let sync_daemons = sync_daemons.collect();
    let mut all = Vec::new();
    for Answer(bytes) in &services {
        let Some(service) = decode::service(bytes) else { continue };
        let (named, family) = named(bytes);
        let servers = ask(GET_DEST, &named)?;
        let servers = servers.iter().filter_map(|Answer(bytes)| decode::server(bytes, family));
        all.push(Service { servers: servers.collect(), ..service });
    }
    Ok(Ipvs { source: Source::Netlink, services: all, sync_daemons })
}

/// The number of the family; `None` where the module is not loaded.
fn family(netlink: &mut Netlink) -> Result<Option<u16>, NetlinkError> {
    let question = GenlMessage::from_payload(GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(NAME.to_owned())],
    });
    let answer: Option<Answer> = netlink.get(question)?;
    // CTRL_ATTR_FAMILY_ID
    let id = |Answer(bytes): Answer| crate::node::attributes::attributes(&bytes).unsigned(1);
    Ok(answer.and_then(id).and_then(|id| u16::try_from(id).ok()))
}

/// What names the service of an answer in a question, and its address family.
fn named(answer: &[u8]) -> (Vec<u8>, u16) {
    let all = crate::node::attributes::attributes(answer).nested(SERVICE);
    let mut inner = Vec::new();
    for kind in [FAMILY, PROTOCOL, ADDRESS, PORT, MARK] {
        if let Some(value) = all.get(kind) {
            put(&mut inner, kind, value);
        }
    }
    let mut named = Vec::new();
    put(&mut named, SERVICE | NESTED, &inner);
    let family = if all.unsigned(FAMILY) == Some(INET6.into()) { INET6 } else { INET };
    (named, family)
}

fn put(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(((HEAD + value.len()) as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(HEAD), 0);
}

/// A question to the family: attributes that are written already.
#[derive(Debug, Clone)]
struct Question {
    command: u8,
    payload: Vec<u8>,
}

impl GenlFamily for Question {
    fn family_name() -> &'static str {
        NAME
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        VERSION
    }
}

impl Emitable for Question {
    fn buffer_len(&self) -> usize {
        self.payload.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer[..self.payload.len()].copy_from_slice(&self.payload);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Question {
    fn parse_with_param(payload: &[u8], header: GenlHeader) -> Result<Question, DecodeError> {
        Ok(Question { command: header.cmd, payload: payload.to_owned() })
    }
}

/// The attributes of an answer, behind its generic header (struct genlmsghdr).
struct Answer(Vec<u8>);

impl NetlinkDeserializable for Answer {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Answer, DecodeError> {
        GenlHeader::parse(payload)?;
        Ok(Answer(payload[HEAD..].to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::attributes::attributes;

    /// The kernel finds the service by what its own answer named, and by no more.
    #[test]
    fn a_question_names_a_service_as_its_answer_did() {
        let mut inner = Vec::new();
        put(&mut inner, FAMILY, &INET.to_ne_bytes());
        put(&mut inner, PROTOCOL, &6u16.to_ne_bytes());
        put(&mut inner, ADDRESS, &[192, 168, 3, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        put(&mut inner, PORT, &25u16.to_be_bytes());
        let needed = inner.clone();
        put(&mut inner, 6, b"mh\0");
        let mut answer = Vec::new();
        put(&mut answer, SERVICE | NESTED, &inner);
        let (question, family) = named(&answer);
        assert_eq!(family, INET);
        assert_eq!(attributes(&question).get(SERVICE), Some(&needed[..]));
        assert_eq!(question.len(), HEAD + needed.len());
        assert_eq!(named(&[]).1, INET, "garbage names nothing");
    }
}
