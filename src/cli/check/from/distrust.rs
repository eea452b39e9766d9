//! Why clients have no TLS with a server or do not trust its certificate, and what its operator can
//! do.

use std::io::{self, ErrorKind};
use std::time::Duration;

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

/// Why a handshake failed that waited for `patience`, in words and with those of the TLS library.
pub(super) fn no_handshake(error: &io::Error, patience: Duration) -> String {
    let library = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    match (library, error.kind()) {
        (Some(Error::InvalidMessage(_)), _) => {
            format!("what came after AUTH TLS is not TLS ({error})")
        }
        (Some(Error::AlertReceived(_)), _) => {
            format!("the server refused the TLS handshake ({error})")
        }
        (Some(_), _) => format!("no TLS could be agreed on ({error})"),
        (None, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
            "the server closed the connection during the TLS handshake".to_owned()
        }
        (None, ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            format!("the server sent nothing for {} s", patience.as_secs())
        }
        (None, _) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_that_fails_is_told_in_words() {
        let library = |error: Error| io::Error::new(ErrorKind::InvalidData, error);
        let no_tls = Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let refused = Error::AlertReceived(rustls::AlertDescription::ProtocolVersion);
        for (error, expected) in [
            (library(no_tls), "what came after AUTH TLS is not TLS ("),
            (library(refused), "the server refused the TLS handshake ("),
            (ErrorKind::UnexpectedEof.into(), "the server closed the connection during the TLS"),
            (ErrorKind::WouldBlock.into(), "the server sent nothing for 15 s"),
        ] {
            let told = no_handshake(&error, Duration::from_secs(15));
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
