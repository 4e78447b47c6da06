//! Certificates for tests: an authority, and servers that it vouches for, well or badly.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

/// Seconds of a day.
const DAY: i64 = 86400;

/// The names that every server's certificate is for.
pub const NAME: &str = "mx.example.org";

/// Who signs, and what clients may trust.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    pub fn new() -> Authority {
        Authority::named("lvskit test authority")
    }

    /// One that is not taken for another of the same name.
    pub fn named(common_name: &str) -> Authority {
        let key = key();
        let name = name(common_name);
        let mut builder = builder(&key, &name, &name, -DAY, 3650 * DAY);
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(constraints).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Authority { certificate: builder.build(), key }
    }

    /// The name by which OpenSSL looks for the certificate to trust in a folder.
    pub fn hashed_name(&self) -> String {
        format!("{:08x}.0", self.certificate.subject_name_hash())
    }

    /// A server whose certificate has its name in the subject only.
    pub fn common_name_only(&self) -> SslContext {
        let (certificate, key) = self.issue_for(30, false);
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        context.build()
    }

    /// A server that wants a certificate of its clients.
    pub fn demanding(&self, max: Option<SslVersion>) -> SslContext {
        let (certificate, key) = self.issue(30);
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        context.set_max_proto_version(max).unwrap();
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        context.build()
    }

    /// Writes the certificate to trust.
    pub fn write(&self, file: &Path) {
        std::fs::write(file, self.certificate.to_pem().unwrap()).unwrap();
    }

    /// A server of name [`NAME`] and address 127.0.0.1, with a certificate that ends in so many
    /// days from now.
    pub fn server(&self, days: i64) -> SslContext {
        self.limited(days, None)
    }

    /// The same, with nothing newer than this version.
    pub fn limited(&self, days: i64, max: Option<SslVersion>) -> SslContext {
        let (mut context, _) = self.issued(days);
        context.set_max_proto_version(max).unwrap();
        context.build()
    }

    /// The same, to be made more of, and its certificate.
    pub fn issued(&self, days: i64) -> (SslContextBuilder, X509) {
        let (certificate, key) = self.issue(days);
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        (context, certificate)
    }

    /// Such a server that shows the authority's certificate too, and its own certificate.
    pub fn chain(&self, days: i64) -> (SslContext, X509) {
        let (mut context, certificate) = self.issued(days);
        context.add_extra_chain_cert(self.certificate.clone()).unwrap();
        (context.build(), certificate)
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> &X509 {
        &self.certificate
    }

    /// Writes such a server's key and certificate into one file.
    pub fn write_server(&self, days: i64, file: &Path) {
        let (certificate, key) = self.issue(days);
        let pem = [key.private_key_to_pem_pkcs8().unwrap(), certificate.to_pem().unwrap()];
        std::fs::write(file, pem.concat()).unwrap();
    }

    fn issue(&self, days: i64) -> (X509, PKey<Private>) {
        self.issue_for(days, true)
    }

    fn issue_for(&self, days: i64, named: bool) -> (X509, PKey<Private>) {
        let key = key();
        let issuer = self.certificate.subject_name();
        let end = days * DAY + DAY / 2;
        let mut builder = builder(&key, &name(NAME), issuer, -100 * DAY, end);
        let names = SubjectAlternativeName::new()
            .dns(NAME)
            .ip("127.0.0.1")
            .build(&builder.x509v3_context(Some(&self.certificate), None))
            .unwrap();
        if named {
            builder.append_extension(names).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        (builder.build(), key)
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, common_name).unwrap();
    name.build()
}

/// A certificate that is valid from and until so many seconds from now.
fn builder(
    key: &PKey<Private>,
    subject: &X509Name,
    issuer: &openssl::x509::X509NameRef,
    from: i64,
    until: i64,
) -> X509Builder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let time = |seconds| Asn1Time::from_unix(now + seconds).unwrap();
    let serial = BigNum::from_u32(now as u32).unwrap().to_asn1_integer().unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&time(from)).unwrap();
    builder.set_not_after(&time(until)).unwrap();
    builder
}
