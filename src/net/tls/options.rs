//! What the operator decides about TLS.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::SystemTime;

use super::certificate::{self, CertificateError};
use super::client_auth::ClientAuthOptions;
use super::connection::Truncation;
use super::version::Version;

/// Whether a data connection must resume the TLS session of its control connection, which proves
/// that the same client opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// It may.
    #[default]
    Optional,
    /// It must.
    Required,
}

/// Certificate, versions and rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// `tls_cert_file`: the server's certificate and those that lead to a root, PEM.
    pub cert_file: PathBuf,
    /// `tls_key_file`: the certificate's key, PEM.
    pub key_file: PathBuf,
    /// `tls_min_version` and `tls_max_version`: the oldest and the newest version that is spoken.
    pub versions: RangeInclusive<Version>,
    /// The version that is agreed on with every client that can speak it; `None`: the newest.
    pub preferred: Option<Version>,
    /// `tls_require_session_reuse`
    pub reuse: Reuse,
    /// `tls_require_close_notify`: what an upload without it is.
    pub truncation: Truncation,
    /// Whether clients show certificates, too; `None`: they are not asked for any.
    pub clients: Option<ClientAuthOptions>,
}

impl TlsOptions {
    /// Which versions are spoken, and why not the newest with everybody.
    pub fn describe_versions(&self) -> String {
        let (oldest, newest) = (self.versions.start(), self.versions.end());
        if oldest == newest {
            return newest.to_string();
        }
        match self.preferred {
            None => format!("{oldest} to {newest}"),
            Some(preferred) => format!(
                "{oldest} to {newest}, with tls_require_session_reuse {preferred} where a client \
                 can, unless tls_max_version = 1.3: some resume a session of TLS 1.3 only once"
            ),
        }
    }

    /// The last moment at which clients take the certificate in the file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn valid_until(&self) -> Result<SystemTime, CertificateError> {
        certificate::valid_until(&self.cert_file)
    }
}
