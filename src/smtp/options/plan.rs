//! What the options ask the dialogue to do, beyond SMTP_CHECK.

use std::net::SocketAddr;

use anyhow::ensure;

use super::Args;
use crate::smtp::Address;
use crate::smtp::esmtp::Plan;
use crate::smtp::esmtp::dialogue::Script;
use crate::smtp::proxy::Proxy;
use crate::smtp::tls::{self, ClientCertificate, Dane, Peer, Verify};

impl Args {
    /// Whether there will be TLS.
    pub fn encrypts(&self) -> bool {
        self.starttls || self.tls
    }

    /// What the dialogue with this server is to be.
    ///
    /// # Errors
    /// Options that are fine by themselves contradict each other.
    pub(super) fn plan(&self, server: SocketAddr) -> anyhow::Result<Plan> {
        ensure!(
            self.verify_name.is_none()
                || self.verify
                || self.ca_file.is_some()
                || !self.tlsa.is_empty(),
            "--verify-name means nothing without --verify, --ca-file or --tlsa; --sni asks for a name"
        );
        ensure!(
            !self.rcpt_to.as_ref().is_some_and(Address::is_empty),
            "--rcpt-to must be an address"
        );
        ensure!(
            self.auth_file.is_none() || self.encrypts() || self.auth_plaintext,
            "--auth-file without TLS sends the password in plain text: add --starttls or --tls, \
             or --auth-plaintext where everybody on the way may read it"
        );
        Ok(Plan {
            script: Script {
                helo_name: self.helo_name.clone(),
                lmtp: self.lmtp,
                proxied: self.proxy.is_some(),
                xclient: self.xclient.clone(),
                starttls: self.starttls,
                credentials: None,
                expect_greeting: self.expect_greeting.clone(),
                expect_capabilities: self.expect_capability.clone(),
                mail_from: self.mail_from.clone(),
                rcpt_to: self.rcpt_to.clone(),
                accept: self.accept.clone(),
            },
            tls: self.encrypts().then(|| self.tls_options(server)),
            proxy: self.proxy_header(server)?,
            auth_file: self.auth_file.clone(),
        })
    }

    fn proxy_header(&self, server: SocketAddr) -> anyhow::Result<Option<Proxy>> {
        let Some(version) = self.proxy else { return Ok(None) };
        let Some(source) = self.proxy_source else {
            return Ok(Some(Proxy { version, ends: None }));
        };
        let destination = self.proxy_destination.unwrap_or(server);
        ensure!(
            source.is_ipv4() == destination.is_ipv4(),
            "--proxy-source {source} and the destination {destination} must both be IPv4 or both \
             IPv6: give another --proxy-destination"
        );
        Ok(Some(Proxy { version, ends: Some((source, destination)) }))
    }

    fn tls_options(&self, server: SocketAddr) -> tls::Options {
        let name = match &self.verify_name {
            Some(Peer::Name(name)) => Some(name.clone()),
            _ => None,
        };
        // Certificates have the IPv4 address, however it was written.
        let address = || Peer::Ip(server.ip().to_canonical());
        let peer = self.verify_name.clone().unwrap_or_else(address);
        let (verify, dane) = (self.verify || self.ca_file.is_some(), !self.tlsa.is_empty());
        tls::Options {
            sni: self.sni.clone().or(name),
            verify: verify.then(|| Verify { ca_file: self.ca_file.clone(), peer: peer.clone() }),
            dane: dane.then(|| Dane { records: self.tlsa.clone(), peer }),
            client: self.cert.clone().map(|certificate| ClientCertificate {
                key: self.key.clone().unwrap_or_else(|| certificate.clone()),
                certificate,
            }),
            cert_days: self.cert_days,
            min: self.tls_min,
            level: self.tls_level,
        }
    }
}
