//! The handshake, all of it OpenSSL's, so that the system's crypto policy counts here too. Nothing is
//! made before a server offers TLS, and no certificate store is read before verification is asked for:
//! a system's whole store costs more than the rest of a check.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{
    HandshakeError, MidHandshakeSslStream, Ssl, SslContext, SslMethod, SslRef, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{GeneralNameRef, X509NameRef, X509Ref, X509VerifyResult};

use super::certificate::{Certificate, DAY, Validity};
use super::reason::{self, reason};
use super::{
    Channel, Deadline, Failure, Info, Limited, MinVersion, Options, Peer, Refused, client, dane,
    store,
};
use crate::smtp::step::Step;

/// A connection in TLS, with errors in words.
#[derive(Debug)]
struct Secure(SslStream<Limited>);

impl Read for Secure {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room).map_err(reason::in_words)
    }
}

impl Write for Secure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(reason::in_words)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Channel for Secure {
    fn below(&mut self) -> &mut Limited {
        self.0.get_mut()
    }

    fn close(&mut self) {
        let _ = self.0.shutdown();
    }
}

/// Holds the handshake.
///
/// # Errors
/// [`Failure::Tls`], [`Failure::Certificate`] and what the certificate is, or that time was up.
pub fn handshake(
    stream: Limited,
    options: &Options,
    deadline: &Deadline,
) -> Result<(Box<dyn Channel>, Info), Refused> {
    let stream = prepare(options)?.connect(stream).map_err(|err| match err {
        HandshakeError::SetupFailure(stack) => Failure::from(stack).into(),
        HandshakeError::Failure(mid) | HandshakeError::WouldBlock(mid) => {
            failed(&mid, options, deadline)
        }
    })?;
    let mut info = info(stream.ssl());
    if let Some(dane) = &options.dane {
        if let Err(failure) = dane::check(stream.ssl(), dane) {
            return Err(Refused { failure, info: Some(Box::new(info)) });
        }
        info.verified = true;
    }
    Ok((Box::new(Secure(stream)), info))
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
            MinVersion::V1_0 => SslVersion::TLS1,
            MinVersion::V1_1 => SslVersion::TLS1_1,
            MinVersion::V1_2 => SslVersion::TLS1_2,
            MinVersion::V1_3 => SslVersion::TLS1_3,
        }))?;
    }
    let forbidden = matches!(options.min, Some(MinVersion::V1_0 | MinVersion::V1_1));
    if let Some(level) = options.level.or(forbidden.then_some(0)) {
        // A policy may have narrowed the ciphers too.
        context.set_cipher_list(&format!("DEFAULT:@SECLEVEL={level}"))?;
    }
    if let Some(certificate) = &options.client {
        client::present(&mut context, certificate)?;
    }
    match options.verify.as_ref().map(|verify| &verify.ca_file) {
        None => context.set_verify(SslVerifyMode::NONE),
        Some(None) => store::trust_system(&mut context)?,
        Some(Some(file)) => store::trust_file(&mut context, file)
            .map_err(|reason| Failure::Local(format!("{}: {reason}", file.display())))?,
    }
    let mut ssl = Ssl::new(&context.build())?;
    if let Some(name) = &options.sni {
        ssl.set_hostname(name)?;
    }
    if let Some(verify) = &options.verify {
        let param = ssl.param_mut();
        // RFC 9525 section 2: a common name is no name of a server.
        let names = X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT;
        param.set_hostflags(names);
        match &verify.peer {
            Peer::Name(name) => param.set_host(name)?,
            Peer::Ip(ip) => param.set_ip(*ip)?,
        }
    }
    Ok(ssl)
}

/// Why a handshake failed.
fn failed(mid: &MidHandshakeSslStream<Limited>, options: &Options, deadline: &Deadline) -> Refused {
    let verdict = mid.ssl().verify_result();
    if let Some(verify) = options.verify.as_ref().filter(|_| verdict != X509VerifyResult::OK) {
        let info = info(mid.ssl());
        let failure = Failure::Certificate(refused(verdict, &info, &verify.peer));
        return Refused { failure, info: Some(Box::new(info)) };
    }
    let error = mid.error();
    let failure = match error.io_error() {
        Some(io) if io.kind() == io::ErrorKind::TimedOut => {
            deadline.or(Failure::ReadTimeout(Step::Tls))
        }
        Some(io) => Failure::Tls(io.to_string()),
        // A reply's code: OpenSSL tells of a wrong version.
        None if mid.get_ref().heard_a_reply() => Failure::NotTls,
        None => Failure::Tls(reason::of_error(error)),
    };
    failure.into()
}

/// Why a certificate did not pass; the numbers are X509_V_ERR_HOSTNAME_MISMATCH and
/// X509_V_ERR_IP_ADDRESS_MISMATCH.
fn refused(verdict: X509VerifyResult, info: &Info, wanted: &Peer) -> String {
    let reason = verdict.error_string();
    match (&info.certificate, verdict.as_raw()) {
        (Some(certificate), 62 | 64) => format!("{reason}: {}", certificate.mismatch(wanted)),
        _ => reason.to_owned(),
    }
}

/// What the handshake came to, or had come to when the certificate was refused: then OpenSSL has it
/// only in the chain that it verified, and 1.1.1 nowhere.
fn info(ssl: &SslRef) -> Info {
    let in_chain = || Some(ssl.peer_cert_chain()?.iter().next()?.to_owned());
    let certificate = ssl.peer_certificate().or_else(in_chain);
    let wanted = ssl.verify_mode().contains(SslVerifyMode::PEER);
    Info {
        version: ssl.version_str(),
        cipher: ssl.current_cipher().map_or("no cipher", |cipher| cipher.name()),
        verified: wanted && ssl.verify_result() == X509VerifyResult::OK,
        certificate: certificate.map(|certificate| read(&certificate)),
    }
}

fn read(certificate: &X509Ref) -> Certificate {
    let validity = || {
        let not_before = unix(certificate.not_before()).ok()?;
        Some(Validity { not_before, not_after: unix(certificate.not_after()).ok()? })
    };
    let names = certificate.subject_alt_names();
    Certificate {
        subject: name(certificate.subject_name()),
        names: names.iter().flatten().filter_map(alternative).collect(),
        issuer: name(certificate.issuer_name()),
        validity: validity(),
    }
}

/// A name as openssl(1) shows it: `C=EE, O=Example, CN=mx.example.org`.
fn name(name: &X509NameRef) -> String {
    let parts = name.entries().map(|entry| {
        let value = entry.data().to_string().unwrap_or_default();
        let printable: String = value
            .chars()
            .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
            .collect();
        format!("{}={printable}", entry.object().nid().short_name().unwrap_or("?"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A DNS name or an address; a server can be known by nothing else.
fn alternative(name: &GeneralNameRef) -> Option<String> {
    let address = || match name.ipaddress()? {
        bytes if bytes.len() == 4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        bytes => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    let dns = name.dnsname().map(|name| name.as_bytes().escape_ascii().to_string());
    dns.or_else(|| Some(address()?.to_string()))
}

/// Seconds since 1970.
fn unix(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * DAY + i64::from(since.secs))
}
