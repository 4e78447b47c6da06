//! The handshake, all of it OpenSSL's, so that the system's crypto policy counts here too. Nothing is
//! made before a server offers TLS, and no certificate store is read before verification is asked for:
//! a system's whole store costs more than the rest of a check.

use std::path::Path;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{
    Error, HandshakeError, MidHandshakeSslStream, Ssl, SslContext, SslContextBuilder, SslMethod,
    SslRef, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::X509VerifyResult;
use openssl::x509::verify::X509CheckFlags;

use super::{
    Channel, Deadline, Failure, Info, Limited, MinVersion, Options, Peer, Refused, Validity,
    client, dane,
};
use crate::smtp::step::Step;

impl Channel for SslStream<Limited> {
    fn below(&mut self) -> &mut Limited {
        self.get_mut()
    }

    fn close(&mut self) {
        let _ = self.shutdown();
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
            return Err(Refused { failure, info: Some(info) });
        }
        info.verified = true;
    }
    Ok((Box::new(stream), info))
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
        Some(ca_file) => {
            context.set_verify(SslVerifyMode::PEER);
            match ca_file {
                Some(file) => set_ca_file(&mut context, file)
                    .map_err(|reason| Failure::Local(format!("{}: {reason}", file.display())))?,
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

/// Trusts what is in a file. OpenSSL would wait for whoever writes into a FIFO, beyond any deadline.
fn set_ca_file(context: &mut SslContextBuilder, file: &Path) -> Result<(), String> {
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Err("not a regular file".to_owned());
    }
    context.set_ca_file(file).map_err(|stack| reason(&stack))
}

/// Why a handshake failed.
fn failed(mid: &MidHandshakeSslStream<Limited>, options: &Options, deadline: &Deadline) -> Refused {
    let verdict = mid.ssl().verify_result();
    if options.verify.is_some() && verdict != X509VerifyResult::OK {
        let failure = Failure::Certificate(verdict.error_string().to_owned());
        return Refused { failure, info: Some(info(mid.ssl())) };
    }
    let error: &Error = mid.error();
    let failure = match (error.io_error(), error.ssl_error()) {
        (Some(io), _) if io.kind() == std::io::ErrorKind::TimedOut => {
            deadline.or(Failure::ReadTimeout(Step::Tls))
        }
        (Some(io), _) => Failure::Tls(io.to_string()),
        (None, Some(stack)) => Failure::Tls(reason(stack)),
        (None, None) => Failure::Tls("connection closed by the server".to_owned()),
    };
    failure.into()
}

/// What OpenSSL has to say, without its numbers and function names.
fn reason(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack.errors().iter().filter_map(|err| err.reason()).collect();
    if reasons.is_empty() { "OpenSSL gives no reason".to_owned() } else { reasons.join("; ") }
}

/// What the handshake came to, or had come to when the certificate was refused: then OpenSSL has it
/// only in the chain that it verified, and 1.1.1 nowhere.
fn info(ssl: &SslRef) -> Info {
    let in_chain = || Some(ssl.peer_cert_chain()?.iter().next()?.to_owned());
    let certificate = ssl.peer_certificate().or_else(in_chain);
    let validity = certificate.and_then(|certificate| {
        let not_before = unix(certificate.not_before()).ok()?;
        Some(Validity { not_before, not_after: unix(certificate.not_after()).ok()? })
    });
    let wanted = ssl.verify_mode().contains(SslVerifyMode::PEER);
    Info {
        version: ssl.version_str(),
        cipher: ssl.current_cipher().map_or("no cipher", |cipher| cipher.name()),
        verified: wanted && ssl.verify_result() == X509VerifyResult::OK,
        validity,
    }
}

/// Seconds since 1970.
fn unix(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * super::DAY + i64::from(since.secs))
}
