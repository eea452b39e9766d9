//! What is wrong with the certificate of a peer.

/// Why a certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// No authority that is trusted has issued it; it may be self-signed.
    UnknownIssuer,
    /// It is for another name than the one that was called.
    OtherName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotValidYet,
    /// An authority's own, which is none for a server.
    AuthorityAsServer,
    /// Anything else.
    Unusable,
}

impl CertificateFault {
    /// What the verdict `error` of the TLS library means.
    pub fn of(error: &rustls::Error) -> Self {
        use rustls::CertificateError as C;

        let rustls::Error::InvalidCertificate(error) = error else { return Self::Unusable };
        match error {
            C::UnknownIssuer => Self::UnknownIssuer,
            C::NotValidForName | C::NotValidForNameContext { .. } => Self::OtherName,
            C::Expired | C::ExpiredContext { .. } => Self::Expired,
            C::NotValidYet | C::NotValidYetContext { .. } => Self::NotValidYet,
            // It has no variant of its own.
            C::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                Self::AuthorityAsServer
            }
            _ => Self::Unusable,
        }
    }
}
