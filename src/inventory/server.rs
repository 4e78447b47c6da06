//! The keys of `virtual_server`.

use super::instance::InstanceDraft;
use super::read::{Placed, Problems, Section, value};
use super::tree::Kind;
use super::{keywords, numbers, values};
use crate::cluster::{Check, CheckKind, HashFlags, Protocol, Scheduler, Seconds, VirtualServer};
use crate::conf::word::Word;

/// keepalived's default.
const WEIGHT: u32 = 1;

/// A virtual server as it was read.
pub(super) struct ServerDraft {
    pub(super) instance: Option<usize>,
    pub(super) port: Option<Placed<u16>>,
    pub(super) protocol: Protocol,
    delay_loop: Option<Placed<Seconds>>,
    lb_algo: Option<Placed<Scheduler>>,
    hash: HashFlags,
    weight: Option<Placed<u32>>,
    check: Option<Check>,
}

pub(super) fn read_all(
    top: &mut Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> Vec<ServerDraft> {
    let Some((key, node)) = top.node("virtual_server") else { return Vec::new() };
    let Kind::Sequence(items) = &node.kind else {
        problems.add(
            key.at.clone(),
            "`virtual_server` is a list",
            "begin each virtual server with a dash: `- port: 25`",
        );
        return Vec::new();
    };
    (items.iter())
        .filter_map(|item| {
            let section = Section::open(item, "a virtual_server", item.at.clone(), problems)?;
            Some(read(section, instances, problems))
        })
        .collect()
}

fn read(
    mut section: Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> ServerDraft {
    let instance = instance_of(&mut section, instances, problems);
    let port = section.required("port", problems, numbers::port);
    let delay_loop = section.optional("delay_loop", problems, numbers::seconds);
    let lb_algo = section.required("lb_algo", problems, keywords::lb_algo);
    let hash = hash_flags(&mut section, lb_algo.as_ref(), problems);
    section.optional("lb_kind", problems, keywords::lb_kind);
    let protocol = section.optional("protocol", problems, keywords::protocol);
    let protocol = value(protocol).unwrap_or_default();
    let weight = section.optional("weight", problems, numbers::weight);
    let check = section.required_node("check", problems).and_then(|(key, node)| {
        let section = Section::open(node, "check", key.at.clone(), problems)?;
        check(section, protocol, problems)
    });
    section.close(problems);
    ServerDraft { instance, port, protocol, delay_loop, lb_algo, hash, weight, check }
}

/// The flags of `mh` and `sh`; each belongs to one of them.
fn hash_flags(
    section: &mut Section<'_>,
    lb_algo: Option<&Placed<Scheduler>>,
    problems: &mut Problems,
) -> HashFlags {
    let mut flag = |key: &'static str, owner: &str| -> bool {
        let Some((at, node)) = section.node(key) else { return false };
        let wanted = problems.value(node, key, keywords::yes_no);
        if lb_algo.is_some_and(|algo| algo.value.name() != owner) {
            problems.add(
                at.at.clone(),
                format!("`{key}` is a flag of another scheduler"),
                format!("write `lb_algo: {owner}`, or remove `{key}`"),
            );
        }
        value(wanted).unwrap_or_default()
    };
    let port = [flag("mh-port", "mh"), flag("sh-port", "sh")];
    let fallback = [flag("mh-fallback", "mh"), flag("sh-fallback", "sh")];
    HashFlags { port: port.contains(&true), fallback: fallback.contains(&true) }
}

/// The instance that a server names; the only one if it names none.
fn instance_of(
    section: &mut Section<'_>,
    instances: &[InstanceDraft],
    problems: &mut Problems,
) -> Option<usize> {
    let named = |name: &Word| instances.iter().position(|i| i.name.as_ref() == Some(name));
    match section.node("vrrp_instance") {
        None if instances.len() == 1 => Some(0),
        None => {
            problems.add(
                section.place(),
                "of which VRRP instance is this virtual server?",
                "add a line `vrrp_instance: NAME`",
            );
            None
        }
        Some((_, node)) => {
            let name = problems.value(node, "vrrp_instance", values::name)?;
            let found = named(&name.value);
            if found.is_none() {
                problems.add(
                    name.at,
                    format!("there is no VRRP instance `{}`", name.value.as_str()),
                    "name one of the section `vrrp_instance`",
                );
            }
            found
        }
    }
}

fn check(mut section: Section<'_>, protocol: Protocol, problems: &mut Problems) -> Option<Check> {
    let kind = section.required("type", problems, keywords::check_type);
    let connect_timeout = section.optional("connect_timeout", problems, numbers::seconds);
    let retry = section.optional("retry", problems, numbers::retry);
    let delay_before_retry = section.optional("delay_before_retry", problems, numbers::seconds);
    let helo_name = section.optional("helo_name", problems, values::helo_name);
    let section_place = section.place();
    section.close(problems);
    let kind = kind?;
    let fits = check_protocol(&kind, protocol, problems);
    let kind = kind.value;
    if let (CheckKind::Tcp | CheckKind::Udp, Some(helo_name), true) = (kind, &helo_name, fits) {
        let (name, others) = match kind {
            CheckKind::Tcp => ("TCP_CHECK", ", or use SMTP_CHECK or smtp-check"),
            _ => ("UDP_CHECK", ""),
        };
        problems.add(
            helo_name.at.clone(),
            format!("{name} says no HELO"),
            format!("remove `helo_name`{others}"),
        );
    }
    let check = Check {
        kind,
        connect_timeout: value(connect_timeout),
        retry: value(retry),
        delay_before_retry: value(delay_before_retry),
        helo_name: value(helo_name),
    };
    if kind == CheckKind::SmtpProbe && check.probe_timeout() > Seconds::MAX {
        problems.add(
            section_place,
            format!("one check could take {} s", check.probe_timeout()),
            format!(
                "shorten its timers; keepalived ends a program after at most {} s",
                Seconds::MAX
            ),
        );
    }
    Some(check)
}

/// Whether a check can tell something about a service of that protocol. TCP_CHECK is good for
/// both: what speaks UDP often listens on TCP too, as DNS does.
fn check_protocol(kind: &Placed<CheckKind>, protocol: Protocol, problems: &mut Problems) -> bool {
    let (title, cure) = match (kind.value, protocol) {
        (CheckKind::Udp, Protocol::Tcp) => (
            "UDP_CHECK tells nothing about a TCP service",
            "use TCP_CHECK, or write `protocol: UDP`",
        ),
        (CheckKind::Smtp | CheckKind::SmtpProbe, Protocol::Udp) => (
            "SMTP is not spoken over UDP",
            "use UDP_CHECK; or TCP_CHECK, where the service listens on TCP too",
        ),
        _ => return true,
    };
    problems.add(kind.at.clone(), title, cure);
    false
}

impl ServerDraft {
    pub(super) fn finish(self) -> Option<VirtualServer> {
        Some(VirtualServer {
            vrrp_instance: self.instance?,
            port: self.port?.value,
            delay_loop: value(self.delay_loop),
            scheduler: self.lb_algo?.value,
            hash: self.hash,
            protocol: self.protocol,
            weight: value(self.weight).unwrap_or(WEIGHT),
            check: self.check?,
        })
    }
}
