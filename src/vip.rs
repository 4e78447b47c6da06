//! A virtual IP address, checked once where it enters: the hook's arguments and the inventory
//! accept the same addresses and refuse the rest with the same words.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnetwork::IpNetwork;

/// A unicast address that a cluster can share: the `virtual_ipaddress` of keepalived.conf(5),
/// the "virtual router's IP address" of RFC 9568.
///
/// Written as an address, or as an address with a prefix length, which is dropped
/// (`192.168.3.100/24` is the address 192.168.3.100, never the network).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vip(IpAddr);

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// Those of some addresses.
    pub fn of_all(vips: &[Vip]) -> Vec<Family> {
        let has = |family: &Family| vips.iter().any(|vip| vip.family() == *family);
        Family::ALL.into_iter().filter(has).collect()
    }

    /// nft's word for it.
    pub fn nft(self) -> &'static str {
        match self {
            Family::V4 => "ip",
            Family::V6 => "ip6",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

/// Why a text is no VIP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VipError {
    /// Not an IPv4 or IPv6 address at all. Names are never resolved: a hook must not wait for DNS.
    #[error("`{0}` is not an IPv4 or IPv6 address, such as 192.168.3.100 or fd00::100")]
    Syntax(String),
    /// An address with a prefix length that its family has not.
    #[error("invalid prefix length `{0}` of an {1} address")]
    Length(String, Family),
    /// An address that no cluster can share; the text says of which kind it is.
    #[error("{0} is {1}: not a unicast address that other hosts can reach")]
    Unusable(IpAddr, &'static str),
}

impl Vip {
    /// The address.
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// The same of an address that moves with an instance: a link-local one too, which IPv6 adverts name
    /// first (RFC 9568), and which no client connects to.
    ///
    /// # Errors
    /// Those of [`Vip::from_str`], but for link-local IPv6 addresses.
    pub(crate) fn in_instance(text: &str) -> Result<Vip, VipError> {
        let network: Option<IpNetwork> = text.parse().ok();
        match network.map(|network| network.ip()) {
            Some(address @ IpAddr::V6(v6)) if v6.is_unicast_link_local() => Ok(Vip(address)),
            _ => text.parse(),
        }
    }

    /// Whether it is a link-local one.
    pub(crate) fn is_link_local(self) -> bool {
        matches!(self.0, IpAddr::V6(v6) if v6.is_unicast_link_local())
    }

    /// Its family.
    pub fn family(self) -> Family {
        Family::of(self.0)
    }
}

impl fmt::Display for Vip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<IpAddr> for Vip {
    type Error = VipError;

    fn try_from(address: IpAddr) -> Result<Vip, VipError> {
        match unusable(address) {
            Some(kind) => Err(VipError::Unusable(address, kind)),
            None => Ok(Vip(address)),
        }
    }
}

impl FromStr for Vip {
    type Err = VipError;

    fn from_str(text: &str) -> Result<Vip, VipError> {
        let network: IpNetwork = text.parse().map_err(|_| not_an_address(text))?;
        network.ip().try_into()
    }
}

/// What is wrong with a text that is no address, or has a wrong prefix length.
fn not_an_address(text: &str) -> VipError {
    let parts = text.split_once('/');
    match parts.and_then(|(address, length)| Some((address.parse::<IpAddr>().ok()?, length))) {
        Some((address, length)) => VipError::Length(length.to_owned(), Family::of(address)),
        None => VipError::Syntax(text.to_owned()),
    }
}

/// Says of which kind an address is that no cluster can share (RFC 6890), `None` for the others.
fn unusable(address: IpAddr) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("the unspecified address");
    }
    if address.is_loopback() {
        return Some("a loopback address");
    }
    if address.is_multicast() {
        return Some("a multicast address");
    }
    match address {
        IpAddr::V4(v4) if v4 == Ipv4Addr::BROADCAST => Some("the broadcast address"),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("in 0.0.0.0/8 (\"this network\")"),
        IpAddr::V4(v4) if v4.octets()[0] >= 240 => Some("in the reserved range 240.0.0.0/4"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("a link-local address"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("a link-local address"),
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Some("an IPv4-mapped IPv6 address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_with_and_without_prefix() {
        for (text, shown) in [
            ("192.168.3.100", "192.168.3.100"),
            ("192.168.3.100/24", "192.168.3.100"),
            ("fd00:0:0::0100", "fd00::100"),
            ("fd00::100/64", "fd00::100"),
        ] {
            assert_eq!(text.parse::<Vip>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_no_cluster_can_share_is_refused() {
        for text in [
            "",
            " ",
            "vip",
            "192.168.3",
            "192.168.3.256",
            "192.168.3.100/33",
            "192.168.3.100,",
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.1.1",
            "224.0.0.18",
            "250.1.1.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::12",
            "::ffff:192.168.3.100",
            "192.168.3.100 ",
            "-192.168.3.100",
            "1.2.3.4; reboot",
        ] {
            assert!(text.parse::<Vip>().is_err(), "{text:?}");
        }
    }
}
