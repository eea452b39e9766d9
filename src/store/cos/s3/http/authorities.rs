//! Who may vouch for a store: the certificate authorities that https trusts.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Largest file that is read; the bundle of a whole system has a quarter of it.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Certificates of authorities, in DER. Empty: Mozilla's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Authorities(Vec<Vec<u8>>);

/// Why a file names no authorities.
#[derive(Debug)]
pub enum AuthorityError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is too large.
    TooLarge,
    /// There is no certificate in it.
    None,
    /// Its certificate of this number, counted from 1, is none.
    Broken(usize),
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::TooLarge => f.write_str("is larger than 1 MiB"),
            Self::None => {
                f.write_str("contains no certificate in PEM (-----BEGIN CERTIFICATE-----)")
            }
            Self::Broken(number) => write!(f, "certificate {number} in it is not valid X.509"),
        }
    }
}

impl std::error::Error for AuthorityError {}

/// Checks the PEM file at `path`.
///
/// # Errors
/// When it does not hold certificates of authorities.
pub fn check_authorities(path: &Path) -> Result<(), AuthorityError> {
    Authorities::read(path).map(drop)
}

impl Authorities {
    /// The certificates in the PEM file at `path`; what else it holds is passed over.
    pub(crate) fn read(path: &Path) -> Result<Self, AuthorityError> {
        let mut pem = Vec::new();
        let file = File::open(path).map_err(AuthorityError::Unreadable)?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut pem).map_err(AuthorityError::Unreadable)?;
        if pem.len() as u64 > MAX_FILE_BYTES {
            return Err(AuthorityError::TooLarge);
        }
        Self::parse(&pem)
    }

    fn parse(pem: &[u8]) -> Result<Self, AuthorityError> {
        let mut certificates = Vec::new();
        for found in CertificateDer::pem_slice_iter(pem) {
            let broken = AuthorityError::Broken(certificates.len() + 1);
            let Ok(certificate) = found else { return Err(broken) };
            // An authority that cannot be understood would only be passed over in silence.
            if RootCertStore::empty().add(certificate.clone()).is_err() {
                return Err(broken);
            }
            certificates.push(certificate.to_vec());
        }
        if certificates.is_empty() {
            return Err(AuthorityError::None);
        }
        Ok(Self(certificates))
    }

    /// The certificates of the file, in DER; none without a file.
    pub(crate) fn named(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The authorities as rustls takes them.
    pub(crate) fn trusted(&self) -> RootCertStore {
        let mut trusted = RootCertStore::empty();
        if self.0.is_empty() {
            trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        // All of them were understood before.
        trusted.add_parsable_certificates(self.0.iter().cloned().map(CertificateDer::from));
        trusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told() {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        let end = "-----END CERTIFICATE-----\n";
        for (pem, expected) in [
            (String::new(), "contains no certificate"),
            ("nothing".to_owned(), "contains no certificate"),
            (format!("{begin}aGVsbG8=\n{end}"), "certificate 1 in it is not valid"),
            (format!("{begin}*\n{end}"), "certificate 1 in it is not valid"),
        ] {
            let told = Authorities::parse(pem.as_bytes()).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
        let missing = check_authorities(Path::new("/nowhere/ca.pem")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot be read: No such file"), "{missing}");
    }

    #[test]
    fn without_a_file_mozillas_are_trusted() {
        assert_eq!(Authorities::default().trusted().roots, webpki_roots::TLS_SERVER_ROOTS);
    }
}
