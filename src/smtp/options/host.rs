//! A server's address as people write it: a link-local one needs the interface that it is on.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use nix::net::if_::if_nametoindex;

/// The address of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// The address alone.
    pub ip: IpAddr,
    /// The number of the interface that a link-local IPv6 address is on (RFC 4007 section 6); 0 where
    /// it is not said.
    scope: u32,
}

impl Host {
    /// Where to connect to.
    pub fn port(self, port: u16) -> SocketAddr {
        let mut address = SocketAddr::new(self.ip, port);
        if let SocketAddr::V6(v6) = &mut address {
            v6.set_scope_id(self.scope);
        }
        address
    }

    /// Whether no kernel could tell which interface it is on.
    pub fn lacks_interface(self) -> bool {
        is_link_local(self.ip) && self.scope == 0
    }
}

impl FromStr for Host {
    type Err = String;

    /// Reads `192.0.2.1`, `2001:db8::1`, `fe80::1`, or `fe80::1%eth0` with the name or number of an
    /// interface that this machine has.
    fn from_str(text: &str) -> Result<Host, String> {
        let (address, zone) = text.split_once('%').map_or((text, None), |(a, z)| (a, Some(z)));
        let ip: IpAddr = address
            .parse()
            .map_err(|_| "not an IPv4 or IPv6 address (names are not looked up)".to_owned())?;
        if ip.to_canonical().is_unspecified() {
            return Err(
                "it stands for all addresses of a machine: expected the address of one server"
                    .to_owned(),
            );
        }
        if ip.to_canonical().is_multicast() {
            return Err("a multicast address: expected the address of one server".to_owned());
        }
        let scope = match zone {
            None => 0,
            Some(_) if !is_link_local(ip) => {
                return Err("only a link-local IPv6 address has an interface".to_owned());
            }
            Some(zone) => {
                interface(zone).ok_or_else(|| format!("this machine has no interface `{zone}`"))?
            }
        };
        Ok(Host { ip, scope })
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The number of an interface, by its name or number.
fn interface(zone: &str) -> Option<u32> {
    let number = zone.parse().ok().filter(|number| *number > 0);
    number.or_else(|| if_nametoindex(zone).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_their_interfaces() {
        let server = |text: &str| text.parse::<Host>().unwrap().port(25).to_string();
        assert_eq!(server("192.0.2.1"), "192.0.2.1:25");
        assert_eq!(server("2001:db8::1"), "[2001:db8::1]:25");
        assert_eq!(server("fe80::1%7"), "[fe80::1%7]:25");
        let lo = if_nametoindex("lo").unwrap();
        assert_eq!(server("fe80::1%lo"), format!("[fe80::1%{lo}]:25"));
        assert!("fe80::1".parse::<Host>().unwrap().lacks_interface());
        assert!(!"fe80::1%lo".parse::<Host>().unwrap().lacks_interface());
        assert!(!"192.0.2.1".parse::<Host>().unwrap().lacks_interface());
    }

    #[test]
    fn what_is_no_address_of_one_server_is_refused() {
        for (text, reason) in [
            ("mx.example.org", "names are not looked up"),
            ("0.0.0.0", "expected the address of one server"),
            ("::", "expected the address of one server"),
            ("::ffff:0.0.0.0", "expected the address of one server"),
            ("224.0.0.18", "multicast"),
            ("ff02::12%lo", "multicast"),
            ("192.0.2.1%lo", "only a link-local"),
            ("2001:db8::1%lo", "only a link-local"),
            ("fe80::1%none0", "no interface `none0`"),
            ("fe80::1%", "no interface ``"),
            ("fe80::1%0", "no interface `0`"),
        ] {
            let told = text.parse::<Host>().unwrap_err();
            assert!(told.contains(reason), "{text}: {told}");
        }
    }
}
