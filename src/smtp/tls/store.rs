//! Which certificates are trusted. A system's whole store takes OpenSSL several times as long to read
//! as the rest of a check, so its folder of hashed names is asked first, one certificate at a time, and
//! the whole store only for what is not there.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslFiletype, SslVerifyMode};
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::{X509PurposeId, X509StoreContext, X509StoreContextRef, X509VerifyResult};

use super::reason::reason;

/// Where distributions have certificates under their hashed names: Debian and SUSE, RHEL, Fedora.
const HASHED: [&str; 3] =
    ["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash"];

/// OpenSSL's own variables for another store.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Trusts what is in a file. OpenSSL would wait for whoever writes into a FIFO, beyond any deadline.
///
/// # Errors
/// It can't be read, or has no certificate; with what to do.
pub fn trust_file(context: &mut SslContextBuilder, file: &Path) -> Result<(), String> {
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Err("not a regular file".to_owned());
    }
    match File::open(file) {
        Err(err) if err.kind() == ErrorKind::PermissionDenied => {
            return Err(format!("{err}; under keepalived the user lvskit must be able to read it"));
        }
        Err(err) => return Err(err.to_string()),
        Ok(_) => {}
    }
    context.set_verify(SslVerifyMode::PEER);
    let no_pem = |stack| format!("no certificates in PEM format ({})", reason(&stack));
    context.set_ca_file(file).map_err(no_pem)
}

/// Trusts what the system trusts.
///
/// # Errors
/// OpenSSL's.
pub fn trust_system(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    if VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) {
        context.set_verify(SslVerifyMode::PEER);
        return context.set_default_verify_paths();
    }
    let lookup = context.cert_store_mut().add_lookup(X509Lookup::hash_dir())?;
    for folder in HASHED {
        lookup.add_dir(folder, SslFiletype::PEM)?;
    }
    let whole = OnceLock::new();
    context.set_verify_callback(SslVerifyMode::PEER, move |good, chain| {
        good || is_of_unknown_issuer(chain) && {
            let verdict = *whole.get_or_init(|| whole_store(chain).unwrap_or(chain.error()));
            chain.set_error(verdict);
            verdict == X509VerifyResult::OK
        }
    });
    Ok(())
}

/// Whether the reason is that nobody who is trusted has signed the chain, as far as the folder says:
/// the X509_V_ERR_ for a self-signed certificate, alone and in a chain, and for an issuer that was
/// not found, of the chain, of its last certificate, and of the only one.
fn is_of_unknown_issuer(chain: &X509StoreContextRef) -> bool {
    matches!(chain.error().as_raw(), 18 | 19 | 2 | 20 | 21)
}

/// What the whole store says of the same chain, all but the server's name.
fn whole_store(chain: &X509StoreContextRef) -> Result<X509VerifyResult, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    store.set_default_paths()?;
    store.set_purpose(X509PurposeId::SSL_SERVER)?;
    let store = store.build();
    let Some((certificates, certificate)) = chain.chain().and_then(|all| Some((all, all.get(0)?)))
    else {
        return Ok(chain.error());
    };
    X509StoreContext::new()?.init(&store, certificate, certificates, |context| {
        let verified = context.verify_cert()?;
        // What is not verified must never look as if it were.
        let unverified = chain.error();
        Ok(match context.error() {
            X509VerifyResult::OK if !verified => unverified,
            verdict => verdict,
        })
    })
}
