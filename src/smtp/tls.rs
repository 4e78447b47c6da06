//! TLS, all of it OpenSSL's, so that the system's crypto policy counts here too. Nothing is made
//! before a server offers TLS, and no certificate store is read before verification is asked for:
//! a system's whole store costs more than the rest of a check.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{
    Error, HandshakeError, MidHandshakeSslStream, Ssl, SslContext, SslMethod, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509VerifyResult};

use super::deadline::Deadline;
use super::failure::Failure;
use super::step::Step;
use super::wire::Limited;

/// What is asked of the server's TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The name to ask for (SNI, RFC 6066 section 3).
    pub sni: Option<String>,
    /// Verify the certificate, or accept any.
    pub verify: Option<Verify>,
    /// For how many more days the certificate must be valid, at least. 0: it is valid now.
    pub cert_days: Option<u32>,
    /// The lowest version. Without one the system's policy decides.
    pub min: Option<MinVersion>,
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
    /// Whether the certificate was verified.
    pub verified: bool,
    certificate: Option<X509>,
}

impl Info {
    /// The end of the server's certificate, seconds since 1970; nothing if there is none, or none
    /// that can be read.
    pub fn not_after(&self) -> Option<i64> {
        unix(self.certificate.as_ref()?.not_after()).ok()
    }

    /// Whether the certificate is valid now and so many days from now; nothing is asked of it
    /// without a number of days.
    ///
    /// # Errors
    /// [`Failure::Certificate`]
    pub fn check(&self, days: Option<u32>) -> Result<(), Failure> {
        let Some(days) = days else { return Ok(()) };
        let failure = |reason: String| Err(Failure::Certificate(reason));
        let Some(certificate) = &self.certificate else {
            return failure("there is none".to_owned());
        };
        let (Ok(now), Ok(then)) = (Asn1Time::days_from_now(0), Asn1Time::days_from_now(days))
        else {
            return failure(format!("{days} days from now can't be computed"));
        };
        if certificate.not_before() > now {
            failure(format!("not valid before {}", certificate.not_before()))
        } else if certificate.not_after() < now {
            failure(format!("expired on {}", certificate.not_after()))
        } else if certificate.not_after() < then {
            failure(format!("expires on {}, in less than {days} days", certificate.not_after()))
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.version, self.cipher)?;
        if let Some(certificate) = &self.certificate {
            let verified = if self.verified { "verified" } else { "not verified" };
            write!(f, ", certificate until {}, {verified}", certificate.not_after())?;
        }
        Ok(())
    }
}

fn unix(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * 86400 + i64::from(since.secs))
}

/// Holds the handshake.
///
/// # Errors
/// [`Failure::Tls`], [`Failure::Certificate`], or that time was up.
pub fn handshake(
    stream: Limited,
    options: &Options,
    deadline: &Deadline,
) -> Result<SslStream<Limited>, Failure> {
    let ssl = prepare(options)?;
    ssl.connect(stream).map_err(|err| match err {
        HandshakeError::SetupFailure(stack) => stack.into(),
        HandshakeError::Failure(mid) | HandshakeError::WouldBlock(mid) => {
            failed(&mid, options, deadline)
        }
    })
}

impl From<ErrorStack> for Failure {
    fn from(stack: ErrorStack) -> Failure {
        Failure::Local(reason(&stack))
    }
}

fn prepare(options: &Options) -> Result<Ssl, Failure> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    if let Some(min) = options.min {
        context.set_min_proto_version(Some(match min {
            MinVersion::V1_2 => SslVersion::TLS1_2,
            MinVersion::V1_3 => SslVersion::TLS1_3,
        }))?;
    }
    match options.verify.as_ref().map(|verify| &verify.ca_file) {
        None => context.set_verify(SslVerifyMode::NONE),
        Some(ca_file) => {
            context.set_verify(SslVerifyMode::PEER);
            match ca_file {
                Some(file) => context.set_ca_file(file).map_err(|stack| {
                    Failure::Local(format!("{}: {}", file.display(), reason(&stack)))
                })?,
                None => context.set_default_verify_paths()?,
            }
        }
    }
    let mut ssl = Ssl::new(&context.build())?;
    if let Some(name) = &options.sni {
        ssl.set_hostname(name)?;
    }
    if let Some(verify) = &options.verify {
        let param = ssl.param_mut();
        param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        match &verify.peer {
            Peer::Name(name) => param.set_host(name)?,
            Peer::Ip(ip) => param.set_ip(*ip)?,
        }
    }
    Ok(ssl)
}

/// Why a handshake failed.
fn failed(mid: &MidHandshakeSslStream<Limited>, options: &Options, deadline: &Deadline) -> Failure {
    let verdict = mid.ssl().verify_result();
    if options.verify.is_some() && verdict != X509VerifyResult::OK {
        return Failure::Certificate(verdict.error_string().to_owned());
    }
    let error: &Error = mid.error();
    match (error.io_error(), error.ssl_error()) {
        (Some(io), _) if io.kind() == std::io::ErrorKind::TimedOut => {
            deadline.or(Failure::ReadTimeout(Step::Tls))
        }
        (Some(io), _) => Failure::Tls(io.to_string()),
        (None, Some(stack)) => Failure::Tls(reason(stack)),
        (None, None) => Failure::Tls("connection closed by the server".to_owned()),
    }
}

/// What OpenSSL has to say, without its numbers and function names.
fn reason(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack.errors().iter().filter_map(|err| err.reason()).collect();
    if reasons.is_empty() { "OpenSSL gives no reason".to_owned() } else { reasons.join("; ") }
}

/// What the handshake came to.
pub fn info(stream: &SslStream<Limited>) -> Info {
    let ssl = stream.ssl();
    Info {
        version: ssl.version_str(),
        cipher: ssl.current_cipher().map_or("no cipher", |cipher| cipher.name()),
        verified: ssl.verify_mode().contains(SslVerifyMode::PEER),
        certificate: ssl.peer_certificate(),
    }
}
