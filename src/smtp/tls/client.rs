//! A certificate of the probe's own, for servers that ask their clients for one.

use std::path::Path;

use openssl::pkey::PKey;
use openssl::ssl::SslContextBuilder;
use openssl::x509::X509;

use super::{ClientCertificate, Failure};
use crate::smtp::secret;

/// Shows this certificate where the server asks for one. Nobody is asked for a passphrase.
///
/// # Errors
/// [`Failure::Local`], with the file.
pub(super) fn present(
    context: &mut SslContextBuilder,
    client: &ClientCertificate,
) -> Result<(), Failure> {
    let local = |file: &Path, reason: &str| Failure::Local(format!("{}: {reason}", file.display()));
    let (file, key_file) = (&client.certificate, &client.key);
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(local(file, "not a regular file"));
    }
    let pem = std::fs::read(file).map_err(|err| local(file, &err.to_string()))?;
    let chain = X509::stack_from_pem(&pem).unwrap_or_default();
    let [own, authorities @ ..] = &chain[..] else {
        return Err(local(file, "no certificate in PEM"));
    };
    context.set_certificate(own)?;
    for authority in authorities {
        context.add_extra_chain_cert(authority.clone())?;
    }
    let pem = secret::read(key_file).map_err(Failure::Local)?;
    let key = PKey::private_key_from_pem_callback(&pem, |_| Ok(0))
        .map_err(|_| local(key_file, "no private key in PEM, or one with a passphrase"))?;
    // OpenSSL compares it with the certificate.
    context.set_private_key(&key).map_err(|_| {
        local(key_file, &format!("not the key of the certificate in {}", file.display()))
    })
}
