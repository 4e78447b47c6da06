//! The options of `smtp-check`, and the check that they ask for. Those that SMTP_CHECK has carry
//! its names and defaults, so that a block of keepalived.conf can be moved over word by word.

mod help;
mod host;
mod plan;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::builder::ArgPredicate;
use clap::{ArgGroup, Parser, value_parser};

use self::help::AFTER_HELP;
use self::host::Host;
use crate::smtp::esmtp::xclient::Attribute;
use crate::smtp::probe::DEFAULT_RETRY;
use crate::smtp::proxy::Version;
use crate::smtp::session::DEFAULT_PORT;
use crate::smtp::target::LONGEST_INTERFACE;
use crate::smtp::tls::tlsa::Tlsa;
use crate::smtp::tls::{CertDays, MinVersion, Peer};
use crate::smtp::weight::LatencyWeight;
use crate::smtp::{Address, HeloName, Probe, Rules, Session, Target, helo, timer, worst_case};

/// Everything that SMTP_CHECK can't do.
const BEYOND: [&str; 25] = [
    "starttls",
    "tls",
    "sni",
    "verify",
    "ca_file",
    "verify_name",
    "tlsa",
    "cert",
    "key",
    "cert_days",
    "tls_min",
    "tls_level",
    "expect_greeting",
    "expect_capability",
    "mail_from",
    "rcpt_to",
    "accept",
    "proxy",
    "proxy_source",
    "proxy_destination",
    "xclient",
    "lmtp",
    "auth_file",
    "auth_plaintext",
    "encryption",
];

/// Checks whether a mail server is up.
///
/// Connects, waits for the greeting, says EHLO and QUIT, and waits for the replies; with --compat
/// it gives the verdict of keepalived's SMTP_CHECK. The verdict is one line on standard output.
#[derive(Debug, Parser)]
#[command(name = "smtp-check", version, after_help = AFTER_HELP)]
#[command(group = ArgGroup::new("encryption").args(["starttls", "tls"]))]
pub struct Args {
    /// The server, an IPv4 or IPv6 address, link-local ones as fe80::1%eth0; names are not looked up
    #[arg(required_unless_present = "connect_ip")]
    pub host: Option<Host>,

    /// Connect to this address instead of HOST
    #[arg(long, value_name = "ADDR")]
    pub connect_ip: Option<Host>,

    /// The server's port, SMTP_CHECK's connect_port; with --tls 465 where none is given
    #[arg(short, long, visible_alias = "connect-port", default_value_t = DEFAULT_PORT)]
    #[arg(default_value_if("tls", ArgPredicate::IsPresent, "465"))]
    #[arg(value_parser = value_parser!(u16).range(1..))]
    pub port: u16,

    /// Connect from this address
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub bindto: Option<IpAddr>,

    /// Connect from this port
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    pub bind_port: Option<u16>,

    /// Connect through this interface (SO_BINDTODEVICE)
    #[arg(long, value_name = "NAME", value_parser = interface)]
    pub bind_if: Option<String>,

    /// Mark every packet with this number (SO_MARK; needs CAP_NET_ADMIN)
    #[arg(long, value_name = "N")]
    pub fwmark: Option<u32>,

    /// What to say after EHLO, HELO or LHLO: a domain or an address literal
    #[arg(long, value_name = "NAME", default_value = helo::DEFAULT)]
    pub helo_name: HeloName,

    /// Seconds to wait for the connection, and again for each reply (with --compat: each read)
    #[arg(long, value_name = "S", default_value = "5", value_parser = timer::positive_seconds)]
    pub connect_timeout: Duration,

    /// How many attempts may follow a failed one
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RETRY)]
    pub retry: u32,

    /// Seconds between two attempts
    #[arg(long, value_name = "S", default_value = "1", value_parser = timer::seconds)]
    pub delay_before_retry: Duration,

    /// Seconds for the whole run, then the server is down
    /// [default: a connect timeout for each wait, and the delays; see below]
    #[arg(long, value_name = "S", value_parser = timer::positive_seconds)]
    pub deadline: Option<Duration>,

    /// Give exactly the verdict of keepalived's SMTP_CHECK
    #[arg(long, conflicts_with_all = BEYOND)]
    pub compat: bool,

    /// A line of the greeting must contain this text
    #[arg(long, value_name = "TEXT", help_heading = "Expectations")]
    pub expect_greeting: Option<String>,

    /// EHLO must offer this, PIPELINING for instance; may be given several times. With --starttls
    /// the EHLO in TLS counts, where STARTTLS itself is offered no more
    #[arg(long, value_name = "NAME", value_parser = keyword, help_heading = "Expectations")]
    pub expect_capability: Vec<String>,

    /// Try a message from this address, or from nobody ('<>'), and take it back
    #[arg(long, value_name = "ADDR", help_heading = "Expectations")]
    pub mail_from: Option<Address>,

    /// Try this recipient for it
    #[arg(long, value_name = "ADDR", requires = "mail_from", help_heading = "Expectations")]
    pub rcpt_to: Option<Address>,

    /// Accept this reply to it too: 450 or 451 where greylisting is meant to answer that. Several
    /// times, or with commas
    #[arg(long, value_name = "CODE", value_parser = code, value_delimiter = ',')]
    #[arg(requires = "rcpt_to", help_heading = "Expectations")]
    pub accept: Vec<u16>,

    /// Log in as who is in this file: two lines, the user and the password; mode 640 or less
    #[arg(long, value_name = "FILE", help_heading = "Expectations")]
    pub auth_file: Option<PathBuf>,

    /// Do that without TLS, so that everybody on the way may read the password
    #[arg(long, requires = "auth_file", conflicts_with = "encryption")]
    #[arg(help_heading = "Expectations")]
    pub auth_plaintext: bool,

    /// Speak LMTP; the port must be given
    #[arg(long, requires = "port", help_heading = "Expectations")]
    pub lmtp: bool,

    /// Send a PROXY protocol header first, of version 1 (UNKNOWN) or 2 (LOCAL)
    #[arg(long, value_name = "VERSION", help_heading = "Expectations")]
    pub proxy: Option<Version>,

    /// With this client in it: `192.0.2.1:1234` or `[2001:db8::1]:1234`
    #[arg(long, value_name = "ADDR:PORT", value_parser = end)]
    #[arg(requires = "proxy", help_heading = "Expectations")]
    pub proxy_source: Option<SocketAddr>,

    /// And as what the client asked [default: the server's address and port]
    #[arg(long, value_name = "ADDR:PORT", value_parser = end)]
    #[arg(requires = "proxy_source", help_heading = "Expectations")]
    pub proxy_destination: Option<SocketAddr>,

    /// Be taken for somebody else by a server that allows it (XCLIENT): ADDR=192.0.2.1 for
    /// instance, or NAME, PORT, PROTO, HELO, LOGIN; may be given several times
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Expectations")]
    pub xclient: Vec<Attribute>,

    /// Begin TLS with STARTTLS, which the server must offer
    #[arg(long, help_heading = "TLS")]
    pub starttls: bool,

    /// Use TLS from the first byte
    #[arg(long, help_heading = "TLS")]
    pub tls: bool,

    /// Ask for the certificate of this name [default: --verify-name, if that is a name]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    #[arg(requires = "encryption", help_heading = "TLS")]
    pub sni: Option<String>,

    /// Verify the certificate with the system's store
    #[arg(long, requires = "encryption", help_heading = "TLS")]
    pub verify: bool,

    /// Verify it with the certificates in this file (PEM) instead
    #[arg(long, value_name = "FILE", requires = "encryption", help_heading = "TLS")]
    pub ca_file: Option<PathBuf>,

    /// The name or address that a verified certificate must be for [default: the address asked]
    #[arg(long, value_name = "NAME", value_parser = peer)]
    #[arg(requires = "encryption", help_heading = "TLS")]
    pub verify_name: Option<Peer>,

    /// The certificate must match this TLSA record, "3 1 1 HEX" or 3,1,1,HEX; may be given several
    /// times, then one is enough
    #[arg(long, value_name = "RECORD", requires = "encryption", help_heading = "TLS")]
    pub tlsa: Vec<Tlsa>,

    /// Show this certificate where the server asks for one (PEM, with its chain)
    #[arg(long, value_name = "FILE", requires = "encryption", help_heading = "TLS")]
    pub cert: Option<PathBuf>,

    /// Its key (PEM, mode 640 or less, no passphrase) [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    pub key: Option<PathBuf>,

    /// The certificate must be valid for so many more days; 14,7 warns below 14
    #[arg(long, value_name = "N", requires = "encryption", help_heading = "TLS")]
    pub cert_days: Option<CertDays>,

    /// The lowest version of TLS; 1.0 and 1.1 for servers that know no other [default: the system's]
    #[arg(long, value_name = "VERSION", requires = "encryption", help_heading = "TLS")]
    pub tls_min: Option<MinVersion>,

    /// OpenSSL's security level, 0 for all that it still can [default: the system's]
    #[arg(long, value_name = "0-5", requires = "encryption", help_heading = "TLS")]
    #[arg(value_parser = value_parser!(u32).range(0..=5))]
    pub tls_level: Option<u32>,

    /// Show the dialogue on standard error
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,

    /// Print the verdict and all that the last attempt found out as one JSON object; a wrong
    /// command line is told on standard error only
    #[arg(long, conflicts_with = "nagios", help_heading = "Output")]
    pub json: bool,

    /// Log to syslog why the server is down, and that it is up again: what changed since the last
    /// run, a line a minute at most
    #[arg(long, help_heading = "Output")]
    pub syslog: bool,

    /// Print the exit code behind the program's name and nothing else, for who runs the check in a way
    /// that takes an empty file for a program that succeeds; see below
    #[arg(long, conflicts_with_all = ["json", "nagios"], help_heading = "Output")]
    pub confirm: bool,

    /// Print and exit as a Nagios plugin does
    #[arg(long, conflicts_with = "dynamic", help_heading = "Output")]
    pub nagios: bool,

    /// Seconds from which on Nagios warns, at most those of --crit-latency
    #[arg(long, value_name = "S", value_parser = timer::seconds)]
    #[arg(requires = "nagios", help_heading = "Output")]
    pub warn_latency: Option<Duration>,

    /// Seconds from which on it is critical for Nagios
    #[arg(long, value_name = "S", value_parser = timer::seconds)]
    #[arg(requires = "nagios", help_heading = "Output")]
    pub crit_latency: Option<Duration>,

    /// Exit with a weight, for keepalived's misc_dynamic
    #[arg(long, help_heading = "Output")]
    pub dynamic: bool,

    /// The weight for an answer of that speed: MAX:FAST:SLOW, like 100:0.1:2
    #[arg(long, value_name = "FORMULA", requires = "dynamic", help_heading = "Output")]
    pub latency_weight: Option<LatencyWeight>,

    /// Weight 0 while this file, here where the check runs, has content other than 0
    #[arg(long, value_name = "FILE", requires = "dynamic", help_heading = "Output")]
    pub drain_file: Option<PathBuf>,
}

impl Args {
    /// The check that this command line asks for.
    ///
    /// # Errors
    /// Options that are fine by themselves contradict each other.
    pub fn probe(&self) -> anyhow::Result<Probe> {
        let server = self.connect_ip.or(self.host).context("HOST is missing")?;
        let host = server.ip;
        ensure!(
            self.bind_if.is_some() || !server.lacks_interface(),
            "{host} is link-local, so it may be on each interface: name one, like {host}%eth0"
        );
        if let Some(bindto) = self.bindto {
            ensure!(
                bindto.is_ipv4() == host.is_ipv4(),
                "--bindto {bindto} can't reach {host}: one is IPv4, the other IPv6"
            );
        }
        if let (Some(warn), Some(crit)) = (self.warn_latency, self.crit_latency) {
            ensure!(warn <= crit, "--warn-latency is above --crit-latency, so it could never warn");
        }
        let server = server.port(self.port);
        let session = Session {
            target: Target {
                server,
                bind_ip: self.bindto,
                bind_port: self.bind_port,
                bind_if: self.bind_if.clone(),
                fwmark: self.fwmark,
            },
            rules: match self.compat {
                true => Rules::Compat(self.helo_name.clone()),
                false => Rules::Rfc(Box::new(self.plan(server)?)),
            },
            connect_timeout: self.connect_timeout,
        };
        let (waits, delay) = (session.waits(), self.delay_before_retry);
        let longest = worst_case(waits, self.connect_timeout, self.retry, delay);
        Ok(Probe {
            session,
            retry: self.retry,
            delay_before_retry: delay,
            deadline: self.deadline.unwrap_or(longest),
        })
    }
}

/// Reads an address, with an error that says why a name won't do.
fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "not an IPv4 or IPv6 address (names are not looked up)")
}

/// Reads an end of a connection.
fn end(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an address and a port, like 192.0.2.1:25 or [::1]:25")
}

/// Reads a reply code to accept (RFC 5321 section 4.2). After 421 the server is gone.
fn code(text: &str) -> Result<u16, &'static str> {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(421) => Err("421 is a server that is about to go; accept others"),
        Ok(code @ (200..=299 | 400..=559)) if is_code => Ok(code),
        _ => Err("expected a reply code of 200-299 or 400-559, like 450"),
    }
}

/// Reads the name of an interface; whether there is one shows when it is used.
fn interface(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > LONGEST_INTERFACE || text.contains(['/', '\0', ' ']) {
        return Err(format!("an interface has a name of 1 to {LONGEST_INTERFACE} characters"));
    }
    Ok(text.to_owned())
}

/// Reads an EHLO keyword (RFC 5321 section 4.1.1.1).
fn keyword(text: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() || !text.bytes().all(allowed) {
        return Err("a capability is one word of letters, digits and '-', without parameters");
    }
    Ok(text.to_owned())
}

/// Reads a host's name: a HELO name that is no address literal.
fn host_name(text: &str) -> Result<String, &'static str> {
    let is_address = text.parse::<IpAddr>().is_ok();
    match text.parse::<HeloName>() {
        Ok(_) if !is_address && !text.starts_with('[') => Ok(text.to_owned()),
        _ => Err("not the name of a host"),
    }
}

/// Reads a name or an address.
fn peer(text: &str) -> Result<Peer, &'static str> {
    match text.parse::<IpAddr>() {
        Ok(ip) => Ok(Peer::Ip(ip.to_canonical())),
        Err(_) => host_name(text).map(Peer::Name),
    }
}

#[cfg(test)]
mod tests;
