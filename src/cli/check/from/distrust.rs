//! Why clients have no TLS with a server or do not trust its certificate, and what its operator can
//! do.

use std::io::{self, ErrorKind};
use std::time::Duration;

use cos_ftp_server::certificate_fault::CertificateFault;
use rustls::Error;

/// A certificate that clients warn of or refuse.
#[derive(Clone, Debug)]
pub(super) struct Distrust {
    pub(super) fault: CertificateFault,
    /// Its SHA-256, as clients show it.
    pub(super) fingerprint: String,
}

impl Distrust {
    /// In words.
    pub(super) fn what_is_wrong(&self) -> &'static str {
        match self.fault {
            CertificateFault::UnknownIssuer => {
                "clients warn or refuse: it was issued by no authority that they know \
                 (self-signed, of an authority of your own, or without its intermediate \
                 certificates)"
            }
            CertificateFault::OtherName => {
                "clients warn or refuse: it is for another name than this one"
            }
            CertificateFault::Expired => "clients refuse it: it has expired",
            CertificateFault::NotValidYet => "clients refuse it: it is not valid yet",
            CertificateFault::AuthorityAsServer => {
                "many clients refuse it: it is the certificate of an authority (CA:TRUE), not of a \
                 server; those take it that have a copy of this very certificate"
            }
            CertificateFault::Unusable => "clients refuse it: it cannot be used",
        }
    }

    /// What to do about it.
    pub(super) fn fix(&self) -> &'static str {
        match self.fault {
            CertificateFault::UnknownIssuer => {
                "get a certificate from a public authority such as Let's Encrypt, and put its \
                 intermediate certificates behind it in tls_cert_file; or have each client trust \
                 this one, by its fingerprint"
            }
            CertificateFault::OtherName => {
                "connect by a name that the certificate has, or get one for this name \
                 (subjectAltName)"
            }
            CertificateFault::Expired => {
                "renew it, and put the new one into tls_cert_file; no restart is needed. If it is \
                 new, set the clock of this machine (NTP)"
            }
            CertificateFault::NotValidYet => {
                "set the clock of this machine (NTP), or of the one that issued it"
            }
            CertificateFault::AuthorityAsServer => {
                "make one that is not of an authority (openssl req -x509 with -addext \
                 basicConstraints=critical,CA:FALSE), or issue one with this authority, and put \
                 that into tls_cert_file"
            }
            CertificateFault::Unusable => "get another certificate",
        }
    }
}

/// Why a handshake failed that waited for `patience`, in words and with those of the TLS library.
pub(super) fn no_handshake(error: &io::Error, patience: Duration) -> String {
    let library = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    match (library, error.kind()) {
        (Some(Error::InvalidMessage(_)), _) => {
            format!("what the server sent is not TLS ({error})")
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
            (library(no_tls), "what the server sent is not TLS ("),
            (library(refused), "the server refused the TLS handshake ("),
            (ErrorKind::UnexpectedEof.into(), "the server closed the connection during the TLS"),
            (ErrorKind::WouldBlock.into(), "the server sent nothing for 15 s"),
        ] {
            let told = no_handshake(&error, Duration::from_secs(15));
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
