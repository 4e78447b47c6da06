//! Whether a server's certificates are those of its TLSA records (RFC 7672). OpenSSL can do that
//! itself, but the crate that calls it does not pass it on; what remains is to compare, and for an
//! authority to have OpenSSL verify with that alone.

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::ssl::SslRef;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext};

use super::tlsa::{Matching, Selector, Tlsa, Usage};
use super::{Dane, Failure, Peer};

/// Compares what the server has shown in its handshake.
///
/// # Errors
/// [`Failure::Certificate`]
pub(super) fn check(ssl: &SslRef, dane: &Dane) -> Result<(), Failure> {
    let chain: Vec<X509> = ssl
        .peer_cert_chain()
        .iter()
        .flat_map(|chain| chain.iter())
        .map(ToOwned::to_owned)
        .collect();
    let [server, authorities @ ..] = &chain[..] else {
        return Err(Failure::Certificate("there is none".to_owned()));
    };
    if matches(server, dane, Usage::Server)? {
        return Ok(());
    }
    let mut trusted = Vec::new();
    for authority in authorities {
        if matches(authority, dane, Usage::Authority)? {
            trusted.push(authority.clone());
        }
    }
    let reason = match trusted.is_empty() {
        false => match verify(server, authorities, trusted, &dane.peer)? {
            None => return Ok(()),
            Some(reason) => reason,
        },
        true => {
            let (selector, matching) = (Selector::PublicKey, Matching::Sha256);
            let data = content(server, selector, matching)?;
            let found = Tlsa { usage: Usage::Server, selector, matching, data };
            format!("matches no TLSA record; the server's is {found}")
        }
    };
    Err(Failure::Certificate(reason))
}

fn matches(certificate: &X509Ref, dane: &Dane, usage: Usage) -> Result<bool, ErrorStack> {
    for record in dane.records.iter().filter(|record| record.usage == usage) {
        if content(certificate, record.selector, record.matching)? == record.data {
            return Ok(true);
        }
    }
    Ok(false)
}

fn content(
    certificate: &X509Ref,
    selector: Selector,
    matching: Matching,
) -> Result<Vec<u8>, ErrorStack> {
    let der = match selector {
        Selector::Certificate => certificate.to_der()?,
        Selector::PublicKey => certificate.public_key()?.public_key_to_der()?,
    };
    Ok(match matching {
        Matching::Full => der,
        Matching::Sha256 => hash(MessageDigest::sha256(), &der)?.to_vec(),
        Matching::Sha512 => hash(MessageDigest::sha512(), &der)?.to_vec(),
    })
}

/// Verifies signatures, times and the name, with nothing trusted but these (RFC 7671 section 5.2);
/// why not, if not.
fn verify(
    server: &X509Ref,
    authorities: &[X509],
    trusted: Vec<X509>,
    peer: &Peer,
) -> Result<Option<String>, ErrorStack> {
    let mut param = X509VerifyParam::new()?;
    param.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
    match peer {
        Peer::Name(name) => param.set_host(name)?,
        Peer::Ip(ip) => param.set_ip(*ip)?,
    }
    param.set_purpose(X509PurposeId::SSL_SERVER)?;
    let mut store = X509StoreBuilder::new()?;
    store.set_param(&param)?;
    for certificate in trusted {
        store.add_cert(certificate)?;
    }
    let mut others = Stack::new()?;
    for certificate in authorities {
        others.push(certificate.clone())?;
    }
    X509StoreContext::new()?.init(&store.build(), server, &others, |context| {
        let good = context.verify_cert()?;
        Ok((!good).then(|| context.error().error_string().to_owned()))
    })
}
