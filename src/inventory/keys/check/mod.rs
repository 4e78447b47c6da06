//! The checkers: keepalived's, and our probe. Each has a table of its keys.

mod common;
mod http;
mod local;
mod network;
mod probe;

pub use self::common::{BINDTO, COMMON, CONNECT_IP, CONNECT_PORT, CONNECTION, DELAY_LOOP, TYPE};
pub use self::http::{HTTP_GET, SSL_GET, URL};
pub use self::local::{
    BFD_CHECK, FILE_CHECK, MISC_CHECK, MISC_PATH, MISC_TIMEOUT, SESSION, TRACK_FILE,
};
pub use self::network::{
    DNS_CHECK, MAX_REPLY_LENGTH, MIN_REPLY_LENGTH, PING_CHECK, SMTP_CHECK, TCP_CHECK, UDP_CHECK,
};
pub use self::probe::{COMPAT, OPTIONS, PROBE, SYSLOG};
use super::Table;
use crate::cluster::Protocol;

/// A type of check; `type` calls it by its table's name.
#[derive(Debug)]
pub struct Check {
    /// Its keys.
    pub table: &'static Table,
    /// What older releases call its block.
    pub old_name: Option<&'static str>,
    /// Whether it connects to the server's own port, unless `connect_port` says otherwise.
    pub connects: bool,
    /// The protocol of which it tells nothing, why, and what to use instead.
    pub unfit: Option<(Protocol, &'static str, &'static str)>,
}

/// All of them: keepalived's own, and our probe.
pub static CHECKS: &[Check] = &[
    Check { unfit: Some((Protocol::Udp, NO_SMTP, USE_UDP)), ..Check::connecting(&PROBE) },
    Check { unfit: Some((Protocol::Udp, NO_SMTP, USE_UDP)), ..Check::connecting(&SMTP_CHECK) },
    Check::connecting(&TCP_CHECK),
    Check { unfit: Some((Protocol::Udp, NO_HTTP, USE_UDP)), ..Check::connecting(&HTTP_GET) },
    Check { unfit: Some((Protocol::Udp, NO_HTTP, USE_UDP)), ..Check::connecting(&SSL_GET) },
    Check::connecting(&DNS_CHECK),
    Check { unfit: Some((Protocol::Tcp, NO_UDP, USE_TCP)), ..Check::connecting(&UDP_CHECK) },
    Check::of(&PING_CHECK),
    Check { old_name: Some("MISC_CHECKER"), ..Check::of(&MISC_CHECK) },
    Check::of(&FILE_CHECK),
    Check::of(&BFD_CHECK),
];

const NO_SMTP: &str = "SMTP is not spoken over UDP";
const NO_HTTP: &str = "this check speaks HTTP over TCP";
const NO_UDP: &str = "UDP_CHECK can't check a TCP service";
// What speaks UDP often listens on TCP too, as DNS does.
const USE_UDP: &str = "use UDP_CHECK; or TCP_CHECK, where the service listens on TCP too";
const USE_TCP: &str = "use TCP_CHECK, or write `protocol: UDP`";

impl Check {
    const fn of(table: &'static Table) -> Check {
        Check { table, old_name: None, connects: false, unfit: None }
    }

    const fn connecting(table: &'static Table) -> Check {
        Check { connects: true, ..Check::of(table) }
    }

    /// What `type` calls it: the name of keepalived's block, or of our probe.
    pub fn name(&self) -> &'static str {
        self.table.name
    }

    /// The check of that name.
    pub fn named(name: &str) -> Option<&'static Check> {
        CHECKS.iter().find(|check| check.name() == name)
    }

    /// keepalived's own checker with that block.
    pub fn with_block(keyword: &str) -> Option<&'static Check> {
        let own = CHECKS.iter().filter(|check| !check.is_probe());
        own.into_iter().find(|check| check.name() == keyword || check.old_name == Some(keyword))
    }

    /// Whether it is our probe.
    pub fn is_probe(&self) -> bool {
        self.name() == PROBE.name
    }
}
