//! What should be in force for a VIP, as one value: hooks, the watcher and gen-conf make it, the
//! ruleset follows from it alone. Services are written as keepalived.conf(5) has them in the field,
//! protocol and port, in one syntax for the command line and for messages.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::vip::Vip;

/// The guard of one VIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The address that the packets are sent to.
    pub vip: Vip,
    /// Which of them this node serves itself.
    pub services: Services,
    /// Where they go then.
    pub target: Target,
}

/// What is balanced at a VIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Services {
    /// `-a VIP` without `--service`: what bypass_ipvs.py did. Every TCP and UDP port, only for what
    /// comes in from other hosts.
    Legacy,
    /// `--service all`: every TCP and UDP port.
    All,
    /// These: sorted, without overlap, at least one.
    Only(Vec<Service>),
}

/// Ports of one protocol, `tcp/25` or `udp/1000-1010`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// The ports' protocol.
    pub protocol: Protocol,
    /// The lowest port, 1 or more.
    pub first: u16,
    /// The highest port, at least `first`.
    pub last: u16,
}

/// A protocol that IPVS balances by ports. (SCTP is not among them: the guard never redirected it.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// Where a connection goes that the node serves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Whatever the kernel takes: the first IPv4 address or the newest IPv6 address of the interface
    /// that the packet came in by, and the loopback address for a program on the node.
    Redirect,
    /// This address of the node.
    Own(IpAddr),
}

impl Guard {
    /// A guard that leaves the choice of the address to the kernel.
    pub fn new(vip: Vip, services: Services) -> Guard {
        Guard { vip, services, target: Target::Redirect }
    }
}

impl Protocol {
    /// Its name, in nft's language too.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }

    /// Its number (IANA).
    pub fn number(self) -> u8 {
        match self {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
        }
    }
}

impl Services {
    /// Sorts and merges `services`; `None` if there are none.
    pub fn only(services: impl IntoIterator<Item = Service>) -> Option<Services> {
        let mut services: Vec<Service> = services.into_iter().collect();
        services.sort();
        let mut merged: Vec<Service> = Vec::new();
        for next in services {
            match merged.last_mut() {
                Some(before)
                    if before.protocol == next.protocol
                        && next.first <= before.last.saturating_add(1) =>
                {
                    before.last = before.last.max(next.last);
                }
                _ => merged.push(next),
            }
        }
        (!merged.is_empty()).then_some(Services::Only(merged))
    }

    /// These and `other`.
    #[must_use]
    pub fn and(self, other: Services) -> Services {
        match (self, other) {
            (Services::All, _) | (_, Services::All) => Services::All,
            (Services::Legacy, other) | (other, Services::Legacy) => other,
            (Services::Only(one), Services::Only(other)) => {
                Services::only(one.into_iter().chain(other)).unwrap_or(Services::Legacy)
            }
        }
    }
}

/// Why a text does not name services.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Neither `all` nor a protocol, a slash and ports.
    #[error(
        "invalid service `{0}`: expected tcp/PORT or udp/PORT, such as tcp/25 or udp/1000-1010; bypass-ipvs \
         also takes `all`"
    )]
    Syntax(String),
    /// Ports that do not exist.
    #[error("invalid ports of service `{0}`: expected 1-65535, a range from its lower end")]
    Ports(String),
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.protocol.name(), self.first)?;
        if self.last > self.first { write!(f, "-{}", self.last) } else { Ok(()) }
    }
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Service, ServiceError> {
        let syntax = || ServiceError::Syntax(text.to_owned());
        let (protocol, ports) = text.split_once('/').ok_or_else(syntax)?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(syntax()),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        // `u16` would take a plus sign.
        if [first, last].iter().any(|port| !port.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(syntax());
        }
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => {
                Ok(Service { protocol, first, last })
            }
            _ => Err(ServiceError::Ports(text.to_owned())),
        }
    }
}

/// As `--service` takes them; nothing for [`Services::Legacy`], which has no such word.
impl fmt::Display for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Services::Legacy => Ok(()),
            Services::All => f.write_str("all"),
            Services::Only(services) => {
                let words: Vec<String> = services.iter().map(Service::to_string).collect();
                f.write_str(&words.join(","))
            }
        }
    }
}

impl FromStr for Services {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Services, ServiceError> {
        let mut all = false;
        let mut only = Vec::new();
        for word in text.split(',') {
            match word {
                "all" => all = true,
                _ => only.push(word.parse()?),
            }
        }
        match Services::only(only) {
            Some(services) if !all => Ok(services),
            _ => Ok(Services::All),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn services_are_sorted_and_merged() {
        for (text, shown) in [
            ("tcp/25", "tcp/25"),
            ("udp/53,tcp/53,tcp/53", "tcp/53,udp/53"),
            ("tcp/1000-1010,tcp/990-999,tcp/1005-1020,tcp/1022", "tcp/990-1020,tcp/1022"),
            ("tcp/1-65535,tcp/25,udp/65535,udp/65534", "tcp/1-65535,udp/65534-65535"),
            ("tcp/10-20,tcp/12", "tcp/10-20"),
            ("tcp/25,all", "all"),
        ] {
            assert_eq!(text.parse::<Services>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_service_is_refused() {
        for text in [
            "",
            "25",
            "tcp",
            "tcp/",
            "tcp/smtp",
            "/25",
            "tcp/25/",
            "sctp/25",
            "TCP/25",
            "tcp/ 25",
            "tcp/+25",
            "tcp/-25",
            "tcp/25-",
            "tcp/25-26-27",
            "tcp/25,",
            ",",
            "all,,",
            "ALL",
            "tcp/25 udp/53",
            "tcp/0x19",
            "tcp/25;",
            "tcp/25\nudp/53",
        ] {
            let told = text.parse::<Services>().unwrap_err();
            assert!(told.to_string().starts_with("invalid "), "{text:?}: {told}");
        }
        for text in ["tcp/0", "tcp/0-5", "udp/65536", "tcp/30-20", "tcp/99999999999"] {
            let told = text.parse::<Services>();
            assert_eq!(told, Err(ServiceError::Ports(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn no_port_is_lost_or_won(list in prop::collection::vec((any::<bool>(), 1_u16.., 0_u16..40), 1..12)) {
            let listed: Vec<Service> = list.into_iter().map(|(tcp, first, more)| Service {
                protocol: if tcp { Protocol::Tcp } else { Protocol::Udp },
                first,
                last: first.saturating_add(more),
            }).collect();
            let Some(Services::Only(merged)) = Services::only(listed.clone()) else {
                panic!("nothing is left of {listed:?}");
            };
            let ports = |services: &[Service]| {
                let each = services.iter().flat_map(|of| (of.first..=of.last).map(|port| (of.protocol, port)));
                each.collect::<std::collections::BTreeSet<_>>()
            };
            prop_assert_eq!(ports(&merged), ports(&listed));
            let total: usize = merged.iter().map(|of| usize::from(of.last - of.first) + 1).sum();
            prop_assert_eq!(total, ports(&merged).len(), "merged services overlap");
            let shown = Services::Only(merged);
            prop_assert_eq!(shown.to_string().parse::<Services>(), Ok(shown));
        }
    }
}
