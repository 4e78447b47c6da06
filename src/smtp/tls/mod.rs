//! What is asked of a server's TLS, and what came of it. Nothing here knows OpenSSL: to map its
//! libraries costs as much as a whole check, so only a program that names [`handshake()`] is linked
//! with them, and everything else speaks through a [`Channel`].

pub mod certificate;
#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod dane;
pub mod days;
#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod reason;
#[cfg(feature = "tls")]
mod store;
pub mod tlsa;

use std::fmt::{self, Debug};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use self::certificate::{Certificate, rfc3339};
pub use self::days::CertDays;
#[cfg(feature = "tls")]
pub use self::handshake::handshake;
use self::tlsa::Tlsa;
use super::deadline::Deadline;
use super::failure::Failure;
use super::limited::Limited;

/// Begins TLS on a connection. [`handshake()`] does, [`absent`] can't.
pub type Handshake = fn(Limited, &Options, &Deadline) -> Result<(Box<dyn Channel>, Info), Refused>;

/// Why TLS did not begin.
#[derive(Debug)]
pub struct Refused {
    /// The reason.
    pub failure: Failure,
    /// What was seen of the server's TLS and certificate all the same.
    pub info: Option<Box<Info>>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused { failure, info: None }
    }
}

/// A connection in TLS.
pub trait Channel: Read + Write + Debug {
    /// What it goes through, to limit it.
    fn below(&mut self) -> &mut Limited;

    /// Takes leave in TLS's own words (RFC 8446 section 6.1). A server that doesn't listen any
    /// more is no failure.
    fn close(&mut self);
}

/// What a program without TLS does.
///
/// # Errors
/// [`Failure::Local`], always.
pub fn absent(_: Limited, _: &Options, _: &Deadline) -> Result<(Box<dyn Channel>, Info), Refused> {
    Err(Failure::Local("this program is without TLS".to_owned()).into())
}

/// What is asked of the server's TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The name to ask for (SNI, RFC 6066 section 3).
    pub sni: Option<String>,
    /// Verify the certificate, or accept any.
    pub verify: Option<Verify>,
    /// The records of which one must be the certificate's.
    pub dane: Option<Dane>,
    /// Who to be, if the server asks.
    pub client: Option<ClientCertificate>,
    /// For how many more days the certificate must be valid.
    pub cert_days: Option<CertDays>,
    /// The lowest version. Without one the system's policy decides.
    pub min: Option<MinVersion>,
    /// OpenSSL's security level (SSL_CTX_set_security_level(3)), 0 to 5. Without one the system's
    /// policy decides, but for versions that no policy allows any more, which need 0.
    pub level: Option<u32>,
}

/// TLSA records, and whose certificate it must be if one is an authority's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dane {
    /// One must match.
    pub records: Vec<Tlsa>,
    /// Without meaning for a record of the server's own certificate.
    pub peer: Peer,
}

/// The probe's own certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM: the certificate, then those of its authorities.
    pub certificate: PathBuf,
    /// PEM, without a passphrase; may be the same file.
    pub key: PathBuf,
}

/// How to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    /// Trusted certificates, PEM; without a file the system's store.
    pub ca_file: Option<PathBuf>,
    /// Whose certificate it must be.
    pub peer: Peer,
}

/// Whom a certificate must be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A DNS name (RFC 6125); a wildcard in the certificate stands for one whole label.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Peer::Name(name) => f.write_str(name),
            Peer::Ip(ip) => fmt::Display::fmt(ip, f),
        }
    }
}

/// The lowest version of TLS that will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MinVersion {
    /// TLS 1.0 (RFC 2246), which RFC 8996 forbids
    #[value(name = "1.0")]
    V1_0,
    /// TLS 1.1 (RFC 4346), which RFC 8996 forbids
    #[value(name = "1.1")]
    V1_1,
    /// TLS 1.2 (RFC 5246)
    #[value(name = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446)
    #[value(name = "1.3")]
    V1_3,
}

/// What came of a handshake.
#[derive(Debug, Clone)]
pub struct Info {
    /// OpenSSL's name of the version, `TLSv1.3` for instance.
    pub version: &'static str,
    /// OpenSSL's name of the cipher.
    pub cipher: &'static str,
    /// Whether the certificate was verified, and found good.
    pub verified: bool,
    /// The server's; nothing if there is none, or none that can be read.
    pub certificate: Option<Certificate>,
}

impl Info {
    /// Whether the certificate is valid now and so many days from now; nothing is asked of it
    /// without a number of days.
    ///
    /// # Errors
    /// [`Failure::Certificate`]
    pub fn check(&self, days: Option<u32>) -> Result<(), Failure> {
        let Some(days) = days else { return Ok(()) };
        let none = || Failure::Certificate("there is none that can be read".to_owned());
        let validity = self.certificate.as_ref().and_then(|certificate| certificate.validity);
        validity.ok_or_else(none)?.check(certificate::now(), days)
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.version, self.cipher)?;
        if let Some(Certificate { validity: Some(validity), subject, .. }) = &self.certificate {
            let verified = if self.verified { "verified" } else { "not verified" };
            let end = rfc3339(validity.not_after);
            write!(f, ", certificate of {subject} until {end}, {verified}")?;
        }
        Ok(())
    }
}
