//! Why there is no TLS with a store, in words, and what helps.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use crate::certificate_fault::CertificateFault;

/// Why a handshake with a store failed. Its text is what the log tells.
#[derive(Debug)]
pub(crate) struct TlsRefusal {
    reason: TlsReason,
    /// What the TLS library says.
    told: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TlsReason {
    /// The store could not show that it is who it should be.
    Distrust(CertificateFault),
    NoTls,
    Ended,
    NoAgreement,
}

impl TlsReason {
    fn of(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(_) => Self::Distrust(CertificateFault::of(error)),
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::NoAgreement,
        }
    }
}

impl TlsRefusal {
    /// `error` of a handshake, with the words if it is a refusal. Its kind stays.
    pub(crate) fn explain(error: io::Error) -> io::Error {
        let kind = error.kind();
        let library = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let reason = match library {
            Some(error) => TlsReason::of(error),
            None if matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                TlsReason::Ended
            }
            None => return error,
        };
        let told = error.to_string();
        io::Error::new(kind, Self { reason, told })
    }

    /// That of a request that failed for it.
    pub(crate) fn of(error: &ureq::Error) -> Option<&Self> {
        match error {
            ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }

    /// Whether the store could not show that it is who it should be.
    pub(crate) fn is_distrust(&self) -> bool {
        matches!(self.reason, TlsReason::Distrust(_))
    }

    /// What is wrong.
    pub(crate) fn why(&self) -> String {
        let why = match self.reason {
            TlsReason::Distrust(CertificateFault::UnknownIssuer) => {
                "the store's certificate was not issued by a trusted authority"
            }
            TlsReason::Distrust(CertificateFault::AuthorityAsServer) => {
                "the store shows the certificate of an authority (CA:TRUE) as its own, and it is \
                 not in cos_ca_file"
            }
            TlsReason::Distrust(CertificateFault::OtherName) => {
                "the store's certificate is for another name"
            }
            TlsReason::Distrust(CertificateFault::Expired) => "the store's certificate has expired",
            TlsReason::Distrust(CertificateFault::NotValidYet) => {
                "the store's certificate is not valid yet"
            }
            TlsReason::Distrust(CertificateFault::Unusable) => {
                "the store's certificate cannot be used"
            }
            TlsReason::NoTls => "the port does not speak TLS",
            TlsReason::Ended => "the store closed the connection during the TLS handshake",
            TlsReason::NoAgreement => {
                "the store and this server have no version or cipher of TLS in common"
            }
        };
        format!("{why} ({})", self.told)
    }

    /// What the operator can do about it.
    pub(crate) fn fix(&self) -> &'static str {
        match self.reason {
            TlsReason::Distrust(CertificateFault::UnknownIssuer) => {
                "put the certificate of its authority, or the store's own, into the file that \
                 cos_ca_file names"
            }
            TlsReason::Distrust(CertificateFault::AuthorityAsServer) => {
                "put exactly this certificate into the file that cos_ca_file names"
            }
            TlsReason::Distrust(CertificateFault::OtherName) => {
                "use a name in cos_endpoint that is in the certificate, or have one issued for \
                 this name (subjectAltName)"
            }
            TlsReason::Distrust(CertificateFault::Expired) => {
                "renew it at the store, or set this machine's clock (NTP)"
            }
            TlsReason::Distrust(CertificateFault::NotValidYet) => {
                "set this machine's clock (NTP), or the store's"
            }
            TlsReason::Distrust(CertificateFault::Unusable) => {
                "have the store's certificate issued again"
            }
            TlsReason::NoTls | TlsReason::Ended => {
                "correct the port in cos_endpoint; a store without TLS needs cos_protocol = http"
            }
            TlsReason::NoAgreement => "enable TLS 1.2 or 1.3 at the store",
        }
    }
}

impl fmt::Display for TlsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why(), self.fix())
    }
}

impl Error for TlsRefusal {}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn what_is_no_matter_of_tls_stays_what_it_is() {
        let timeout = TlsRefusal::explain(ErrorKind::WouldBlock.into());
        assert!(timeout.get_ref().is_none());
    }

    #[test]
    fn refusals_keep_their_kind_and_are_found_again() {
        let error = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let told = TlsRefusal::explain(io::Error::new(ErrorKind::InvalidData, error));
        assert_eq!(told.kind(), ErrorKind::InvalidData);
        let error = ureq::Error::Io(told);
        let refusal = TlsRefusal::of(&error).unwrap();
        assert!(refusal.is_distrust());
        assert!(refusal.why().contains("UnknownIssuer"), "{refusal}");
        assert!(refusal.to_string().contains("cos_ca_file"), "{refusal}");
    }
}
