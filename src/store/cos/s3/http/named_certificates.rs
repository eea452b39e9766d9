//! Who is believed to be the store, where a file says it: whoever an authority in it vouches for,
//! and whoever shows one of its certificates.
//!
//! A small store often has one certificate for everything: `openssl req -x509` makes one that is an
//! authority (`CA:TRUE`) and signs itself. As a server's own certificate that is refused by the
//! rules for authorities. But whoever names the very certificate has vouched for it: what is left
//! to be seen is that it names the host, that its time has come and is not over, and that the store
//! has its key.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_parser::parse_x509_certificate;
use x509_parser::time::ASN1Time;

/// The certificates of a file.
#[derive(Debug)]
pub(crate) struct NamedCertificates {
    /// In DER.
    named: Vec<Vec<u8>>,
    /// Where they are taken for authorities.
    authorities: Arc<WebPkiServerVerifier>,
}

impl NamedCertificates {
    /// The certificates `named`, in DER, which are the authorities `trusted`.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn new(
        named: Vec<Vec<u8>>,
        trusted: RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(trusted), provider).build();
        let authorities = authorities.map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { named, authorities })
    }
}

impl ServerCertVerifier for NamedCertificates {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.named.iter().any(|named| named == shown.as_ref()) {
            let authorities = &self.authorities;
            return authorities.verify_server_cert(shown, between, host, ocsp_response, now);
        }
        check_time(shown, now)?;
        check_name(shown, host)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, shown, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

fn check_time(shown: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, certificate) = parse_x509_certificate(shown).map_err(|_| unreadable())?;
    let seconds = |time: ASN1Time| {
        let seconds = u64::try_from(time.timestamp()).unwrap_or_default();
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    };
    let validity = certificate.validity();
    let (not_before, not_after) = (seconds(validity.not_before), seconds(validity.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

/// One without a subjectAltName, as `openssl req -x509` makes it unless it is told one, has the
/// name in its subject, where it is looked for nowhere else any more.
fn check_name(shown: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), Error> {
    let refusal = match verify_server_name(&ParsedCertificate::try_from(shown)?, host) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    let (_, certificate) = parse_x509_certificate(shown).map_err(|_| unreadable())?;
    let has_names = certificate.subject_alternative_name().map_or(true, |names| names.is_some());
    let mut common = certificate.subject().iter_common_name();
    let is_host = |name: &str| match host {
        ServerName::DnsName(host) => host.as_ref().eq_ignore_ascii_case(name),
        ServerName::IpAddress(host) => name.parse() == Ok(IpAddr::from(*host)),
        _ => false,
    };
    if !has_names && common.any(|name| name.as_str().is_ok_and(is_host)) {
        return Ok(());
    }
    Err(refusal)
}

fn unreadable() -> Error {
    CertificateError::BadEncoding.into()
}
