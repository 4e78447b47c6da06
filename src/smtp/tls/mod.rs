//! What is asked of a server's TLS, and what came of it. Nothing here knows OpenSSL: to map its
//! libraries costs as much as a whole check, so only a program that names [`handshake()`] is linked
//! with them, and everything else speaks through a [`Channel`].

mod client;
mod dane;
pub mod days;
mod handshake;
pub mod tlsa;

use std::fmt::{self, Debug};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use self::days::CertDays;
pub use self::handshake::handshake;
use self::tlsa::Tlsa;
use super::deadline::Deadline;
use super::failure::Failure;
use super::wire::Limited;

/// Seconds of a day.
const DAY: i64 = 86400;

/// Begins TLS on a connection. [`handshake()`] does, [`absent`] can't.
pub type Handshake = fn(Limited, &Options, &Deadline) -> Result<(Box<dyn Channel>, Info), Refused>;

/// Why TLS did not begin.
#[derive(Debug)]
pub struct Refused {
    /// The reason.
    pub failure: Failure,
    /// What was seen of the server's TLS and certificate all the same.
    pub info: Option<Info>,
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

/// Whom a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A DNS name (RFC 6125); a wildcard in the certificate stands for one whole label.
    Name(String),
    /// An address.
    Ip(IpAddr),
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
    /// Of the server's certificate; nothing if there is none, or none that can be read.
    pub validity: Option<Validity>,
}

/// From when until when a certificate is valid; seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: i64,
    /// The last one.
    pub not_after: i64,
}

impl Validity {
    /// Whether `now`, seconds since 1970, and so many days later are within it.
    ///
    /// # Errors
    /// [`Failure::Certificate`]
    pub fn check(self, now: i64, days: u32) -> Result<(), Failure> {
        let Validity { not_before, not_after } = self;
        let reason = if not_before > now {
            format!("not valid before {}", rfc3339(not_before))
        } else if not_after < now {
            format!("expired on {}", rfc3339(not_after))
        } else if not_after < now + i64::from(days) * DAY {
            format!("expires on {}, in less than {days} days", rfc3339(not_after))
        } else {
            return Ok(());
        };
        Err(Failure::Certificate(reason))
    }
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
        let now = OffsetDateTime::now_utc().unix_timestamp();
        self.validity.ok_or_else(none)?.check(now, days)
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.version, self.cipher)?;
        if let Some(validity) = &self.validity {
            let verified = if self.verified { "verified" } else { "not verified" };
            write!(f, ", certificate until {}, {verified}", rfc3339(validity.not_after))?;
        }
        Ok(())
    }
}

/// A moment as programs and people read it, of seconds since 1970.
pub fn rfc3339(unix: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(unix).ok();
    let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
    text.unwrap_or_else(|| format!("@{unix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        assert_eq!(rfc3339(1_795_392_000), "2026-11-23T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "@9223372036854775807");
    }

    #[test]
    fn a_certificate_has_a_beginning_and_an_end() {
        let validity = Validity { not_before: 10 * DAY, not_after: 40 * DAY };
        let told = |day: i64, days| match validity.check(day * DAY, days) {
            Ok(()) => "good".to_owned(),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(told(10, 30), "good");
        assert_eq!(told(40, 0), "good");
        assert_eq!(told(9, 0), "Bad certificate: not valid before 1970-01-11T00:00:00Z");
        assert_eq!(told(41, 0), "Bad certificate: expired on 1970-02-10T00:00:00Z");
        let soon = "Bad certificate: expires on 1970-02-10T00:00:00Z, in less than 31 days";
        assert_eq!(told(10, 31), soon);
    }
}
