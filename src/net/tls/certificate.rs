//! Certificate and key from PEM files, and what can be wrong with them.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError as Invalid, InconsistentKeys, RootCertStore};

use super::context::TlsOptions;

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

/// A second after the last date that X.509 can write, the end of the year 9999 (RFC 5280 §4.1.2.5).
const BEYOND_ALL_DATES: Duration = Duration::from_secs(253_402_300_800);

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
    let chain = read_chain(cert_file)?;
    let in_key = |wrong: String| CertificateError::new(KEY_FILE, key_file, wrong);
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| {
        in_key(match error {
            pem::Error::NoItemsFound => "holds no private key in PEM form (an encrypted one \
                                         cannot be used: decrypt it, for example with openssl pkey)"
                .to_owned(),
            error => reading(error),
        })
    })?;
    let warning = dates_warning(cert_file, &chain, provider)?;
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            in_key(format!("is not the key of the certificate in {}", cert_file.display()))
        }
        error => in_key(format!("cannot be used: {error}")),
    })?;
    Ok(Loaded { key: Arc::new(key), warning })
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let wrong = |wrong: String| CertificateError::new(CERT_FILE, file, wrong);
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| wrong(reading(error)))?;
    let chain: Result<Vec<_>, _> = certificates.collect();
    let chain = chain.map_err(|error| wrong(reading(error)))?;
    if chain.is_empty() {
        return Err(wrong("holds no certificate in PEM form".to_owned()));
    }
    Ok(chain)
}

/// Whether the certificate is out of its time. Clients refuse it then, but a server that refused to
/// start would serve plain FTP to nobody either.
fn dates_warning(
    file: &Path,
    chain: &[CertificateDer<'_>],
    provider: &CryptoProvider,
) -> Result<Option<CertificateError>, CertificateError> {
    let dated = out_of_time(file, chain, provider, UnixTime::now())?;
    Ok(dated.map(|dated| {
        let wrong = format!("clients will refuse this certificate: {dated}");
        CertificateError::new(CERT_FILE, file, wrong)
    }))
}

/// The last moment at which clients take the certificate of `options`; `None` if its dates cannot
/// be told.
pub(super) fn valid_until(options: &TlsOptions) -> Result<Option<SystemTime>, CertificateError> {
    let provider = ring::default_provider();
    let chain = read_chain(&options.cert_file)?;
    // Nothing is valid then, and the refusal tells since when.
    let then = UnixTime::since_unix_epoch(BEYOND_ALL_DATES);
    Ok(match out_of_time(&options.cert_file, &chain, &provider, then)? {
        Some(Invalid::ExpiredContext { not_after, .. }) => {
            Some(UNIX_EPOCH + Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    })
}

/// What the dates of the chain's first certificate are blamed for at `time`.
fn out_of_time(
    file: &Path,
    chain: &[CertificateDer<'_>],
    provider: &CryptoProvider,
    time: UnixTime,
) -> Result<Option<Invalid>, CertificateError> {
    let wrong = |error: &dyn fmt::Display| {
        let wrong = format!("holds a certificate that cannot be read: {error}");
        CertificateError::new(CERT_FILE, file, wrong)
    };
    let own = chain.first().map(ParsedCertificate::try_from).transpose();
    let Some(own) = own.map_err(|error| wrong(&error))? else { return Ok(None) };
    // Without a root nothing is trusted; but dates are looked at first.
    let outcome = verify_server_cert_signed_by_trust_anchor(
        &own,
        &RootCertStore::empty(),
        &[],
        time,
        provider.signature_verification_algorithms.all,
    );
    Ok(match outcome {
        Err(rustls::Error::InvalidCertificate(
            dated @ (Invalid::Expired
            | Invalid::ExpiredContext { .. }
            | Invalid::NotValidYet
            | Invalid::NotValidYetContext { .. }),
        )) => Some(dated),
        _ => None,
    })
}

fn reading(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        error => format!("is no proper PEM file: {error}"),
    }
}

impl CertificateError {
    /// What the library said that is about no file.
    pub(super) fn of_library(error: &rustls::Error) -> Self {
        Self::new(CERT_FILE, Path::new(""), format!("TLS cannot be set up: {error}"))
    }

    fn new(option: &'static str, file: &Path, wrong: String) -> Self {
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
