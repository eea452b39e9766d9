//! Certificate and key from PEM files, and what can be wrong with them.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;
use x509_parser::time::ASN1Time;

/// Why a certificate cannot be used.
#[derive(Debug)]
pub struct CertificateError {
    /// The option that names the file.
    pub option: &'static str,
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub wrong: String,
}

const CERT_FILE: &str = "tls_cert_file";
const KEY_FILE: &str = "tls_key_file";

/// A certificate with its key, and what the operator should know about it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    /// It works, but no client will like it.
    pub(super) warning: Option<CertificateError>,
}

/// Reads the chain in `cert_file`, the server's own certificate first, and its key in `key_file`.
pub(super) fn load(
    cert_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<Loaded, CertificateError> {
    let chain = read_chain(CERT_FILE, cert_file)?;
    let in_key = |wrong: String| CertificateError::new(KEY_FILE, key_file, wrong);
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| {
        in_key(match error {
            pem::Error::NoItemsFound => "contains no private key in PEM form (an encrypted one \
                                         cannot be used: decrypt it, for example with openssl pkey)"
                .to_owned(),
            error => reading(error),
        })
    })?;
    let warning = dates_warning(cert_file, &chain)?;
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            in_key(format!("is not the key of the certificate in {}", cert_file.display()))
        }
        error => in_key(format!("cannot be used: {error}")),
    })?;
    Ok(Loaded { key: Arc::new(key), warning })
}

/// The certificates in the file that `option` names, at least one.
pub(super) fn read_chain(
    option: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let wrong = |wrong: String| CertificateError::new(option, file, wrong);
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| wrong(reading(error)))?;
    let chain: Result<Vec<_>, _> = certificates.collect();
    let chain = chain.map_err(|error| wrong(reading(error)))?;
    if chain.is_empty() {
        return Err(wrong("contains no certificate in PEM form".to_owned()));
    }
    Ok(chain)
}

/// Whether the certificate is out of its time. Clients refuse it then, but a server that refused to
/// start would serve plain FTP to nobody either.
fn dates_warning(
    file: &Path,
    chain: &[CertificateDer<'_>],
) -> Result<Option<CertificateError>, CertificateError> {
    let (from, until) = validity(file, chain)?;
    let now = ASN1Time::now();
    let dated = if now < from {
        format!("not valid before {from}")
    } else if now > until {
        format!("expired on {until}")
    } else {
        return Ok(None);
    };
    let wrong = format!("clients will refuse this certificate: {dated}");
    Ok(Some(CertificateError::new(CERT_FILE, file, wrong)))
}

/// The last moment at which clients take the certificate in `file`.
pub(super) fn valid_until(file: &Path) -> Result<SystemTime, CertificateError> {
    let chain = read_chain(CERT_FILE, file)?;
    let (_, until) = validity(file, &chain)?;
    Ok(until.to_datetime().into())
}

/// The first and the last moment of the chain's first certificate, the server's own.
fn validity(
    file: &Path,
    chain: &[CertificateDer<'_>],
) -> Result<(ASN1Time, ASN1Time), CertificateError> {
    let own = chain.first().map_or(&[][..], |own| own);
    let (_, own) = parse_x509_certificate(own).map_err(|error| {
        let wrong = format!("contains a certificate that cannot be read: {error}");
        CertificateError::new(CERT_FILE, file, wrong)
    })?;
    Ok((own.validity().not_before, own.validity().not_after))
}

/// Why a file could not be read.
pub(super) fn reading(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        error => format!("is not a valid PEM file: {error}"),
    }
}

impl CertificateError {
    /// What the library said that is about no file.
    pub(super) fn of_library(error: &rustls::Error) -> Self {
        Self::new(CERT_FILE, Path::new(""), format!("TLS cannot be set up: {error}"))
    }

    pub(super) fn new(option: &'static str, file: &Path, wrong: String) -> Self {
        Self { option, file: file.to_owned(), wrong }
    }
}

impl From<CertificateError> for std::io::Error {
    fn from(error: CertificateError) -> Self {
        Self::other(error)
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: {}", self.option, self.file.display(), self.wrong)
    }
}

impl Error for CertificateError {}
