//! Why clients do not trust the certificate of a server, and what its operator can do.

use rustls::{CertificateError, Error};

/// A certificate that clients warn of or refuse.
#[derive(Clone, Debug)]
pub(super) struct Distrust {
    pub(super) reason: DistrustReason,
    /// Its SHA-256, as clients show it.
    pub(super) fingerprint: String,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DistrustReason {
    /// No authority that clients know has issued it; it may be self-signed.
    UnknownIssuer,
    OtherName,
    Expired,
    NotValidYet,
    /// An authority's own, which is none for a server.
    AuthorityAsServer,
    /// Anything else.
    Unusable,
}

impl DistrustReason {
    /// What the verdict `error` of the TLS library means.
    pub(super) fn of(error: &Error) -> Self {
        use CertificateError as C;

        let Error::InvalidCertificate(error) = error else { return Self::Unusable };
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

    /// In words.
    pub(super) fn what_is_wrong(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "clients warn or refuse: it was issued by no authority that they know \
                 (self-signed, of an authority of your own, or without its intermediate \
                 certificates)"
            }
            Self::OtherName => "clients warn or refuse: it is for another name than this one",
            Self::Expired => "clients refuse it: it has expired",
            Self::NotValidYet => "clients refuse it: it is not valid yet",
            Self::AuthorityAsServer => {
                "clients refuse it: it is the certificate of an authority (CA:TRUE), not of a \
                 server"
            }
            Self::Unusable => "clients refuse it: it cannot be used",
        }
    }

    /// What to do about it.
    pub(super) fn fix(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "get a certificate from a public authority such as Let's Encrypt, and put its \
                 intermediate certificates behind it in tls_cert_file; or have each client trust \
                 this one, by its fingerprint"
            }
            Self::OtherName => {
                "connect by a name that the certificate has, or get one for this name \
                 (subjectAltName)"
            }
            Self::Expired => {
                "renew it, and put the new one into tls_cert_file; no restart is needed. If it is \
                 new, set the clock of this machine (NTP)"
            }
            Self::NotValidYet => {
                "set the clock of this machine (NTP), or of the one that issued it"
            }
            Self::AuthorityAsServer => {
                "issue a certificate for the server with this authority, and put that into \
                 tls_cert_file"
            }
            Self::Unusable => "get another certificate",
        }
    }
}
