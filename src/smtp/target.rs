//! Where a connection goes, and from where: SMTP_CHECK's connection options, in its order of
//! setting them. A probe that must use another route than everybody else depends on these.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::deadline::Deadline;
use super::failure::Failure;

/// The longest name of an interface, in bytes: the kernel's IFNAMSIZ, 16, keeps one for a NUL.
pub const LONGEST_INTERFACE: usize = 15;

/// The ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The server's address and port.
    pub server: SocketAddr,
    /// `bindto`: the address to come from, of the server's family.
    pub bind_ip: Option<IpAddr>,
    /// `bind_port`: the port to come from, not 0. Without `bind_ip` it is bound on all addresses.
    pub bind_port: Option<u16>,
    /// `bind_if`: the interface to use (socket(7), SO_BINDTODEVICE).
    pub bind_if: Option<String>,
    /// `fwmark`: the mark of every packet (socket(7), SO_MARK; needs CAP_NET_ADMIN). 0 is none.
    pub fwmark: Option<u32>,
}

impl Target {
    /// This server, from wherever the system chooses.
    pub fn new(server: SocketAddr) -> Target {
        Target { server, bind_ip: None, bind_port: None, bind_if: None, fwmark: None }
    }

    /// Connects, and waits until `until` at most.
    ///
    /// # Errors
    /// [`Failure::Local`] if the socket can't be made like this, [`Failure::Connect`] if the
    /// server can't be reached, [`Failure::ConnectTimeout`].
    pub fn connect(&self, until: &Deadline) -> Result<TcpStream, Failure> {
        let socket = self.socket()?;
        let left = until.left();
        if left.is_zero() {
            return Err(Failure::ConnectTimeout);
        }
        match socket.connect_timeout(&self.server.into(), left) {
            Ok(()) => Ok(socket.into()),
            Err(err) if err.kind() == ErrorKind::TimedOut => Err(Failure::ConnectTimeout),
            Err(err) if is_local(&err) => Err(Failure::Local(err.to_string())),
            Err(err) => Err(Failure::Connect(err.to_string())),
        }
    }

    /// Whether the server should close the connection first. Who does has to keep its port until
    /// late packets have died out (RFC 9293 section 3.5), and this one is needed again.
    pub fn lets_server_close(&self) -> bool {
        self.bind_port.is_some()
    }

    /// A socket with everything set that must be set before it connects.
    fn socket(&self) -> Result<Socket, Failure> {
        let domain = Domain::for_address(self.server);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))
            .map_err(|err| Failure::Local(format!("no socket: {err}")))?;
        // What the probe says it says at once and whole. After TLS 1.3's handshake the system would
        // hold EHLO back until the server acknowledges, which takes it up to 40 ms.
        socket
            .set_tcp_nodelay(true)
            .map_err(|err| Failure::Local(format!("TCP_NODELAY: {err}")))?;
        // Even to ask for none takes the right to mark.
        if let Some(mark) = self.fwmark.filter(|mark| *mark != 0) {
            socket.set_mark(mark).map_err(|err| {
                Failure::Local(format!("firewall mark {mark}: {err}; it needs CAP_NET_ADMIN"))
            })?;
        }
        if let Some(interface) = &self.bind_if {
            socket
                .bind_device(Some(interface.as_bytes()))
                .map_err(|err| Failure::Local(format!("interface {interface}: {err}")))?;
        }
        if let Some(address) = self.from() {
            bind(&socket, address)
                .map_err(|err| Failure::Local(format!("bind to {address}: {err}")))?;
        }
        Ok(socket)
    }

    /// The end to bind, if one was asked for.
    fn from(&self) -> Option<SocketAddr> {
        let any = match self.server {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let mut from = SocketAddr::new(self.bind_ip.unwrap_or(any), self.bind_port.unwrap_or(0));
        if let (SocketAddr::V6(from), SocketAddr::V6(server)) = (&mut from, self.server) {
            from.set_scope_id(server.scope_id());
        }
        (self.bind_ip.is_some() || self.bind_port.is_some()).then_some(from)
    }
}

/// Whether this system refused to connect: no network sends these. The port to come from is still
/// taken by a connection to the same server, a packet filter forbids it, or a `blackhole` route.
/// EACCES may be a `prohibit` route or a filter on the way, so it counts as the server's.
fn is_local(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EADDRNOTAVAIL | Errno::EPERM | Errno::EINVAL))
}

/// A port of one's own must be free again at once, for the next check.
fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.port() != 0 {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(server: &str) -> Target {
        Target::new(server.parse().unwrap())
    }

    #[test]
    fn nothing_is_bound_unasked() {
        assert_eq!(target("192.0.2.1:25").from(), None);
    }

    #[test]
    fn a_port_alone_is_bound_on_all_addresses_of_the_servers_family() {
        let from = |server| Target { bind_port: Some(7), ..target(server) }.from().unwrap();
        assert_eq!(from("192.0.2.1:25").to_string(), "0.0.0.0:7");
        assert_eq!(from("[2001:db8::1]:25").to_string(), "[::]:7");
    }

    #[test]
    fn an_address_alone_leaves_the_port_to_the_system() {
        let bind_ip = Some("192.0.2.9".parse().unwrap());
        let from = Target { bind_ip, ..target("192.0.2.1:25") }.from();
        assert_eq!(from.unwrap().to_string(), "192.0.2.9:0");
    }
}
